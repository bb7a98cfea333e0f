import { expect, test } from "bun:test";
import { hasCode } from "../../src/base/errors.ts";
import type { Offset } from "../../src/base/ids.ts";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import { ERROR } from "../../src/kafka/wire/generated/errors.ts";
import type { LogStore } from "../../src/log/log-store.ts";
import type { PartitionLog } from "../../src/log/partition-log.ts";
import {
  append,
  batchOf,
  createLog,
  mustAppend,
  type Opened,
  openStore,
  ROOT,
  readAll,
  SMALL_CONFIG,
  topicId,
  valuesOf,
} from "./support.ts";

const CONFIG = SMALL_CONFIG;

function values(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, i) => `value ${from + i}`.padEnd(100, "."));
}

/** Appends batches of one record each, a commit round each. */
async function appendEach(opened: Opened, log: PartitionLog, from: number, to: number): Promise<void> {
  for (const value of values(from, to)) {
    mustAppend(log, batchOf([value]));
    await opened.clock.settleAll();
  }
}

function logOf(store: LogStore, like: PartitionLog): PartitionLog {
  const log = store.get(like.topicId, like.partition);
  if (log === null) throw new Error(`${like.topic}-${like.partition} is gone`);
  return log;
}

/** Time passes until a checkpoint has been written. */
async function checkpoint(opened: Opened): Promise<void> {
  const { checkpoints } = opened.store.status();
  opened.clock.advance(120_000);
  const maintained = opened.store.maintain(opened.clock.nowMs());
  await opened.clock.settleAll();
  await maintained;
  expect(opened.store.status().checkpoints).toBeGreaterThan(checkpoints);
}

async function maintain(opened: Opened, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    opened.clock.advance(1000);
    const maintained = opened.store.maintain(opened.clock.nowMs());
    await opened.clock.settleAll();
    await maintained;
  }
}

const segmentPath = (log: PartitionLog, index: number): string => {
  const segment = log.segments[index];
  if (segment === undefined) throw new Error(`no segment ${index}`);
  return segment.path;
};

test("a journal that can't be synced ends all acknowledgements", async () => {
  const disk = new SimulatedDisk();
  const opened = await openStore({ disk });
  const { store, clock } = opened;
  const first = createLog(store, "first");
  const second = createLog(store, "other");
  await appendEach(opened, first, 0, 3);
  const fatal: string[] = [];
  store.onFatal((error) => fatal.push(error.code));
  let committed = 0;
  store.onCommitted(() => {
    committed += 1;
  });
  disk.fail({ kind: "syncDone", path: "/journal/" });
  mustAppend(first, batchOf(["lost"]));
  await clock.settleAll();
  expect(fatal).toEqual(["LOG_FENCED"]);
  expect(first.highWatermark as number).toBe(3);
  expect([first.fault, second.fault]).toEqual(["fenced", "fenced"]);
  expect(append(second, batchOf(["refused"])).error).toBe(ERROR.KAFKA_STORAGE_ERROR);
  expect(first.read(0 as Offset, 1000, { minOneBatch: true, until: first.highWatermark }).error).toBe(
    ERROR.KAFKA_STORAGE_ERROR,
  );
  // Waiters are told, once more syncs succeed nothing is acknowledged all the same.
  expect(committed).toBe(1);
  await clock.settleAll();
  expect(first.highWatermark as number).toBe(3);
  await store.close();
  const again = await openStore({ disk });
  expect(valuesOf(readAll(logOf(again.store, first))).slice(0, 3)).toEqual(values(0, 3));
});

test("a segment that can't be synced fences its log alone", async () => {
  const disk = new SimulatedDisk();
  const opened = await openStore({ disk });
  const { store, clock, reports } = opened;
  const bulk = createLog(store, "bulk");
  const other = createLog(store, "other");
  mustAppend(bulk, batchOf(["durable"]));
  await clock.settleAll();
  disk.fail({ kind: "syncDone", path: "/bulk-0/" });
  mustAppend(bulk, batchOf(["x".repeat(6000)]));
  mustAppend(other, batchOf(["fine"]));
  await clock.settleAll();
  expect(reports.lines).toEqual(["fenced bulk-0: its segments could not be synced"]);
  expect(bulk.highWatermark as number).toBe(1);
  expect(bulk.fault).toBe("fenced");
  expect(append(bulk, batchOf(["refused"])).error).toBe(ERROR.KAFKA_STORAGE_ERROR);
  expect(other.highWatermark as number).toBe(1);
  expect(store.status().uncommittedBytes).toBe(0);
  await appendEach(opened, other, 0, 5);
  expect(other.highWatermark as number).toBe(6);
  const recovered = await openStore({ disk: disk.crash("nothing") });
  expect(valuesOf(readAll(logOf(recovered.store, bulk)))).toEqual(["durable"]);
});

