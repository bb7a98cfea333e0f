/**
 * MQTT 3.1.1 clients for benchmarks that cost next to nothing themselves: raw sockets, packets made once.
 */

const CONNACK = 2;
const PUBLISH = 3;
const PUBACK = 4;
const SUBACK = 9;
const KEEP_ALIVE_SEC = 600;
const CLEAN = 2;

export interface ClientEvents {
  /** A message came; of QoS 1 it is acknowledged already. */
  readonly message?: () => void;
  /** A PUBLISH was acknowledged. */
  readonly acked?: () => void;
}

function text(value: string): number[] {
  const bytes = new TextEncoder().encode(value);
  return [bytes.length >> 8, bytes.length & 255, ...bytes];
}

function packet(first: number, body: readonly number[]): Uint8Array {
  const length: number[] = [];
  let rest = body.length;
  do {
    length.push((rest & 127) | (rest > 127 ? 128 : 0));
    rest >>= 7;
  } while (rest > 0);
  return Uint8Array.of(first, ...length, ...body);
}

/** A PUBLISH whose identifier, where it has one, is set with `number`. */
export class PublishPacket {
  readonly bytes: Uint8Array;
  readonly #idAt: number;

  constructor(topic: string, qos: 0 | 1, sizeBytes: number) {
    const body = [...text(topic), ...(qos === 0 ? [] : [0, 0]), ...new Array(sizeBytes).fill(0x61)];
    this.bytes = packet(0x30 | (qos << 1), body);
    this.#idAt = this.bytes.length - sizeBytes - 2;
  }

  number(packetId: number): Uint8Array {
    this.bytes[this.#idAt] = packetId >> 8;
    this.bytes[this.#idAt + 1] = packetId & 255;
    return this.bytes;
  }
}

export class BenchClient {
  readonly #events: ClientEvents;
  #socket: Bun.Socket | null = null;
  #tail: Uint8Array[] = [];
  #rest: Uint8Array = new Uint8Array(0);
  #connected = Promise.withResolvers<void>();
  #subscribed = Promise.withResolvers<void>();

  constructor(events: ClientEvents = {}) {
    this.#events = events;
  }

  /** Resolves with the CONNACK. */
  async connect(port: number, clientId: string, clean = true): Promise<void> {
    this.#connected.promise.catch(() => {});
    this.#socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        open: (socket) => {
          const keepAlive = [KEEP_ALIVE_SEC >> 8, KEEP_ALIVE_SEC & 255];
          const body = [...text("MQTT"), 4, clean ? CLEAN : 0, ...keepAlive, ...text(clientId)];
          socket.write(packet(0x10, body));
        },
        data: (_, chunk) => this.#receive(chunk),
        drain: () => this.#drain(),
        close: () => this.#connected.reject(new Error("the broker closed a connection")),
      },
    });
    await this.#connected.promise;
  }

  async subscribe(filter: string, qos: 0 | 1): Promise<void> {
    this.write(packet(0x82, [0, 1, ...text(filter), qos]));
    await this.#subscribed.promise;
  }

  write(bytes: Uint8Array): void {
    if (this.#tail.length > 0) {
      this.#tail.push(bytes.slice());
      return;
    }
    const written = Math.max(0, this.#socket?.write(bytes) ?? 0);
    if (written < bytes.length) this.#tail.push(bytes.slice(written));
  }

  close(): void {
    this.#socket?.end();
  }

  #drain(): void {
    const all = this.#tail;
    this.#tail = [];
    for (const bytes of all) this.write(bytes);
  }

  #receive(chunk: Uint8Array): void {
    let bytes = chunk;
    if (this.#rest.length > 0) {
      bytes = new Uint8Array(this.#rest.length + chunk.length);
      bytes.set(this.#rest);
      bytes.set(chunk, this.#rest.length);
    }
    const acks: number[] = [];
    let at = 0;
    while (at + 2 <= bytes.length) {
      let length = (bytes[at + 1] ?? 0) & 127;
      let body = at + 2;
      for (let shift = 7; (bytes[body - 1] ?? 0) > 127; shift += 7)
        length |= ((bytes[body++] ?? 0) & 127) << shift;
      if (body + length > bytes.length) break;
      this.#take(bytes, at, body, acks);
      at = body + length;
    }
    this.#rest = at === bytes.length ? new Uint8Array(0) : bytes.slice(at);
    if (acks.length > 0) this.write(Uint8Array.from(acks));
  }

  #take(bytes: Uint8Array, at: number, body: number, acks: number[]): void {
    const first = bytes[at] ?? 0;
    switch (first >> 4) {
      case PUBLISH: {
        if ((first & 6) !== 0) {
          const idAt = body + 2 + (((bytes[body] ?? 0) << 8) | (bytes[body + 1] ?? 0));
          acks.push(PUBACK << 4, 2, bytes[idAt] ?? 0, bytes[idAt + 1] ?? 0);
        }
        this.#events.message?.();
        return;
      }
      case PUBACK:
        this.#events.acked?.();
        return;
      case CONNACK:
        if (bytes[body + 1] === 0) this.#connected.resolve();
        else this.#connected.reject(new Error(`CONNACK ${bytes[body + 1]}`));
        return;
      case SUBACK:
        this.#subscribed.resolve();
    }
  }
}
