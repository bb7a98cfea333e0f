import type { Logger } from "../base/logger.ts";
import type { Clock, Timer } from "../io/clock.ts";
import type { Connection, Listener, Network } from "../io/network.ts";
import { type ConnectionHost, KafkaConnection } from "./connection.ts";
import { Dispatch } from "./dispatch.ts";
import { AssemblyMemory } from "./frames.ts";
import type { KafkaServices } from "./services.ts";

export interface KafkaDoorOptions {
  readonly network: Network;
  readonly host: string;
  readonly port: number;
  /** What Metadata tells clients to connect to; null: the address that is listened on. */
  readonly advertised: { readonly host: string; readonly port: number } | null;
  readonly services: KafkaServices;
  readonly limits: KafkaDoorLimits;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface KafkaDoorLimits {
  readonly maxConnections: number;
  /** Largest request, length prefix excluded. */
  readonly maxFrameBytes: number;
  /** Bytes of requests that all connections together may hold. */
  readonly maxHeldBytes: number;
  /** Response bytes that a slow client may leave unread before it is cut off. */
  readonly maxQueuedBytes: number;
  /** Response bytes that all clients together may leave unread before responses get smaller. */
  readonly maxTotalQueuedBytes: number;
  /** Silence after which a connection is closed; -1: never. */
  readonly maxIdleMs: number;
}

/** A response may carry this part of what is left of the bound for all of them. */
const RESPONSE_SHARE = 4;
/** However little is left: a client that reads gets on. */
const MIN_RESPONSE_BYTES = 64 * 1024;
/** Idle connections are looked for this often, or more often where they may be idle for less. */
const IDLE_CHECK_MS = 10_000;

/** The door for Kafka clients. */
export class KafkaDoor {
  readonly #options: KafkaDoorOptions;
  readonly #dispatch: Dispatch;
  readonly #listener: Listener;
  readonly #connections = new Set<KafkaConnection>();
  readonly #host: ConnectionHost;
  #heldBytes = 0;
  #unsentBytes = 0;
  #idleCheck: Timer | null = null;
  #closing = false;

  /** Listens from now on. Throws PORT_TAKEN. */
  constructor(options: KafkaDoorOptions) {
    const { limits, clock } = options;
    this.#options = options;
    this.#dispatch = new Dispatch(options.services, options.logger);
    this.#host = {
      dispatch: this.#dispatch,
      maxFrameBytes: limits.maxFrameBytes,
      assembly: new AssemblyMemory(),
      monotonicMs: () => clock.monotonicMs(),
      after: (delayMs, callback) => clock.after(delayMs, callback),
      held: (bytes) => {
        this.#heldBytes += bytes;
        return this.#heldBytes > limits.maxHeldBytes;
      },
      unsent: (bytes) => {
        this.#unsentBytes += bytes;
      },
      responseBudget: () =>
        Math.max(MIN_RESPONSE_BYTES, (limits.maxTotalQueuedBytes - this.#unsentBytes) / RESPONSE_SHARE),
      closed: (connection) => this.#connections.delete(connection),
    };
    this.#listener = options.network.listen({
      host: options.host,
      port: options.port,
      limits: { maxQueuedBytes: limits.maxQueuedBytes },
      accept: (connection) => this.#accept(connection),
    });
    this.#checkIdle();
  }

  get host(): string {
    return this.#listener.host;
  }

  get port(): number {
    return this.#listener.port;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Response bytes that clients have not read. */
  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  /** Takes no more connections, and closes those that wait for nothing. */
  stopAccepting(): void {
    this.#closing = true;
    this.#idleCheck?.cancel();
    this.#listener.close();
  }

  /** Closes every connection; acks that the disk has covered have been sent. */
  close(): void {
    this.stopAccepting();
    for (const connection of [...this.#connections]) connection.close();
  }

  #accept(connection: Connection): KafkaConnection | null {
    if (this.#closing) return null;
    const { limits, advertised } = this.#options;
    if (this.#connections.size >= limits.maxConnections) {
      const reason = `${limits.maxConnections} connections are open, which is the limit (max.connections)`;
      this.#dispatch.refused(connection.remoteAddress, reason);
      return null;
    }
    if (this.#dispatch.quotas.connectionExceeds(connection.remoteAddress)) {
      const reason = "its address opens connections faster than its quota (connection_creation_rate)";
      this.#dispatch.refused(connection.remoteAddress, reason);
      return null;
    }
    const address = advertised ?? { host: advertisable(this.host), port: this.port };
    const client = new KafkaConnection(connection, this.#host, address);
    this.#connections.add(client);
    return client;
  }

  #checkIdle(): void {
    const { clock, limits } = this.#options;
    if (limits.maxIdleMs < 0) return;
    this.#idleCheck = clock.after(Math.min(IDLE_CHECK_MS, limits.maxIdleMs), () => {
      const limitMs = clock.monotonicMs() - limits.maxIdleMs;
      for (const connection of [...this.#connections]) {
        const sinceMs = connection.idleSinceMs;
        if (sinceMs !== null && sinceMs <= limitMs) connection.expire();
      }
      this.#checkIdle();
    });
  }
}

/** A wildcard is no address to connect to: then the local name is the best guess there is. */
function advertisable(host: string): string {
  return host === "0.0.0.0" || host === "::" ? "localhost" : host;
}
