import { afterAll, describe, expect, test } from "bun:test";
import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Offset } from "../../src/base/ids.ts";
import { SystemClock } from "../../src/io/bun/clock.ts";
import { MappedDisk } from "../../src/io/bun/mapped-disk.ts";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import { SeededRandom } from "../../src/io/simulated/random.ts";
import { ERROR } from "../../src/kafka/wire/generated/errors.ts";
import { LogStore } from "../../src/log/log-store.ts";
import type { PartitionLog } from "../../src/log/partition-log.ts";
import {
  batchOf,
  createLog,
  expectEndIsReached,
  mustAppend,
  openStore,
  Reports,
  readAll,
  SMALL_CONFIG,
  SMALL_LIMITS,
  valuesOf,
} from "./support.ts";

const roots: string[] = [];
afterAll(() => {
  for (const root of roots) rmSync(root, { recursive: true, force: true });
});

function newFolder(): string {
  const root = mkdtempSync(join(tmpdir(), "headwater-lost-"));
  roots.push(root);
  return join(root, "data");
}

interface Opened {
  readonly store: LogStore;
  readonly reports: Reports;
}

async function open(folder: string): Promise<Opened> {
  const reports = new Reports();
  const store = await LogStore.open({
    disk: new MappedDisk(),
    clock: new SystemClock(),
    folder,
    limits: SMALL_LIMITS,
    report: reports,
    configFor: () => SMALL_CONFIG,
  });
  return { store, reports };
}

function find(store: LogStore, like: PartitionLog): PartitionLog {
  const log = store.get(like.topicId, like.partition);
  if (log === null) throw new Error(`${like.topic} is gone`);
  return log;
}

async function appendAll(store: LogStore, log: PartitionLog, values: readonly string[]): Promise<void> {
  for (const value of values) mustAppend(log, batchOf([value]));
  await durable(store, log);
}

async function durable(store: LogStore, log: PartitionLog): Promise<void> {
  if (log.highWatermark === log.logEndOffset) return;
  await new Promise<void>((resolve) => {
    store.onCommitted(() => {
      if (log.highWatermark === log.logEndOffset) resolve();
    });
  });
}

const VALUES = Array.from({ length: 12 }, (_, i) => `value ${i}`.padEnd(100, "."));
const BATCH_BYTES = batchOf(VALUES.slice(0, 1)).length;

/** What is done to a file of ten batches, and how many of them stay. */
const DAMAGES: readonly { name: string; kept: number; damage: (path: string) => void }[] = [
  { name: "cut to nothing", kept: 0, damage: (path) => truncateSync(path, 0) },
  { name: "deleted", kept: 0, damage: (path) => rmSync(path) },
  {
    name: "filled with random bytes",
    kept: 0,
    damage: (path) => writeFileSync(path, new SeededRandom(3).bytes(readFileSync(path).length)),
  },
  { name: "cut to half", kept: 5, damage: (path) => truncateSync(path, 5 * BATCH_BYTES + 40) },
];

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

/** The folder of a store with ten durable records in one log, after a clean stop or a crash behind a checkpoint. */
async function stopped(
  topic: string,
  stop: "clean" | "crash",
): Promise<{ folder: string; log: PartitionLog }> {
  const folder = newFolder();
  const { store } = await open(folder);
  const log = createLog(store, topic);
  await appendAll(store, log, VALUES.slice(0, 10));
  await store.close();
  if (stop === "clean") return { folder, log };
  // Running again, and cut off: the checkpoint knows of all ten, and the marker is gone.
  const { store: running } = await open(folder);
  const copy = newFolder();
  cpSync(folder, copy, { recursive: true });
  await running.close();
  return { folder: copy, log };
}

describe.each(["readings", "__cluster_metadata"])("the active segment of %s", (topic) => {
  describe.each(["clean", "crash"] as const)("after a %s stop", (stop) => {
    test.each(DAMAGES)("$name: what is sound stays, and the log goes on", async ({ kept, damage }) => {
      const { folder, log } = await stopped(topic, stop);
      damage(join(folder, `${topic}-0`, "00000000000000000000.log"));

      const first = await open(folder);
      const found = find(first.store, log);
      expect(found.fault).toBeNull();
      expect([found.logEndOffset, found.highWatermark]).toEqual([10 as Offset, 10 as Offset]);
      expect(first.reports.matching("quarantined")).toEqual([
        expect.stringContaining(`quarantined ${topic}-0 ${kept} to 10`),
      ]);
      // Where nothing is left the log begins behind it, else a reader is led over the hole.
      expect(found.logStartOffset as number).toBe(kept === 0 ? 10 : 0);
      expectEndIsReached(found);
      expect(valuesOf(readAll(found))).toEqual(VALUES.slice(0, kept));
      await appendAll(first.store, found, VALUES.slice(10, 11));
      expect(valuesOf(readAll(found, 10))).toEqual(VALUES.slice(10, 11));
      expect(found.read(7 as Offset, 1, { minOneBatch: true, until: 11 as Offset })).toMatchObject(
        kept === 0 ? { error: ERROR.OFFSET_OUT_OF_RANGE } : { nextOffset: 10 },
      );
      const crashed = newFolder();
      cpSync(folder, crashed, { recursive: true });
      await first.store.close();

      for (const again of [folder, crashed]) {
        const second = await open(again);
        const log2 = find(second.store, log);
        expect(log2.logStartOffset).toBe(found.logStartOffset);
        expect(valuesOf(readAll(log2))).toEqual([...VALUES.slice(0, kept), ...VALUES.slice(10, 11)]);
        await appendAll(second.store, log2, VALUES.slice(11, 12));
        expect(log2.logEndOffset as number).toBe(12);
        await second.store.close();
        const third = await open(again);
        expect(valuesOf(readAll(find(third.store, log), 10))).toEqual(VALUES.slice(10, 12));
        expect(third.reports.matching("quarantined")).toEqual([]);
        await third.store.close();
      }
    });
  });
});

