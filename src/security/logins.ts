import type { Clock } from "../io/clock.ts";
import type { Passwords } from "../io/passwords.ts";
import { ATTEMPT_LIMITS, type AttemptLimits, Attempts, networkOf } from "./attempts.ts";
import { MAX_PASSWORD_BYTES, type Users } from "./users.ts";
import { fits, verifiersIn } from "./verifiers.ts";

export interface LoginLimits {
  /**
   * Hashes that are computed at once. Each takes a core, its memory, and one of the threads that syncs of the log wait
   * for too: with two at once on two cores, a durable publish took 240 ms instead of half of one; with one, no more.
   */
  readonly maxRunning: number;
  /** Logins that wait for one; more are told that the server is busy. */
  readonly maxWaiting: number;
  /** Of one address; of IPv6 of one network, of which everybody has all addresses. */
  readonly maxWaitingOfAddress: number;
  /** Of addresses that were wrong of late, all together and each: the others find room whatever these do. */
  readonly maxSlowed: number;
  readonly maxSlowedOfAddress: number;
  /** Passwords that were found good and are known again without a hash. */
  readonly maxRemembered: number;
  /** How late a wrong password is answered. */
  readonly wrongDelayMs: number;
}

export const LOGIN_LIMITS: LoginLimits = {
  maxRunning: 1,
  maxWaiting: 4_096,
  maxWaitingOfAddress: 1_024,
  maxSlowed: 256,
  maxSlowedOfAddress: 4,
  maxRemembered: 16_384,
  wrongDelayMs: 500,
};

/** "too-many": from this address; "busy": from all. */
export type LoginOutcome =
  | {
      readonly kind: "good";
      /** The one of the user's verifiers that the password is of. */
      readonly hash: string;
    }
  | { readonly kind: "wrong" | "busy" | "too-many" };

type Done = (outcome: LoginOutcome) => void;

interface Login {
  readonly userName: string;
  readonly password: Uint8Array;
  readonly address: string;
  readonly network: string;
  /** The user's verifiers, and one that nothing fits where none is argon2id: a wrong password takes the same time. */
  readonly hashes: readonly string[];
  readonly known: boolean;
  readonly fingerprint: string;
  /** Whether it has waited for the failures before it. */
  readonly slowed: boolean;
  done: Done | null;
}

/** A hash whose password nobody has. */
const NOBODYS_HASH =
  "$argon2id$v=19$m=19456,t=2,p=1$7BSr3QGsjukXTzmTEINATlUPe+LeXKoNSHnwBaN7cH8$AF7qgbI4MujqzSDwSf4fnEFKG1xzgf0SUXtX0Cq3nUA";

/** Checks passwords: a few at once beside the event loop, none twice, wrong ones ever more slowly. */
export class Logins {
  readonly #passwords: Passwords;
  readonly #clock: Clock;
  readonly #limits: LoginLimits;
  /** Wrong passwords of late, whoever has looked at them. */
  readonly attempts: Attempts;
  #users: Pick<Users, "get"> = new Map();
  /** Fingerprints of passwords that were good, the one not used for longest first. */
  readonly #good = new Set<string>();
  /** Logins that wait or are being checked, by network. */
  readonly #waitingOf = new Map<string, number>();
  #waiting = 0;
  /** Those of them that were slowed down. */
  #slowed = 0;
  #running = 0;
  #queue: Login[] = [];
  /** What several wait for who have sent the same. */
  readonly #shared = new Map<string, Login[]>();

  constructor(
    passwords: Passwords,
    clock: Clock,
    limits: LoginLimits = LOGIN_LIMITS,
    attempts: AttemptLimits = ATTEMPT_LIMITS,
  ) {
    this.#passwords = passwords;
    this.#clock = clock;
    this.#limits = limits;
    this.attempts = new Attempts(clock, attempts);
  }

  set users(users: Pick<Users, "get">) {
    this.#users = users;
  }