test("a log that is fenced by a failed append says so", async () => {
  const disk = new SimulatedDisk();
  const { store, clock, reports } = await openStore({ disk });
  const log = createLog(store);
  mustAppend(log, batchOf(["durable"]));
  await clock.settleAll();
  disk.fail({ kind: "write", path: "/readings-0/" });
  expect(append(log, batchOf(["refused"])).error).toBe(ERROR.KAFKA_STORAGE_ERROR);
  expect(reports.lines).toEqual(["fenced readings-0: an append failed"]);
});

test("what the journal has of a fenced log outlives the reuse of the journal", async () => {
  const disk = new SimulatedDisk();
  const opened = await openStore({ disk, limits: { journalBytes: 16 * 1024, journalRoundBytes: 8 * 1024 } });
  const { store, reports } = opened;
  const ill = createLog(store, "ill");
  const other = createLog(store, "other");
  await appendEach(opened, ill, 0, 2);
  disk.fail({ kind: "syncDone", path: "/ill-0/" });
  // Many rounds of another log: both halves of the journal are reused several times.
  await appendEach(opened, other, 0, 60);
  expect(reports.lines).toEqual(["fenced ill-0: its segments could not be synced"]);
  expect(disk.list(`${ROOT}/journal`).filter((name) => name.startsWith("kept.")).length).toBe(1);
  const recovered = await openStore({ disk: disk.crash("nothing") });
  expect(valuesOf(readAll(logOf(recovered.store, ill)))).toEqual(values(0, 2));
  expect(valuesOf(readAll(logOf(recovered.store, other)))).toEqual(values(0, 60));
  await recovered.store.close();
});

test("a kept journal goes once recovery has used it", async () => {
  const disk = new SimulatedDisk();
  const opened = await openStore({ disk, limits: { journalBytes: 16 * 1024, journalRoundBytes: 8 * 1024 } });
  const ill = createLog(opened.store, "ill");
  await appendEach(opened, ill, 0, 2);
  disk.fail({ kind: "syncDone", path: "/ill-0/" });
  await appendEach(opened, createLog(opened.store, "other"), 0, 20);
  const crashed = disk.crash("nothing");
  await (await openStore({ disk: crashed })).store.close();
  expect(crashed.list(`${ROOT}/journal`)).toEqual(["0", "1"]);
  const again = await openStore({ disk: crashed.crash("nothing") });
  expect(valuesOf(readAll(logOf(again.store, ill)))).toEqual(values(0, 2));
});

test("a flipped bit in a sealed segment costs its batch, and is told", async () => {
  const disk = new SimulatedDisk();
  const opened = await openStore({ disk });
  const log = createLog(opened.store);
  await appendEach(opened, log, 0, 150);
  expect(log.segments.length).toBeGreaterThan(2);
  const sealed = log.segments[0];
  if (sealed === undefined) throw new Error("no segment");
  const lastOfSealed = sealed.nextOffset;
  await opened.store.close();
  const batchBytes = batchOf(values(0, 1)).length;
  disk.flipBit(sealed.path, (batchBytes * 10 + 70) * 8);
  const again = await openStore({ disk });
  await maintain(again, 3);
  expect(again.reports.matching("quarantined")).toEqual([
    "quarantined readings-0 10 to 11: batches are damaged",
  ]);
  expect(again.reports.matching("deleted")).toEqual(["deleted readings-0 10 to 11: corruption"]);
  const expected = values(0, 150).filter((_, i) => i !== 10);
  expect(valuesOf(readAll(logOf(again.store, log)))).toEqual(expected);
  expect(lastOfSealed).toBeLessThan(150);
  expect(disk.list(`${ROOT}/quarantine`)).toEqual(["readings-0.00000000000000000000.log"]);
  // A reader within the gap is moved on, as after compaction.
  const gap = logOf(again.store, log).read(10 as Offset, 1, { minOneBatch: true, until: 150 as Offset });
  expect("nextOffset" in gap && gap.nextOffset).toBe(12 as Offset);
  const later = await openStore({ disk: disk.crash("nothing") });
  expect(valuesOf(readAll(logOf(later.store, log)))).toEqual(expected);
});

