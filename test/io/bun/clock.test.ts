import { describe, expect, test } from "bun:test";
import { SystemClock } from "../../../src/io/bun/clock.ts";
import { SystemRandom } from "../../../src/io/bun/random.ts";

describe("system clock", () => {
  const clock = new SystemClock();

  test("tells the time, and durations that only grow", () => {
    expect(Math.abs(clock.nowMs() - Date.now())).toBeLessThan(1000);
    const start = clock.monotonicMs();
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(start);
  });

  test("a timer fires once, not early, and not when cancelled", async () => {
    let cancelled = true;
    clock
      .after(1, () => {
        cancelled = false;
      })
      .cancel();
    const start = clock.monotonicMs();
    await new Promise<void>((resolve) => clock.after(5, resolve));
    expect(clock.monotonicMs() - start).toBeGreaterThanOrEqual(4);
    expect(cancelled).toBe(true);
  });

  test("a timer of more than 24 days does not fire at once", async () => {
    let fired = false;
    const timer = clock.after(40 * 86_400_000, () => {
      fired = true;
    });
    await new Promise<void>((resolve) => clock.after(5, resolve));
    expect(fired).toBe(false);
    timer.cancel();
  });

  test("soon comes after the turn and its promises", async () => {
    const order: string[] = [];
    const done = new Promise<void>((resolve) => {
      clock.soon(() => {
        order.push("soon");
        resolve();
      });
    });
    void Promise.resolve().then(() => order.push("promise"));
    order.push("turn");
    await done;
    expect(order).toEqual(["turn", "promise", "soon"]);
  });
});

test("system random gives bytes and fractions", () => {
  const random = new SystemRandom();
  expect(random.bytes(0).length).toBe(0);
  expect(random.bytes(32)).not.toEqual(random.bytes(32));
  expect(random.fraction()).toBeWithin(0, 1);
});
