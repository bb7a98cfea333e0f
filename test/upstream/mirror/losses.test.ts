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

const SEEDS = Number(process.env.HEADWATER_SEEDS ?? 15);

interface Written {
  readonly partition: number;
  readonly offset: number;
  readonly value: string;
}

/** What is neither here nor in the ledger, or here twice or out of order, while the centre deletes and power fails; null for nothing. */
async function storm(seed: number, bugs: ReadonlySet<MirrorBug> = new Set()): Promise<string | null> {
  const run = new MirrorRun({ seed, bugs }, 2);
  const written = new Map<string, Written[]>();
  await run.start();
  // What the centre deletes before a mirror has a first position was never its own.
  await run.advance(500);
  for (let step = 0; step < 50; step += 1) {
    const choice = run.random.below(8);
    const partition = run.random.below(2);
    const [start = 0, end = 0] = [run.topic.starts[partition], run.topic.ends[partition]];
    if (choice < 3) {
      const key = `k${partition}${run.random.below(2)}`;
      const value = `${step}`;
      run.topic.write(partition, key, value);
      written.set(key, [...(written.get(key) ?? []), { partition, offset: end, value }]);
    } else if (choice === 3) run.topic.cut(partition, start + run.random.below(end - start + 1));
    else if (choice === 4) run.holdsSyncs = !run.holdsSyncs;
    else if (choice === 5) run.finishSyncs();
    else if (choice === 6 && run.random.chance(0.5)) run.holdsLedger = true;
    else if (choice === 6) {
      run.crash();
      run.holdsSyncs = false;
      await run.start();
    } else if (run.random.chance(0.5)) run.releaseLedger();
    else if (run.life !== null) run.life.centre.failures = run.random.below(60);
    await run.advance(run.random.below(150));
  }
  run.holdsSyncs = false;
  run.releaseLedger();
  if (run.life !== null) run.life.centre.failures = 0;
  for (let left = 40; left > 0; left -= 1) {
    run.finishSyncs();
    await run.advance(100);
  }
  const entries = run.entries();
  for (const [key, records] of written) {
    const here = [...(run.local().get(key) ?? [])];
    for (const { partition, offset, value } of records) {
      if (here[0] === value) here.shift();
      else if (!entries.some(([, p, first, last]) => p === partition && offset >= first && offset <= last))
        return `seed ${seed}: ${value} of ${key} is nowhere, before ${here.join()}`;
    }
    if (here.length > 0) return `seed ${seed}: ${here.join()} of ${key} is here once more`;
  }
  return null;
}

describe("a loss of a mirrored topic", () => {
  test("is in the ledger, whatever is deleted and when power goes", async () => {
    for (let seed = 1; seed <= SEEDS; seed += 1) expect(await storm(seed)).toBeNull();
  }, 60_000);

  test("the simulation notices who does not wait for the ledger", async () => {
    const found: string[] = [];
    for (let seed = 1; seed <= 60 && found.length === 0; seed += 1) {
      const fault = await storm(seed, new Set(["pass-loss"]));
      if (fault !== null) found.push(fault);
    }
    expect(found.length).toBe(1);
  }, 60_000);

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

  test("is no trouble for as long as the ledger may take, whatever wakes the mirror meanwhile", async () => {
    const run = new MirrorRun({ seed: 1 });
    run.topic.write(0, "a", "0");
    const { mirror } = await run.start();
    await run.advance(1_000);
    run.holdsLedger = true;
    for (const value of ["1", "2"]) run.topic.write(0, "a", value);
    run.topic.cut(0, 3);
    while (mirror.status().lostRecords === 0) await run.advance(10);
    for (let n = 0; n < 15; n += 1) {
      mirror.wake();
      await run.advance(100);
      expect(mirror.status().state).not.toBe("backing off");
    }
    await run.advance(1_000);
    expect(mirror.status().state).toBe("backing off");
    run.releaseLedger();
    await run.advance(1_000);
    expect(mirror.status().state).toBe("mirroring");
  });

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