test("a flipped length in a sealed segment costs its batch only", async () => {
  const disk = new SimulatedDisk();
  const opened = await openStore({ disk });
  const log = createLog(opened.store);
  await appendEach(opened, log, 0, 100);
  await opened.store.close();
  const batchBytes = batchOf(values(0, 1)).length;
  disk.flipBit(segmentPath(log, 0), (batchBytes * 5 + 10) * 8 + 2);
  const again = await openStore({ disk });
  await maintain(again, 2);
  expect(again.reports.matching("quarantined")).toEqual([
    "quarantined readings-0 5 to 6: batches are damaged",
  ]);
  const expected = values(0, 100).filter((_, i) => i !== 5);
  expect(valuesOf(readAll(logOf(again.store, log)))).toEqual(expected);
});

test("a flipped bit in the active segment, below the recovery point, is found after a crash", async () => {
  const disk = new SimulatedDisk();
  const opened = await openStore({ disk });
  const log = createLog(opened.store);
  await appendEach(opened, log, 0, 20);
  await checkpoint(opened);
  await appendEach(opened, log, 20, 25);
  const crashed = disk.crash("nothing");
  const batchBytes = batchOf(values(0, 1)).length;
  crashed.flipBit(segmentPath(log, 0), (batchBytes * 7 + 90) * 8);
  const again = await openStore({ disk: crashed });
  const found = logOf(again.store, log);
  // It serves at once; the check in the background finds the damage.
  expect(found.highWatermark as number).toBe(25);
  mustAppend(found, batchOf(values(25, 26)));
  await again.clock.settleAll();
  await maintain(again, 3);
  expect(again.reports.matching("quarantined")).toEqual([
    "quarantined readings-0 7 to 8: batches are damaged",
  ]);
  const expected = values(0, 26).filter((_, i) => i !== 7);
  expect(valuesOf(readAll(found))).toEqual(expected);
  expect(mustAppend(found, batchOf(["goes on"]))).toBe(26);
});

test("a flipped bit above the recovery point is a torn tail that the journal refills", async () => {
  const disk = new SimulatedDisk();
  const opened = await openStore({ disk });
  const log = createLog(opened.store);
  await appendEach(opened, log, 0, 10);
  const crashed = disk.crash("everything");
  const batchBytes = batchOf(values(0, 1)).length;
  crashed.flipBit(segmentPath(log, 0), (batchBytes * 7 + 90) * 8);
  const again = await openStore({ disk: crashed });
  expect(again.reports.matching("quarantined")).toEqual([]);
  expect(valuesOf(readAll(logOf(again.store, log)))).toEqual(values(0, 10));
});

test("verifyAll finds damage at once", async () => {
  const disk = new SimulatedDisk();
  const opened = await openStore({ disk, limits: { verifyBytesPerTick: 0 } });
  const log = createLog(opened.store);
  await appendEach(opened, log, 0, 100);
  await checkpoint(opened);
  expect(opened.store.verifyAll()).toBeGreaterThan(100 * 100);
  expect(opened.reports.lines).toEqual([]);
  disk.flipBit(segmentPath(log, 0), 8 * 100);
  opened.store.verifyAll();
  expect(opened.reports.matching("quarantined")).toEqual([
    "quarantined readings-0 0 to 1: batches are damaged",
  ]);
});

