import type { Socket, SocketHandler } from "bun";
import { assert } from "../../base/assert.ts";
import { HeadwaterError } from "../../base/errors.ts";
import { ByteQueue } from "../byte-queue.ts";
import type { Clock } from "../clock.ts";
import type {
  Connection,
  ConnectionHandler,
  ConnectionLimits,
  ConnectOptions,
  Listener,
  ListenOptions,
  Network,
  TlsServer,
} from "../network.ts";
import { checkTls, TlsState, tlsOptions } from "./tls.ts";
import { PieceChain, TurnBuffer } from "./turn-buffer.ts";

/** Sends from here up are written at once, when nothing waits before them. Below, a copy costs less than a call. */
const DIRECT_BYTES = 65_536;
/** What small sends of one turn may fill before they leave early. */
const TURN_BYTES = 262_144;

/** Hands a bug to the process's last handler, out of the reach of whoever called the handler that threw. */
function rethrowLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

/** The machine's network. */
export class SystemNetwork implements Network {
  readonly #sends: SendRound;
  readonly #onBug: (error: unknown) => void;

  /** `onBug` is told what a handler throws; by default that ends the process as any uncaught error does. */
  constructor(clock: Clock, onBug: (error: unknown) => void = rethrowLater) {
    this.#sends = new SendRound(clock);
    this.#onBug = onBug;
  }

  listen(options: ListenOptions): Listener {
    return new SystemListener(options, this.#sends, this.#onBug);
  }

  connect(options: ConnectOptions): Promise<Connection> {
    const { host, port, timeoutMs } = options;
    return new Promise((resolve, reject) => {
      let waiting = true;
      const fail = (error: HeadwaterError) => {
        waiting = false;
        timer.cancel();
        reject(error);
      };
      const timer = this.#sends.clock.after(timeoutMs, () => {
        fail(new HeadwaterError("TIMED_OUT", `no connection to ${host}:${port} within ${timeoutMs} ms`));
      });
      const open = (socket: Socket<SystemConnection>) => {
        const connection = new SystemConnection(socket, options.limits, this.#sends, this.#onBug);
        if (!waiting) {
          connection.abort();
          return;
        }
        waiting = false;
        timer.cancel();
        connection.use(options.handler);
        resolve(connection);
      };
      const refused = (cause: unknown) => {
        if (waiting) fail(connectError(host, port, cause));
      };
      const socket: SocketHandler<SystemConnection> = {
        ...socketHandler(open),
        connectError: (_socket, error) => refused(error),
      };
      // What connects too late, or fails twice, has been dealt with in the callbacks.
      Bun.connect<SystemConnection>({ hostname: host, port, socket }).catch(refused);
    });
  }
}

class SystemListener implements Listener {
  readonly host: string;
  readonly port: number;
  readonly #options: ListenOptions;
  readonly #sends: SendRound;
  readonly #onBug: (error: unknown) => void;
  #server: { readonly port: number; stop(closeConnections: boolean): void } | null;

  constructor(options: ListenOptions, sends: SendRound, onBug: (error: unknown) => void) {
    this.#options = options;
    this.#sends = sends;
    this.#onBug = onBug;
    this.host = options.host;
    if (options.tls !== undefined) checkTls(options.tls);
    this.#server = this.#open(options.port, options.tls);
    this.port = this.#server.port;
  }

