import { describe, expect, test } from "bun:test";
import { type PipelineOptions, type PipelineReport, runPipeline } from "./pipeline.ts";

const SEEDS = Number(process.env.TRANSACTION_SEEDS ?? 60);

const SLOW_MS = 120_000;

/** Runs seeds until one shows a fault; says which. */
function firstFault(options: Omit<PipelineOptions, "seed">, seeds: number): string | null {
  for (let seed = 1; seed <= seeds; seed += 1) {
    const { faults } = runPipeline({ ...options, seed });
    if (faults.length > 0) return `seed ${seed}: ${faults.slice(0, 3).join("; ")}`;
  }
  return null;
}

describe("workers that consume, transform and produce, over crashes at any append", () => {
  for (const version of [2, 0] as const) {
    for (const lastEpochs of [false, true]) {
      const epochs = lastEpochs ? ", with producers that run out of epochs" : "";
      test(
        `each input comes out once, transaction version ${version}${epochs}`,
        () => {
          expect(firstFault({ version, lastEpochs }, SEEDS)).toBeNull();
        },
        SLOW_MS,
      );
    }
  }

  test(
    "there were crashes, zombies and new producer ids",
    () => {
      const total = { crashes: 0, incarnations: 0, commits: 0, producerIds: 0 };
      for (let seed = 1; seed <= 20; seed += 1) {
        const report: PipelineReport = runPipeline({ seed, version: 2, lastEpochs: true });
        total.crashes += report.crashes;
        total.incarnations += report.incarnations;
        total.commits += report.commits;
        total.producerIds += report.producerIds;
      }
      expect(total.crashes).toBeGreaterThan(20);
      expect(total.incarnations).toBeGreaterThan(100);
      expect(total.commits).toBeGreaterThan(200);
      expect(total.producerIds).toBeGreaterThan(20 * 3);
    },
    SLOW_MS,
  );
});

describe("the check sees a coordinator", () => {
  test(
    "that calls a transaction complete before its markers are on the disk",
    () => {
      expect(firstFault({ version: 2, bugs: { completeBeforeMarkers: true } }, 100)).not.toBeNull();
    },
    SLOW_MS,
  );

  test(
    "that forgets to fence the producer before",
    () => {
      expect(firstFault({ version: 2, bugs: { forgetToFence: true } }, 100)).not.toBeNull();
    },
    SLOW_MS,
  );
});
