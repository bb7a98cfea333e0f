import { expect, test } from "bun:test";
import { Deadlines } from "../../../src/coordinators/runtime/deadlines.ts";
import { ManualClock } from "../../../src/io/simulated/clock.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";

test("deadlines come when they are due, moved and taken back as asked: against a plain list, by seed", () => {
  for (let seed = 1; seed <= 50; seed += 1) {
    const random = new SeededRandom(seed);
    const clock = new ManualClock();
    const deadlines = new Deadlines(clock);
    const expected = new Map<string, number>();
    const startMs = clock.monotonicMs();
    for (let step = 0; step < 200; step += 1) {
      const key = `k${random.below(10)}`;
      if (random.below(4) === 0) {
        deadlines.delete(key);
        expected.delete(key);
      } else {
        const delayMs = random.below(500);
        const dueMs = clock.monotonicMs() + delayMs;
        expected.set(key, dueMs);
        deadlines.set(key, delayMs, () => {
          expect(expected.get(key)).toBe(dueMs);
          expect(clock.monotonicMs()).toBeGreaterThanOrEqual(dueMs);
          expected.delete(key);
        });
      }
      clock.advance(random.below(60));
      for (const dueMs of expected.values()) expect(dueMs).toBeGreaterThan(clock.monotonicMs() - 1);
      expect(deadlines.size).toBe(expected.size);
    }
    clock.advance(1000);
    expect(expected.size).toBe(0);
    expect(clock.monotonicMs()).toBeGreaterThan(startMs);
  }
});

test("one that is due may take back another that is", () => {
  const clock = new ManualClock();
  const deadlines = new Deadlines(clock);
  const called: string[] = [];
  deadlines.set("a", 10, () => {
    called.push("a");
    deadlines.delete("b");
    deadlines.set("c", 50, () => void called.push("c"));
  });
  deadlines.set("b", 10, () => void called.push("b"));
  deadlines.set("c", 10, () => void called.push("c too early"));
  clock.advance(20);
  expect(called).toEqual(["a"]);
  clock.advance(50);
  expect(called).toEqual(["a", "c"]);
});

test("what is taken back long before it is due leaves no memory behind", () => {
  const clock = new ManualClock();
  const deadlines = new Deadlines(clock);
  deadlines.set("stays", 1_000, () => {});
  for (let round = 0; round < 10_000; round += 1) {
    deadlines.set(`k${round}`, 1_800_000, () => {});
    deadlines.delete(`k${round}`);
  }
  expect(deadlines.size).toBe(1);
  expect(deadlines.heapSize).toBeLessThan(200);
  // Earlier and earlier under one name.
  for (let round = 10_000; round > 0; round -= 1) deadlines.set("moves", 1_000_000 + round, () => {});
  expect(deadlines.heapSize).toBeLessThan(200);
});
