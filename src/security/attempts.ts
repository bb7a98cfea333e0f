import type { Clock } from "../io/clock.ts";

/** How wrong passwords slow down whoever tries them. */
export interface AttemptLimits {
  /** Recent failures of one user from one address, and of all users from it, that cost nothing but the answer's delay. */
  readonly freeOfUser: number;
  readonly freeOfAddress: number;
  /** The first wait beyond them; it doubles with every failure. */
  readonly firstWaitMs: number;
  readonly maxWaitMs: number;
  /** Failures are forgotten by halves. */
  readonly halfLifeMs: number;
  /** Addresses, and users at addresses, that are remembered; the one not heard of for longest goes. */
  readonly maxRemembered: number;
}

export const ATTEMPT_LIMITS: AttemptLimits = {
  freeOfUser: 5,
  freeOfAddress: 40,
  firstWaitMs: 250,
  maxWaitMs: 4_000,
  halfLifeMs: 60_000,
  maxRemembered: 8_192,
};

interface Failures {
  count: number;
  atMs: number;
}

/** Wrong passwords of late, by address and by user at an address. */
export class Attempts {
  readonly #clock: Clock;
  readonly #limits: AttemptLimits;
  readonly #failures = new Map<string, Failures>();

  constructor(clock: Clock, limits: AttemptLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** How long a password of this user from there has to wait before it is looked at. */
  waitMs(userName: string, address: string): number {
    const { freeOfUser, freeOfAddress, firstWaitMs, maxWaitMs } = this.#limits;
    const beyond = Math.max(
      this.#recent(userKey(userName, address)) - freeOfUser,
      this.#recent(networkOf(address)) - freeOfAddress,
    );
    return beyond < 0 ? 0 : Math.min(maxWaitMs, firstWaitMs * 2 ** Math.floor(beyond));
  }

  failed(userName: string, address: string): void {
    this.#add(userKey(userName, address));
    this.#add(networkOf(address));
  }

  /** The user is who he says: his own failures there were slips. */
  succeeded(userName: string, address: string): void {
    this.#failures.delete(userKey(userName, address));
  }

  #recent(key: string): number {
    const failures = this.#failures.get(key);
    if (failures === undefined) return 0;
    return failures.count * 0.5 ** ((this.#clock.monotonicMs() - failures.atMs) / this.#limits.halfLifeMs);
  }

  #add(key: string): void {
    const count = this.#recent(key) + 1;
    this.#failures.delete(key);
    this.#failures.set(key, { count, atMs: this.#clock.monotonicMs() });
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > this.#limits.maxRemembered && oldest !== undefined)
      this.#failures.delete(oldest);
  }
}

function userKey(userName: string, address: string): string {
  return `${networkOf(address)} ${userName}`;
}

/** Of an IPv6 address its first 64 bits: everybody has all of the rest. */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const [front = "", back] = (address.split("%")[0] ?? "").split("::");
  const groups = front.split(":").filter((group) => group !== "");
  if (back === undefined || groups.length >= 4) return groups.slice(0, 4).join(":");
  const behind = back.split(":").filter((group) => group !== "").length;
  const zeros = Array.from({ length: 8 - groups.length - behind }, () => "0");
  return [...groups, ...zeros, ...back.split(":")].slice(0, 4).join(":");
}