test("a damaged round of the journal costs only what is nowhere else", async () => {
  const disk = new SimulatedDisk();
  const opened = await openStore({ disk });
  const log = createLog(opened.store);
  await appendEach(opened, log, 0, 10);
  const crashed = disk.crash("nothing");
  crashed.flipBit(`${ROOT}/journal/0`, (4 * 4096 + 200) * 8);
  const again = await openStore({ disk: crashed });
  const found = logOf(again.store, log);
  expect(valuesOf(readAll(found))).toEqual(values(0, 10).filter((_, i) => i !== 4));
  expect(again.reports.matching("quarantined").length).toBe(1);
  expect(again.reports.matching("warning")[0]).toContain("1 rounds of the journal are damaged");
  expect(found.logEndOffset as number).toBe(10);
});

test("a full disk refuses records, lets internal topics go on, and recovers by itself", async () => {
  const disk = new SimulatedDisk();
  const opened = await openStore({ disk, limits: { reserveBytes: 100_000 } });
  const { store, clock, reports } = opened;
  const log = createLog(store);
  const internal = createLog(store, "__cluster_metadata");
  disk.limitFreeBytes(100_000);
  let appended = 0;
  let refused = append(log, batchOf(values(0, 1)));
  while (refused.error === 0 && appended < 1000) {
    appended += 1;
    refused = append(log, batchOf(values(0, 1)));
    await clock.settleAll();
  }
  expect(refused.error).toBe(ERROR.KAFKA_STORAGE_ERROR);
  expect(reports.lines).toEqual(["disk full"]);
  expect(log.fault).toBeNull();
  for (let i = 0; i < 100; i++) mustAppend(internal, batchOf(values(0, 1)));
  await clock.settleAll();
  expect(internal.highWatermark as number).toBe(100);
  expect(readAll(log).length).toBe(appended);
  disk.limitFreeBytes(500_000);
  await maintain(opened, 1);
  expect(reports.lines).toEqual(["disk full", "disk has space"]);
  mustAppend(log, batchOf(values(0, 1)));
  await clock.settleAll();
  expect(readAll(log).length).toBe(appended + 1);
  await store.close();
});

test("with not a byte free nothing breaks, and a restart works", async () => {
  const disk = new SimulatedDisk();
  const opened = await openStore({ disk });
  const log = createLog(opened.store);
  await appendEach(opened, log, 0, 5);
  disk.limitFreeBytes(0);
  for (let i = 0; i < 30; i++) append(log, batchOf(values(0, 1)));
  await opened.clock.settleAll();
  expect(append(log, batchOf(["x".repeat(3000)])).error).toBe(ERROR.KAFKA_STORAGE_ERROR);
  expect(() => createLog(opened.store, "more")).toThrow();
  expect(valuesOf(readAll(log)).slice(0, 5)).toEqual(values(0, 5));
  const again = await openStore({ disk: disk.crash("sectors", 5) });
  expect(valuesOf(readAll(logOf(again.store, log))).slice(0, 5)).toEqual(values(0, 5));
});

test("retention by size makes room on a full disk", async () => {
  const disk = new SimulatedDisk();
  const opened = await openStore({ disk });
  const log = createLog(opened.store);
  await appendEach(opened, log, 0, 200);
  const free = disk.freeBytes(ROOT);
  log.config = { ...CONFIG, retentionBytes: 10_000 };
  await maintain(opened, 3);
  expect(disk.freeBytes(ROOT)).toBeGreaterThan(free);
  expect(opened.reports.matching("deleted readings-0 0 to ").length).toBe(1);
  expect(log.sizeBytes).toBeLessThan(10_000 + CONFIG.segmentBytes);
});

test("more than the disk keeps up with is refused, not kept in memory", async () => {
  const disk = new SimulatedDisk({ syncs: "manual" });
  const opening = openStore({ disk, limits: { maxUncommittedBytes: 2000 } });
  const { store, clock } = await drive(disk, opening);
  const log = createLog(store);
  let refused = append(log, batchOf(values(0, 1)));
  for (let i = 0; i < 100 && refused.error === 0; i++) refused = append(log, batchOf(values(0, 1)));
  expect(refused.error).toBe(ERROR.REQUEST_TIMED_OUT);
  expect(store.status().uncommittedBytes).toBeLessThan(2500);
  await clock.settleAll();
  disk.finishSyncs();
  await clock.settleAll();
  disk.finishSyncs();
  await clock.settleAll();
  expect(store.status().uncommittedBytes).toBe(0);
  mustAppend(log, batchOf(values(0, 1)));
});

