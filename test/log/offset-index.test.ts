import { expect, test } from "bun:test";
import { AssertionError } from "../../src/base/assert.ts";
import { OffsetIndex } from "../../src/log/offset-index.ts";

test("finds the nearest indexed batch before an offset or a position", () => {
  const index = new OffsetIndex();
  expect(index.positionBefore(10)).toBe(0);
  for (let i = 1; i <= 100; i++) index.add(i * 10, i * 1000);
  for (let offset = 0; offset < 1100; offset++) {
    expect(index.positionBefore(offset)).toBe(Math.min(100, Math.floor(offset / 10)) * 1000);
  }
  expect(index.boundaryBefore(999)).toBe(0);
  expect(index.boundaryBefore(1000)).toBe(1000);
  expect(index.boundaryBefore(1_000_000)).toBe(100_000);
});

test("entries only rise", () => {
  const index = new OffsetIndex();
  index.add(5, 100);
  expect(() => index.add(5, 200)).toThrow(AssertionError);
  expect(() => index.add(6, 100)).toThrow(AssertionError);
});
