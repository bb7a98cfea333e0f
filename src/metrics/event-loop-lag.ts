import type { Clock, Timer } from "../io/clock.ts";

const INTERVAL_MS = 250;

/** Measures how late timers fire: the longest time in which the event loop did not get round to anything else. */
export class EventLoopLag {
  readonly #clock: Clock;
  readonly #observe: (lagMs: number) => void;
  #timer: Timer;
  #dueMs = 0;
  #longestMs = 0;

  /** `observe` is told of each of its timers how late it was. */
  constructor(clock: Clock, observe: (lagMs: number) => void = () => {}) {
    this.#clock = clock;
    this.#observe = observe;
    this.#timer = this.#arm();
  }

  /** The longest lag since the last call, one that goes on included; starts anew. */
  takeLongestMs(): number {
    const longestMs = Math.max(this.#longestMs, this.#clock.monotonicMs() - this.#dueMs, 0);
    this.#longestMs = 0;
    return longestMs;
  }

  stop(): void {
    this.#timer.cancel();
  }

  #arm(): Timer {
    this.#dueMs = this.#clock.monotonicMs() + INTERVAL_MS;
    return this.#clock.after(INTERVAL_MS, () => {
      const lagMs = Math.max(0, this.#clock.monotonicMs() - this.#dueMs);
      this.#longestMs = Math.max(this.#longestMs, lagMs);
      this.#observe(lagMs);
      this.#timer = this.#arm();
    });
  }
}
