import { assertNever } from "../base/assert.ts";
import { ANONYMOUS } from "../broker/quotas.ts";
import type { Clock, Timer } from "../io/clock.ts";
import type { Connection } from "../io/network.ts";
import type { AuditEvent, AuditNotes, AuditReason } from "../security/audit/audit-event.ts";
import type { MappingRule } from "../security/mapping-rules.ts";
import { refused, type SaslExchange, type SaslRefusal, type SaslStep } from "../security/sasl/exchange.ts";
import type { Sasl, SaslMechanism } from "../security/sasl/sasl.ts";
import type { Proof, Security } from "../security/security.ts";
import { API_KEY } from "./wire/generated/apis.ts";
import { ERROR } from "./wire/generated/errors.ts";

/** Deliberate bugs, for tests of the tests. */
export type LoginBug = "serves-before-login" | "forgets-proofs" | "serves-ended-sessions" | "changes-users";

/** What the logins of one door share. */
export interface LoginHost {
  /** Null where nobody is ever asked who he is. */
  readonly security: Security | null;
  readonly sasl: Sasl | null;
  /** What the names of certificates become; without any `tls.principal` says which part is the name. */
  readonly mappingRules: readonly MappingRule[];
  readonly clock: Clock;
  /** How long a login holds before there has to be another (KIP-368); 0: as long as the connection. */
  readonly maxReauthMs: number;
  /** How late a failed login is answered. */
  readonly failedDelayMs: number;
  readonly bugs: ReadonlySet<LoginBug>;
  readonly audit: AuditNotes;
  /** A connection has become this user's. Says why that may not be, or null. */
  enter(user: string): string | null;
  leave(user: string): void;
}

/** What has to be done at a listener before requests are served. */
export interface LoginPlace {
  readonly tls: boolean;
  /** By which one may log in; without any nobody has to. */
  readonly mechanisms: readonly SaslMechanism[];
}

/** What SaslHandshake is answered. */
export interface HandshakeAnswer {
  readonly errorCode: number;
  readonly mechanisms: readonly string[];
  /** Why the connection ends with this answer, or null. */
  readonly ends: string | null;
}

/** What SaslAuthenticate is answered. */
export interface LoginAnswer {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly bytes: Uint8Array;
  /** For how long the login holds; 0: as long as the connection, or it goes on. */
  readonly sessionLifetimeMs: number;
  readonly ends: string | null;
}

/**
 * - "open": whatever is allowed is served;
 * - "awaited": only ApiVersions and SaslHandshake are, a login has not begun;
 * - "exchange": a login is under way, only SaslAuthenticate is; `raw`: its messages are frames of their own, since
 *   the client spoke version 0 of SaslHandshake;
 * - "failed": nothing is.
 */
type State =
  | { readonly kind: "open" | "awaited" | "failed" }
  | {
      readonly kind: "exchange";
      readonly exchange: SaslExchange | null;
      readonly mechanism: SaslMechanism;
      readonly raw: boolean;
      /** An answer is awaited. */
      busy: boolean;
    };

/** Logging in again sooner than this is refused, as in Kafka. */
const MIN_REAUTH_MS = 1_000;
const NO_BYTES = new Uint8Array(0);

/** Who is at the other end of a connection, what says so, and for how long that holds. */
export class Login {
  readonly #connection: Connection;
  readonly #host: LoginHost;
  readonly #place: LoginPlace;
  readonly #mechanisms: readonly SaslMechanism[];
  /** What it was let in for; empty where nobody asked. */
  #certificate: Proof | null = null;
  #login: Proof | null = null;
  #begun = false;
  #state: State;
  #user = ANONYMOUS;
  /** Whether the door counts this connection as one of the user's. */
  #entered = false;
  #mechanism: SaslMechanism | null = null;
  #loggedInAtMs = 0;
  /** Monotonic; null where the login holds for as long as the connection. */
  #endsAtMs: number | null = null;
  #delay: Timer | null = null;
  /** Why its session ends, where that is not its own wish. */
  #endReason: AuditReason | null = null;

  constructor(connection: Connection, place: LoginPlace, host: LoginHost) {
    this.#connection = connection;
    this.#place = place;
    this.#mechanisms = place.mechanisms;
    this.#host = host;
    this.#state = { kind: place.mechanisms.length === 0 ? "open" : "awaited" };
  }

  /** Name of the principal, ANONYMOUS for nobody in particular. */
  get user(): string {
    return this.#user;
  }

  /** How it was found out who it is: a mechanism, a certificate, or null for not at all. */
  get method(): SaslMechanism | "certificate" | null {
    return this.#mechanism ?? (this.#certificate === null ? null : "certificate");
  }

