import { expect, test } from "bun:test";
import type { Clock, Timer } from "../../src/io/clock.ts";
import { EventLoopLag } from "../../src/metrics/event-loop-lag.ts";

/** A clock whose one timer fires as late as the test says. */
class LateClock implements Clock {
  #nowMs = 0;
  #timer: { dueMs: number; callback: () => void } | null = null;

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    const timer = { dueMs: this.#nowMs + delayMs, callback };
    this.#timer = timer;
    return {
      cancel: () => {
        if (this.#timer === timer) this.#timer = null;
      },
    };
  }

  soon(callback: () => void): void {
    callback();
  }

  get armed(): boolean {
    return this.#timer !== null;
  }

  fireLate(lagMs: number): void {
    const timer = this.#timer;
    if (timer === null) return;
    this.#nowMs = timer.dueMs + lagMs;
    timer.callback();
  }

  pass(durationMs: number): void {
    this.#nowMs += durationMs;
  }
}

test("the longest lag since the last look, then anew", () => {
  const clock = new LateClock();
  const lag = new EventLoopLag(clock);
  for (const lagMs of [1, 40, 3]) clock.fireLate(lagMs);
  expect(lag.takeLongestMs()).toBe(40);
  clock.fireLate(2);
  expect(lag.takeLongestMs()).toBe(2);
});

test("a lag that goes on is seen, an early look is none", () => {
  const clock = new LateClock();
  const lag = new EventLoopLag(clock);
  clock.pass(100);
  expect(lag.takeLongestMs()).toBe(0);
  clock.pass(1_000);
  expect(lag.takeLongestMs()).toBe(850);
  lag.stop();
  expect(clock.armed).toBe(false);
});
