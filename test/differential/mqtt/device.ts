import { connect, type Socket } from "node:net";
import { generate, type Packet, type Parser, parser } from "mqtt-packet";

/** One connection of a script, by a codec that is not Headwater's. */
export class Device {
  readonly #socket: Socket;
  readonly #parser: Parser;
  readonly #version: 3 | 4 | 5;
  readonly #arrived: (packet: Packet) => void;
  #wake: () => void = () => {};
  #pongs = 0;
  closed = false;
  /** Whether it may ask with a PINGREQ if everything has come: not in the middle of a packet. */
  canAsk = false;

  private constructor(socket: Socket, version: 3 | 4 | 5, arrived: (packet: Packet) => void) {
    this.#socket = socket;
    this.#version = version;
    this.#arrived = arrived;
    this.#parser = parser({ protocolVersion: version });
    this.#parser.on("packet", (packet: Packet) => this.#packet(packet));
    this.#parser.on("error", () => socket.destroy());
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#parser.parse(chunk));
    socket.on("error", () => {});
    socket.on("close", () => {
      this.closed = true;
      this.#wake();
    });
  }

  /** Connects; `arrived` gets each packet but the answers to `settle`. */
  static async to(port: number, version: 3 | 4 | 5, arrived: (packet: Packet) => void): Promise<Device> {
    const socket = connect(port, "127.0.0.1");
    await new Promise((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return new Device(socket, version, arrived);
  }

  send(packet: Packet): void {
    this.write(generate(packet, { protocolVersion: this.#version }));
  }

  write(bytes: Uint8Array): void {
    if (!this.closed) this.#socket.write(bytes);
  }

  /** Stops reading, so that what the broker sends stays with it and the network. */
  freeze(): void {
    this.#socket.pause();
  }

  thaw(): void {
    this.#socket.resume();
  }

  /** Goes without a word. */
  drop(): void {
    this.#socket.destroy();
  }

  /** Waits until the broker has answered all that it was sent on this connection, or has closed it. */
  async settle(): Promise<void> {
    if (!this.canAsk || this.closed) return;
    const wanted = this.#pongs + 1;
    this.send({ cmd: "pingreq" });
    await this.#until(() => this.#pongs >= wanted);
  }

  async #until(done: () => boolean): Promise<void> {
    const deadline = setTimeout(() => this.#socket.destroy(), ANSWER_MS);
    while (!done() && !this.closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    clearTimeout(deadline);
  }

  #packet(packet: Packet): void {
    if (packet.cmd === "pingresp") this.#pongs += 1;
    else this.#arrived(packet);
    this.#wake();
  }
}

const ANSWER_MS = 5_000;
