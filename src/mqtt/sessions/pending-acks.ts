import { assert } from "../../base/assert.ts";
import type { PendingBatch } from "../../broker/ingest.ts";
import type { Qos } from "../packets/codes.ts";

/** Takes acknowledgements that are due, in the order of their PUBLISHes. */
export interface AckReceiver {
  due(packetId: number, qos: Qos, batch: PendingBatch): void;
  /** So many packets, of QoS 0 too, went into a batch that is refused; before they are due. */
  refused(count: number, batch: PendingBatch): void;
}

const FIRST_CAPACITY = 8;
const QOS_SHIFT = 16;

/** What a connection has that has not published yet: most connections of a broker are subscribers or idle. */
const NOTHING = new Uint32Array(0);

/**
 * What a connection has published and the log has not settled: acknowledgements leave in the order of the
 * PUBLISHes (MQTT-4.6.0-2, MQTT-4.6.0-3), so the oldest unsettled batch holds back the rest. Packets of one
 * batch that follow each other are a run; a run and a packet cost a few stores into rings that grow by doubling.
 * What bounds them are the door's limits on unsettled bytes: every packet counts with its size.
 */
export class PendingAcks {
  #ids = NOTHING;
  #idHead = 0;
  #idCount = 0;
  #batches: (PendingBatch | null)[] = [];
  #runAcks = NOTHING;
  #runBytes = NOTHING;
  #runMessages = NOTHING;
  #runHead = 0;
  #runCount = 0;
  #last: PendingBatch | null = null;
  #lastRun = 0;
  #bytes = 0;

  /** Bytes of packets that wait. */
  get sizeBytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#runCount === 0;
  }

  /** Notes a packet of QoS 0, which waits only for its bytes. */
  pushUnacknowledged(batch: PendingBatch, sizeBytes: number): void {
    this.#addToRun(batch, sizeBytes);
  }

  push(batch: PendingBatch, packetId: number, qos: Qos, sizeBytes: number): void {
    this.#addToRun(batch, sizeBytes);
    this.#runAcks[this.#lastRun] = (this.#runAcks[this.#lastRun] ?? 0) + 1;
    if (this.#idCount === this.#ids.length) this.#growIds();
    this.#ids[(this.#idHead + this.#idCount++) & (this.#ids.length - 1)] = packetId | (qos << QOS_SHIFT);
  }

  /**
   * Hands over what has settled, up to the first packet that has not. Returns the bytes that no longer wait.
   */
  settle(receiver: AckReceiver): number {
    const before = this.#bytes;
    while (this.#runCount > 0) {
      const batch = this.#batches[this.#runHead] ?? null;
      assert(batch !== null, "a run without a batch");
      if (batch.state === "waiting") break;
      const acks = this.#runAcks[this.#runHead] ?? 0;
      const messages = this.#runMessages[this.#runHead] ?? 0;
      this.#bytes -= this.#runBytes[this.#runHead] ?? 0;
      this.#batches[this.#runHead] = null;
      this.#runHead = (this.#runHead + 1) & (this.#batches.length - 1);
      if (--this.#runCount === 0) this.#last = null;
      if (batch.state === "refused") receiver.refused(messages, batch);
      for (let ack = 0; ack < acks; ack++) {
        const entry = this.#ids[this.#idHead] ?? 0;
        this.#idHead = (this.#idHead + 1) & (this.#ids.length - 1);
        this.#idCount--;
        receiver.due(entry & 0xffff, entry >> QOS_SHIFT === 1 ? 1 : 2, batch);
      }
    }
    return before - this.#bytes;
  }

  #addToRun(batch: PendingBatch, sizeBytes: number): void {
    this.#bytes += sizeBytes;
    if (this.#last === batch) {
      this.#runBytes[this.#lastRun] = (this.#runBytes[this.#lastRun] ?? 0) + sizeBytes;
      this.#runMessages[this.#lastRun] = (this.#runMessages[this.#lastRun] ?? 0) + 1;
      return;
    }
    if (this.#runCount === this.#batches.length) this.#growRuns();
    const run = (this.#runHead + this.#runCount++) & (this.#batches.length - 1);
    this.#batches[run] = batch;
    this.#runAcks[run] = 0;
    this.#runBytes[run] = sizeBytes;
    this.#runMessages[run] = 1;
    this.#last = batch;
    this.#lastRun = run;
  }

  #growIds(): void {
    const grown = new Uint32Array(Math.max(FIRST_CAPACITY, 2 * this.#ids.length));
    for (let index = 0; index < this.#idCount; index++) {
      grown[index] = this.#ids[(this.#idHead + index) & (this.#ids.length - 1)] ?? 0;
    }
    this.#ids = grown;
    this.#idHead = 0;
  }

  #growRuns(): void {
    const old = this.#batches.length;
    const capacity = Math.max(FIRST_CAPACITY, 2 * old);
    const batches = new Array<PendingBatch | null>(capacity).fill(null);
    const acks = new Uint32Array(capacity);
    const bytes = new Uint32Array(capacity);
    const messages = new Uint32Array(capacity);
    for (let index = 0; index < this.#runCount; index++) {
      const from = (this.#runHead + index) & (old - 1);
      batches[index] = this.#batches[from] ?? null;
      acks[index] = this.#runAcks[from] ?? 0;
      bytes[index] = this.#runBytes[from] ?? 0;
      messages[index] = this.#runMessages[from] ?? 0;
    }
    this.#batches = batches;
    this.#runAcks = acks;
    this.#runBytes = bytes;
    this.#runMessages = messages;
    this.#runHead = 0;
    this.#lastRun = this.#runCount - 1;
  }
}