  renew(tls: TlsServer): void {
    assert(this.#options.tls !== undefined, "a listener without TLS has nothing to renew");
    // Before the port is let go of.
    checkTls(tls);
    this.close();
    this.#server = this.#open(this.port, tls);
  }

  close(): void {
    this.#server?.stop(false);
    this.#server = null;
  }

  #open(port: number, tls: TlsServer | undefined) {
    const { host, limits, accept } = this.#options;
    const open = (socket: Socket<SystemConnection>) => {
      const state = tls === undefined ? null : new TlsState(tls.clientCertificate);
      new SystemConnection(socket, limits, this.#sends, this.#onBug, state).accept(accept);
    };
    const place = { hostname: host, port, exclusive: true, socket: socketHandler(open) };
    try {
      return Bun.listen<SystemConnection>(tls === undefined ? place : { ...place, tls: tlsOptions(tls) });
    } catch (cause) {
      throw listenError(host, port, cause);
    }
  }
}

/** Bun's callbacks; the connection rides on the socket, so that all sockets of a listener share these. */
function socketHandler(open: (socket: Socket<SystemConnection>) => void): SocketHandler<SystemConnection> {
  return {
    binaryType: "uint8array",
    open,
    handshake: (socket, done, error) => socket.data?.onHandshake(done, error ?? null),
    data: (socket, chunk: Uint8Array) => socket.data?.onData(chunk),
    drain: (socket) => socket.data?.onDrain(),
    close: (socket, error) => socket.data?.onClose(error ?? null),
    error: (socket, error) => socket.data?.onClose(error),
  };
}

/** Collects what connections send in a turn, and lets it leave, one write per connection, when the turn is over. */
class SendRound {
  readonly clock: Clock;
  readonly #buffer = new TurnBuffer(TURN_BYTES);
  #senders: SystemConnection[] = [];
  #scheduled = false;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** False where the turn has no room left: the caller calls `finish` and looks anew where its bytes belong. */
  add(sender: SystemConnection, chain: PieceChain, bytes: Uint8Array): boolean {
    const isNew = chain.sizeBytes === 0;
    if (!this.#buffer.add(chain, bytes)) return false;
    if (isNew) this.#senders.push(sender);
    if (!this.#scheduled) {
      this.#scheduled = true;
      this.clock.soon(() => {
        this.#scheduled = false;
        this.finish();
      });
    }
    return true;
  }

  gather(chain: PieceChain): Uint8Array {
    return this.#buffer.gather(chain);
  }

  /** Lets everything collected so far leave. */
  finish(): void {
    // Nothing a connection does in `flush` calls a handler, so that nobody sends while this runs.
    for (const sender of this.#senders) sender.flush();
    this.#senders = [];
    this.#buffer.clear();
  }
}

class SystemConnection implements Connection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
  readonly #socket: Socket<SystemConnection>;
  readonly #limits: ConnectionLimits;
  readonly #sends: SendRound;
  readonly #onBug: (error: unknown) => void;
  /** Null for a plain connection. */
  readonly #tls: TlsState | null;
  readonly #chain = new PieceChain();
  /** What the kernel did not take; null where that is nothing. */
  #queue: ByteQueue | null = null;
  #handler: ConnectionHandler | null = null;
  #closed = false;

  constructor(
    socket: Socket<SystemConnection>,
    limits: ConnectionLimits,
    sends: SendRound,
    onBug: (error: unknown) => void,
    tls: TlsState | null = null,
  ) {
    this.#socket = socket;
    this.#tls = tls;
    this.#limits = limits;
    this.#sends = sends;
    this.#onBug = onBug;
    this.remoteAddress = withoutMapping(socket.remoteAddress ?? "");
    this.remotePort = socket.remotePort;
    this.localPort = socket.localPort;
    socket.data = this;
    // Small sends are gathered here; what leaves is meant to leave now.
    socket.setNoDelay(true);
  }

  get queuedBytes(): number {
    return this.#chain.sizeBytes + (this.#queue?.sizeBytes ?? 0);
  }

  get closed(): boolean {
    return this.#closed;
  }

  get peerCertificate(): Uint8Array | null {
    return this.#tls?.certificate ?? null;
  }

  use(handler: ConnectionHandler): void {
    this.#handler = handler;
  }

  accept(accept: (connection: Connection) => ConnectionHandler | null): void {
    this.#guard(() => {
      const handler = accept(this);
      if (handler === null) this.abort();
      // A handler whose connection was closed before it was known is told all the same.
      else if (this.#closed) this.#sends.clock.soon(() => this.#guard(() => handler.closed(null)));
      else this.#handler = handler;
    });
  }

