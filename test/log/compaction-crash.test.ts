import { expect, test } from "bun:test";
import { COMPACTION_BUGS } from "../../src/log/log-config.ts";
import { CompactionSimulation } from "./compaction-simulation.ts";
import { Broken } from "./simulation.ts";

/** More seeds, or others: HEADWATER_SEEDS=5000 HEADWATER_FIRST_SEED=1000000 bun test test/log/compaction-crash.test.ts */
const SEEDS = Number(process.env.HEADWATER_SEEDS ?? 150);
const FIRST_SEED = Number(process.env.HEADWATER_FIRST_SEED ?? 1);
const CRASHES = 4;
const STEPS = 250;
/** Within so many seeds every deliberate bug has to show. */
const SEEDS_FOR_A_BUG = 500;

test(`${SEEDS} seeds: the latest record of every key survives compaction and every crash`, async () => {
  let crashes = 0;
  let replacedSegments = 0;
  let removedRecords = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    const simulation = new CompactionSimulation(seed);
    try {
      await simulation.run(CRASHES, STEPS);
    } catch (error) {
      throw new Error(`seed ${seed}: ${error}`, { cause: error });
    }
    crashes += simulation.crashes;
    replacedSegments += simulation.replacedSegments;
    removedRecords += simulation.removedRecords;
  }
  expect(crashes).toBe(SEEDS * CRASHES);
  // Nothing is proved where nothing was compacted.
  expect(replacedSegments).toBeGreaterThan(SEEDS * 5);
  expect(removedRecords).toBeGreaterThan(SEEDS * 20);
}, 600_000);

test.each(COMPACTION_BUGS)(
  "the simulation notices %s",
  async (bug) => {
    for (let seed = 1; seed <= SEEDS_FOR_A_BUG; seed++) {
      try {
        await new CompactionSimulation(seed, new Set([bug])).run(CRASHES, STEPS);
      } catch (error) {
        expect(error).toBeInstanceOf(Broken);
        return;
      }
    }
    throw new Error(`${bug} went unnoticed for ${SEEDS_FOR_A_BUG} seeds`);
  },
  120_000,
);
