import { expect, test } from "bun:test";
import { ERROR } from "../../../src/kafka/wire/generated/errors.ts";
import { DEFAULT_MIRROR_LIMITS, type MirrorSettings } from "../../../src/upstream/mirror/settings.ts";
import { type Life, LOCAL, MirrorRun } from "./simulation.ts";

/** What brokers and operators do that a mirror must not take for something else. */
const DAY_MS = 86_400_000;
const NO_BYTES = new Uint8Array(0);

async function started(run: MirrorRun, durationMs = 2_000): Promise<Life> {
  const life = await run.start();
  await run.advance(durationMs);
  return life;
}

/** A run with a compacted topic that was mirrored, and then away for longer than deletions are remembered. */
async function awayFor(
  days: number,
  keys: readonly string[],
  settings: Partial<MirrorSettings> = {},
): Promise<MirrorRun> {
  const run = new MirrorRun({ seed: 3, settings });
  run.topic.cleanupPolicy = "compact";
  for (const key of keys) run.topic.write(0, key, "1");
  await started(run);
  run.crash();
  run.wallMs += days * DAY_MS;
  return run;
}

test("a key that only changed while the gateway was away is never deleted", async () => {
  const run = await awayFor(3, ["changes", "stays"]);
  run.topic.write(0, "changes", "2");
  run.topic.compact();
  await started(run, 3_000);
  expect(run.local().get("changes")).toEqual(["1", "2"]);
  expect(run.local().get("stays")).toEqual(["1"]);
});

test("an answer without records below the end deletes no key", async () => {
  const run = await awayFor(3, ["x", "y", "z"]);
  const { centre } = await run.start();
  centre.twist = (fetched) => (fetched.offset === 0 ? { ...fetched, batches: NO_BYTES } : null);
  await run.advance(4_000);
  expect(centre.twist).toBeNull();
  for (const key of ["x", "y", "z"]) expect(run.local().get(key)).toEqual(["1"]);
});

test("keys for which there is no room stay, and that is said", async () => {
  const large = (name: string) => name.padEnd(2_000, ".");
  const few = ["a", "b", "c"].map(large);
  const limits = { ...DEFAULT_MIRROR_LIMITS, refreshMs: 3_000, maxSnapshotBytes: 5_000 };
  for (const stays of [few, []]) {
    const gone = stays.length > 0 ? ["gone"] : few;
    const run = await awayFor(3, [...stays, ...gone], { limits });
    for (const key of gone) run.topic.write(0, key, null);
    run.topic.write(0, "last", "1");
    run.topic.compact();
    await started(run, 4_000);
    for (const key of [...stays, ...gone]) expect(run.local().get(key)).toEqual(["1"]);
    expect(run.messages.join()).toContain("too many keys");
  }
});

test("a long absence of the centre alone is made up for, without a restart", async () => {
  const run = new MirrorRun({ seed: 3 });
  run.topic.cleanupPolicy = "compact";
  run.topic.deleteRetentionMs = 2_000;
  for (const key of ["stays", "goes"]) run.topic.write(0, key, "1");
  const { centre } = await started(run);
  centre.failures = 100;
  run.topic.write(0, "goes", null);
  run.topic.write(0, "new", "1");
  run.topic.compact();
  await run.advance(8_000);
  expect(run.messages.length).toBeLessThan(10);
  centre.failures = 0;
  await run.advance(8_000);
  expect(run.local().get("goes")).toEqual(["1", null]);
  expect(run.local().get("new")).toEqual(["1"]);
});

test("an offset that is denied in error is asked for again", async () => {
  const run = new MirrorRun({ seed: 1 });
  run.topic.write(0, "a", "0");
  const { centre } = await started(run);
  centre.twist = (fetched) =>
    fetched.batches.length > 0 ? { ...fetched, error: ERROR.OFFSET_OUT_OF_RANGE, batches: NO_BYTES } : null;
  for (const value of ["1", "2", "3"]) run.topic.write(0, "a", value);
  await run.advance(4_000);
  expect(centre.twist).toBeNull();
  expect(run.local().get("a")).toEqual(["0", "1", "2", "3"]);
  expect(run.gaps).toEqual([]);
});

test("a log of the centre that ends before what was mirrored is in the ledger", async () => {
  const run = new MirrorRun({ seed: 1 });
  for (let n = 0; n < 10; n += 1) run.topic.write(0, "a", String(n));
  const { centre } = await started(run);
  centre.failures = 100;
  await run.advance(300);
  run.topic.partitions[0] = (run.topic.partitions[0] ?? []).slice(0, 5);
  run.topic.ends[0] = 5;
  for (let n = 0; n < 3; n += 1) run.topic.write(0, "a", `again ${n}`);
  centre.failures = 0;
  await run.advance(3_000);
  run.topic.write(0, "a", "later");
  await run.advance(2_000);
  expect(run.local().get("a")?.at(-1)).toBe("later");
  expect(run.gaps).toMatchObject([{ reason: "mirror-truncated", firstOffset: 8, lastOffset: 9 }]);
});

