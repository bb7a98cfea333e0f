import { expect, test } from "bun:test";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import type { LogBug } from "../../src/log/log-config.ts";
import type { LogStore } from "../../src/log/log-store.ts";
import type { PartitionLog } from "../../src/log/partition-log.ts";
import {
  append as appendBatch,
  batchOf,
  openStore,
  readAll,
  SMALL_CONFIG,
  topicId,
  valuesOf,
} from "./support.ts";

const ID = { topic: "later", topicId: topicId(1), partition: 0 };

function append(log: PartitionLog, values: readonly string[]) {
  return appendBatch(log, batchOf(values));
}

function valuesIn(log: PartitionLog | null): string[] {
  return log === null ? [] : valuesOf(readAll(log));
}

function unborn(store: LogStore): PartitionLog {
  const [log] = store.createUnborn([ID], SMALL_CONFIG);
  if (log === undefined) throw new Error("one log was asked for");
  return log;
}

test("a log without records has no files, and is readable", async () => {
  const disk = new SimulatedDisk({ seed: 1 });
  const { store } = await openStore({ disk });
  const syncs = disk.counts.syncFolder;
  const log = unborn(store);
  expect(disk.counts.syncFolder).toBe(syncs);
  expect(disk.exists(log.folder)).toBe(false);
  expect(log.read(log.logStartOffset, 1000, { minOneBatch: true, until: log.highWatermark })).toMatchObject({
    error: 0,
    nextOffset: 0,
  });
  expect([log.logEndOffset, log.sizeBytes, log.offsetForTimestamp(0), log.maxTimestamp()]).toEqual([
    0,
    0,
    null,
    null,
  ] as never);
  expect(log.deleteRecordsBefore(-1)).toMatchObject({ error: 0, logStartOffset: 0 });
  await store.maintain(10 ** 12);
  expect(disk.exists(log.folder)).toBe(false);
});

test("the first record brings the files, and is there after a crash and after a clean stop", async () => {
  let disk = new SimulatedDisk({ seed: 2 });
  const first = await openStore({ disk });
  const log = unborn(first.store);
  append(log, ["a"]);
  await first.clock.settleAll();
  expect(log.highWatermark).toBe(1 as never);
  disk = disk.crash("nothing");
  const second = await openStore({ disk });
  expect(valuesIn(second.store.get(ID.topicId, 0))).toEqual(["a"]);
  await second.store.close();
  const third = await openStore({ disk });
  expect(valuesIn(third.store.get(ID.topicId, 0))).toEqual(["a"]);
  expect(third.reports.lines).toEqual([]);
});

test("a log that has no record at a clean stop is not missed at the next start", async () => {
  const disk = new SimulatedDisk({ seed: 3 });
  const first = await openStore({ disk });
  unborn(first.store);
  await first.store.close();
  const second = await openStore({ disk });
  expect(second.store.get(ID.topicId, 0)).toBeNull();
  expect(second.reports.lines).toEqual([]);
  append(unborn(second.store), ["a"]);
  await second.clock.settleAll();
  expect(valuesIn(second.store.get(ID.topicId, 0))).toEqual(["a"]);
});

test("deleted before its first record, and after, it leaves nothing", async () => {
  const disk = new SimulatedDisk({ seed: 4 });
  const { store } = await openStore({ disk });
  store.delete(unborn(store));
  const again = unborn(store);
  append(again, ["a"]);
  store.delete(again);
  await store.maintain(0);
  expect(store.get(ID.topicId, 0)).toBeNull();
  expect(disk.list("/data").filter((name) => name.includes("later") || name.endsWith("-delete"))).toEqual([]);
});

test("a full disk refuses the first record, and takes it once there is space", async () => {
  const disk = new SimulatedDisk({ seed: 5 });
  const { store, clock } = await openStore({ disk });
  const log = unborn(store);
  disk.fail({ kind: "createFile", path: "/later-0/", code: "DISK_FULL" });
  expect(append(log, ["a"])).toMatchObject({ message: expect.stringContaining("full") });
  disk.fail({ kind: "createFile", path: "/later-0/", nth: 2, code: "DISK_FULL" });
  expect(append(log, ["a"])).toMatchObject({ message: expect.stringContaining("full") });
  expect(append(log, ["b"])).toMatchObject({ error: 0, baseOffset: 0 });
  await clock.settleAll();
  expect(valuesIn(log)).toEqual(["b"]);
});