test("the first append finds damage behind a sound beginning, and the log goes on behind it", async () => {
  const { folder, log } = await stopped("readings", "clean");
  const path = join(folder, "readings-0", "00000000000000000000.log");
  const bytes = readFileSync(path);
  bytes.set(new SeededRandom(5).bytes(BATCH_BYTES), 3 * BATCH_BYTES);
  writeFileSync(path, bytes);
  // With its index an append would not even look there, which is as well.
  rmSync(path.replace(".log", ".index"));
  const { store, reports } = await open(folder);
  const found = find(store, log);
  expect(reports.matching("quarantined")).toEqual([]);
  await appendAll(store, found, VALUES.slice(10, 11));
  expect(reports.matching("quarantined")).toEqual(["quarantined readings-0 3 to 4: batches are damaged"]);
  expect(reports.matching("fenced")).toEqual([]);
  expect(valuesOf(readAll(found))).toEqual(VALUES.slice(0, 11).filter((_, i) => i !== 3));
  await store.close();
});

test("a reader is answered around damage that it is the first to find", async () => {
  const { folder, log } = await stopped("readings", "clean");
  const path = join(folder, "readings-0", "00000000000000000000.log");
  const bytes = readFileSync(path);
  bytes.set(new SeededRandom(5).bytes(BATCH_BYTES), 3 * BATCH_BYTES);
  writeFileSync(path, bytes);
  const { store } = await open(folder);
  const found = find(store, log);
  expect(valuesOf(readAll(found, 3, BATCH_BYTES))).toEqual(VALUES.slice(4, 10));
  await store.close();
});

test("the file of an empty log can be lost", async () => {
  const folder = newFolder();
  const { store } = await open(folder);
  const log = createLog(store);
  await store.close();
  rmSync(join(folder, "readings-0", "00000000000000000000.log"));
  const again = await open(folder);
  const found = find(again.store, log);
  await appendAll(again.store, found, VALUES.slice(0, 2));
  expect(valuesOf(readAll(found))).toEqual(VALUES.slice(0, 2));
  await again.store.close();
});

test.each(DAMAGES)("a sealed segment that is $name is set aside by what time brings", async ({ damage }) => {
  const folder = newFolder();
  const { store } = await open(folder);
  const log = createLog(store);
  for (let i = 0; i < 10; i++) await appendAll(store, log, VALUES);
  const [, second] = log.segments;
  if (second === undefined) throw new Error("one segment only");
  await store.close();
  rmSync(second.path.replace(/log$/, "keys"), { force: true });
  damage(second.path);
  const again = await open(folder);
  const found = find(again.store, log);
  for (let i = 1; i < 5; i++) await again.store.maintain(i);
  expect(again.reports.matching("quarantined").length).toBe(1);
  const kept = new Set(readAll(found).map((record) => record.offset));
  const others = range(0, 120).filter((i) => i < second.baseOffset || i >= second.nextOffset);
  expect(others.filter((i) => !kept.has(i))).toEqual([]);
  expectEndIsReached(found);
  await again.store.close();
});

test("nobody gets a file that is shorter than its segment, also while it is open", async () => {
  const { folder, log } = await stopped("readings", "clean");
  truncateSync(join(folder, "readings-0", "00000000000000000000.log"), 5 * BATCH_BYTES + 40);
  const { store } = await open(folder);
  const segment = find(store, log).newSegment(0);
  segment.restore({
    sizeBytes: 10 * BATCH_BYTES,
    nextOffset: 10,
    maxTimestampMs: 1000,
    maxTimestampBatch: 0,
  });
  for (let i = 0; i < 2; i++) expect(() => segment.open()).toThrow("shorter than it was");
  segment.close();
  await store.close();
});

