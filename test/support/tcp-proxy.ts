import { createServer, type Server, type Socket, connect as tcpConnect } from "node:net";

/**
 * A link that can fail: forwards TCP connections on loopback, and delays, cuts, freezes, half-closes or refuses
 * them when told to. `inspect` sees each chunk before it goes on, so that a test can cut at a chosen byte.
 */
export interface TcpProxyOptions {
  /** 0 picks one. */
  readonly port?: number;
  readonly targetHost?: string;
  readonly targetPort: number;
}

export type Direction = "to-target" | "to-client";

/** What to do with a chunk: let it pass, drop the connection in its place, or pass it and then drop. */
export type Verdict = "pass" | "cut" | "pass-and-cut";

/** One forwarded connection, as `inspect` tells them apart. */
export interface ProxiedPair {
  readonly id: number;
}

export class TcpProxy {
  /** Added to each chunk in each direction, in milliseconds. */
  delayMs = 0;
  /** While true nothing passes and nothing is closed: a network partition. Chunks wait and go on after it. */
  partitioned = false;
  /** While true new connections are closed at once. */
  refusing = false;
  inspect: ((pair: ProxiedPair, direction: Direction, chunk: Uint8Array) => Verdict) | null = null;
  targetPort: number;
  private readonly targetHost: string;
  private readonly server: Server;
  private readonly pairs = new Set<Pair>();
  private nextId = 0;

  private constructor(options: TcpProxyOptions) {
    this.targetHost = options.targetHost ?? "127.0.0.1";
    this.targetPort = options.targetPort;
    this.server = createServer({ allowHalfOpen: true }, (client) => this.accept(client));
  }

  static async start(options: TcpProxyOptions): Promise<TcpProxy> {
    const proxy = new TcpProxy(options);
    await new Promise<void>((done, failed) => {
      proxy.server.once("error", failed);
      proxy.server.listen(options.port ?? 0, "127.0.0.1", done);
    });
    return proxy;
  }

  get port(): number {
    const address = this.server.address();
    if (address === null || typeof address === "string") throw new Error("the proxy is closed");
    return address.port;
  }

  get connections(): number {
    return this.pairs.size;
  }

  /** Resets every connection: both sides see an error. */
  cut(): void {
    for (const pair of [...this.pairs]) pair.cut();
  }

  /** Sends both sides an end, while bytes may still come back. */
  halfClose(direction: Direction): void {
    for (const pair of this.pairs) pair.halfClose(direction);
  }

  /** Lets what waited in a partition pass. */
  heal(): void {
    this.partitioned = false;
    for (const pair of [...this.pairs]) pair.release();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((done) => this.server.close(done));
  }

  private accept(client: Socket): void {
    if (this.refusing) {
      client.resetAndDestroy();
      return;
    }
    const target = tcpConnect({ host: this.targetHost, port: this.targetPort, allowHalfOpen: true });
    this.nextId += 1;
    const pair = new Pair(this, this.nextId, client, target, () => this.pairs.delete(pair));
    this.pairs.add(pair);
  }
}

class Pair implements ProxiedPair {
  readonly id: number;
  private readonly proxy: TcpProxy;
  private readonly client: Socket;
  private readonly target: Socket;
  private readonly gone: () => void;
  private held: { readonly direction: Direction; readonly chunk: Uint8Array | null }[] = [];
  private closed = false;

  constructor(proxy: TcpProxy, id: number, client: Socket, target: Socket, gone: () => void) {
    this.proxy = proxy;
    this.id = id;
    this.client = client;
    this.target = target;
    this.gone = gone;
    for (const [socket, direction] of [
      [client, "to-target"],
      [target, "to-client"],
    ] as const) {
      socket.setNoDelay(true);
      socket.on("data", (chunk: Uint8Array) => this.arrived(direction, chunk));
      socket.on("end", () => this.arrived(direction, null));
      socket.on("error", () => this.cut());
      socket.on("close", () => this.cut());
    }
  }

  cut(): void {
    if (this.closed) return;
    this.closed = true;
    this.client.resetAndDestroy();
    this.target.resetAndDestroy();
    this.gone();
  }

  halfClose(direction: Direction): void {
    this.outOf(direction).end();
  }

  release(): void {
    const held = this.held;
    this.held = [];
    for (const { direction, chunk } of held) this.forward(direction, chunk);
  }

  private arrived(direction: Direction, chunk: Uint8Array | null): void {
    if (this.proxy.delayMs > 0) setTimeout(() => this.forward(direction, chunk), this.proxy.delayMs);
    else this.forward(direction, chunk);
  }

  private forward(direction: Direction, chunk: Uint8Array | null): void {
    if (this.closed) return;
    if (this.proxy.partitioned) {
      this.held.push({ direction, chunk });
      return;
    }
    if (chunk === null) {
      this.outOf(direction).end();
      return;
    }
    const verdict = this.proxy.inspect?.(this, direction, chunk) ?? "pass";
    if (verdict === "cut") {
      this.cut();
      return;
    }
    const out = this.outOf(direction);
    if (verdict === "pass") out.write(chunk);
    else out.write(chunk, () => this.cut());
  }

  private outOf(direction: Direction): Socket {
    return direction === "to-target" ? this.target : this.client;
  }
}
