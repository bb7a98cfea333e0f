import { expect, test } from "bun:test";
import { LOG_BUGS, parseLogBugs } from "../../src/log/log-config.ts";
import { Broken, Simulation } from "./simulation.ts";

/** More seeds, or others: HEADWATER_SEEDS=5000 HEADWATER_FIRST_SEED=1000000 bun test test/log/crash.test.ts */
const SEEDS = Number(process.env.HEADWATER_SEEDS ?? 400);
const FIRST_SEED = Number(process.env.HEADWATER_FIRST_SEED ?? 1);
const CRASHES = 4;
const STEPS = 120;
/** Within so many seeds every deliberate bug has to show. */
const SEEDS_FOR_A_BUG = 150;

test(`${SEEDS} seeds: what was acknowledged survives every crash, once and in order`, async () => {
  let crashes = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    const simulation = new Simulation(seed);
    try {
      await simulation.run(CRASHES, STEPS);
    } catch (error) {
      throw new Error(`seed ${seed}: ${error}`, { cause: error });
    }
    crashes += simulation.crashes;
  }
  expect(crashes).toBe(SEEDS * CRASHES);
}, 600_000);

test.each(LOG_BUGS)(
  "the simulation notices %s",
  async (bug) => {
    for (let seed = 1; seed <= SEEDS_FOR_A_BUG; seed++) {
      try {
        await new Simulation(seed, new Set([bug])).run(CRASHES, STEPS);
      } catch (error) {
        expect(error).toBeInstanceOf(Broken);
        return;
      }
    }
    throw new Error(`${bug} went unnoticed for ${SEEDS_FOR_A_BUG} seeds`);
  },
  60_000,
);

test("a sync in the background does not make a round that is in flight look durable", async () => {
  await new Simulation(700_111).run(CRASHES, STEPS);
});

test("a sync in the background acknowledges nothing of which a kill would leave no word", async () => {
  await new Simulation(3_000_333).run(CRASHES, STEPS);
});

test("what goes behind damage at a log's end is told of, also where a power cut took the word of its sync", async () => {
  await new Simulation(3_005_932).run(CRASHES, STEPS);
});

test("bugs are named in a list, and no others", () => {
  expect([...parseLogBugs("ack-before-sync, skip-recovery-crc")]).toEqual([
    "ack-before-sync",
    "skip-recovery-crc",
  ]);
  expect(parseLogBugs("").size).toBe(0);
  expect(() => parseLogBugs("no-such-bug")).toThrow();
});
