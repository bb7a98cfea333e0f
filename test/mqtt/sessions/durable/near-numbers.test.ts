import { describe, expect, test } from "bun:test";
import { NearNumbers } from "../../../../src/mqtt/sessions/durable/near-numbers.ts";

const FAR = 2 ** 50;

describe("numbers near each other", () => {
  test("are what they were, above the first and below it", () => {
    const numbers = new NearNumbers(5);
    const values = [FAR, FAR + 2 ** 31 - 20, FAR - 2 ** 31, FAR + 1, 0];
    for (const [index, value] of values.slice(0, 4).entries()) numbers.set(index, value);
    expect(values.slice(0, 4).map((_, index) => numbers.get(index))).toEqual(values.slice(0, 4));
    numbers.set(4, 0);
    expect(values.map((_, index) => numbers.get(index))).toEqual(values);
  });

  test("may be marks", () => {
    const numbers = new NearNumbers(3);
    numbers.set(0, -1);
    numbers.set(1, FAR);
    numbers.set(2, -2);
    expect([0, 1, 2].map((index) => numbers.get(index))).toEqual([-1, FAR, -2]);
    numbers.set(0, FAR + 7);
    expect(numbers.get(0)).toBe(FAR + 7);
  });

  test("stay exact at every distance from the first", () => {
    for (const distance of [
      2 ** 31 - 17,
      2 ** 31 - 16,
      2 ** 31 - 1,
      2 ** 31,
      2 ** 32,
      2 ** 32 + 1,
      FAR / 2,
    ]) {
      for (const value of [FAR - distance, FAR + distance]) {
        const numbers = new NearNumbers(3);
        numbers.set(0, FAR);
        numbers.set(1, -1);
        numbers.set(2, value);
        expect([0, 1, 2].map((index) => numbers.get(index))).toEqual([FAR, -1, value]);
        numbers.set(0, value);
        expect(numbers.get(0)).toBe(value);
      }
    }
  });
});