test("a lost checkpoint costs a scan and nothing else", async () => {
  for (const damage of ["remove", "zero"] as const) {
    const disk = new SimulatedDisk();
    const opened = await openStore({ disk });
    const log = createLog(opened.store);
    await appendEach(opened, log, 0, 100);
    await checkpoint(opened);
    await appendEach(opened, log, 100, 120);
    const crashed = disk.crash("nothing");
    for (const slot of [0, 1]) {
      const path = `${ROOT}/checkpoint.${slot}`;
      if (damage === "remove") crashed.remove(path);
      else if (crashed.exists(path)) crashed.flipBit(path, 300);
    }
    const again = await openStore({ disk: crashed });
    expect(valuesOf(readAll(logOf(again.store, log)))).toEqual(values(0, 120));
    expect(again.reports.matching("quarantined")).toEqual([]);
  }
});

test("a lost checkpoint and a damaged segment cost one batch", async () => {
  const disk = new SimulatedDisk();
  const opened = await openStore({ disk });
  const log = createLog(opened.store);
  await appendEach(opened, log, 0, 150);
  await checkpoint(opened);
  const crashed = disk.crash("nothing");
  for (const slot of [0, 1]) crashed.remove(`${ROOT}/checkpoint.${slot}`);
  // The journal would refill what is still in it.
  for (const half of [0, 1]) crashed.remove(`${ROOT}/journal/${half}`);
  crashed.flipBit(segmentPath(log, 0), 8 * 500);
  const again = await openStore({ disk: crashed });
  const lost = Math.floor(500 / batchOf(values(0, 1)).length);
  expect(valuesOf(readAll(logOf(again.store, log)))).toEqual(values(0, 150).filter((_, i) => i !== lost));
});

test("a missing sealed segment is reported, the rest is there", async () => {
  const disk = new SimulatedDisk();
  const opened = await openStore({ disk });
  const log = createLog(opened.store);
  await appendEach(opened, log, 0, 150);
  await checkpoint(opened);
  const [, second] = log.segments;
  if (second === undefined) throw new Error("no segment");
  const crashed = disk.crash("nothing");
  crashed.remove(second.path);
  const again = await openStore({ disk: crashed });
  const expected = values(0, 150).filter((_, i) => i < second.baseOffset || i >= second.nextOffset);
  expect(valuesOf(readAll(logOf(again.store, log)))).toEqual(expected);
  expect(again.reports.matching("quarantined").length).toBe(1);
});

test("it starts on garbage", async () => {
  const disk = new SimulatedDisk();
  const first = await openStore({ disk });
  const log = createLog(first.store);
  await appendEach(first, log, 0, 10);
  await first.store.close();
  const garbage = new Uint8Array(5000).fill(0xa5);
  for (const name of ["checkpoint.0", "clean-shutdown", "format", "journal/0", "stray", "half-7"]) {
    disk.remove(`${ROOT}/${name}`);
    const file = disk.createFile(`${ROOT}/${name}`, garbage.length);
    file.write(0, garbage);
    file.close();
  }
  disk.makeFolder(`${ROOT}/empty-0`);
  disk.makeFolder(`${ROOT}/stranger-1`);
  const file = disk.createFile(`${ROOT}/stranger-1/00000000000000000000.log`, garbage.length);
  file.write(0, garbage);
  file.close();
  const again = await openStore({ disk });
  expect(valuesOf(readAll(logOf(again.store, log)))).toEqual(values(0, 10));
  expect(disk.exists(`${ROOT}/empty-0`)).toBe(false);
  expect(disk.exists(`${ROOT}/quarantine/stranger-1`)).toBe(true);
  expect(again.store.status().logs).toBe(1);
  await appendEach(again, logOf(again.store, log), 10, 12);
  await again.store.close();
});

