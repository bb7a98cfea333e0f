import { expect, test } from "bun:test";
import type { Offset } from "../../src/base/ids.ts";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import type { LogBug } from "../../src/log/log-config.ts";
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
  valuesOf,
} from "./support.ts";

function logOf(store: LogStore, like: PartitionLog): PartitionLog {
  const log = store.get(like.topicId, like.partition);
  if (log === null) throw new Error(`${like.topic} is gone`);
  return log;
}

async function drive<Result>(disk: SimulatedDisk, opened: Opened, promise: Promise<Result>): Promise<Result> {
  let settled = false;
  const watched = promise.finally(() => {
    settled = true;
  });
  while (!settled) {
    disk.finishSyncs();
    await opened.clock.settleAll();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return watched;
}

async function openDriven(disk: SimulatedDisk): Promise<Opened> {
  let opened: Opened | null = null;
  const opening = openStore({ disk }).then((result) => {
    opened = result;
  });
  while (opened === null) {
    disk.finishSyncs();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await opening;
  return opened;
}

test("what a killed process left of the journal is durable before segments go by it", async () => {
  const disk = new SimulatedDisk({ syncs: "manual" });
  const opened = await openDriven(disk);
  const log = createLog(opened.store);
  const value = "v".repeat(3000);
  for (let i = 0; i < 10; i++) {
    mustAppend(log, batchOf([value]));
    await opened.clock.settleAll();
    disk.finishSyncs();
    await opened.clock.settleAll();
  }
  expect(log.segments.length).toBeGreaterThan(3);
  opened.clock.advance(120_000);
  await drive(disk, opened, opened.store.maintain(opened.clock.nowMs()));
  // Asked for and written to the journal, and the process is killed before its sync: the page cache has it.
  const start = log.segments[2]?.baseOffset ?? 0;
  expect(log.deleteRecordsBefore(start as Offset).error).toBe(0);
  await opened.clock.settleAll();
  const cuts: SimulatedDisk[] = [];
  let recovering = false;
  const killed: SimulatedDisk = disk.crash("process", 1, () => {
    if (recovering) cuts.push(killed.crash("nothing"), killed.crash("everything"));
  });
  recovering = true;
  const recovered = await openDriven(killed);
  recovering = false;
  expect(logOf(recovered.store, log).logStartOffset as number).toBe(start);
  expect(cuts.length).toBeGreaterThan(20);
  for (const cut of cuts) {
    const again = await openDriven(cut);
    const found = logOf(again.store, log);
    expect(again.reports.matching("quarantined")).toEqual([]);
    expect([0, start]).toContain(found.logStartOffset);
    expect(readAll(found).length).toBe(10 - found.logStartOffset);
  }
});

test("a producer whose acknowledged batch was lost by damage goes on", async () => {
  const disk = new SimulatedDisk();
  const { store, clock } = await openStore({ disk });
  const log = createLog(store);
  const send = (to: PartitionLog, producerId: number, baseSequence: number) =>
    append(to, batchOf(["v".repeat(200)], { producerId, producerEpoch: 0, baseSequence })).error;
  for (const [producerId, sequence] of [
    [1, 0],
    [1, 1],
    [2, 0],
  ] as const) {
    expect(send(log, producerId, sequence)).toBe(0);
    await clock.settleAll();
  }
  const crashed = disk.crash("nothing");
  // The round with the first producer's second batch, which the segment does not have either.
  crashed.flipBit(`${ROOT}/journal/0`, (4096 + 200) * 8);
  const again = await openStore({ disk: crashed });
  const found = logOf(again.store, log);
  expect(again.reports.matching("quarantined").length).toBe(1);
  expect(found.logEndOffset as number).toBe(3);
  // It was told that sequence 1 is stored, and sends the next.
  expect(send(found, 1, 2)).toBe(0);
  expect(send(found, 2, 1)).toBe(0);
});

/** Offsets after two crashes: the first tears the batch at 1, the second follows what then takes its place. */
async function afterTornTail(bugs: ReadonlySet<LogBug>): Promise<readonly string[]> {
  const disk = new SimulatedDisk();
  const { store, clock } = await openStore({ disk });
  const log = createLog(store);
  for (const value of ["kept", "torn", "tale"]) {
    mustAppend(log, batchOf([value]));
    await clock.settleAll();
  }
  const batchBytes = batchOf(["kept"]).length;
  // As if neither of the last two rounds had been synced: pages of a segment reach the disk in any order.
  const torn = disk.crash("everything");
  torn.flipBit(log.segments[0]?.path ?? "", (batchBytes + 40) * 8);
  for (const round of [1, 2]) torn.flipBit(`${ROOT}/journal/0`, round * 4096 * 8);
  const recovered = await openStore({ disk: torn, bugs });
  const found = logOf(recovered.store, log);
  expect(found.logEndOffset as number).toBe(1);
  // As long as the torn one, so that it ends where the stale one begins.
  mustAppend(found, batchOf(["anew"]));
  await recovered.clock.settleAll();
  const again = await openStore({ disk: torn.crash("everything"), bugs });
  return valuesOf(readAll(logOf(again.store, log)));
}

test("what stood behind a torn batch never comes back", async () => {
  expect(await afterTornTail(new Set())).toEqual(["kept", "anew"]);
  // That it would is what this test is about.
  expect(await afterTornTail(new Set(["keep-torn-tail"]))).toEqual(["kept", "anew", "tale"]);
});
