import type { Clock, Timer } from "../../../src/io/clock.ts";
import type { SimulatedMachine } from "../../../src/io/simulated/machine.ts";

interface LeapingTimer extends Timer {
  readonly dueMs: number;
  callback: (() => void) | null;
}

/** Turns after which a queue that refills itself counts as a bug in the code under test. */
const MAX_TURNS = 10_000;

/**
 * A process's clocks on a simulated machine. Time moves in steps as large as the test likes: what is due within one fires
 * once, late, as where a machine was suspended; so a month costs what happens in it, and not its seconds.
 */
export class LeapingClock implements Clock {
  readonly #machine: SimulatedMachine;
  #timers: LeapingTimer[] = [];
  #soon: (() => void)[] = [];
  /** The process is gone: nothing of it runs any more. */
  #ended = false;

  constructor(machine: SimulatedMachine) {
    this.#machine = machine;
  }

  nowMs(): number {
    return this.#machine.wallMs;
  }

  monotonicMs(): number {
    return this.#machine.read().bootMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    const timer: LeapingTimer = {
      dueMs: this.monotonicMs() + Math.max(0, delayMs),
      callback,
      cancel: () => {
        timer.callback = null;
      },
    };
    this.#timers.push(timer);
    return timer;
  }

  soon(callback: () => void): void {
    this.#soon.push(callback);
  }

  end(): void {
    this.#ended = true;
    this.#timers = [];
    this.#soon = [];
  }

  /** Time until the next timer is due, at most `mostMs`. */
  untilNextMs(mostMs: number): number {
    const nowMs = this.monotonicMs();
    let leastMs = mostMs;
    for (const { dueMs, callback } of this.#timers) {
      if (callback !== null) leastMs = Math.min(leastMs, dueMs - nowMs);
    }
    return Math.max(0, leastMs);
  }

  /** Lets time pass on the machine, fires once what is due by then, and lets all that follows from it happen. */
  async leap(durationMs: number): Promise<void> {
    await this.settle();
    // The wall clock shows whole milliseconds.
    this.#machine.pass(Math.ceil(durationMs));
    const nowMs = this.monotonicMs();
    const due = this.#timers.filter(({ dueMs, callback }) => callback !== null && dueMs <= nowMs);
    this.#timers = this.#timers.filter(({ dueMs, callback }) => callback !== null && dueMs > nowMs);
    for (const timer of due.sort((a, b) => a.dueMs - b.dueMs)) {
      const { callback } = timer;
      timer.callback = null;
      if (!this.#ended) callback?.();
    }
    await this.settle();
  }

  /** Ends this turn of the event loop, with the promises that settle in it. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < MAX_TURNS; turn += 1) {
      const callbacks = this.#soon;
      this.#soon = [];
      for (const callback of callbacks) if (!this.#ended) callback();
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (this.#soon.length === 0) return;
    }
    throw new Error("the event loop never comes to rest");
  }
}
