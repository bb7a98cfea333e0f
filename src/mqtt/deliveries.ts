import type { Clock } from "../io/clock.ts";
import { PacketWriter } from "./packets/writer.ts";

/** So much is gathered for one receiver at most. */
const MAX_GATHERED_BYTES = 32_768;

/** Who gets what was gathered. */
export interface Receiver {
  /** Sends whole packets; their bytes are copied. */
  send(packets: PacketWriter): void;
}

/**
 * PUBLISHes on their way out, gathered as long as they are to the same client: what a device publishes at once is for the same
 * subscribers, and to hand each packet to a connection costs as much as to write it. What a turn has gathered leaves in it.
 */
export class Deliveries {
  readonly #clock: Clock;
  readonly #writer = new PacketWriter();
  #receiver: Receiver | null = null;
  #isDue = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Packets that were written since the start. */
  get packets(): number {
    return this.#writer.packets;
  }

  /** Where the next packet for this client goes, behind all that it was sent before. */
  writerFor(receiver: Receiver): PacketWriter {
    if (this.#receiver !== receiver || this.#writer.length >= MAX_GATHERED_BYTES) this.flush();
    this.#receiver = receiver;
    this.#flushLater();
    return this.#writer;
  }

  /** Bytes that a client has not been sent yet. */
  waitingFor(receiver: Receiver): number {
    return this.#receiver === receiver ? this.#writer.length : 0;
  }

  /** Sends what was gathered for a client: something else is about to be sent to it. */
  flushTo(receiver: Receiver): void {
    if (this.#receiver === receiver) this.flush();
  }

  flush(): void {
    const receiver = this.#receiver;
    if (receiver === null) return;
    // Sending asks for a flush, too.
    this.#receiver = null;
    receiver.send(this.#writer);
    this.#writer.clear();
  }

  /** For those who deliver outside of what ends with a flush anyway. */
  #flushLater(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#clock.soon(() => {
      this.#isDue = false;
      this.flush();
    });
  }
}
