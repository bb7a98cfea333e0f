import { describe, expect, test } from "bun:test";
import { Simulation } from "./simulation.ts";

const SEEDS = 60;

describe("a forwarder in simulated time, over a link that fails", () => {
  for (const protocol of [1, 2, 0] as const) {
    const name = protocol === 0 ? "without transactions" : `with protocol ${protocol}`;
    test(`${name}, each record arrives once and in order`, () => {
      let crashes = 0;
      let restarts = 0;
      for (let seed = 1; seed <= SEEDS; seed += 1) {
        const result = new Simulation({ seed, protocol, records: 400, faults: 0.06 }).run();
        crashes += result.crashes;
        restarts += result.restarts;
        expect({ seed, faults: result.faults }).toEqual({ seed, faults: [] });
      }
      expect(crashes).toBeGreaterThan(SEEDS / 2);
      expect(restarts).toBeGreaterThan(SEEDS / 4);
    });
  }

  test("the simulation sees positions that are remembered instead of read", () => {
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
  });
});
