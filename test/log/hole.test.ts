import { expect, test } from "bun:test";
import type { Offset } from "../../src/base/ids.ts";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import { fillHole } from "../../src/log/hole.ts";
import type { LogStore } from "../../src/log/log-store.ts";
import type { PartitionLog } from "../../src/log/partition-log.ts";
import {
  BATCH_HEADER_BYTES,
  batchBaseOffset,
  batchNextOffset,
  batchSizeBytes,
  checkBatch,
} from "../../src/records/batch.ts";
import { decodeRecords } from "../../src/records/reader.ts";
import {
  batchOf,
  createLog,
  expectEndIsReached,
  mustAppend,
  type Opened,
  openStore,
  readAll,
  text,
  valuesOf,
} from "./support.ts";

const VALUES = Array.from({ length: 30 }, (_, i) => `value ${i}`.padEnd(100, "."));

async function appendEach(opened: Opened, log: PartitionLog, values: readonly string[]): Promise<void> {
  for (const value of values) {
    mustAppend(log, batchOf([value], { timestampMs: 1000 + log.logEndOffset, key: "device-1" }));
    await opened.clock.settleAll();
  }
}

function logOf(store: LogStore, like: PartitionLog): PartitionLog {
  const log = store.get(like.topicId, like.partition);
  if (log === null) throw new Error(`${like.topic} is gone`);
  return log;
}

async function maintain(opened: Opened, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    opened.clock.advance(1000);
    const maintained = opened.store.maintain(opened.clock.nowMs());
    await opened.clock.settleAll();
    await maintained;
  }
}

/** A folder with thirty durable records of one log, stopped cleanly. */
async function stopped(): Promise<{ disk: SimulatedDisk; log: PartitionLog }> {
  const disk = new SimulatedDisk();
  const opened = await openStore({ disk });
  const log = createLog(opened.store);
  await appendEach(opened, log, VALUES);
  await opened.store.close();
  return { disk, log };
}

function pathOf(log: PartitionLog, index: number): string {
  const segment = log.segments.at(index);
  if (segment === undefined) throw new Error(`no segment ${index}`);
  return segment.path;
}

test("a hole is filled by batches without records that pass every check", () => {
  expect(fillHole(7, 7).length).toBe(0);
  for (const [from, to] of [
    [0, 1],
    [29, 30],
    [5, 2 ** 31 + 5],
    [5, 2 ** 31 + 6],
    [2 ** 40, 2 ** 40 + 2 ** 33],
  ] as const) {
    const bytes = fillHole(from, to);
    expect(bytes.length).toBe(BATCH_HEADER_BYTES * Math.ceil((to - from) / 2 ** 31));
    let next: number = from;
    for (let at = 0; at < bytes.length; at += batchSizeBytes(bytes, at)) {
      expect(checkBatch(bytes, at, bytes.length)).toBeNull();
      expect(batchBaseOffset(bytes, at)).toBe(next);
      next = batchNextOffset(bytes, at);
    }
    expect(next).toBe(to);
    expect([...decodeRecords(bytes)]).toEqual([]);
  }
});

/** Every way to read on leads over the lost last record, with nothing appended. */
function expectLastIsLost(log: PartitionLog): void {
  expect(log.fault).toBeNull();
  expect([log.logStartOffset, log.highWatermark, log.logEndOffset] as number[]).toEqual([0, 30, 30]);
  expectEndIsReached(log);
  expect(valuesOf(readAll(log))).toEqual(VALUES.slice(0, 29));
  const read = log.read(29 as Offset, 1000, { minOneBatch: true, until: 30 as Offset });
  expect(read).toMatchObject({ error: 0, nextOffset: 30 });
  expect([...decodeRecords(read.bytes)]).toEqual([]);
  const byKey = log.readKey(text("device-1"), 29 as Offset, 10_000);
  expect(byKey).toMatchObject({ error: 0, batches: [], nextOffset: 30 });
  expect(log.offsetForTimestamp(1028)?.offset as number).toBe(28);
  expect(log.offsetForTimestamp(1029)).toBeNull();
  expect(log.maxTimestamp()?.offset as number).toBe(28);
  expect(log.abortedTransactions(0, 30)).toEqual([]);
}

test("behind a damaged last batch every reader comes to the end, also after restarts and crashes", async () => {
  const { disk, log } = await stopped();
  disk.flipBit(pathOf(log, -1), (sizeOf(log) - 40) * 8);
  const opened = await openStore({ disk });
  await maintain(opened, 3);
  expect(opened.reports.matching("quarantined")).toEqual([
    "quarantined readings-0 29 to 30: batches are damaged",
  ]);
  const found = logOf(opened.store, log);
  expectLastIsLost(found);
  for (const mode of ["nothing", "everything", "pages", "process"] as const) {
    const again = await openStore({ disk: disk.crash(mode, 3) });
    await maintain(again, 3);
    expectLastIsLost(logOf(again.store, log));
    // The journal may have had it: then it is the segment's own, and nothing was lost.
    expect(again.reports.matching("quarantined")).toEqual([]);
  }
  await opened.store.close();
  const restarted = await openStore({ disk });
  expectLastIsLost(logOf(restarted.store, log));
  await appendEach(restarted, logOf(restarted.store, log), ["next"]);
  expect(valuesOf(readAll(logOf(restarted.store, log), 29))).toEqual(["next"]);
  await restarted.store.close();
}, 60_000);

