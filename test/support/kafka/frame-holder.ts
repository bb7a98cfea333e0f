import { createServer, type Server, type Socket, connect as tcpConnect } from "node:net";

/** Which way is stopped: the request does not reach the broker yet; or it does, and its answer does not come back yet. */
export type HoldPoint = "request" | "answer";

/**
 * A link to one broker that delays a single Kafka request, or its answer, for as long as the test likes, and delivers it
 * even where the client that sent it is long gone, as a network does that lost sight of one side.
 */
export class FrameHolder {
  readonly #server: Server;
  readonly #targetPort: number;
  readonly #connections = new Set<Connection>();
  #armed: Armed | null = null;
  #held: Connection | null = null;
  /** Told of each request that goes to the broker. */
  onRequest: ((apiKey: number) => void) | null = null;
  /** Told as an answer arrives that is held. */
  onHeldAnswer: (() => void) | null = null;

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#server = createServer((client) => this.#accept(client));
  }

  static async start(port: number, targetPort: number): Promise<FrameHolder> {
    const holder = new FrameHolder(targetPort);
    await new Promise<void>((done, failed) => {
      holder.#server.once("error", failed);
      holder.#server.listen(port, "127.0.0.1", done);
    });
    return holder;
  }

  /** Stops the connection at the next request of this kind. Resolves once it has. */
  holdNext(apiKey: number, point: HoldPoint): Promise<void> {
    return new Promise((done) => {
      this.#armed = { apiKey, point, done };
    });
  }

  /** Resets the client's side of every connection; the broker does not hear of the one that is held. */
  cutClients(): void {
    for (const connection of [...this.#connections]) connection.cutClient();
  }

  /** Delivers what was held. Resolves with the error code that the broker answers it with, or null where none came. */
  async letGo(): Promise<number | null> {
    const held = this.#held;
    this.#held = null;
    return held === null ? null : await held.letGo();
  }

  async stop(): Promise<void> {
    for (const connection of [...this.#connections]) connection.destroy();
    await new Promise((done) => this.#server.close(done));
  }

  #accept(client: Socket): void {
    const target = tcpConnect({ host: "127.0.0.1", port: this.#targetPort });
    const connection: Connection = new Connection(client, target, {
      closed: () => this.#connections.delete(connection),
      heldAnswer: () => this.onHeldAnswer?.(),
      request: (apiKey) => {
        this.onRequest?.(apiKey);
        const armed = this.#armed;
        if (armed === null || armed.apiKey !== apiKey) return null;
        this.#armed = null;
        this.#held = connection;
        armed.done();
        return armed.point;
      },
    });
    this.#connections.add(connection);
  }
}

interface Armed {
  readonly apiKey: number;
  readonly point: HoldPoint;
  readonly done: () => void;
}

interface Watch {
  readonly closed: () => void;
  readonly heldAnswer: () => void;
  /** What to hold, of a request that is about to go to the broker. */
  readonly request: (apiKey: number) => HoldPoint | null;
}

/** How long a held request waits for its answer once it is delivered. */
const ANSWER_MS = 10_000;
/** EndTxn's answer: size, correlation id, tagged fields of the header, throttle time; then the error. */
const ERROR_AT = 4 + 4 + 1 + 4;

class Connection {
  readonly #client: Socket;
  readonly #target: Socket;
  readonly #watch: Watch;
  #unread = Buffer.alloc(0);
  #held: HoldPoint | null = null;
  readonly #heldRequests: Uint8Array[] = [];
  readonly #heldAnswers: Uint8Array[] = [];
  #answered: ((error: number | null) => void) | null = null;

  constructor(client: Socket, target: Socket, watch: Watch) {
    this.#client = client;
    this.#target = target;
    this.#watch = watch;
    client.setNoDelay(true);
    target.setNoDelay(true);
    client.on("data", (chunk: Uint8Array) => this.#fromClient(chunk));
    target.on("data", (chunk: Uint8Array) => this.#fromTarget(chunk));
    client.on("error", () => {});
    target.on("error", () => {});
    client.on("close", () => {
      if (this.#held === null && this.#answered === null) this.destroy();
    });
    target.on("close", () => this.destroy());
  }

  cutClient(): void {
    this.#client.resetAndDestroy();
    if (this.#held === null && this.#answered === null) this.destroy();
  }

  destroy(): void {
    this.#client.destroy();
    this.#target.destroy();
    this.#answered?.(null);
    this.#watch.closed();
  }

  async letGo(): Promise<number | null> {
    const answer = new Promise<number | null>((done) => {
      this.#answered = done;
      setTimeout(() => done(null), ANSWER_MS);
    });
    this.#held = null;
    for (const frame of this.#heldRequests.splice(0)) this.#target.write(frame);
    for (const chunk of this.#heldAnswers.splice(0)) this.#fromTarget(chunk);
    const error = await answer;
    this.#answered = null;
    if (this.#client.destroyed) this.destroy();
    return error;
  }

  #fromClient(chunk: Uint8Array): void {
    this.#unread = Buffer.concat([this.#unread, chunk]);
    while (this.#unread.length >= 6) {
      const size = 4 + this.#unread.readInt32BE(0);
      if (this.#unread.length < size) return;
      const frame = Uint8Array.from(this.#unread.subarray(0, size));
      this.#unread = this.#unread.subarray(size);
      this.#held ??= this.#watch.request(new DataView(frame.buffer).getInt16(4));
      if (this.#held === "request") this.#heldRequests.push(frame);
      else this.#target.write(frame);
    }
  }

  #fromTarget(chunk: Uint8Array): void {
    if (this.#held !== null) {
      // What answers earlier requests is held too: an answer can't overtake another.
      this.#heldAnswers.push(chunk);
      this.#watch.heldAnswer();
      return;
    }
    if (this.#answered !== null && chunk.length >= ERROR_AT + 2) {
      this.#answered(Buffer.from(chunk).readInt16BE(ERROR_AT));
    }
    if (!this.#client.destroyed) this.#client.write(chunk);
  }
}
