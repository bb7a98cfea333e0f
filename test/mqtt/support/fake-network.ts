import type {
  Connection,
  ConnectionHandler,
  ConnectOptions,
  Listener,
  ListenOptions,
  Network,
} from "../../../src/io/network.ts";

/** A network in memory. Bytes move when a test says so. */
export class FakeNetwork implements Network {
  /** In the order they were opened. */
  readonly #listeners: (ListenOptions | null)[] = [];
  #nextPort = 40_000;

  listen(options: ListenOptions): Listener {
    const index = this.#listeners.push(options) - 1;
    return {
      host: options.host,
      port: options.port === 0 ? 1_883 + index : options.port,
      renew: () => {},
      close: () => {
        this.#listeners[index] = null;
      },
    };
  }

  connect(_options: ConnectOptions): Promise<Connection> {
    throw new Error("nothing here connects");
  }

  /** A device connects to a listener: its end of the connection, or null where it was refused. */
  dial(listener = 0, from: Partial<Dialler> = {}): FakeConnection | null {
    const options = this.#listeners[listener] ?? null;
    if (options === null) return null;
    const connection = new FakeConnection(this.#nextPort++, options.limits.maxQueuedBytes, from);
    const handler = options.accept(connection);
    if (handler === null) return null;
    connection.handler = handler;
    return connection;
  }
}

/** Who connects. */
export interface Dialler {
  readonly remoteAddress: string;
  /** What it has shown, in DER. */
  readonly certificate: Uint8Array;
}

/** The broker's end of a connection, with what a test does at the other end. */
export class FakeConnection implements Connection {
  readonly remoteAddress: string;
  readonly peerCertificate: Uint8Array | null;
  readonly remotePort: number;
  readonly localPort = 1_883;
  closed = false;
  paused = false;
  /** While true the other end takes nothing: what is sent stays queued. */
  frozen = false;
  /** Calls of `send`. */
  sends = 0;
  handler: ConnectionHandler | null = null;
  readonly #maxQueuedBytes: number;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #received: Uint8Array[] = [];
  #waiting: Uint8Array[] = [];

  constructor(remotePort: number, maxQueuedBytes: number, from: Partial<Dialler> = {}) {
    this.remoteAddress = from.remoteAddress ?? "127.0.0.1";
    this.peerCertificate = from.certificate ?? null;
    this.remotePort = remotePort;
    this.#maxQueuedBytes = maxQueuedBytes;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  send(bytes: Uint8Array): void {
    if (this.closed) return;
    this.sends++;
    if (!this.frozen) {
      this.#received.push(bytes.slice());
      return;
    }
    this.#queue.push(bytes.slice());
    this.#queuedBytes += bytes.length;
    if (this.#queuedBytes > this.#maxQueuedBytes) this.abort();
  }

  flush(): void {}

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const chunk of waiting) this.feed(chunk);
  }

  close(): void {
    this.#end(null);
  }

  abort(): void {
    this.#end(null);
  }

  // The device's side.

  /** Sends a chunk to the broker. While the broker has paused, it waits. */
  feed(chunk: Uint8Array): void {
    if (this.closed) return;
    if (this.paused) this.#waiting.push(chunk);
    else this.handler?.data(chunk);
  }

  /** What the broker has sent since the last call. */
  take(): Uint8Array {
    const all = Buffer.concat(this.#received);
    this.#received = [];
    return all;
  }

  /** The device reads again. */
  thaw(): void {
    this.frozen = false;
    this.#received.push(...this.#queue);
    this.#queue = [];
    this.#queuedBytes = 0;
    this.handler?.drained();
  }

  /** The device is gone, without a word. */
  break(): void {
    this.#end(new Error("reset by peer"));
  }

  #end(error: Error | null): void {
    if (this.closed) return;
    this.closed = true;
    this.handler?.closed(error);
  }
}
