import { describe, expect, test } from "bun:test";
import type { Uuid } from "../../../src/base/ids.ts";
import { ERROR } from "../../../src/kafka/wire/generated/errors.ts";
import type { MirrorBug } from "../../../src/upstream/mirror/mirror.ts";
import type { ModelCentre } from "./model-topic.ts";
import { MirrorRun } from "./simulation.ts";

const SEEDS = Number(process.env.HEADWATER_SEEDS ?? 25);
const DAY_MS = 86_400_000;

/** What differs from each key's records at the centre, in order, once; null where nothing does. */
async function storm(seed: number, bugs: ReadonlySet<MirrorBug> = new Set()): Promise<string | null> {
  const run = new MirrorRun({ seed, bugs });
  const expected = new Map<string, string[]>();
  await run.start();
  for (let step = 0; step < 60; step += 1) {
    const choice = run.random.below(10);
    if (choice < 5) {
      for (let count = run.random.below(6); count > 0; count -= 1) {
        const key = run.random.below(5);
        const value = `${step}.${count}`;
        run.topic.write(key % 3, `k${key}`, value);
        expected.set(`k${key}`, [...(expected.get(`k${key}`) ?? []), value]);
      }
    } else if (choice === 5) run.holdsSyncs = !run.holdsSyncs;
    else if (choice === 6) run.finishSyncs();
    else if (choice === 7 && run.random.chance(0.5)) {
      run.crash();
      run.holdsSyncs = false;
      await run.start();
    } else if (run.life !== null && run.random.chance(0.5)) breakOrMend(run, run.life.centre);
    else if (run.life !== null) run.life.centre.failures = run.random.below(30);
    await run.advance(run.random.below(120));
  }
  run.holdsSyncs = false;
  if (run.life !== null) {
    run.life.centre.failures = 0;
    run.life.centre.broken.clear();
  }
  for (let left = 40; left > 0; left -= 1) {
    run.finishSyncs();
    await run.advance(200);
  }
  const local = run.local();
  for (const [key, values] of expected) {
    const here = local.get(key) ?? [];
    if (here.join() !== values.join()) return `seed ${seed}, ${key}: ${here.join()} for ${values.join()}`;
  }
  return null;
}

function breakOrMend({ random }: MirrorRun, { broken }: ModelCentre): void {
  const partition = random.below(3);
  if (broken.delete(partition)) return;
  const errors = [null, ERROR.NOT_LEADER_OR_FOLLOWER, ERROR.KAFKA_STORAGE_ERROR];
  broken.set(partition, errors[random.below(errors.length)] ?? null);
}

/** What is here of a record that came before the first of two cuts, and whose position did not. */
async function twoCuts(bugs: ReadonlySet<MirrorBug>): Promise<readonly (string | null)[] | undefined> {
  const run = new MirrorRun({ seed: 1, bugs });
  await run.start();
  await run.advance(500);
  run.topic.write(0, "a", "v");
  run.holdsSyncs = true;
  for (let tries = 0; run.local().size === 0 && tries < 200; tries += 1) {
    run.finishSyncs();
    await run.advance(5);
  }
  run.crash("nothing");
  run.holdsSyncs = false;
  await run.start();
  // As long as the looks at the topic take: their answers are there, and no record yet.
  await run.advance(10);
  run.crash("nothing");
  await run.start();
  await run.advance(1_000);
  return run.local().get("a");
}

