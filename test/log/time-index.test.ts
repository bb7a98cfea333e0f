import { expect, test } from "bun:test";
import { AssertionError } from "../../src/base/assert.ts";
import { TimeIndex } from "../../src/log/time-index.ts";

test("finds a position before which everything is earlier", () => {
  const index = new TimeIndex();
  expect(index.positionBefore(5)).toBe(0);
  for (let i = 1; i <= 50; i++) index.add(i * 100, i * 1000);
  expect(index.positionBefore(100)).toBe(0);
  expect(index.positionBefore(101)).toBe(1000);
  expect(index.positionBefore(5000)).toBe(49_000);
  expect(index.positionBefore(99_999)).toBe(50_000);
});

test("a timestamp that stays the same moves its entry on", () => {
  const index = new TimeIndex();
  index.add(100, 1000);
  index.add(100, 2000);
  expect(index.count).toBe(1);
  expect(index.positionBefore(101)).toBe(2000);
  expect(() => index.add(99, 3000)).toThrow(AssertionError);
});
