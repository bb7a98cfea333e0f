import type { Clock } from "../../io/clock.ts";
import type { Random } from "../../io/random.ts";
import type { Proof } from "../../security/security.ts";

/** Sessions that are open at a time; of one user no more than a few, so that nobody takes the others' places. */
const MAX_SESSIONS = 256;
const MAX_SESSIONS_OF_USER = 16;
/** 256 bits: nobody guesses one. */
const TOKEN_BYTES = 32;

export interface SessionLimits {
  /** A session ends when nobody has used it for so long. */
  readonly idleMs: number;
  /** And so long after its login, used or not. */
  readonly maxMs: number;
}

/** What a login gave. */
export interface Session {
  readonly token: string;
  readonly user: string;
  /** The user's hash by then: another password ends it. */
  readonly proof: Proof;
  /** Comes back with every request that changes something. */
  readonly csrf: string;
  readonly startedMs: number;
  usedMs: number;
}

/** Who is logged in by a browser. In memory alone: a start ends all of them. */
export class Sessions {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #limits: SessionLimits;
  /** By token, the one not used for longest first. */
  readonly #sessions = new Map<string, Session>();

  constructor(clock: Clock, random: Random, limits: SessionLimits) {
    this.#clock = clock;
    this.#random = random;
    this.#limits = limits;
  }

  get count(): number {
    return this.#sessions.size;
  }

  /** Begins a session; where there are too many, the one not used for longest ends. */
  begin(user: string, proof: Proof): Session {
    this.#forgetEnded();
    const own = [...this.#sessions.values()].filter((session) => session.user === user);
    const [oldestOwn] = own;
    if (own.length >= MAX_SESSIONS_OF_USER && oldestOwn !== undefined) this.#sessions.delete(oldestOwn.token);
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size >= MAX_SESSIONS && oldest !== undefined) this.#sessions.delete(oldest);
    const nowMs = this.#clock.monotonicMs();
    const session = {
      token: this.#secret(),
      user,
      proof,
      csrf: this.#secret(),
      startedMs: nowMs,
      usedMs: nowMs,
    };
    this.#sessions.set(session.token, session);
    return session;
  }

  /** The session of a cookie, which counts as used; null where there is none, or no more. */
  use(token: string, holds: (proof: Proof) => boolean): Session | null {
    const session = this.#sessions.get(token);
    if (session === undefined) return null;
    this.#sessions.delete(token);
    if (this.#isOver(session) || !holds(session.proof)) return null;
    session.usedMs = this.#clock.monotonicMs();
    this.#sessions.set(token, session);
    return session;
  }

  /** Whether a session goes on; to look does not use it. */
  has(token: string): boolean {
    const session = this.#sessions.get(token);
    return session !== undefined && !this.#isOver(session);
  }

  end(token: string): void {
    this.#sessions.delete(token);
  }

  #isOver({ startedMs, usedMs }: Session): boolean {
    const nowMs = this.#clock.monotonicMs();
    return nowMs - usedMs >= this.#limits.idleMs || nowMs - startedMs >= this.#limits.maxMs;
  }

  #forgetEnded(): void {
    for (const session of this.#sessions.values()) {
      if (this.#isOver(session)) this.#sessions.delete(session.token);
    }
  }

  #secret(): string {
    return this.#random.bytes(TOKEN_BYTES).toBase64({ alphabet: "base64url", omitPadding: true });
  }
}