describe("a mirrored topic", () => {
  test(
    `is here exactly once and in order, whatever power and network do (${SEEDS} seeds)`,
    async () => {
      for (let seed = 1; seed <= SEEDS; seed += 1) expect(await storm(seed)).toBeNull();
    },
    { timeout: 60_000 },
  );

  test.each(["save-early", "trust-position"] as const)("the simulation notices %s", async (bug) => {
    const found: string[] = [];
    for (let seed = 1; seed <= 40 && found.length === 0; seed += 1) {
      const fault = await storm(seed, new Set([bug]));
      if (fault !== null) found.push(fault);
    }
    expect(found.length).toBe(1);
  });

  test("two power cuts in a row, the first before the position, the second before a fetch", async () => {
    expect(await twoCuts(new Set())).toEqual(["v"]);
    expect(await twoCuts(new Set(["forget-found"]))).toEqual(["v", "v"]);
  });

  test("a position that can't be read costs a look through the log, not a second copy", async () => {
    const run = new MirrorRun({ seed: 1 });
    for (const value of ["1", "2"]) run.topic.write(0, "a", value);
    await run.start();
    await run.advance(1_000);
    run.crash();
    run.forgets = true;
    await run.start();
    await run.advance(1_000);
    expect(run.local().get("a")).toEqual(["1", "2"]);
    expect(run.messages.join()).toContain("can't be read");
  });

  test("only the keys that are asked for come", async () => {
    const run = new MirrorRun({ seed: 1, settings: { keys: ["gw-1", "gw-1/*"] } });
    for (const key of ["gw-1", "gw-2", "gw-1/valve", "gw-10"]) run.topic.write(0, key, "v");
    await run.start();
    await run.advance(1_000);
    expect([...run.local().keys()].sort()).toEqual(["gw-1", "gw-1/valve"]);
    expect(run.life?.mirror.status()).toMatchObject({
      state: "mirroring",
      lagRecords: 0,
      mirroredRecords: 2,
      filteredRecords: 2,
    });
  });

  test("begins at the end where that is asked for, and not anew after a restart", async () => {
    const run = new MirrorRun({ seed: 1, settings: { from: "latest" } });
    run.topic.write(0, "a", "old");
    await run.start();
    await run.advance(500);
    run.crash();
    run.topic.write(0, "a", "while away");
    await run.start();
    await run.advance(500);
    expect(run.local().get("a")).toEqual(["while away"]);
  });

  test("what the centre deleted before it came is in the ledger", async () => {
    const run = new MirrorRun({ seed: 1 });
    run.topic.write(0, "a", "0");
    await run.start();
    await run.advance(1_000);
    run.crash();
    for (const value of ["1", "2", "3"]) run.topic.write(0, "a", value);
    run.topic.cut(0, 3);
    await run.start();
    await run.advance(1_000);
    expect(run.local().get("a")).toEqual(["0", "3"]);
    expect(run.gaps).toMatchObject([{ reason: "mirror-retention", firstOffset: 1, lastOffset: 2, count: 2 }]);
    expect(run.life?.mirror.status().lostRecords).toBe(2);
  });

  test("what no batch here has room for is in the ledger, and nothing else is lost", async () => {
    const run = new MirrorRun({ seed: 1, settings: { partitions: 1 } });
    run.topic.write(0, "a", "before");
    run.topic.write(0, "a", "x".repeat(1_100_000));
    run.topic.write(0, "a", "after");
    await run.start();
    await run.advance(1_000);
    expect(run.local().get("a")).toEqual(["before", "after"]);
    expect(run.gaps).toMatchObject([{ reason: "mirror-too-large", firstOffset: 1, count: 1 }]);
  });

  test("a topic that was made again at the centre is copied from its start", async () => {
    const run = new MirrorRun({ seed: 1 });
    run.topic.write(0, "a", "first life");
    await run.start();
    await run.advance(1_000);
    run.topic.partitions[0] = [];
    run.topic.ends[0] = 0;
    run.topic.id = "22222222-2222-2222-2222-222222222222" as Uuid;
    run.topic.write(0, "a", "second life");
    await run.advance(10_000);
    expect(run.local().get("a")).toEqual(["first life", "second life"]);
    expect(run.messages.join()).toContain("was made again");
  });

  test("a topic that the centre does not have is waited for", async () => {
    const run = new MirrorRun({ seed: 1 });
    run.topic.exists = false;
    await run.start();
    await run.advance(500);
    expect(run.life?.mirror.status()).toMatchObject({ state: "missing", lagRecords: null });
    run.topic.exists = true;
    run.topic.write(1, "a", "v");
    await run.advance(40_000);
    expect(run.local().get("a")).toEqual(["v"]);
  });

  test("keys that the centre deleted and forgot are deleted here, and no others", async () => {
    const run = new MirrorRun({ seed: 3 });
    run.topic.cleanupPolicy = "compact";
    for (const key of ["stays", "goes", "changes"]) run.topic.write(0, key, "1");
    await run.start();
    await run.advance(2_000);
    run.life?.broker.ingest.append({
      ...{ topic: "local", key: new TextEncoder().encode("own"), value: new Uint8Array(1) },
      ...{ timestampMs: 1, headers: null },
    });
    await run.advance(100);
    run.crash();
    run.topic.write(0, "goes", null);
    run.topic.write(0, "changes", "2");
    run.topic.write(0, "new", "1");
    run.topic.compact();
    run.wallMs += 3 * DAY_MS;
    await run.start();
    await run.advance(3_000);
    const local = run.local();
    expect(local.get("goes")).toEqual(["1", null]);
    expect(local.get("stays")).toEqual(["1"]);
    expect(local.get("changes")?.at(-1)).toBe("2");
    expect(local.get("changes")?.filter((value) => value === "2")).toHaveLength(1);
    expect(local.get("new")).toEqual(["1"]);
    expect(local.get("own")).toHaveLength(1);
  });
});
