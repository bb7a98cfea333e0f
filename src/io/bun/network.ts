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
  ListenerTally,
  ListenOptions,
  Network,
  TlsServer,
} from "../network.ts";
import { codeOf, HostAddresses, messageOf } from "./host-addresses.ts";
import {
  checkTls,
  type Handshake,
  TlsClientState,
  TlsState,
  tlsClientOptions,
  tlsOptions,
  unusable,
} from "./tls.ts";
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
  readonly #addresses: HostAddresses;
  readonly #onBug: (error: unknown) => void;

  /** `onBug` is told what a handler throws; by default that ends the process as any uncaught error does. */
  constructor(clock: Clock, onBug: (error: unknown) => void = rethrowLater) {
    this.#sends = new SendRound(clock);
    this.#addresses = new HostAddresses(clock);
    this.#onBug = onBug;
  }

  listen(options: ListenOptions): Listener {
    return new SystemListener(options, this.#sends, this.#onBug);
  }

  async connect(options: ConnectOptions): Promise<Connection> {
    const { host, port, timeoutMs } = options;
    const { clock } = this.#sends;
    const endMs = clock.monotonicMs() + timeoutMs;
    const addresses = await this.#addresses.of(host, timeoutMs).catch((error: unknown) => {
      throw error instanceof HeadwaterError ? error : connectError(host, port, error);
    });
    const failures: HeadwaterError[] = [];
    for (const [index, address] of addresses.entries()) {
      // Each that is left has the same share of the time, so that one that never answers keeps nobody from the next.
      const shareMs = Math.max(1, (endMs - clock.monotonicMs()) / (addresses.length - index));
      try {
        return await this.#dial(address, options, Math.round(shareMs));
      } catch (error) {
        if (!(error instanceof HeadwaterError)) throw error;
        failures.push(error);
      }
    }
    throw connectFailure(host, port, addresses, failures);
  }

  /** Connects to one address. Rejects as `connect` does. */
  #dial(address: string, options: ConnectOptions, timeoutMs: number): Promise<Connection> {
    const { host, port, tls, limits, handler } = options;
    return new Promise((resolve, reject) => {
      let waiting = true;
      let dialed: SystemConnection | null = null;
      const settle = (): boolean => {
        const first = waiting;
        waiting = false;
        timer.cancel();
        return first;
      };
      const fail = (error: HeadwaterError) => {
        if (!settle()) return;
        reject(error);
        dialed?.abort();
      };
      const timer = this.#sends.clock.after(timeoutMs, () => {
        fail(new HeadwaterError("TIMED_OUT", `no connection to ${host}:${port} within ${timeoutMs} ms`));
      });
      const succeed = (connection: SystemConnection) => {
        if (!settle()) return;
        connection.use(handler);
        resolve(connection);
      };
      const open = (socket: Socket<SystemConnection>) => {
        const state = tls === undefined ? null : new TlsClientState(tls);
        const connection = new SystemConnection(socket, limits, this.#sends, this.#onBug, state);
        if (!waiting) connection.abort();
        else if (tls === undefined) succeed(connection);
        else {
          dialed = connection;
          connection.shakeHands({
            ready: () => succeed(connection),
            failed: (error) => fail(handshakeError(host, port, error)),
          });
        }
      };
      const refused = (cause: unknown) => fail(connectError(host, port, cause));
      const socket: SocketHandler<SystemConnection> = {
        ...socketHandler(open),
        connectError: (_socket, error) => refused(error),
      };
      const place = { hostname: address, port, socket };
      try {
        // What connects too late, or fails twice, has been dealt with in the callbacks.
        Bun.connect<SystemConnection>(
          tls === undefined ? place : { ...place, tls: tlsClientOptions(tls, address) },
        ).catch(refused);
      } catch (cause) {
        // Bun reads certificates and keys before it connects.
        fail(tls === undefined ? connectError(host, port, cause) : unusable(cause));
      }
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
    const { host, limits, accept, tally = null } = this.#options;
    const open = (socket: Socket<SystemConnection>) => {
      const state = tls === undefined ? null : new TlsState(tls.clientCertificate);
      new SystemConnection(socket, limits, this.#sends, this.#onBug, state, tally).accept(accept);
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

/** Who waits for the end of a handshake. */
interface Dialing {
  readonly ready: () => void;
  /** The connection is closed. */
  readonly failed: (error: Error | null) => void;
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
  readonly #tls: Handshake | null;
  /** Of the listener that has accepted it, where somebody counts; null once this is not open any more. */
  #tally: ListenerTally | null;
  readonly #chain = new PieceChain();
  /** What the kernel did not take; null where that is nothing. */
  #queue: ByteQueue | null = null;
  #handler: ConnectionHandler | null = null;
  /** Waits for the end of the handshake with a server; null otherwise. */
  #dialing: Dialing | null = null;
  #closed = false;

  constructor(
    socket: Socket<SystemConnection>,
    limits: ConnectionLimits,
    sends: SendRound,
    onBug: (error: unknown) => void,
    tls: Handshake | null = null,
    tally: ListenerTally | null = null,
  ) {
    this.#socket = socket;
    this.#tls = tls;
    this.#tally = tally;
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

  /** Tells how the handshake with a server ends. */
  shakeHands(dialing: Dialing): void {
    this.#dialing = dialing;
  }

  accept(accept: (connection: Connection) => ConnectionHandler | null): void {
    const tally = this.#tally;
    if (tally !== null) {
      tally.accepted += 1;
      tally.open += 1;
    }
    this.#guard(() => {
      const handler = accept(this);
      if (handler === null) this.#refuse();
      // A handler whose connection was closed before it was known is told all the same.
      else if (this.#closed) this.#sends.clock.soon(() => this.#guard(() => handler.closed(null)));
      else this.#handler = handler;
    });
  }

  #refuse(): void {
    const tally = this.#tally;
    if (tally !== null) {
      tally.refused += 1;
      tally.open -= 1;
      this.#tally = null;
    }
    this.abort();
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
    if (fault === null) {
      if (this.#tally !== null) this.#tally.handshakes += 1;
      const dialing = this.#dialing;
      this.#dialing = null;
      dialing?.ready();
      return;
    }
    const peer = `${this.remoteAddress}:${this.remotePort}`;
    this.#abort(
      new HeadwaterError("TLS_HANDSHAKE", `no TLS with ${peer}: ${fault}`, { cause: error ?? undefined }),
    );
  }

  onData(chunk: Uint8Array): void {
    // Before a handshake that is good nobody is heard.
    if (this.#closed || this.#tls?.ready === false) return;
    if (this.#tally !== null) this.#tally.receivedBytes += chunk.length;
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
      if (this.#tally !== null) this.#tally.sentBytes += taken;
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
    if (taken < 0) {
      this.#abort(this.#lost(null));
      return;
    }
    if (this.#tally !== null) this.#tally.sentBytes += taken;
    if (taken < bytes.length) this.#enqueue(bytes.subarray(taken));
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
    const tally = this.#tally;
    if (tally !== null) {
      tally.open -= 1;
      if (this.#tls?.ready === false) tally.failedHandshakes += 1;
      this.#tally = null;
    }
    this.#chain.clear();
    this.#queue = null;
    const handler = this.#handler;
    this.#handler = null;
    const dialing = this.#dialing;
    this.#dialing = null;
    dialing?.failed(error);
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

function handshakeError(host: string, port: number, cause: Error | null): HeadwaterError {
  const fault = cause === null ? LEFT : cause.message.slice(cause.message.indexOf(": ") + 2);
  // Whoever leaves may come back; who is not trusted stays that.
  if (fault !== LEFT && !BROKEN_OFF.test(fault))
    return new HeadwaterError("TLS_HANDSHAKE", `no TLS with ${host}:${port}: ${fault}`, { cause });
  const reason = `${LEFT}: perhaps it does not speak TLS`;
  return new HeadwaterError("NETWORK", `cannot connect to ${host}:${port}: ${reason}`, { cause });
}

const LEFT = "it left during the handshake";
const BROKEN_OFF = /^(ECONNRESET|EPIPE)\b/;

/** Why none of a host's addresses could be had. */
function connectFailure(
  host: string,
  port: number,
  addresses: readonly string[],
  failures: readonly HeadwaterError[],
): HeadwaterError {
  const telling = failures.find(({ code }) => code === "TLS_HANDSHAKE" || code === "CONFIG_INVALID");
  const first = telling ?? failures[0] ?? connectError(host, port, new Error("it has no address"));
  if (failures.length < 2) return first;
  return new HeadwaterError(first.code, `${first.message} (tried ${addresses.join(", ")})`, { cause: first });
}

const REASONS: Readonly<Record<string, string>> = {
  DNS_ENOTFOUND: "unknown host (ENOTFOUND), or no name server answers",
  ECONNREFUSED: "nobody listens there (ECONNREFUSED)",
  EHOSTUNREACH: "no way to that host (EHOSTUNREACH)",
  ENETUNREACH: "no way to that network (ENETUNREACH)",
};