test("nothing is lost where the topic here grew, and power went before the position", async () => {
  for (const wanted of [1, 3, 5]) {
    const run = new MirrorRun({ seed: 1 }, 1);
    for (let key = 0; key < 8; key += 1) run.topic.write(0, `k${key}`, "old");
    const { broker } = await started(run);
    const topic = broker.topics.get(LOCAL);
    if (topic === null) throw new Error("no topic");
    broker.addPartitions(topic, 6, () => {});
    await run.advance(1_000);
    run.holdsSyncs = true;
    for (let key = 0; key < 7; key += 1) run.topic.write(0, `k${key}`, "new".repeat(20));
    const arrived = () => [...run.local().values()].filter((values) => values.length > 1).length;
    for (let tries = 0; arrived() < wanted && tries < 400; tries += 1) {
      run.finishSyncs();
      await run.advance(5);
    }
    expect(arrived()).toBeGreaterThan(0);
    run.crash("nothing");
    run.holdsSyncs = false;
    await started(run, 3_000);
    for (let key = 0; key < 7; key += 1) expect([key, run.local().get(`k${key}`)?.length]).toEqual([key, 2]);
  }
});

test("a topic that is deleted here amid a chunk comes back whole", async () => {
  for (const arrived of [1, 3, 5]) {
    const run = new MirrorRun({ seed: 1, settings: { partitions: 1 } }, 1);
    const { broker } = await started(run, 1_000);
    run.holdsSyncs = true;
    for (let n = 0; n < 7; n += 1) run.topic.write(0, "a", String(n).repeat(90));
    for (let tries = 0; tries < 100 && (run.local().get("a")?.length ?? 0) < arrived; tries += 1) {
      run.finishSyncs();
      await run.advance(5);
    }
    broker.deleteTopic(LOCAL, () => {});
    run.holdsSyncs = false;
    run.finishSyncs();
    await run.advance(8_000);
    expect(
      run
        .local()
        .get("a")
        ?.map((value) => value?.[0]),
    ).toEqual(["0", "1", "2", "3", "4", "5", "6"]);
  }
});

test("a topic in memory here is made durable before the position passes it", async () => {
  const run = new MirrorRun({ seed: 1, settings: { partitions: 1 } }, 1);
  const { broker } = await run.start();
  const configs = new Map([["durability", "memory"]]);
  broker.createTopic({ name: LOCAL, partitionCount: 1, configs }, () => {});
  await run.advance(1_000);
  for (let n = 0; n < 7; n += 1) run.topic.write(0, "a", String(n));
  await run.advance(700);
  run.crash("nothing");
  await started(run, 3_000);
  expect(run.local().get("a")).toEqual(["0", "1", "2", "3", "4", "5", "6"]);
});

test("who claims to come from far behind the centre's end vouches for nothing", async () => {
  const run = new MirrorRun({ seed: 1, settings: { partitions: 1 } }, 1);
  run.topic.write(0, "a", "1");
  const { broker } = await started(run);
  const { withOrigin } = await import("../../../src/upstream/mirror/origin.ts");
  const headers = withOrigin(null, `${run.topic.id}/0`, 1_000_000);
  const key = new TextEncoder().encode("a");
  broker.ingest.append({ topic: LOCAL, key, value: key, timestampMs: 1, headers });
  await run.advance(100);
  run.crash("everything");
  run.topic.write(0, "a", "2");
  await started(run);
  expect(run.local().get("a")).toEqual(["1", "a", "2"]);
});

test("a log that takes nothing shows in the status, is waited out, and a stop does not wait for it", async () => {
  const run = new MirrorRun({ seed: 1 });
  const { broker, mirror } = await started(run, 500);
  const append = broker.ingest.appendTogether.bind(broker.ingest);
  let isFull = true;
  broker.ingest.appendTogether = (records, placement) =>
    isFull
      ? { state: "refused", error: ERROR.KAFKA_STORAGE_ERROR, why: "full", sizeBytes: 0 }
      : append(records, placement);
  run.topic.write(0, "a", "1");
  await run.advance(2_000);
  expect(mirror.status()).toMatchObject({ state: "backing off", mirroredRecords: 0 });
  isFull = false;
  await run.advance(2_000);
  expect(mirror.status()).toMatchObject({ state: "mirroring", mirroredRecords: 1 });
  isFull = true;
  run.topic.write(0, "a", "2");
  await run.advance(500);
  const stopped = mirror.stop(1_000);
  await run.advance(1_100);
  await stopped;
});
