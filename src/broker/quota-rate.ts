/** Samples of a rate, and how long each takes, as in Kafka (`quota.window.num`, `quota.window.size.seconds`). */
export const QUOTA_WINDOWS = 11;
export const QUOTA_WINDOW_MS = 1000;

/** A rate over the last windows, the current one included, as Kafka measures it for quotas (KIP-13). */
export class QuotaRate {
  readonly #startsMs = new Float64Array(QUOTA_WINDOWS);
  readonly #sums = new Float64Array(QUOTA_WINDOWS);
  #current = 0;
  #used = 0;

  /** Amount a second, with `amount` counted in. `nowMs` is monotonic. */
  record(amount: number, nowMs: number): number {
    if (this.#used === 0 || nowMs - this.#at(this.#startsMs, this.#current) >= QUOTA_WINDOW_MS) {
      this.#current = (this.#current + 1) % QUOTA_WINDOWS;
      this.#used = Math.min(this.#used + 1, QUOTA_WINDOWS);
      this.#startsMs[this.#current] = nowMs;
      this.#sums[this.#current] = 0;
    }
    this.#sums[this.#current] = this.#at(this.#sums, this.#current) + amount;
    return (this.#total(nowMs) * 1000) / this.windowMs(nowMs);
  }

  /** How long the client has to be quiet until what was recorded is within `bound` a second. */
  throttleMs(bound: number, rate: number, nowMs: number): number {
    return rate <= bound ? 0 : Math.round(((rate - bound) / bound) * this.windowMs(nowMs));
  }

  /**
   * The time that the samples stand for. A client that is new, or was silent, is measured as if it had been
   * quiet for all the windows before.
   */
  windowMs(nowMs: number): number {
    let oldestMs = nowMs;
    for (let index = 0; index < QUOTA_WINDOWS; index += 1) {
      if (this.#holds(index, nowMs)) oldestMs = Math.min(oldestMs, this.#at(this.#startsMs, index));
    }
    const elapsedMs = nowMs - oldestMs;
    const missing = QUOTA_WINDOWS - 1 - Math.floor(elapsedMs / QUOTA_WINDOW_MS);
    return Math.max(elapsedMs + Math.max(0, missing) * QUOTA_WINDOW_MS, 1);
  }

  #total(nowMs: number): number {
    let total = 0;
    for (let index = 0; index < QUOTA_WINDOWS; index += 1) {
      if (this.#holds(index, nowMs)) total += this.#at(this.#sums, index);
    }
    return total;
  }

  /** Whether the slot has a sample that is not too old. */
  #holds(index: number, nowMs: number): boolean {
    const age = (this.#current - index + QUOTA_WINDOWS) % QUOTA_WINDOWS;
    if (age >= this.#used) return false;
    return nowMs - this.#at(this.#startsMs, index) < QUOTA_WINDOWS * QUOTA_WINDOW_MS;
  }

  #at(values: Float64Array, index: number): number {
    return values[index] ?? 0;
  }
}

/** Tokens that come back at a steady rate, as many as the windows hold at most (KIP-599). */
export class TokenBucket {
  #tokens: number;
  #lastMs: number;

  constructor(ratePerSecond: number, nowMs: number) {
    this.#tokens = burst(ratePerSecond);
    this.#lastMs = nowMs;
  }

  /** Whether any may be taken now. */
  open(ratePerSecond: number, nowMs: number): boolean {
    this.#refill(ratePerSecond, nowMs);
    return this.#tokens >= 0;
  }

  /** Takes tokens, more than there are where need be; then others wait. */
  take(count: number, ratePerSecond: number, nowMs: number): void {
    this.#refill(ratePerSecond, nowMs);
    this.#tokens -= count;
  }

  /** Time until tokens may be taken again. */
  throttleMs(ratePerSecond: number, nowMs: number): number {
    this.#refill(ratePerSecond, nowMs);
    return this.#tokens >= 0 ? 0 : Math.ceil((-this.#tokens / ratePerSecond) * 1000);
  }

  #refill(ratePerSecond: number, nowMs: number): void {
    const gained = ((nowMs - this.#lastMs) / 1000) * ratePerSecond;
    this.#tokens = Math.min(burst(ratePerSecond), this.#tokens + gained);
    this.#lastMs = nowMs;
  }
}

function burst(ratePerSecond: number): number {
  return (ratePerSecond * QUOTA_WINDOWS * QUOTA_WINDOW_MS) / 1000;
}