  /** Whether requests other than those of a login are served. False also before the first byte. */
  get isOpen(): boolean {
    return (this.#state.kind === "open" && this.#begun) || this.#host.bugs.has("serves-before-login");
  }

  /** Whether it has still to show who it is: by a handshake of TLS, or a first login. */
  get isAwaited(): boolean {
    return (this.#place.tls && !this.#begun) || (this.#mechanisms.length > 0 && this.#login === null);
  }

  /** Whether the connection is about to be closed, and serves nothing more. */
  get hasFailed(): boolean {
    return this.#state.kind === "failed";
  }

  /** Whether the next frame is a message of a login, not a request. */
  get takesRawMessages(): boolean {
    return this.#state.kind === "exchange" && this.#state.raw;
  }

  /** Whether all that it was let in for still holds. */
  get holds(): boolean {
    const { security, bugs } = this.#host;
    if (security === null || bugs.has("forgets-proofs")) return true;
    return [this.#certificate, this.#login].every((proof) => proof === null || security.holds(proof));
  }

  /** Looks at the certificate once there are bytes, which come after a good handshake only. Says why it can't go on, or null. */
  begin(): string | null {
    if (this.#begun) return null;
    this.#begun = true;
    const { peerCertificate } = this.#connection;
    const { security } = this.#host;
    if (peerCertificate === null || security === null) return null;
    const holder = security.holder(peerCertificate, this.#host.mappingRules);
    if (holder.kind !== "admitted") {
      this.handshakeFailed();
      return holder.what;
    }
    this.#certificate = holder.proof;
    // Where there is a login, that says who it is.
    if (this.#mechanisms.length > 0 || holder.userName === null) return null;
    const fault = this.#become(holder.userName);
    const full = { result: "failure", reason: "too-many-connections" } as const;
    this.#note({
      action: "login",
      user: holder.userName,
      detail: "certificate",
      ...(fault === null ? OK : full),
    });
    return fault;
  }

  /** Its certificate was not taken. */
  handshakeFailed(): void {
    this.#note({
      action: "login",
      user: null,
      result: "failure",
      reason: "certificate",
      detail: "certificate",
    });
  }

  /** What it was let in for holds no longer. */
  revoke(): void {
    this.#endReason = "revoked";
  }

  #note(event: Pick<AuditEvent, "action" | "user" | "result" | "detail" | "reason">): void {
    const { remoteAddress, localPort } = this.#connection;
    const from = { door: "kafka", address: remoteAddress, port: localPort } as const;
    this.#host.audit.note({ kind: "access", ...from, ...event });
  }

  /** Says why a request can't be served now, so that the connection has to end; null where it can. */
  refusal(apiKey: number): string | null {
    const { bugs, clock } = this.#host;
    switch (this.#state.kind) {
      case "open": {
        const isOver = this.#endsAtMs !== null && clock.monotonicMs() >= this.#endsAtMs;
        if (!isOver || apiKey === API_KEY.SASL_HANDSHAKE || bugs.has("serves-ended-sessions")) return null;
        return `the login of ${this.#user} has ended, and no other came before it went on`;
      }
      case "awaited":
        if (apiKey === API_KEY.API_VERSIONS || apiKey === API_KEY.SASL_HANDSHAKE) return null;
        return bugs.has("serves-before-login") ? null : `api key ${apiKey} before a login`;
      case "exchange":
        return apiKey === API_KEY.SASL_AUTHENTICATE ? null : `api key ${apiKey} in the middle of a login`;
      case "failed":
        return "its login has failed";
      default:
        return assertNever(this.#state);
    }
  }

  /** SaslHandshake: begins a login, or another one on a connection that has one (KIP-368). Calls back, late where it refuses. */
  handshake(mechanism: string, version: number, done: (answer: HandshakeAnswer) => void): void {
    const mechanisms = this.#mechanisms;
    const again = this.#state.kind === "open";
    const isEarly = this.#host.clock.monotonicMs() - this.#loggedInAtMs < MIN_REAUTH_MS;
    if (mechanisms.length === 0 || (again && isEarly)) {
      done({ errorCode: ERROR.ILLEGAL_SASL_STATE, mechanisms: [], ends: null });
      return;
    }
    const found = mechanisms.find((known) => known === mechanism);
    const { sasl } = this.#host;
    if (found === undefined || sasl === null) {
      const ends = `no mechanism ${JSON.stringify(mechanism.slice(0, 50))} (kafka.sasl.mechanisms)`;
      this.#fail(() => done({ errorCode: ERROR.UNSUPPORTED_SASL_MECHANISM, mechanisms, ends }));
      return;
    }
    const isOther = again && found !== this.#mechanism;
    this.#state = {
      kind: "exchange",
      // Told once the client goes on, as in Kafka.
      exchange: isOther ? null : sasl.begin(found, this.#connection.remoteAddress),
      mechanism: found,
      raw: version === 0,
      busy: false,
    };
    done({ errorCode: ERROR.NONE, mechanisms, ends: null });
  }

  /** SaslAuthenticate, or a message without a request around it. Calls back once, at once or later; failures late. */
  authenticate(message: Uint8Array, done: (answer: LoginAnswer) => void): void {
    const state = this.#state;
    if (state.kind !== "exchange") {
      const errorMessage = "SaslAuthenticate request received after successful authentication";
      done({ ...NO_LOGIN, errorCode: ERROR.ILLEGAL_SASL_STATE, errorMessage });
      return;
    }
    const { exchange, mechanism } = state;
    if (exchange === null) {
      const what = `SASL mechanism '${mechanism}' requested by client is not supported for re-authentication of mechanism '${this.#mechanism}'`;
      this.#refuse(refused(what, what, "other-identity", this.#user), mechanism, done);
      return;
    }
    state.busy = true;
    exchange.next(message, (step) => {
      state.busy = false;
      this.#took(step, mechanism, done);
    });
  }

  /** Whether a message is being looked at. */
  get isBusy(): boolean {
    return this.#state.kind === "exchange" && this.#state.busy;
  }

  /** The connection is gone: nobody is called any more. */
  end(): void {
    this.#delay?.cancel();
    if (this.#state.kind === "exchange") this.#state.exchange?.end();
    this.#state = { kind: "failed" };
    // The name stays: what is still under way for it must not become somebody else's.
    if (this.#entered) {
      this.#host.leave(this.#user);
      const why = this.#endReason === null ? {} : { reason: this.#endReason };
      this.#note({ action: "logout", user: this.#user, result: "success", ...why });
    }
    this.#entered = false;
  }

  #took(step: SaslStep, mechanism: SaslMechanism, done: (answer: LoginAnswer) => void): void {
    switch (step.kind) {
      case "challenge":
        done({ ...NO_LOGIN, bytes: step.bytes });
        return;
      case "refused":
        this.#refuse(step, mechanism, done);
        return;
      case "admitted": {
        const fault = this.#admit(step.userName);
        if (fault !== null) {
          const reason = this.#mechanism === null ? "too-many-connections" : "other-identity";
          this.#refuse(refused(fault, fault, reason, step.userName), mechanism, done);
          return;
        }
        const isAgain = this.#mechanism !== null;
        const { maxReauthMs, clock } = this.#host;
        const untilMs =
          step.expiresAtMs === null ? Number.POSITIVE_INFINITY : step.expiresAtMs - clock.nowMs();
        const lifetimeMs = Math.max(0, Math.min(untilMs, maxReauthMs > 0 ? maxReauthMs : untilMs));
        const isBounded = Number.isFinite(lifetimeMs);
        this.#loggedInAtMs = clock.monotonicMs();
        this.#endsAtMs = isBounded ? this.#loggedInAtMs + lifetimeMs : null;
        this.#login = step.proof;
        this.#mechanism = mechanism;
        this.#state = { kind: "open" };
        // One that only renews what there is is no news.
        if (!isAgain) this.#note({ action: "login", user: step.userName, detail: mechanism, ...OK });
        const sessionLifetimeMs = isBounded ? Math.floor(lifetimeMs) : 0;
        done({ ...NO_LOGIN, bytes: step.bytes, sessionLifetimeMs });
        return;
      }
      default:
        assertNever(step);
    }
  }

  /** Takes a user who has logged in. Says why not, or null. */
  #admit(userName: string): string | null {
    if (this.#mechanism === null) return this.#become(userName);
    if (userName === this.#user) return null;
    if (this.#host.bugs.has("changes-users")) {
      this.#host.leave(this.#user);
      return this.#become(userName);
    }
    return `Cannot change principals during re-authentication from User.${this.#user}: User.${userName}`;
  }

  #become(userName: string): string | null {
    const fault = this.#host.enter(userName);
    if (fault !== null) return fault;
    this.#user = userName;
    this.#entered = true;
    return null;
  }

  #refuse(refusal: SaslRefusal, mechanism: SaslMechanism, done: (answer: LoginAnswer) => void): void {
    const during = this.#mechanism === null ? "authentication" : "re-authentication";
    const errorMessage =
      refusal.message ??
      `Authentication failed during ${during} due to invalid credentials with SASL mechanism ${mechanism}`;
    const { userName: user, reason } = refusal;
    this.#note({ action: "login", user, result: "failure", reason, detail: mechanism });
    const ends = `login failed: ${refusal.what}`;
    const errorCode = ERROR.SASL_AUTHENTICATION_FAILED;
    this.#fail(() => done({ ...NO_LOGIN, errorCode, errorMessage, ends }));
  }

  /** Nothing more is served; the client hears of it late, so that it can't try often. */
  #fail(done: () => void): void {
    this.#state = { kind: "failed" };
    this.#delay = this.#host.clock.after(this.#host.failedDelayMs, done);
  }
}

const OK = { result: "success" } as const;

const NO_LOGIN: LoginAnswer = {
  errorCode: ERROR.NONE,
  errorMessage: null,
  bytes: NO_BYTES,
  sessionLifetimeMs: 0,
  ends: null,
};
