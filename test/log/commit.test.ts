import { describe, expect, test } from "bun:test";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import type { PartitionLog } from "../../src/log/partition-log.ts";
import { batchOf, createLog, mustAppend, openStore } from "./support.ts";

/** A store that lingers, and a log for each of the writers. */
async function writers(lingerMs: number, count: number) {
  const opened = await openStore({ disk: new SimulatedDisk({ seed: 1 }), limits: { lingerMs } });
  const logs = Array.from({ length: count }, (_, index) => createLog(opened.store, `t${index}`));
  await opened.clock.settleAll();
  return { ...opened, logs };
}

function append(logs: readonly PartitionLog[]): void {
  for (const log of logs) mustAppend(log, batchOf(["v"]));
}

describe("a commit round", () => {
  test("has all that a turn brought, and starts at its end", async () => {
    const { store, clock, logs } = await writers(0, 20);
    const before = store.status().rounds;
    append(logs);
    await clock.settleAll();
    expect(store.status().rounds).toBe(before + 1);
    expect(logs.every((log) => log.highWatermark === log.logEndOffset)).toBe(true);
  });

  test("waits for as many appends as the one before had", async () => {
    const { store, clock, logs } = await writers(5, 10);
    append(logs);
    await clock.settleAll();
    clock.advance(5);
    await clock.settleAll();
    const before = store.status().rounds;
    append(logs.slice(0, 4));
    await clock.settleAll();
    expect(store.status().rounds).toBe(before);
    append(logs.slice(4));
    await clock.settleAll();
    expect(store.status().rounds).toBe(before + 1);
    expect(logs.every((log) => log.highWatermark === log.logEndOffset)).toBe(true);
  });

  test("waits no longer than it may for appends that don't come", async () => {
    const { clock, logs } = await writers(5, 10);
    append(logs);
    clock.advance(5);
    await clock.settleAll();
    append(logs.slice(0, 1));
    clock.advance(4);
    await clock.settleAll();
    expect(logs[0]?.highWatermark).toBe(1 as never);
    clock.advance(1);
    await clock.settleAll();
    expect(logs[0]?.highWatermark).toBe(2 as never);
  });

  test("of a lone writer never waits", async () => {
    const { clock, logs } = await writers(1000, 1);
    clock.advance(1000);
    await clock.settleAll();
    for (let round = 1; round <= 5; round += 1) {
      append(logs);
      await clock.settleAll();
      if (round === 1) clock.advance(1000);
      await clock.settleAll();
      expect(logs[0]?.highWatermark).toBe(round as never);
    }
  });
});

describe("closing", () => {
  test("acknowledges what still waits for its round", async () => {
    const { store, clock, logs } = await writers(5, 3);
    append(logs);
    await clock.settleAll();
    clock.advance(5);
    await clock.settleAll();
    const [log] = logs;
    if (log === undefined) throw new Error("no log");
    append([log]);
    let acknowledged = false;
    store.onCommitted(() => {
      acknowledged ||= log.highWatermark === log.logEndOffset && log.fault === null;
    });
    const closing = store.close();
    await clock.settleAll();
    expect(acknowledged).toBe(false);
    clock.advance(5);
    await clock.settleAll();
    await closing;
    expect(acknowledged).toBe(true);
  });

  test("waits for the round that is under way", async () => {
    const disk = new SimulatedDisk({ syncs: "manual" });
    const opening = openStore({ disk });
    for (let i = 0; i < 50; i++) {
      disk.finishSyncs();
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { store, clock } = await opening;
    const log = createLog(store);
    mustAppend(log, batchOf(["v"]));
    await clock.settleAll();
    // The journal's sync has begun.
    let closed = false;
    const closing = store.close().then(() => {
      closed = true;
    });
    await clock.settleAll();
    expect([closed, log.highWatermark as number, log.fault]).toEqual([false, 0, null]);
    let acknowledged = false;
    store.onCommitted(() => {
      acknowledged ||= log.highWatermark === log.logEndOffset && log.fault === null;
    });
    for (let i = 0; i < 50 && !closed; i++) {
      disk.finishSyncs();
      await clock.settleAll();
    }
    await closing;
    expect(acknowledged).toBe(true);
  });
});
