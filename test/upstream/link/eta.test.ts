import { describe, expect, test } from "bun:test";
import { type BudgetLeft, Eta } from "../../../src/upstream/link/eta.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Two rounds a second apart: 1,000 records in 100,000 bytes. */
function paced(): Eta {
  const eta = new Eta();
  eta.roundEnded(1_000, 100_000, 0);
  eta.roundEnded(1_000, 200_000, 1_000);
  return eta;
}

const AT_WILL = Number.POSITIVE_INFINITY;

describe("how long what waits will take", () => {
  test("goes by the pace of the last rounds", () => {
    expect(paced().of(10_000, AT_WILL, null, 1_000)).toBe(10_000);
    expect(new Eta().of(10_000, AT_WILL, null, 0)).toBeNull();
    expect(new Eta().of(0, AT_WILL, null, 0)).toBe(0);
    expect(paced().of(-1, AT_WILL, null, 0)).toBeNull();
  });

  test("and by what may pass a second, which the first rounds may have had in store", () => {
    // A million bytes at 10,000 a second.
    expect(paced().of(10_000, 10_000, null, 1_000)).toBe(100_000);
  });

  test("and by the budget: what it has no room for waits for the next ones", () => {
    const budget: BudgetLeft = {
      period: "day",
      leftBytes: 400_000,
      wholeBytes: 400_000,
      resetsInMs: 6 * HOUR_MS,
    };
    expect(paced().of(4_000, AT_WILL, budget, 1_000)).toBe(4_000);
    // Of a million bytes the last 200,000 go up in the second budget from now.
    expect(paced().of(10_000, AT_WILL, budget, 1_000)).toBe(6 * HOUR_MS + DAY_MS + 2_000);
    expect(paced().of(10_000, AT_WILL, { ...budget, resetsInMs: null }, 1_000)).toBeNull();
  });
});
