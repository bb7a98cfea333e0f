import { expect, test } from "bun:test";
import { LOG_BUGS } from "../../src/log/log-config.ts";
import { Broken, Simulation } from "./simulation.ts";

/** More seeds, or others: HEADWATER_SEEDS=5000 HEADWATER_FIRST_SEED=1000000 bun test test/log/crash.test.ts */
const SEEDS = Number(process.env.HEADWATER_SEEDS ?? 400);
const FIRST_SEED = Number(process.env.HEADWATER_FIRST_SEED ?? 1);
const CRASHES = 4;
const STEPS = 120;
/** Within so many seeds every deliberate bug has to show. */
const SEEDS_FOR_A_BUG = 150;

/** Seeds that failed once, with what they found. */
const FOUND: readonly (readonly [number, string])[] = [
  [29, "a killed process had a segment's name in the page cache only"],
  [314, "a checkpoint named a new segment whose folder was not synced"],
  [481, "a half-made folder was taken for the deleted topic of the same name"],
  [1075, "segments were no longer synced once the log start offset had passed them"],
  [100018, "recovery jumped over a missing segment to a later one"],
];

test.each(FOUND)("seed %d: %s", async (seed) => {
  await new Simulation(seed).run(CRASHES, STEPS);
});

test(`${SEEDS} seeds: what was acknowledged survives every crash, once and in order`, async () => {
  let crashes = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    const simulation = new Simulation(seed);
    try {
      await simulation.run(CRASHES, STEPS);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
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