test("logs that are born together share a sync, which a record that was acknowledged can't do without", async () => {
  const lost = async (bugs: ReadonlySet<LogBug>): Promise<number> => {
    const disk = new SimulatedDisk({ seed: 7 });
    const { store, clock } = await openStore({ disk, bugs });
    const ids = Array.from({ length: 10 }, (_, index) => ({
      ...ID,
      topic: `log-${index}`,
      topicId: topicId(index),
    }));
    const logs = store.createUnborn(ids, SMALL_CONFIG);
    const before = disk.counts.syncFolder;
    for (const log of logs) append(log, ["a"]);
    expect(disk.counts.syncFolder - before).toBe(0);
    await clock.settleAll();
    // Two of each log's own folder, and that of the data folder.
    expect(disk.counts.syncFolder - before).toBe(bugs.size > 0 ? 0 : 2 * logs.length + 1);
    expect(logs.map((log) => Number(log.highWatermark))).toEqual(logs.map(() => 1));
    const again = await openStore({ disk: disk.crash("nothing") });
    return ids.filter((id) => valuesIn(again.store.get(id.topicId, 0)).length === 0).length;
  };
  expect(await lost(new Set())).toBe(0);
  expect(await lost(new Set(["skip-folder-sync"]))).toBe(10);
});

test("a log whose first append failed half-way leaves nothing to one that takes its name", async () => {
  const disk = new SimulatedDisk({ seed: 6 });
  const { store, clock } = await openStore({ disk });
  const log = unborn(store);
  disk.fail({ kind: "createFile", path: "/later-0/", nth: 2, code: "DISK_FULL" });
  append(log, ["a"]);
  store.delete(log);
  const [successor] = store.createUnborn([{ ...ID, topicId: topicId(2) }], SMALL_CONFIG);
  append(successor as PartitionLog, ["b"]);
  await clock.settleAll();
  for (let tick = 0; tick < 5; tick += 1) await store.maintain(0);
  const again = await openStore({ disk: disk.crash("nothing") });
  expect(valuesIn(again.store.get(topicId(2), 0))).toEqual(["b"]);
  expect(again.reports.matching("quarantined")).toEqual([]);
});

test.each(["nothing", "pages", "process", "everything"] as const)(
  "a power cut at any operation of the first append leaves an empty log or none (%s of what was not synced)",
  async (mode) => {
    for (let at = 1; at < 100; at += 1) {
      let left = Number.POSITIVE_INFINITY;
      const crashes: SimulatedDisk[] = [];
      const disk: SimulatedDisk = new SimulatedDisk({
        seed: at,
        onOperation: () => {
          left -= 1;
          if (left === 0) crashes.push(disk.crash(mode));
        },
      });
      const first = await openStore({ disk });
      const log = unborn(first.store);
      left = at;
      append(log, ["a"]);
      await first.clock.settleAll();
      const [crashed] = crashes;
      if (crashed === undefined) {
        expect(at).toBeGreaterThan(5);
        return;
      }
      const second = await openStore({ disk: crashed });
      expect(second.reports.matching("quarantined")).toEqual([]);
      const found = second.store.get(ID.topicId, 0) ?? unborn(second.store);
      append(found, ["b"]);
      await second.clock.settleAll();
      // Before the ack, either is right: the record is there whole, or not at all.
      expect([["b"], ["a", "b"]]).toContainEqual(valuesIn(found));
    }
    throw new Error("the first append never came to its end");
  },
);

test("a power cut while a log is born that has rolled already leaves a beginning of what it took", async () => {
  const values = ["a", "b", "c"].map((value) => value.repeat(300));
  for (let at = 1, cuts = 1; cuts > 0; at += 1) {
    let left = Number.POSITIVE_INFINITY;
    const crashes: SimulatedDisk[] = [];
    const disk: SimulatedDisk = new SimulatedDisk({
      seed: at,
      onOperation: () => {
        left -= 1;
        if (left === 0) for (let seed = 0; seed < 30; seed += 1) crashes.push(disk.crash("pages", seed));
      },
    });
    const { store, clock } = await openStore({ disk });
    const [log] = store.createUnborn([ID], { ...SMALL_CONFIG, segmentBytes: 400 });
    left = at;
    for (const value of values) append(log as PartitionLog, [value]);
    await clock.settleAll();
    cuts = crashes.length;
    for (const crashed of crashes) {
      const again = await openStore({ disk: crashed });
      expect(again.reports.matching("quarantined")).toEqual([]);
      const found = valuesIn(again.store.get(ID.topicId, 0));
      expect(found).toEqual(values.slice(0, found.length));
    }
  }
});
