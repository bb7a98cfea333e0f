import { expect, test } from "bun:test";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import { IndexBudget, type IndexHolder } from "../../src/log/index-budget.ts";
import { batchOf, createLog, mustAppend, openStore, readAll } from "./support.ts";

test("what was used longest ago is given up", () => {
  const budget = new IndexBudget(100);
  const given: number[] = [];
  const holders = [0, 1, 2, 3].map((i): IndexHolder => ({ giveUpIndexes: () => void given.push(i) }));
  const hold = (i: number, bytes: number) => budget.hold(holders[i] as IndexHolder, bytes);
  hold(0, 40);
  hold(1, 40);
  hold(0, 45);
  hold(2, 40);
  expect(given).toEqual([1]);
  expect(budget.bytes).toBe(85);
  hold(3, 500);
  expect(given).toEqual([1, 0, 2]);
  expect(budget.bytes).toBe(500);
  budget.release(holders[3] as IndexHolder);
  expect(budget.bytes).toBe(0);
});

test("logs whose indexes were given up are written and read as before", async () => {
  const disk = new SimulatedDisk();
  const opened = await openStore({ disk, limits: { indexBytes: 1500 } });
  const logs = [0, 1, 2, 3, 4].map((partition) => createLog(opened.store, "many", partition));
  for (let i = 0; i < 120; i++) {
    for (const log of logs) mustAppend(log, batchOf([`${i}`.padEnd(80)], { timestampMs: i }));
  }
  await opened.clock.settleAll();
  for (const log of logs) {
    expect(readAll(log, 0, 300).map((record) => record.timestampMs)).toEqual(
      Array.from({ length: 120 }, (_, i) => i),
    );
    expect(log.offsetForTimestamp(77)?.offset as number).toBe(77);
  }
});
