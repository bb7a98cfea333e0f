import { describe, expect, test } from "bun:test";
import type { MirrorBug } from "../../../src/upstream/mirror/mirror.ts";
import { MirrorRun } from "./simulation.ts";

/** Power goes while a loss is being written down, and all else that was written is there. */
async function cutAmidLoss(bugs: ReadonlySet<MirrorBug>, lose: (run: MirrorRun) => void): Promise<MirrorRun> {
  const run = new MirrorRun({ seed: 1, bugs, settings: { partitions: 1 } }, 1);
  run.topic.write(0, "a", "0");
  await run.start();
  await run.advance(1_000);
  if (run.life !== null) run.life.centre.failures = 100;
  await run.advance(300);
  lose(run);
  run.holdsLedger = true;
  if (run.life !== null) run.life.centre.failures = 0;
  await run.advance(8_000);
  run.crash("everything");
  run.holdsLedger = false;
  await run.start();
  await run.advance(3_000);
  return run;
}

function lateForRetention({ topic }: MirrorRun): void {
  for (const value of ["1", "2", "3"]) topic.write(0, "a", value);
  topic.cut(0, 3);
}

function tooLarge({ topic }: MirrorRun): void {
  topic.write(0, "a", "x".repeat(1_100_000));
  topic.write(0, "a", "3");
}

function truncated({ topic }: MirrorRun): void {
  topic.partitions[0] = [];
  topic.ends[0] = 0;
}

describe("a loss of a mirrored topic", () => {
  test.each([
    ["mirror-retention", 1, 2, lateForRetention],
    ["mirror-too-large", 1, 1, tooLarge],
    ["mirror-truncated", 0, 0, truncated],
  ] as const)("%s is in the ledger before anything passes it", async (reason, first, last, lose) => {
    const run = await cutAmidLoss(new Set(), lose);
    expect(run.entries()).toEqual([[reason, 0, first, last]]);
    if (reason !== "mirror-truncated") expect(run.local().get("a")).toEqual(["0", "3"]);
  });

  test.each([lateForRetention, tooLarge, truncated])(
    "the power cut notices who does not wait",
    async (lose) => {
      const run = await cutAmidLoss(new Set(["pass-loss"]), lose);
      expect(run.entries()).toEqual([]);
    },
  );

  test("that can't be written down shows in the status, and holds up no stop", async () => {
    const run = new MirrorRun({ seed: 1 });
    run.topic.write(0, "a", "0");
    const { mirror } = await run.start();
    await run.advance(1_000);
    run.holdsLedger = true;
    for (const value of ["1", "2"]) run.topic.write(0, "a", value);
    run.topic.cut(0, 3);
    await run.advance(10_000);
    expect(mirror.status()).toMatchObject({ state: "backing off", lostRecords: 2 });
    const stopped = mirror.stop(60_000);
    await run.advance(1_000);
    await stopped;
    expect(mirror.status().state).toBe("stopped");
  });
});