  send(bytes: Uint8Array): void {
    if (this.#closed || bytes.length === 0 || this.#tls?.ready === false) return;
    if (this.#queue !== null) {
      this.#enqueue(bytes);
    } else if (bytes.length < DIRECT_BYTES) {
      if (this.#sends.add(this, this.#chain, bytes)) return;
      // What leaves now may be more than the kernel takes, and then these bytes have to queue up behind it.
      this.#sends.finish();
      this.send(bytes);
    } else {
      this.flush();
      this.#write(bytes);
    }
  }

  flush(): void {
    if (this.#chain.sizeBytes === 0) return;
    const bytes = this.#sends.gather(this.#chain);
    this.#chain.clear();
    this.#write(bytes);
  }

  pause(): void {
    if (!this.#closed) this.#socket.pause();
  }

  resume(): void {
    if (!this.#closed) this.#socket.resume();
  }

  close(): void {
    if (this.#closed) return;
    this.flush();
    if (this.#closed) return;
    this.#leave(null);
    this.#socket.end();
  }

  abort(): void {
    this.#abort(null);
  }

  onHandshake(done: boolean, error: Error | null): void {
    if (this.#closed || this.#tls === null) return;
    const fault = this.#tls.judge(this.#socket, done, error);
    if (fault === null) return;
    const peer = `${this.remoteAddress}:${this.remotePort}`;
    this.#abort(
      new HeadwaterError("TLS_HANDSHAKE", `no TLS with ${peer}: ${fault}`, { cause: error ?? undefined }),
    );
  }

  onData(chunk: Uint8Array): void {
    // Before a handshake that is good nobody is heard.
    if (this.#closed || this.#tls?.ready === false) return;
    try {
      this.#handler?.data(chunk);
    } catch (error) {
      this.#bug(error);
    }
  }

  onDrain(): void {
    const queue = this.#queue;
    if (this.#closed || queue === null) return;
    while (queue.sizeBytes > 0) {
      const bytes = queue.peek();
      const taken = this.#socket.write(bytes);
      if (taken < 0) {
        this.#abort(this.#lost(null));
        return;
      }
      queue.take(taken);
      if (taken < bytes.length) return;
    }
    this.#queue = null;
    this.#guard(() => this.#handler?.drained());
  }

  onClose(error: Error | null): void {
    if (this.#closed) return;
    this.#abort(error === null ? null : this.#lost(error));
  }

  /** Writes what nothing waits before, or queues it behind what does. */
  #write(bytes: Uint8Array): void {
    if (this.#closed) return;
    if (this.#queue !== null) {
      this.#enqueue(bytes);
      return;
    }
    const taken = this.#socket.write(bytes);
    if (taken < 0) this.#abort(this.#lost(null));
    else if (taken < bytes.length) this.#enqueue(bytes.subarray(taken));
  }

  #enqueue(bytes: Uint8Array): void {
    this.#queue ??= new ByteQueue();
    const { maxQueuedBytes } = this.#limits;
    if (this.#queue.sizeBytes + bytes.length > maxQueuedBytes) {
      const peer = `${this.remoteAddress}:${this.remotePort}`;
      this.#abort(
        new HeadwaterError("NETWORK", `${peer} reads too slowly: over ${maxQueuedBytes} bytes wait for it`),
      );
      return;
    }
    this.#queue.add(bytes);
  }

  #abort(error: Error | null): void {
    if (this.#closed) return;
    this.#leave(error);
    this.#socket.terminate();
  }

  /** From here on the connection is closed; its handler hears of it when whoever is calling has returned. */
  #leave(error: Error | null): void {
    this.#closed = true;
    this.#chain.clear();
    this.#queue = null;
    const handler = this.#handler;
    this.#handler = null;
    if (handler !== null) this.#sends.clock.soon(() => this.#guard(() => handler.closed(error)));
  }

  #lost(cause: Error | null): HeadwaterError {
    const reason = cause === null ? "the peer is gone" : cause.message;
    return new HeadwaterError(
      "NETWORK",
      `connection with ${this.remoteAddress}:${this.remotePort} lost: ${reason}`,
      {
        cause: cause ?? undefined,
      },
    );
  }

  #guard(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#bug(error);
    }
  }

  #bug(error: unknown): void {
    this.#abort(error instanceof Error ? error : new Error(String(error)));
    this.#onBug(error);
  }
}

/** The IPv4 address that an IPv6 socket shows as `::ffff:192.0.2.1`. */
function withoutMapping(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}

function listenError(host: string, port: number, cause: unknown): HeadwaterError {
  const code = codeOf(cause);
  const place = `${host}:${port}`;
  if (code === "EADDRINUSE") {
    return new HeadwaterError(
      "PORT_TAKEN",
      `another program listens on ${place}; stop it, or choose another port (0 picks a free one)`,
      { cause },
    );
  }
  if (code === "EACCES") {
    return new HeadwaterError(
      "NETWORK",
      `not allowed to listen on ${place}; choose a port of 1024 or more, or grant CAP_NET_BIND_SERVICE`,
      { cause },
    );
  }
  const remedy = "name an address of this machine, or 0.0.0.0 for all";
  return new HeadwaterError("NETWORK", `cannot listen on ${place}: ${code || messageOf(cause)}; ${remedy}`, {
    cause,
  });
}

function connectError(host: string, port: number, cause: unknown): HeadwaterError {
  const code = codeOf(cause);
  const reason = REASONS[code] ?? (code || messageOf(cause));
  return new HeadwaterError("NETWORK", `cannot connect to ${host}:${port}: ${reason}`, { cause });
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nobody listens there (ECONNREFUSED)",
  ENOTFOUND: "unknown host (ENOTFOUND)",
  EHOSTUNREACH: "no way to that host (EHOSTUNREACH)",
  ENETUNREACH: "no way to that network (ENETUNREACH)",
};

function codeOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "";
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
