import { assert } from "../../base/assert.ts";
import type { Clock, Timer } from "../clock.ts";

/** Turns after which a queue that refills itself counts as a bug in the code under test. */
const MAX_TURNS = 100_000;

/**
 * Time that moves only when a test says so. Timers fire in the order of their due time, then of their making.
 * After every timer the `soon` queue is run dry, as an event loop would.
 */
export class ManualClock implements Clock {
  #wallMs: number;
  #monotonicMs = 0;
  #sequence = 0;
  #timers: ManualTimer[] = [];
  #soon: (() => void)[] = [];

  constructor(wallMs = Date.UTC(2026, 0, 1)) {
    this.#wallMs = wallMs;
  }

  nowMs(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    assert(!Number.isNaN(delayMs), "a timer's delay is not a number");
    const timer = new ManualTimer(this.#monotonicMs + Math.max(0, delayMs), this.#sequence++, callback);
    this.#timers.push(timer);
    return timer;
  }

  soon(callback: () => void): void {
    this.#soon.push(callback);
  }

  /** Timers that have neither fired nor been cancelled. */
  get pendingTimers(): number {
    this.#timers = this.#timers.filter((timer) => timer.callback !== null);
    return this.#timers.length;
  }

  /** When the next timer is due, in milliseconds from now, or null where there is none. */
  get nextTimerMs(): number | null {
    const next = this.#nextTimer();
    return next === null ? null : next.dueMs - this.#monotonicMs;
  }

  /** Ends this turn: runs the `soon` queue, and what it adds to itself, until it is empty. */
  settle(): void {
    for (let turn = 0; this.#soon.length > 0; turn++) {
      assert(turn < MAX_TURNS, "the soon queue never empties");
      const callbacks = this.#soon;
      this.#soon = [];
      for (const callback of callbacks) callback();
    }
  }

  /** The same, with the promises that settle in between and after: for code that awaits. */
  async settleAll(): Promise<void> {
    for (let turn = 0; turn < MAX_TURNS; turn++) {
      this.settle();
      // Long chains of awaits need several rounds; a real macrotask empties the whole microtask queue.
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (this.#soon.length === 0) return;
    }
    assert(false, "the soon queue never empties");
  }

  /** Moves both clocks on, fires what becomes due on the way, each at its own time, and settles after each. */
  advance(durationMs: number): void {
    assert(durationMs >= 0, `time goes forward, not by ${durationMs}`);
    const endMs = this.#monotonicMs + durationMs;
    this.settle();
    for (let turn = 0; ; turn++) {
      assert(turn < MAX_TURNS, "a timer re-arms itself without end");
      const timer = this.#nextTimer();
      if (timer === null || timer.dueMs > endMs) break;
      this.#moveTo(timer.dueMs);
      this.#timers.splice(this.#timers.indexOf(timer), 1);
      timer.fire();
      this.settle();
    }
    this.#moveTo(endMs);
  }

  /** Sets the wall clock, as NTP or an operator would; timers and durations don't notice. */
  jumpTo(wallMs: number): void {
    this.#wallMs = wallMs;
  }

  #moveTo(monotonicMs: number): void {
    this.#wallMs += monotonicMs - this.#monotonicMs;
    this.#monotonicMs = monotonicMs;
  }

  #nextTimer(): ManualTimer | null {
    let next: ManualTimer | null = null;
    this.#timers = this.#timers.filter((timer) => timer.callback !== null);
    for (const timer of this.#timers) {
      if (next === null || timer.dueMs < next.dueMs) next = timer;
      else if (timer.dueMs === next.dueMs && timer.sequence < next.sequence) next = timer;
    }
    return next;
  }
}

class ManualTimer implements Timer {
  readonly dueMs: number;
  readonly sequence: number;
  callback: (() => void) | null;

  constructor(dueMs: number, sequence: number, callback: () => void) {
    this.dueMs = dueMs;
    this.sequence = sequence;
    this.callback = callback;
  }

  cancel(): void {
    this.callback = null;
  }

  fire(): void {
    const callback = this.callback;
    this.callback = null;
    callback?.();
  }
}