/** Bytes of batches in the last segment. */
function sizeOf(log: PartitionLog): number {
  return log.segments.at(-1)?.sizeBytes ?? 0;
}

test("mending the end can be cut off anywhere", async () => {
  const { disk, log } = await stopped();
  const cuts: SimulatedDisk[] = [];
  const damaged: SimulatedDisk = disk.crash("everything", 1, () => {
    for (const mode of ["nothing", "everything"] as const) cuts.push(damaged.crash(mode));
  });
  damaged.flipBit(pathOf(log, -1), (sizeOf(log) - 40) * 8);
  cuts.length = 0;
  const opened = await openStore({ disk: damaged });
  await maintain(opened, 2);
  expect(cuts.length).toBeGreaterThan(20);
  for (const cut of cuts.splice(0)) {
    const again = await openStore({ disk: cut });
    await maintain(again, 3);
    expectLastIsLost(logOf(again.store, log));
  }
}, 60_000);

test("where nothing is left of a log, it begins at its end", async () => {
  const { disk, log } = await stopped();
  expect(log.segments.length).toBe(1);
  for (let byte = 0; byte < sizeOf(log); byte++) disk.flipBit(pathOf(log, 0), byte * 8 + (byte % 7));
  const opened = await openStore({ disk });
  const found = logOf(opened.store, log);
  expect(opened.reports.matching("deleted")).toEqual(["deleted readings-0 0 to 30: corruption"]);
  expect([found.logStartOffset, found.logEndOffset] as number[]).toEqual([30, 30]);
  // A crash right then finds the same.
  for (const mode of ["nothing", "everything"] as const) {
    const again = await openStore({ disk: disk.crash(mode) });
    const recovered = logOf(again.store, log);
    expect([recovered.logStartOffset, recovered.logEndOffset] as number[]).toEqual([30, 30]);
  }
  await appendEach(opened, found, ["next"]);
  expect(found.durableLogStartOffset).toBe(30);
  expect(valuesOf(readAll(found))).toEqual(["next"]);
});

/** A log of several segments of which the last is empty, behind a checkpoint. */
async function rolled(stop: "clean" | "crash"): Promise<{ disk: SimulatedDisk; log: PartitionLog }> {
  const disk = new SimulatedDisk();
  const opened = await openStore({ disk });
  const log = createLog(opened.store);
  for (let i = 0; i < 5; i++) await appendEach(opened, log, VALUES);
  expect(log.roll()).toBe(true);
  await maintain(opened, 2);
  opened.clock.advance(120_000);
  await maintain(opened, 2);
  if (stop === "crash") return { disk: disk.crash("nothing"), log };
  await opened.store.close();
  return { disk, log };
}

test.each(["clean", "crash"] as const)(
  "lost files before an empty end leave a way to it (%s stop)",
  async (stop) => {
    const { disk, log } = await rolled(stop);
    expect(log.segments.length).toBeGreaterThan(3);
    disk.remove(pathOf(log, -2));
    const opened = await openStore({ disk });
    const found = logOf(opened.store, log);
    expect([found.logStartOffset, found.logEndOffset] as number[]).toEqual([0, 150]);
    expectEndIsReached(found);
    const lostFrom = log.segments.at(-2)?.baseOffset ?? 0;
    expect(readAll(found).map(({ offset }) => offset)).toEqual(Array.from({ length: lostFrom }, (_, i) => i));
    const again = await openStore({ disk: disk.crash("nothing") });
    expectEndIsReached(logOf(again.store, log));
    expect(again.reports.matching("fenced")).toEqual([]);
  },
);

test.each(["clean", "crash"] as const)("a lost first segment moves the log start (%s stop)", async (stop) => {
  const { disk, log } = await rolled(stop);
  disk.remove(pathOf(log, 0));
  const opened = await openStore({ disk });
  const found = logOf(opened.store, log);
  // After a clean stop it is met by the first reader.
  found.read(0 as Offset, 1, { minOneBatch: true, until: found.highWatermark });
  const start = log.segments[1]?.baseOffset ?? 0;
  expect(found.logStartOffset as number).toBe(start);
  expectEndIsReached(found);
  expect(readAll(found)[0]?.offset as number).toBe(start);
});
