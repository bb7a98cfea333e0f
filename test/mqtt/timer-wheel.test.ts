import { describe, expect, test } from "bun:test";
import { ManualClock } from "../../src/io/simulated/clock.ts";
import { SeededRandom } from "../../src/io/simulated/random.ts";
import { TimerWheel, WheelLinks, type WheelMember } from "../../src/mqtt/timer-wheel.ts";

class Sleeper implements WheelMember {
  readonly wheelLinks = new WheelLinks();
  firedMs = -1;
  times = 0;
  readonly #clock: ManualClock;
  readonly onFire: () => void;

  constructor(clock: ManualClock, onFire: () => void = () => {}) {
    this.#clock = clock;
    this.onFire = onFire;
  }

  expired(): void {
    this.firedMs = this.#clock.monotonicMs();
    this.times++;
    this.onFire();
  }
}

describe("the timer wheel", () => {
  test("fires every deadline once, never early, at most two ticks late, from one timer", () => {
    const clock = new ManualClock();
    const random = new SeededRandom(7);
    const wheel = new TimerWheel(clock, 500, 16);
    const due: { sleeper: Sleeper; dueMs: number; cancelled: boolean }[] = [];
    for (let n = 0; n < 2_000; n++) {
      clock.advance(random.below(50));
      const sleeper = new Sleeper(clock);
      const delayMs = random.below(30_000);
      wheel.schedule(sleeper, delayMs);
      const dueMs = clock.monotonicMs() + delayMs;
      due.push({ sleeper, dueMs, cancelled: false });
      expect(clock.pendingTimers).toBe(1);
      const other = random.pick(due);
      if (other.sleeper.times > 0 || other.cancelled) continue;
      const change = random.below(10);
      if (change === 0) {
        wheel.cancel(other.sleeper);
        other.cancelled = true;
      } else if (change === 1) {
        wheel.schedule(other.sleeper, 20_000);
        other.dueMs = clock.monotonicMs() + 20_000;
      }
    }
    clock.advance(60_000);
    for (const { sleeper, dueMs, cancelled } of due) {
      expect(sleeper.times).toBe(cancelled ? 0 : 1);
      if (cancelled) continue;
      expect(sleeper.firedMs).toBeGreaterThanOrEqual(dueMs);
      expect(sleeper.firedMs).toBeLessThanOrEqual(dueMs + 1_000);
    }
    expect(clock.pendingTimers).toBe(0);
  });

  test("one that fires may cancel another of the same tick, and go on again itself", () => {
    const clock = new ManualClock();
    const wheel = new TimerWheel(clock, 100, 8);
    const sleepers: Sleeper[] = [];
    for (let n = 0; n < 2; n++) {
      const other = 1 - n;
      sleepers.push(
        new Sleeper(clock, () => {
          const victim = sleepers[other];
          if (victim !== undefined && victim.times === 0) wheel.cancel(victim);
          const self = sleepers[n];
          if (self !== undefined && self.times < 3) wheel.schedule(self, 0);
        }),
      );
    }
    for (const sleeper of sleepers) wheel.schedule(sleeper, 250);
    clock.advance(10_000);
    expect(sleepers.map((sleeper) => sleeper.times).sort()).toEqual([0, 3]);
  });

  test("after the loop stood still for long, everybody who is due fires, nobody else", () => {
    let nowMs = 0;
    let callback: () => void = () => {};
    const clock = {
      nowMs: () => nowMs,
      monotonicMs: () => nowMs,
      soon: () => {},
      after: (_delayMs: number, fire: () => void) => {
        callback = fire;
        return { cancel: () => {} };
      },
    };
    const wheel = new TimerWheel(clock, 100, 8);
    const manual = new ManualClock();
    const sleepers = Array.from({ length: 50 }, (_, n) => {
      const sleeper = new Sleeper(manual);
      wheel.schedule(sleeper, n * 37);
      return sleeper;
    });
    const late = new Sleeper(manual);
    wheel.schedule(late, 100_000);
    nowMs = 3_000;
    callback();
    expect(sleepers.every((sleeper) => sleeper.times === 1)).toBe(true);
    expect(late.times).toBe(0);
    nowMs = 100_050;
    callback();
    expect(late.times).toBe(1);
  });

  test("one without a delay fires at the next tick, not a round later", () => {
    const clock = new ManualClock();
    const wheel = new TimerWheel(clock, 100, 8);
    wheel.schedule(new Sleeper(clock), 10_000);
    clock.advance(300);
    const sleeper = new Sleeper(clock);
    wheel.schedule(sleeper, 0);
    clock.advance(200);
    expect(sleeper.times).toBe(1);
  });

  test("one that fires may put another of the same tick off", () => {
    const clock = new ManualClock();
    const wheel = new TimerWheel(clock, 100, 8);
    const sleepers: Sleeper[] = [];
    for (let n = 0; n < 2; n++) {
      const putOff = () => {
        const other = sleepers[1 - n];
        if (other !== undefined && other.times === 0) wheel.schedule(other, 1_000);
      };
      sleepers.push(new Sleeper(clock, putOff));
    }
    for (const sleeper of sleepers) wheel.schedule(sleeper, 250);
    clock.advance(500);
    expect(sleepers.map((sleeper) => sleeper.times).sort()).toEqual([0, 1]);
    clock.advance(2_000);
    expect(sleepers.map((sleeper) => sleeper.times)).toEqual([1, 1]);
  });
});
