import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readScheduleWindow } from "../../../src/config/schedule-window.ts";
import { Simulation, type SimulationOptions } from "../simulation.ts";

setDefaultTimeout(30_000);

const KBIT64 = { bytesPerSecond: 8_000, roundTripMs: 200, stalls: 0.02 };
const LARGE = { maxRoundRecords: 20_000, batchBytes: 256 * 1024, sliceBytes: 16 * 1024, maxInFlight: 5 };
const DAY_MS = 24 * 3_600_000;
const DAY_BUDGET = 100_000;

function run(options: Partial<SimulationOptions> & { readonly seed: number }) {
  return new Simulation({
    protocol: 2,
    records: 600,
    faults: 0.02,
    slowLink: KBIT64,
    limits: LARGE,
    ...options,
  }).run();
}

const seeds = Array.from({ length: 12 }, (_, index) => index + 1);

describe("over 64 kbit/s with stalls and failures", () => {
  test.each([0, 1, 2] as const)("protocol %p: each record arrives once and in order", (protocol) => {
    for (const seed of seeds)
      expect({ seed, faults: run({ seed, protocol }).faults }).toEqual({ seed, faults: [] });
  });

  const budget = { dayBudgetBytes: DAY_BUDGET, slowStartMs: 0 };
  /** The most that passed in a day, as a share of the budget. */
  const worstDay = (result: ReturnType<typeof run>): number => {
    const days: number[] = [];
    for (const [hour, bytes = 0] of result.wireBytesByHour.entries()) {
      const day = Math.floor(hour / 24);
      days[day] = (days[day] ?? 0) + bytes;
    }
    return Math.max(...days) / DAY_BUDGET;
  };
  const ofBudget = (options: Partial<SimulationOptions> & { readonly seed: number }) =>
    run({ records: 9_000, link: budget, limitMs: 12 * DAY_MS, faults: 0.02, ...options });

  test("a day's budget is kept over crashes, and all arrives in the end", () => {
    // In the third the last batch of a day has to be sent again, which nobody knows as it is let through.
    for (const seed of [1, 2, 4]) {
      const result = ofBudget({ seed });
      expect({ seed, faults: result.faults }).toEqual({ seed, faults: [] });
      expect({ seed, share: worstDay(result), isKept: worstDay(result) <= 1.02 }).toMatchObject({
        isKept: true,
      });
      expect(result.wireBytes).toBeGreaterThan(DAY_BUDGET);
    }
  });

  test("a budget that is forgotten at a crash is noticed", () => {
    const worst = seeds
      .slice(0, 6)
      .map((seed) => worstDay(ofBudget({ seed, flaw: "the budget is forgotten" })));
    expect(Math.max(...worst)).toBeGreaterThan(1.02);
  });

  test("a meter that overlooks all but batches is noticed", () => {
    const worst = seeds
      .slice(0, 3)
      .map((seed) => worstDay(ofBudget({ seed, flaw: "headers are not counted" })));
    expect(Math.max(...worst)).toBeGreaterThan(1.02);
  });

  test("nothing passes outside the windows but the end of a round, and all arrives in the end", () => {
    const reading = readScheduleWindow("* 03:00-04:00");
    if (!reading.ok) throw new Error(reading.fault);
    const link = { windows: [reading.value], slowStartMs: 0 };
    const outside = (result: ReturnType<typeof run>): number =>
      result.wireBytesByHour.reduce((sum, bytes = 0, hour) => sum + (hour % 24 === 3 ? 0 : bytes), 0);
    for (const seed of seeds.slice(0, 4)) {
      const result = run({ seed, link, limitMs: 4 * DAY_MS });
      expect({ seed, faults: result.faults, outside: outside(result) }).toEqual({
        seed,
        faults: [],
        outside: 0,
      });
    }
    const flawed = run({ seed: 1, link, limitMs: 4 * DAY_MS, flaw: "windows are overlooked" });
    expect(outside(flawed)).toBeGreaterThan(0);
  });

  test("a cap below the link's speed is kept", () => {
    for (const seed of seeds.slice(0, 4)) {
      const result = run({ seed, records: 2_000, faults: 0, link: { rateBytesPerSecond: 500 } });
      expect({ seed, faults: result.faults }).toEqual({ seed, faults: [] });
      expect(result.wireBytes / (result.simulatedMs / 1000)).toBeLessThan(500 * 1.02);
    }
  });
});
