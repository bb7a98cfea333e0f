import type { Clock, Timer } from "../io/clock.ts";

/** The wall clock is this far from where it was expected: somebody looks what happened. */
const SUSPECT_MS = 50;

/**
 * The machine's clock, with somebody who is told when it seems to have been set, before anybody sees the time that
 * it shows then. A suspend of the machine looks the same from here, and is for that one to tell.
 */
export class WatchedClock implements Clock {
  readonly #inner: Clock;
  /** Wall clock less monotonic clock when it was last looked at. */
  #aheadMs: number;
  /** Told at once; null for nobody. */
  onSuspect: (() => void) | null = null;

  constructor(inner: Clock) {
    this.#inner = inner;
    this.#aheadMs = inner.nowMs() - inner.monotonicMs();
  }

  nowMs(): number {
    const wallMs = this.#inner.nowMs();
    const aheadMs = wallMs - this.#inner.monotonicMs();
    if (Math.abs(aheadMs - this.#aheadMs) > SUSPECT_MS) {
      this.#aheadMs = aheadMs;
      this.onSuspect?.();
    }
    return wallMs;
  }

  monotonicMs(): number {
    return this.#inner.monotonicMs();
  }

  after(delayMs: number, callback: () => void): Timer {
    return this.#inner.after(delayMs, callback);
  }

  soon(callback: () => void): void {
    this.#inner.soon(callback);
  }
}
