import { expect, test } from "bun:test";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import { batchOf, createLog, mustAppend, openStore, readAll, valuesOf } from "./support.ts";

test("an append is seen once its commit round is durable, and not before", async () => {
  const disk = new SimulatedDisk({ syncs: "manual" });
  const opening = openStore({ disk });
  while (disk.pendingSyncs > 0 || !(await settledWithin(opening))) disk.finishSyncs();
  const { store, clock } = await opening;
  const log = createLog(store);
  expect(mustAppend(log, batchOf(["a", "b"]))).toBe(0);
  expect(log.logEndOffset as number).toBe(2);
  expect(log.highWatermark as number).toBe(0);
  await clock.settleAll();
  expect(log.highWatermark as number).toBe(0);
  mustAppend(log, batchOf(["c"]));
  disk.finishSyncs();
  await clock.settleAll();
  expect(log.highWatermark as number).toBe(2);
  expect(valuesOf(readAll(log))).toEqual(["a", "b"]);
  disk.finishSyncs();
  await clock.settleAll();
  expect(valuesOf(readAll(log))).toEqual(["a", "b", "c"]);
});

test("everything is there after a clean shutdown, without a scan", async () => {
  const disk = new SimulatedDisk();
  const first = await openStore({ disk });
  const log = createLog(first.store);
  for (let i = 0; i < 200; i++) mustAppend(log, batchOf([`value ${i} ${"x".repeat(100)}`]));
  await first.clock.settleAll();
  expect(log.segments.length).toBeGreaterThan(2);
  await first.store.close();
  const views = disk.counts.view;
  const second = await openStore({ disk });
  // One glance at the start of the log's active segment.
  expect(disk.counts.view - views).toBe(1);
  expect(second.reports.lines).toEqual([]);
  const again = second.store.get(log.topicId, 0);
  if (again === null) throw new Error("the log is gone");
  expect(readAll(again).length).toBe(200);
  mustAppend(again, batchOf(["more"]));
  await second.clock.settleAll();
  expect(readAll(again).length).toBe(201);
  await second.store.close();
});

test("after a crash the journal brings back what the segments lost", async () => {
  for (const mode of ["nothing", "everything", "pages", "sectors", "process"] as const) {
    const disk = new SimulatedDisk();
    const first = await openStore({ disk });
    const log = createLog(first.store);
    for (let i = 0; i < 50; i++) {
      mustAppend(log, batchOf([`value ${i}`]));
      await first.clock.settleAll();
    }
    expect(log.highWatermark as number).toBe(50);
    const crashed = disk.crash(mode, 3);
    const second = await openStore({ disk: crashed });
    const again = second.store.get(log.topicId, 0);
    if (again === null) throw new Error("the log is gone");
    expect(valuesOf(readAll(again))).toEqual(Array.from({ length: 50 }, (_, i) => `value ${i}`));
    await second.store.close();
  }
});

async function settledWithin(promise: Promise<unknown>): Promise<boolean> {
  return Promise.race([
    promise.then(() => true),
    new Promise<boolean>((resolve) => setImmediate(() => resolve(false))),
  ]);
}
