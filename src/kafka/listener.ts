import type { Logger } from "../base/logger.ts";
import type { Clock, Timer } from "../io/clock.ts";
import type { Connection } from "../io/network.ts";
import type { MappingRule } from "../security/mapping-rules.ts";
import type { Sasl } from "../security/sasl/sasl.ts";
import type { Security } from "../security/security.ts";
import { type ConnectionHost, KafkaConnection } from "./connection.ts";
import { Dispatch } from "./dispatch.ts";
import { AssemblyMemory } from "./frames.ts";
import type { OpenPlace } from "./listeners.ts";
import { Login, type LoginBug, type LoginHost } from "./login.ts";
import type { KafkaServices } from "./services.ts";

export interface KafkaDoorOptions {
  readonly services: KafkaServices;
  /** Says who shows a certificate; where left out, nobody is anybody. */
  readonly security?: Security;
  /** Lets clients log in, where a listener has them do so. */
  readonly sasl?: Sasl;
  /** What the names of client certificates become. */
  readonly mappingRules?: readonly MappingRule[];
  readonly limits: KafkaDoorLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Deliberate bugs, for tests of the tests. */
  readonly bugs?: ReadonlySet<LoginBug>;
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
  /** Connections of one user; -1: as many as of all. */
  readonly maxConnectionsOfUser: number;
  /** Time for the handshake of TLS and a first login together. */
  readonly loginTimeoutMs: number;
  /** How long a login holds (KIP-368); 0: as long as the connection. */
  readonly maxReauthMs: number;
  /** How late a failed login is answered. */
  readonly failedLoginDelayMs: number;
}

/** One connection, for whoever looks at the gateway. */
export interface ConnectedClient {
  /** Name of the principal, ANONYMOUS for nobody in particular. */
  readonly user: string;
  /** How it was found out who it is: a mechanism of SASL, a certificate, or null for not at all. */
  readonly method: Login["method"];
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
}

/** A response may carry this part of what is left of the bound for all of them. */
const RESPONSE_SHARE = 4;
/** However little is left: a client that reads gets on. */
const MIN_RESPONSE_BYTES = 64 * 1024;
/** Idle connections are looked for this often, or more often where they may be idle for less. */
const IDLE_CHECK_MS = 10_000;

/** Who has not logged in, and certificates that end by themselves, are looked for this often. */
const LOGIN_CHECK_MS = 5_000;
const CERTIFICATES_EVERY_MS = 60_000;

/** The door for Kafka clients: what its listeners accept is served here, under limits for all of them together. */
export class KafkaDoor {
  readonly #options: KafkaDoorOptions;
  readonly #dispatch: Dispatch;
  readonly #connections = new Set<KafkaConnection>();
  readonly #host: ConnectionHost;
  readonly #loginHost: LoginHost;
  /** Connections by user, of those who have a name. */
  readonly #connectionsOf = new Map<string, number>();
  #heldBytes = 0;
  #unsentBytes = 0;
  #idleCheck: Timer | null = null;
  #loginCheck: Timer | null = null;
  #closing = false;

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
    this.#loginHost = {
      security: options.security ?? null,
      sasl: options.sasl ?? null,
      mappingRules: options.mappingRules ?? [],
      clock,
      maxReauthMs: limits.maxReauthMs,
      failedDelayMs: limits.failedLoginDelayMs,
      bugs: options.bugs ?? new Set(),
      audit: options.services.audit,
      enter: (user) => this.#enter(user),
      leave: (user) => this.#leave(user),
    };
    options.security?.onChanged(() => this.#putOut());
    this.#checkIdle();
    this.#checkLogins(clock.monotonicMs());
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Who is connected, at most so many. */
  connections(limit: number): readonly ConnectedClient[] {
    return Array.from(this.#connections)
      .slice(0, limit)
      .map(({ login, remote: { remoteAddress, remotePort, localPort } }) => ({
        user: login.user,
        method: login.method,
        remoteAddress,
        remotePort,
        localPort,
      }));
  }

  /** Response bytes that clients have not read. */
  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  /** Takes no more connections. */
  stopAccepting(): void {
    this.#closing = true;
    this.#idleCheck?.cancel();
    this.#loginCheck?.cancel();
  }

  /** Closes every connection; acks that the disk has covered have been sent. */
  close(): void {
    this.stopAccepting();
    for (const connection of [...this.#connections]) connection.close();
  }

  /** What serves a connection that a listener has accepted; null refuses it. With TLS its handshake is still to come. */
  accept(connection: Connection, place: OpenPlace): KafkaConnection | null {
    if (this.#closing) return null;
    const { limits } = this.#options;
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
    const login = new Login(connection, place, this.#loginHost);
    const client = new KafkaConnection(connection, this.#host, place.advertised, login);
    this.#connections.add(client);
    return client;
  }

  #enter(user: string): string | null {
    const { maxConnectionsOfUser } = this.#options.limits;
    const count = this.#connectionsOf.get(user) ?? 0;
    if (maxConnectionsOfUser >= 0 && count >= maxConnectionsOfUser)
      return `User ${user} has ${count} connections, which is the limit (kafka.max.connections.per.user)`;
    this.#connectionsOf.set(user, count + 1);
    return null;
  }

  #leave(user: string): void {
    const count = (this.#connectionsOf.get(user) ?? 0) - 1;
    if (count > 0) this.#connectionsOf.set(user, count);
    else this.#connectionsOf.delete(user);
  }

  #checkLogins(certificatesAtMs: number): void {
    const { clock, limits } = this.#options;
    this.#loginCheck = clock.after(Math.min(LOGIN_CHECK_MS, limits.loginTimeoutMs), () => {
      const nowMs = clock.monotonicMs();
      for (const connection of [...this.#connections]) {
        if (connection.login.isAwaited && connection.openedAtMs <= nowMs - limits.loginTimeoutMs)
          connection.drop("no login in time (kafka.login.timeout.ms)");
      }
      const isDue = nowMs >= certificatesAtMs + CERTIFICATES_EVERY_MS;
      if (isDue) this.#putOut();
      this.#checkLogins(isDue ? nowMs : certificatesAtMs);
    });
  }

  /** Cuts whoever was let in for something that holds no longer. */
  #putOut(): void {
    for (const connection of [...this.#connections]) {
      const { login } = connection;
      if (login.holds) continue;
      login.revoke();
      connection.drop(`the user, password or certificate of ${login.user} holds no longer`);
    }
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
