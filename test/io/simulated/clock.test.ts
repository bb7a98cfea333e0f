import { describe, expect, test } from "bun:test";
import { ManualClock } from "../../../src/io/simulated/clock.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";

describe("manual clock", () => {
  test("timers fire by due time, then by making, each at its own time", () => {
    const clock = new ManualClock(1_000_000);
    const fired: string[] = [];
    const note = (name: string) => () =>
      fired.push(`${name}@${clock.nowMs() - 1_000_000}/${clock.monotonicMs()}`);
    clock.after(20, note("c"));
    clock.after(10, note("a"));
    clock.after(10, note("b"));
    clock.after(31, note("late"));
    clock.after(0, () => clock.after(5, note("nested")));
    const cancelled = clock.after(15, note("never"));
    cancelled.cancel();
    expect([clock.pendingTimers, clock.nextTimerMs]).toEqual([5, 0]);
    clock.advance(30);
    expect(fired).toEqual(["nested@5/5", "a@10/10", "b@10/10", "c@20/20"]);
    expect([clock.nowMs(), clock.monotonicMs(), clock.nextTimerMs]).toEqual([1_000_030, 30, 1]);
    cancelled.cancel();
  });

  test("the soon queue runs at settle, with what it adds, and before and after each timer", () => {
    const clock = new ManualClock();
    const order: string[] = [];
    clock.soon(() => {
      order.push("first");
      clock.soon(() => order.push("added"));
    });
    clock.soon(() => order.push("second"));
    expect(order).toEqual([]);
    clock.settle();
    expect(order).toEqual(["first", "second", "added"]);
    clock.after(1, () => clock.soon(() => order.push("after timer 1")));
    clock.after(2, () => order.push("timer 2"));
    clock.advance(2);
    expect(order.slice(3)).toEqual(["after timer 1", "timer 2"]);
  });

  test("settleAll follows promises too", async () => {
    const clock = new ManualClock();
    let done = 0;
    const work = async () => {
      for (let step = 0; step < 20; step++) {
        await new Promise<void>((resolve) => clock.soon(resolve));
        await Promise.resolve();
        done++;
      }
    };
    void work();
    await clock.settleAll();
    expect(done).toBe(20);
  });

  test("a jump moves the wall clock only", () => {
    const clock = new ManualClock();
    let fired = false;
    clock.after(10, () => {
      fired = true;
    });
    clock.jumpTo(5);
    expect([clock.nowMs(), clock.monotonicMs(), fired]).toEqual([5, 0, false]);
    clock.advance(10);
    expect([clock.nowMs(), fired]).toEqual([15, true]);
  });

  test("loops without end are bugs, not hangs", () => {
    const clock = new ManualClock();
    const again = () => clock.soon(again);
    again();
    expect(() => clock.settle()).toThrow("never empties");
  });
});

describe("seeded random", () => {
  test("the same seed gives the same numbers, in range and spread", () => {
    const [left, right, other] = [new SeededRandom(5), new SeededRandom(5), new SeededRandom(6)];
    expect(left.bytes(100)).toEqual(right.bytes(100));
    expect(left.bytes(100)).not.toEqual(other.bytes(100));
    const counts = new Array<number>(10).fill(0);
    for (let draw = 0; draw < 10_000; draw++) {
      const value = left.below(10);
      counts[value] = (counts[value] ?? 0) + 1;
    }
    for (const count of counts) expect(count).toBeWithin(850, 1150);
    const fork = left.fork();
    expect(fork.fraction()).not.toBe(left.fraction());
    expect(left.chance(0)).toBe(false);
    expect(left.chance(1)).toBe(true);
    expect(["a", "b"]).toContain(left.pick(["a", "b"]));
  });
});
