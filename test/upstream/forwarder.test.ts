import { describe, expect, test } from "bun:test";
import { Simulation } from "./simulation.ts";

const SEEDS = 60;
const SLOW_MS = 60_000;

/** Seeds of the past that found something, by protocol. */
const FOUND = {
  0: [30, 1034, 5364, 5609, 5949],
  1: [6412],
  2: [],
} as const;

/** Seeds in which the gateway dies between learning how a transaction ended and ending what is left of it. */
const LOST = [87, 179, 301, 313];

describe("a forwarder in simulated time, over a link that fails", () => {
  for (const protocol of [1, 2, 0] as const) {
    const name = protocol === 0 ? "without transactions" : `with protocol ${protocol}`;
    test(
      `${name}, each record arrives once and in order`,
      () => {
        let crashes = 0;
        let restarts = 0;
        for (const seed of [...FOUND[protocol], ...Array.from({ length: SEEDS }, (_, index) => index + 1)]) {
          const faults = 0.03 + (seed % 5) * 0.03;
          const result = new Simulation({ seed, protocol, records: 400, faults }).run();
          crashes += result.crashes;
          restarts += result.restarts;
          // There is no other copy, whatever the coordinator says.
          const rivals = result.reports.filter((line) => line.includes("another gateway"));
          expect({ seed, faults: result.faults, rivals }).toEqual({ seed, faults: [], rivals: [] });
        }
        expect(crashes).toBeGreaterThan(SEEDS / 2);
        expect(restarts).toBeGreaterThan(SEEDS / 4);
      },
      SLOW_MS,
    );
  }

  for (const protocol of [1, 2] as const) {
    test(
      `a centre that loses ends of transactions has each record once, too, with protocol ${protocol}`,
      () => {
        let lostEnds = 0;
        for (const seed of [...LOST, ...Array.from({ length: SEEDS }, (_, index) => index + 1)]) {
          // Who is no administrator ends such a transaction by another, which must not fail half-way.
          const administrator = seed % 4 !== 0;
          const faults = administrator ? (seed % 3) * 0.03 : 0;
          const options = { seed, protocol, records: 400, faults, losesEnds: true, administrator };
          const result = new Simulation(options).run();
          lostEnds += result.lostEnds;
          expect({ seed, faults: result.faults }).toEqual({ seed, faults: [] });
        }
        expect(lostEnds).toBeGreaterThan(SEEDS);
      },
      SLOW_MS,
    );
  }

  test.each(["lost ends are overlooked", "nobody asks how it ended"] as const)(
    "the simulation sees that %s",
    (flaw) => {
      let caught = 0;
      for (let seed = 1; seed <= 20 && caught <= 2; seed += 1) {
        const result = new Simulation({
          seed,
          protocol: 2,
          records: 400,
          faults: 0,
          losesEnds: true,
          flaw,
        }).run();
        if (result.faults.length > 0) caught += 1;
      }
      expect(caught).toBeGreaterThan(2);
    },
    SLOW_MS,
  );

  test(
    "the simulation sees records that leave before the store knows",
    () => {
      const flaw = "the store answers early";
      for (let seed = 1; seed <= 5; seed += 1) {
        const result = new Simulation({ seed, protocol: 0, records: 200, faults: 0, flaw }).run();
        expect(result.faults[0]).toContain("left before the store knew");
      }
    },
    SLOW_MS,
  );

  test(
    "the simulation sees positions that are remembered instead of read",
    () => {
      let caught = 0;
      for (let seed = 1; seed <= 10; seed += 1) {
        const result = new Simulation({
          seed,
          protocol: 2,
          records: 200,
          faults: 0.06,
          flaw: "positions are remembered",
        }).run();
        if (result.faults.length > 0) caught += 1;
      }
      expect(caught).toBeGreaterThan(5);
    },
    SLOW_MS,
  );
});
