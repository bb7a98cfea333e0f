/** What was not used is kept for so long: the most that passes at once is this many seconds' worth. */
export const BURST_SECONDS = 1;

/**
 * Lets so many bytes pass a second. What was not used is kept for one second; what passes without having asked
 * (answers that come in) is a debt that has to be paid first. Over any time the bytes that pass are at most the
 * rate times that time, and one second more.
 */
export class TokenBucket {
  #rate: number;
  #tokens: number;
  #atMs: number | null = null;

  /** Infinity lets all pass. */
  constructor(bytesPerSecond: number) {
    this.#rate = bytesPerSecond;
    this.#tokens = bytesPerSecond * BURST_SECONDS;
  }

  get bytesPerSecond(): number {
    return this.#rate;
  }

  /** Another rate from now on. */
  setRate(bytesPerSecond: number, nowMs: number): void {
    if (bytesPerSecond === this.#rate) return;
    this.#refill(nowMs);
    const wasUnlimited = this.#rate === Number.POSITIVE_INFINITY;
    this.#rate = bytesPerSecond;
    const depth = bytesPerSecond * BURST_SECONDS;
    // Nothing was counted while there was no limit: so nothing is there to be used up.
    this.#tokens = wasUnlimited ? 0 : Math.min(this.#tokens, depth);
  }

  /** Bytes that may pass now, 0 or more. */
  allowance(nowMs: number): number {
    if (this.#rate === Number.POSITIVE_INFINITY) return this.#rate;
    this.#refill(nowMs);
    return Math.max(0, Math.floor(this.#tokens));
  }

  /** Counts bytes that have passed, allowed or not. */
  take(bytes: number, nowMs: number): void {
    if (this.#rate === Number.POSITIVE_INFINITY) return;
    this.#refill(nowMs);
    this.#tokens -= bytes;
  }

  /** Milliseconds until `bytes` may pass; what is more than the bucket holds may once it is full. */
  waitMs(bytes: number, nowMs: number): number {
    if (this.#rate === Number.POSITIVE_INFINITY) return 0;
    this.#refill(nowMs);
    const wanted = Math.min(bytes, this.#rate * BURST_SECONDS);
    return Math.max(0, ((wanted - this.#tokens) * 1000) / this.#rate);
  }

  #refill(nowMs: number): void {
    if (this.#rate === Number.POSITIVE_INFINITY) return;
    const elapsedMs = this.#atMs === null ? 0 : Math.max(0, nowMs - this.#atMs);
    this.#atMs = nowMs;
    this.#tokens = Math.min(this.#rate * BURST_SECONDS, this.#tokens + (this.#rate * elapsedMs) / 1000);
  }
}