  /**
   * Checks a password and calls back once: at once where it is known, or where too many wait. What is returned
   * takes the question back: nobody is called then.
   */
  check(userName: string, password: Uint8Array, address: string, done: Done): () => void {
    const kept = this.#users.get(userName);
    const known = kept !== undefined;
    const hashes = verifiersIn(kept ?? NOBODYS_HASH);
    const isPossible = password.length <= MAX_PASSWORD_BYTES;
    const print = (hash: string) => this.#passwords.fingerprint(password, hash);
    const remembered =
      known && isPossible ? hashes.find((hash) => this.#isRemembered(print(hash))) : undefined;
    if (remembered !== undefined) {
      done({ kind: "good", hash: remembered });
      return () => {};
    }
    const waitMs = this.attempts.waitMs(userName, address);
    const network = networkOf(address);
    const refusal = this.#refusal(network, waitMs > 0);
    if (refusal !== null) {
      done({ kind: refusal });
      return () => {};
    }
    // The bytes that came are somebody's chunk.
    const login: Login = {
      userName,
      password: isPossible ? password.slice() : NOTHING,
      address,
      network,
      hashes: hashes.some(isArgon2) ? hashes : [...hashes, NOBODYS_HASH],
      known,
      fingerprint: isPossible ? print(hashes.join(" ")) : "",
      slowed: waitMs > 0,
      done,
    };
    this.#count(login, 1);
    if (!isPossible) this.#wrong(login);
    else if (waitMs > 0) this.#clock.after(waitMs, () => this.#enqueue(login));
    else this.#enqueue(login);
    return () => {
      login.done = null;
    };
  }

  /** Why one more can't wait, or null. Who is slowed down does not get to wait many times at once. */
  #refusal(network: string, isSlowed: boolean): "too-many" | "busy" | null {
    const { maxWaiting, maxWaitingOfAddress, maxSlowed, maxSlowedOfAddress } = this.#limits;
    const ofNetwork = this.#waitingOf.get(network) ?? 0;
    if (ofNetwork >= (isSlowed ? maxSlowedOfAddress : maxWaitingOfAddress)) return "too-many";
    if (isSlowed && this.#slowed >= maxSlowed) return "too-many";
    return this.#waiting >= maxWaiting ? "busy" : null;
  }

  #isRemembered(fingerprint: string): boolean {
    if (!this.#good.delete(fingerprint)) return false;
    this.#good.add(fingerprint);
    return true;
  }

  #enqueue(login: Login): void {
    const same = this.#shared.get(login.fingerprint);
    if (same !== undefined) {
      same.push(login);
      return;
    }
    this.#shared.set(login.fingerprint, [login]);
    this.#queue.push(login);
    this.#runNext();
  }

  #runNext(): void {
    while (this.#running < this.#limits.maxRunning) {
      const login = this.#queue.shift();
      if (login === undefined) return;
      // Nobody waits for it any more.
      if (this.#shared.get(login.fingerprint)?.every(({ done }) => done === null) === true) {
        for (const one of this.#take(login)) this.#count(one, -1);
        continue;
      }
      // What was wrong since it came shows that its address guesses: the queue behind is not kept waiting for it.
      if (!login.slowed && this.attempts.waitMs(login.userName, login.address) > 0) {
        for (const one of this.#take(login)) this.#answer(one, { kind: "too-many" });
        continue;
      }
      this.#running++;
      this.#match(login).then(
        (hash) => this.#checked(login, hash),
        () => this.#checked(login, null),
      );
    }
  }

  #take({ fingerprint }: Login): readonly Login[] {
    const logins = this.#shared.get(fingerprint) ?? [];
    this.#shared.delete(fingerprint);
    return logins;
  }

  /** The first verifier that the password is of; null for none. */
  async #match({ password, hashes, known }: Login): Promise<string | null> {
    for (const hash of hashes) if (await fits(this.#passwords, password, hash)) return known ? hash : null;
    return null;
  }

  #checked(first: Login, hash: string | null): void {
    this.#running--;
    if (hash !== null) this.#remember(this.#passwords.fingerprint(first.password, hash));
    for (const login of this.#take(first)) {
      if (hash === null) this.#wrong(login);
      // A password that was changed meanwhile is for the next attempt to decide.
      else if (verifiersIn(this.#users.get(login.userName) ?? "").includes(hash))
        this.#answer(login, { kind: "good", hash });
      else this.#answer(login, { kind: "busy" });
    }
    this.#runNext();
  }

  #wrong(login: Login): void {
    this.attempts.failed(login.userName, login.address);
    this.#clock.after(this.#limits.wrongDelayMs, () => this.#answer(login, { kind: "wrong" }));
  }

  #answer(login: Login, outcome: LoginOutcome): void {
    this.#count(login, -1);
    if (outcome.kind === "good") this.attempts.succeeded(login.userName, login.address);
    const { done } = login;
    login.done = null;
    done?.(outcome);
  }

  #remember(fingerprint: string): void {
    this.#good.add(fingerprint);
    const [oldest] = this.#good;
    if (this.#good.size > this.#limits.maxRemembered && oldest !== undefined) this.#good.delete(oldest);
  }

  #count({ network, slowed }: Login, change: number): void {
    this.#waiting += change;
    if (slowed) this.#slowed += change;
    const count = (this.#waitingOf.get(network) ?? 0) + change;
    if (count > 0) this.#waitingOf.set(network, count);
    else this.#waitingOf.delete(network);
  }
}

const NOTHING = new Uint8Array(0);

function isArgon2(hash: string): boolean {
  return hash.startsWith("$argon2id$");
}