test("a sealed segment that has another's bytes is set aside", async () => {
  const folder = newFolder();
  const { store } = await open(folder);
  const log = createLog(store);
  for (let i = 0; i < 10; i++) await appendAll(store, log, VALUES.slice(0, 10));
  const [first, second, third] = log.segments;
  if (first === undefined || second === undefined || third === undefined) throw new Error("too few segments");
  expect(second.sizeBytes).toBe(first.sizeBytes);
  await store.close();
  const [one, other] = [readFileSync(first.path), readFileSync(second.path)];
  writeFileSync(first.path, other);
  writeFileSync(second.path, one);
  const again = await open(folder);
  const found = find(again.store, log);
  for (let i = 1; i < 5; i++) await again.store.maintain(i);
  const { baseOffset, nextOffset } = second;
  expect(again.reports.matching("quarantined").map((line) => line.split(":")[0])).toEqual([
    `quarantined readings-0 0 to ${baseOffset}`,
    `quarantined readings-0 ${baseOffset} to ${nextOffset}`,
  ]);
  expect(readAll(found).map((record) => record.offset)).toEqual(range(nextOffset, 100));
  await again.store.close();
});

test("a lost segment that is sealed costs its records, not the log", async () => {
  const folder = newFolder();
  const { store } = await open(folder);
  const log = createLog(store);
  for (let i = 0; i < 10; i++) await appendAll(store, log, VALUES);
  const [, second] = log.segments;
  if (second === undefined) throw new Error("one segment only");
  await store.close();
  rmSync(second.path);
  const again = await open(folder);
  const found = find(again.store, log);
  expect(readAll(found).map((record) => record.offset)).toEqual(
    Array.from({ length: 120 }, (_, i) => i).filter((i) => i < second.baseOffset || i >= second.nextOffset),
  );
  expect(found.fault).toBeNull();
  await appendAll(again.store, found, VALUES.slice(0, 1));
  await again.store.close();
});

test("what was synced behind the recovery point survives damage below it, and a second crash", async () => {
  const disk = new SimulatedDisk();
  const opened = await openStore({ disk });
  const log = createLog(opened.store);
  for (const value of VALUES.slice(0, 6)) mustAppend(log, batchOf([value]));
  await opened.clock.settleAll();
  await opened.store.close();
  const running = await openStore({ disk });
  const bulk = "b".repeat(5000);
  const found = find(running.store, log);
  // Too large for the journal: it is in the segment alone.
  mustAppend(found, batchOf([bulk]));
  await running.clock.settleAll();
  expect(found.highWatermark as number).toBe(7);
  const path = find(running.store, log).segments[0]?.path ?? "";
  const cuts: SimulatedDisk[] = [];
  let recovering = false;
  const crashed: SimulatedDisk = disk.crash("nothing", 1, () => {
    if (recovering) cuts.push(crashed.crash("nothing"));
  });
  for (let byte = 0; byte < 24; byte++) crashed.flipBit(path, (2 * BATCH_BYTES + byte) * 8 + 1);
  const expected = [...VALUES.slice(0, 2), ...VALUES.slice(3, 6), bulk];
  recovering = true;
  const recovered = await openStore({ disk: crashed });
  recovering = false;
  expect(recovered.reports.matching("quarantined")).toEqual([
    "quarantined readings-0 2 to 3: batches are damaged",
  ]);
  expect(valuesOf(readAll(find(recovered.store, log)))).toEqual(expected);
  expect(cuts.length).toBeGreaterThan(20);
  for (const cut of cuts) {
    const again = await openStore({ disk: cut });
    const log2 = find(again.store, log);
    expect(valuesOf(readAll(log2))).toEqual(expected);
    expect(mustAppend(log2, batchOf(["more"]))).toBe(7);
  }
});

test("a mending at the start can be cut off anywhere", async () => {
  const disk = new SimulatedDisk();
  const opened = await openStore({ disk });
  const log = createLog(opened.store);
  for (const value of VALUES.slice(0, 6)) mustAppend(log, batchOf([value]));
  await opened.clock.settleAll();
  await opened.store.close();
  const cuts: SimulatedDisk[] = [];
  const stopped: SimulatedDisk = disk.crash("everything", 1, () => {
    for (const mode of ["nothing", "everything"] as const) cuts.push(stopped.crash(mode));
  });
  for (let byte = 0; byte < 24; byte++) stopped.flipBit(log.segments[0]?.path ?? "", byte * 8 + 1);
  cuts.length = 0;
  await openStore({ disk: stopped });
  expect(cuts.length).toBeGreaterThan(20);
  for (const cut of [...cuts]) {
    const again = await openStore({ disk: cut });
    const found = find(again.store, log);
    expect(valuesOf(readAll(found))).toEqual(VALUES.slice(1, 6));
    expect(mustAppend(found, batchOf(["more"]))).toBe(6);
    await again.clock.settleAll();
    expect(valuesOf(readAll(found, 6))).toEqual(["more"]);
  }
});
