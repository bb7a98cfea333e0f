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
} from "../network.ts";
import { SeededRandom } from "./random.ts";

export interface SimulatedNetworkOptions {
  readonly seed?: number;
  /** Chunks are of any length up to this. Default 4096. */
  readonly maxChunkBytes?: number;
  /** What the kernels of both ends hold of one direction; beyond it `queuedBytes` counts. Default 65,536. */
  readonly windowBytes?: number;
  /** Time from one delivery to the next. Default 0: by the `soon` queue of the clock. */
  readonly latencyMs?: number;
}

const FIRST_PORT = 40_000;

/**
 * Connections in memory, between the two ends of one process. Bytes arrive in chunks of any length, connections
 * take their turns in any order, both by the seed, and nothing happens but when the clock moves.
 */
export class SimulatedNetwork implements Network {
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #latencyMs: number;
  readonly #listeners = new Map<number, ListenOptions>();
  readonly #ends = new Set<SimulatedConnection>();
  readonly maxChunkBytes: number;
  readonly windowBytes: number;
  /** What those who connect from now on show to a listener that asks for certificates; null for nothing. */
  certificate: Uint8Array | null = null;
  #nextPort = FIRST_PORT;
  #linked = true;
  #scheduled = false;

  constructor(clock: Clock, options: SimulatedNetworkOptions = {}) {
    this.#clock = clock;
    this.#random = new SeededRandom(options.seed ?? 1);
    this.#latencyMs = options.latencyMs ?? 0;
    this.maxChunkBytes = options.maxChunkBytes ?? 4096;
    this.windowBytes = options.windowBytes ?? 65_536;
  }

  listen(options: ListenOptions): Listener {
    const port = options.port === 0 ? this.#nextPort++ : options.port;
    if (this.#listeners.has(port)) {
      throw new HeadwaterError(
        "PORT_TAKEN",
        `another program listens on ${options.host}:${port}; choose another port`,
      );
    }
    this.#listeners.set(port, options);
    return {
      host: options.host,
      port,
      // What is trusted is not looked at here: whoever shows a certificate has a good one.
      renew: () => assert(options.tls !== undefined, "a listener without TLS has nothing to renew"),
      close: () => {
        if (this.#listeners.get(port) === options) this.#listeners.delete(port);
      },
    };
  }

  connect(options: ConnectOptions): Promise<Connection> {
    const place = `${options.host}:${options.port}`;
    return new Promise((resolve, reject) => {
      if (!this.#linked) {
        const message = `no connection to ${place} within ${options.timeoutMs} ms`;
        this.#clock.after(options.timeoutMs, () => reject(new HeadwaterError("TIMED_OUT", message)));
        return;
      }
      this.#later(() => {
        const listener = this.#listeners.get(options.port);
        if (listener === undefined) {
          reject(
            new HeadwaterError("NETWORK", `cannot connect to ${place}: nobody listens there (simulated)`),
          );
          return;
        }
        if (listener.tls?.clientCertificate === "required" && this.certificate === null) {
          reject(new HeadwaterError("NETWORK", `cannot connect to ${place}: no certificate (simulated)`));
          return;
        }
        const client = new SimulatedConnection(this, options.limits, this.#nextPort++, options.port);
        const server = new SimulatedConnection(this, listener.limits, options.port, client.localPort);
        server.count(listener);
        if (listener.tls !== undefined && listener.tls.clientCertificate !== "none") {
          server.peerCertificate = this.certificate;
        }
        client.peer = server;
        server.peer = client;
        client.handler = options.handler;
        this.#ends.add(client).add(server);
        resolve(client);
        const handler = listener.accept(server);
        if (handler === null) server.refuse();
        else server.handler = handler;
      });
    });
  }

  /** Takes the link down or up. While it is down nothing arrives and nobody connects; nobody is told either. */
  setLink(linked: boolean): void {
    this.#linked = linked;
    this.wake();
  }

