import { afterAll, describe, expect, test } from "bun:test";
import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Offset } from "../../src/base/ids.ts";
import { SystemClock } from "../../src/io/bun/clock.ts";
import { MappedDisk } from "../../src/io/bun/mapped-disk.ts";
import { SeededRandom } from "../../src/io/simulated/random.ts";
import { LogStore } from "../../src/log/log-store.ts";
import type { PartitionLog } from "../../src/log/partition-log.ts";
import {
  batchOf,
  createLog,
  mustAppend,
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
      expect(valuesOf(readAll(found))).toEqual(VALUES.slice(0, kept));
      await appendAll(first.store, found, VALUES.slice(10, 11));
      expect(valuesOf(readAll(found, 10))).toEqual(VALUES.slice(10, 11));
      expect(found.read(7 as Offset, 1, { minOneBatch: true, until: 11 as Offset })).toMatchObject({
        nextOffset: 11,
      });
      const crashed = newFolder();
      cpSync(folder, crashed, { recursive: true });
      await first.store.close();

      for (const again of [folder, crashed]) {
        const second = await open(again);
        const log2 = find(second.store, log);
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
