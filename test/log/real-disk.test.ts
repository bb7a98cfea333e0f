import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Offset } from "../../src/base/ids.ts";
import { SystemClock } from "../../src/io/bun/clock.ts";
import { MappedDisk } from "../../src/io/bun/mapped-disk.ts";
import { PlainDisk } from "../../src/io/bun/plain-disk.ts";
import type { Disk } from "../../src/io/disk.ts";
import { LogStore } from "../../src/log/log-store.ts";
import type { PartitionLog } from "../../src/log/partition-log.ts";
import { batchOf, createLog, mustAppend, readAll, SMALL_CONFIG, topicId, valuesOf } from "./support.ts";

const roots: string[] = [];
afterAll(() => {
  for (const root of roots) rmSync(root, { recursive: true, force: true });
});

function folder(): string {
  const root = mkdtempSync(join(tmpdir(), "headwater-log-"));
  roots.push(root);
  return join(root, "data");
}

async function durable(store: LogStore, logs: readonly PartitionLog[]): Promise<void> {
  const isDone = () => logs.every((log) => log.highWatermark === log.logEndOffset);
  await new Promise<void>((resolve) => {
    store.onCommitted(() => {
      if (isDone()) resolve();
    });
    if (isDone()) resolve();
  });
}

const disks: readonly (readonly [string, () => Disk])[] = [
  ["mapped", () => new MappedDisk()],
  ["plain", () => new PlainDisk()],
];

describe.each(disks)("on the %s disk", (_name, makeDisk) => {
  const open = (root: string) =>
    LogStore.open({
      disk: makeDisk(),
      clock: new SystemClock(),
      folder: root,
      limits: {
        journalBytes: 256 * 1024,
        journalRoundBytes: 64 * 1024,
        directBytes: 16 * 1024,
        reserveBytes: 0,
      },
      configFor: () => SMALL_CONFIG,
    });

  test("appends small and large are durable, read back, and there after a restart", async () => {
    const root = folder();
    const store = await open(root);
    const logs = [0, 1, 2].map((partition) => createLog(store, "readings", partition));
    const large = "y".repeat(5000);
    for (let i = 0; i < 60; i++) {
      for (const log of logs) mustAppend(log, batchOf([`${i}`, i % 10 === 0 ? large : "small"]));
      if (i % 20 === 0) await durable(store, logs);
    }
    await durable(store, logs);
    const expected = Array.from({ length: 60 }, (_, i) => [`${i}`, i % 10 === 0 ? large : "small"]).flat();
    for (const log of logs) expect(valuesOf(readAll(log))).toEqual(expected);
    await store.maintain(Date.now());
    await store.close();
    const again = await open(root);
    for (const log of logs) {
      const found = again.get(log.topicId, log.partition);
      if (found === null) throw new Error("gone");
      expect(valuesOf(readAll(found, 0, 700))).toEqual(expected);
      expect(found.read(30 as Offset, 10, { minOneBatch: true, until: found.highWatermark }).error).toBe(0);
    }
    await again.close();
  });

  test("a store that was not closed recovers", async () => {
    const root = folder();
    const store = await open(root);
    const log = createLog(store);
    for (let i = 0; i < 300; i++) mustAppend(log, batchOf([`${i}`.padEnd(100)]));
    await durable(store, [log]);
    // A second process can't be had here: the folder is copied as it is, lock and all.
    const copy = folder();
    const { cpSync } = await import("node:fs");
    cpSync(root, copy, { recursive: true });
    const recovered = await open(copy);
    const found = recovered.get(log.topicId, 0);
    if (found === null) throw new Error("gone");
    expect(valuesOf(readAll(found)).length).toBe(300);
    await recovered.close();
    await store.close();
  });
});

test("a thousand partitions stay within their bounds", async () => {
  const root = folder();
  const store = await LogStore.open({
    disk: new MappedDisk(),
    clock: new SystemClock(),
    folder: root,
    limits: { maxOpenFiles: 100, maxMappedBytes: 8 * 1024 * 1024, reserveBytes: 0 },
  });
  const identities = Array.from({ length: 1000 }, (_, partition) => ({
    topic: "many",
    topicId: topicId(1),
    partition,
  }));
  const logs = store.createAll(identities, SMALL_CONFIG);
  for (let round = 0; round < 3; round++) {
    for (const log of logs) mustAppend(log, batchOf([`${round} ${log.partition}`]));
    await durable(store, logs);
    expect(store.status().openFiles).toBeLessThanOrEqual(100);
    expect(store.status().mappedBytes).toBeLessThanOrEqual(8 * 1024 * 1024);
  }
  for (const log of logs) {
    expect(valuesOf(readAll(log))).toEqual([0, 1, 2].map((round) => `${round} ${log.partition}`));
  }
  await store.close();
  const again = await LogStore.open({
    disk: new MappedDisk(),
    clock: new SystemClock(),
    folder: root,
    limits: { maxOpenFiles: 100, reserveBytes: 0 },
  });
  expect(again.status().logs).toBe(1000);
  expect(again.status().openFiles).toBe(0);
  expect(again.get(topicId(1), 999)?.logEndOffset as number).toBe(3);
  await again.close();
}, 60_000);
