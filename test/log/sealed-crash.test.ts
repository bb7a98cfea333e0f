import { expect, test } from "bun:test";
import type { SealedBug } from "../../src/io/sealed/content.ts";
import type { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import { sealedDisk } from "../io/sealed/support.ts";
import { CompactionSimulation } from "./compaction-simulation.ts";
import { Broken, Simulation } from "./simulation.ts";

/** More seeds, or others: HEADWATER_SEEDS=5000 HEADWATER_FIRST_SEED=1000000 bun test test/log/sealed-crash.test.ts */
const SEEDS = Number(process.env.HEADWATER_SEEDS ?? 20);
const FIRST_SEED = Number(process.env.HEADWATER_FIRST_SEED ?? 1);
const CRASHES = 4;
const STEPS = 120;
/** Within so many seeds every deliberate bug has to show. */
const SEEDS_FOR_A_BUG = 400;
/** Many blocks a segment, and several a commit; or few, and several commits a block. The journal's are those of its rounds. */
const BLOCK_BYTES = [512, 4096] as const;
const CONFIG = { segmentBytes: 24 * 1024 };

function over(
  seed: number,
  bugs: readonly SealedBug[] = [],
): (disk: SimulatedDisk) => ReturnType<typeof sealedDisk> {
  const blockBytes = BLOCK_BYTES[seed % 2] ?? 4096;
  const blockBytesOf = (path: string) => (path.includes("/journal/") ? 4096 : blockBytes);
  return (disk) => sealedDisk(disk, { bugs: new Set(bugs), blockBytesOf });
}

test(`${SEEDS} seeds: what was acknowledged survives every crash of an encrypted folder`, async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    try {
      await new Simulation(seed, new Set(), over(seed), CONFIG).run(CRASHES, STEPS);
      await new CompactionSimulation(seed, new Set(), over(seed)).run(CRASHES, STEPS);
    } catch (error) {
      throw new Error(`seed ${seed}: ${error}`, { cause: error });
    }
  }
}, 600_000);

/** All are noticed by test/io/sealed/crash.test.ts; these by whoever keeps logs on it, too. */
test.each(["rewrite-in-place", "forget-synced-slot"] as const)(
  "the simulation notices %s",
  async (bug) => {
    for (let seed = 1; seed <= SEEDS_FOR_A_BUG; seed++) {
      try {
        await new Simulation(seed, new Set(), over(seed, [bug]), CONFIG).run(CRASHES, STEPS);
      } catch (error) {
        expect(error).toBeInstanceOf(Broken);
        return;
      }
    }
    throw new Error(`${bug} went unnoticed for ${SEEDS_FOR_A_BUG} seeds`);
  },
  60_000,
);