test("a partition that can't be read is left alone and answers errors", async () => {
  const disk = new SimulatedDisk();
  const opened = await openStore({ disk });
  const ill = createLog(opened.store, "ill");
  const well = createLog(opened.store, "healthy");
  await appendEach(opened, ill, 0, 5);
  await appendEach(opened, well, 0, 5);
  const crashed = disk.crash("nothing");
  crashed.fail({ kind: "openFile", path: "/ill-0/" });
  const again = await openStore({ disk: crashed });
  const found = logOf(again.store, ill);
  expect(found.fault).toBe("quarantined");
  expect(append(found, batchOf(["no"])).error).toBe(ERROR.KAFKA_STORAGE_ERROR);
  expect(valuesOf(readAll(logOf(again.store, well)))).toEqual(values(0, 5));
  await again.store.close();
  // The journal's copy was kept: once the file can be read again, everything is there.
  const healed = await openStore({ disk: crashed });
  expect(valuesOf(readAll(logOf(healed.store, ill)))).toEqual(values(0, 5));
});

test("a data folder has one owner, and a known format", async () => {
  const disk = new SimulatedDisk();
  const opened = await openStore({ disk });
  const second = await openStore({ disk }).catch((error: unknown) => error);
  expect(hasCode(second, "DATA_FOLDER_LOCKED")).toBe(true);
  await opened.store.close();
  const words = "headwater-log 2 0011223344556677";
  const { crc32c } = await import("../../src/base/crc32c.ts");
  const bytes = new TextEncoder().encode(words);
  const sum = crc32c(bytes, 0, bytes.length).toString(16).padStart(8, "0");
  disk.replaceFile(`${ROOT}/format`, new TextEncoder().encode(`${words} ${sum}\n`));
  const third = await openStore({ disk }).catch((error: unknown) => error);
  expect(hasCode(third, "DATA_FORMAT_UNKNOWN")).toBe(true);
  // The lock was given back.
  disk.replaceFile(`${ROOT}/format`, new TextEncoder().encode("damaged"));
  await (await openStore({ disk })).store.close();
});

test("a deleted topic never comes back, nor into its successor", async () => {
  const disk = new SimulatedDisk();
  const opened = await openStore({ disk });
  const old = createLog(opened.store);
  await appendEach(opened, old, 0, 5);
  opened.store.delete(old);
  expect(append(old, batchOf(["no"])).error).toBe(ERROR.KAFKA_STORAGE_ERROR);
  const successor = opened.store.create({ topic: "readings", topicId: topicId(99), partition: 0 }, CONFIG);
  for (const mode of ["nothing", "everything", "pages", "process"] as const) {
    const again = await openStore({ disk: disk.crash(mode, 2) });
    expect(again.store.get(old.topicId, 0)).toBeNull();
    expect(logOf(again.store, successor).logEndOffset as number).toBe(0);
    await maintain(again, 2);
  }
});

test("a half-made folder is not taken for the deleted topic of the same name", async () => {
  const disk = new SimulatedDisk();
  const opened = await openStore({ disk });
  const old = createLog(opened.store);
  await appendEach(opened, old, 0, 5);
  await checkpoint(opened);
  opened.store.delete(old);
  // The successor's creation is cut off before its id is written: an empty segment in a folder without an id.
  disk.makeFolder(old.folder);
  disk.createFile(`${old.folder}/00000000000000000000.log`, 1024).close();
  const again = await openStore({ disk: disk.crash("everything") });
  expect(again.reports.matching("quarantined")).toEqual([]);
  expect(again.store.status().logs).toBe(0);
});

test("a killed process's unsynced names and bytes survive the power cut that follows recovery", async () => {
  const disk = new SimulatedDisk({ syncs: "manual" });
  const opened = await drive(disk, openStore({ disk }));
  const log = createLog(opened.store);
  for (let i = 0; i < 10; i++) mustAppend(log, batchOf(["x".repeat(2000)]));
  // Nothing was synced, and new segment files are in the page cache only.
  expect(log.segments.length).toBeGreaterThan(1);
  const killed = disk.crash("process");
  const recovered = await drive(killed, openStore({ disk: killed }));
  expect(readAll(logOf(recovered.store, log)).length).toBe(10);
  const cut = killed.crash("nothing");
  const again = await drive(cut, openStore({ disk: cut }));
  expect(readAll(logOf(again.store, log)).length).toBe(10);
  expect(again.reports.matching("quarantined")).toEqual([]);
});

async function drive<Result>(disk: SimulatedDisk, promise: Promise<Result>): Promise<Result> {
  let settled = false;
  const watched = promise.finally(() => {
    settled = true;
  });
  while (!settled) {
    disk.finishSyncs();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return watched;
}