  /** Breaks every connection, as a router that restarts does. */
  breakAll(): void {
    for (const end of [...this.#ends]) end.break("reset (simulated)");
  }

  /** Connections that are open, each counted once. */
  get openConnections(): number {
    return Math.ceil(this.#ends.size / 2);
  }

  forget(end: SimulatedConnection): void {
    this.#ends.delete(end);
  }

  /** Tells a handler something, once whoever is calling has returned. */
  tell(callback: () => void): void {
    this.#clock.soon(callback);
  }

  /** Something may be deliverable. */
  wake(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#later(() => {
      this.#scheduled = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    if (!this.#linked) return;
    const ends = [...this.#ends].filter((end) => end.hasInput);
    while (ends.length > 0) {
      const [end] = ends.splice(this.#random.below(ends.length), 1);
      end?.receive(1 + this.#random.below(this.maxChunkBytes));
    }
    for (const end of this.#ends) if (end.hasInput) this.wake();
  }

  #later(callback: () => void): void {
    if (this.#latencyMs === 0) this.#clock.soon(callback);
    else this.#clock.after(this.#latencyMs, callback);
  }
}

class SimulatedConnection implements Connection {
  readonly remoteAddress = "127.0.0.1";
  readonly remotePort: number;
  readonly localPort: number;
  peerCertificate: Uint8Array | null = null;
  peer: SimulatedConnection | null = null;
  handler: ConnectionHandler | null = null;
  readonly #network: SimulatedNetwork;
  readonly #limits: ConnectionLimits;
  /** Sent and not yet received by the peer. */
  #sent = new ByteQueue();
  #finished = false;
  #closed = false;
  #paused = false;
  #backedUp = false;
  #tally: ListenerTally | null = null;

  constructor(network: SimulatedNetwork, limits: ConnectionLimits, localPort: number, remotePort: number) {
    this.#network = network;
    this.#limits = limits;
    this.localPort = localPort;
    this.remotePort = remotePort;
  }

  /** Is counted by a listener. Its handshakes are all good. */
  count({ tally, tls }: ListenOptions): void {
    if (tally === undefined) return;
    this.#tally = tally;
    tally.accepted += 1;
    tally.open += 1;
    if (tls !== undefined) tally.handshakes += 1;
  }

  refuse(): void {
    if (this.#tally !== null) this.#tally.refused += 1;
    this.abort();
  }

  get queuedBytes(): number {
    return Math.max(0, this.#sent.sizeBytes - this.#network.windowBytes);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Whether bytes, or the peer's end, wait to be received here. */
  get hasInput(): boolean {
    const { peer } = this;
    return !this.#closed && !this.#paused && peer !== null && (peer.#sent.sizeBytes > 0 || peer.#finished);
  }

  send(bytes: Uint8Array): void {
    if (this.#closed) return;
    this.#sent.add(bytes);
    if (this.#tally !== null) this.#tally.sentBytes += bytes.length;
    if (this.queuedBytes > this.#limits.maxQueuedBytes) {
      this.break(`the peer reads too slowly: over ${this.#limits.maxQueuedBytes} bytes wait for it`);
      return;
    }
    this.#backedUp ||= this.queuedBytes > 0;
    this.#network.wake();
  }

  flush(): void {
    // What is sent travels when the clock moves, flushed or not.
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#network.wake();
  }

  close(): void {
    if (this.#closed) return;
    // The kernel still delivers what it has taken; the rest is dropped.
    this.#sent = prefix(this.#sent, this.#network.windowBytes);
    this.#finished = true;
    this.#leave(null);
    this.#network.wake();
  }

  abort(): void {
    if (this.#closed) return;
    this.#leave(null);
    this.peer?.break("reset by the peer");
  }

  /** Ends both directions at once, with a reason for both handlers. */
  break(reason: string): void {
    if (this.#closed) return;
    this.#leave(new HeadwaterError("NETWORK", `connection with port ${this.remotePort} lost: ${reason}`));
    this.peer?.break(reason);
  }

  /** Takes up to this much of what the peer sent, or its end where that is all. */
  receive(maxBytes: number): void {
    const { peer, handler } = this;
    if (!this.hasInput || peer === null) return;
    assert(handler !== null, "an open connection has a handler");
    if (peer.#sent.sizeBytes === 0) {
      this.#leave(null);
      return;
    }
    const bytes = peer.#sent.peek();
    const chunk = bytes.slice(0, maxBytes);
    if (this.#tally !== null) this.#tally.receivedBytes += chunk.length;
    peer.#sent.take(chunk.length);
    if (peer.#backedUp && peer.queuedBytes === 0) {
      peer.#backedUp = false;
      this.#network.tell(() => peer.handler?.drained());
    }
    handler.data(chunk);
  }

  #leave(error: Error | null): void {
    this.#closed = true;
    if (this.#tally !== null) this.#tally.open -= 1;
    if (!this.#finished) this.#sent = new ByteQueue();
    this.#network.forget(this);
    const { handler } = this;
    this.handler = null;
    if (handler !== null) this.#network.tell(() => handler.closed(error));
  }
}

function prefix(queue: ByteQueue, maxBytes: number): ByteQueue {
  if (queue.sizeBytes <= maxBytes) return queue;
  const kept = new ByteQueue();
  while (kept.sizeBytes < maxBytes) {
    const bytes = queue.peek().subarray(0, maxBytes - kept.sizeBytes);
    kept.add(bytes);
    queue.take(bytes.length);
  }
  return kept;
}
