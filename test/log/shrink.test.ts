import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Offset } from "../../src/base/ids.ts";
import { MappedDisk } from "../../src/io/bun/mapped-disk.ts";
import type { Disk } from "../../src/io/disk.ts";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import { IndexBudget, type IndexHolder } from "../../src/log/index-budget.ts";
import { type FileSlot, OpenFiles } from "../../src/log/open-files.ts";
import { batchOf, createLog, mustAppend, openStore, readAll, SMALL_CONFIG, text } from "./support.ts";

const RECORDS = 200;

function slot(disk: SimulatedDisk, path: string, dirty = false): FileSlot {
  disk.createFile(path, 100).close();
  return { path, file: null, pins: 0, dirty, lastUse: 0, countedBytes: 0 };
}

describe("open files that are given back", () => {
  const bounds = { maxOpenFiles: 100, maxMappedBytes: 10_000, residentBytes: 1e9 };

  test("are all that nobody has a hold of, and that are synced", () => {
    const disk = new SimulatedDisk();
    const files = new OpenFiles(disk, bounds);
    const [idle, pinned, dirty] = [slot(disk, "/a"), slot(disk, "/b"), slot(disk, "/c", true)];
    for (const each of [idle, pinned, dirty]) files.use(each);
    files.pin(pinned);
    files.shrink();
    expect([idle, pinned, dirty].map(({ file }) => file !== null)).toEqual([false, true, true]);
    expect([files.count, files.mappedBytes]).toEqual([2, 200]);
    files.unpin(pinned);
    files.shrink();
    expect(files.count).toBe(1);
    expect(files.use(idle).view(0, 1)).toHaveLength(1);
  });

  test("leave within the bounds those whose files are held", () => {
    const disk = new SimulatedDisk();
    const files = new OpenFiles(disk, { ...bounds, maxOpenFiles: 4 });
    const held = ["/a", "/b", "/c"].map((path) => slot(disk, path));
    for (const each of held) {
      files.use(each);
      files.pin(each);
    }
    for (let round = 0; round < 10; round++) {
      const passing = ["1", "2", "3"].map((name) => slot(disk, `/${round}-${name}`));
      for (const each of passing) files.use(each);
      expect(files.count).toBeLessThanOrEqual(4);
      files.shrink();
      expect(files.count).toBe(held.length);
    }
  });
});

test("indexes are given up but for the share that is used most", () => {
  const budget = new IndexBudget(800);
  const given: number[] = [];
  const holders = Array.from(
    { length: 8 },
    (_, i): IndexHolder => ({ giveUpIndexes: () => void given.push(i) }),
  );
  for (const holder of holders) budget.hold(holder, 50);
  budget.shrink();
  expect(given).toEqual([0, 1, 2, 3, 4, 5]);
  expect(budget.bytes).toBe(100);
  budget.shrink();
  expect(given).toHaveLength(6);
});

async function filled(disk: Disk, folder?: string) {
  const opened = await openStore({ disk, ...(folder === undefined ? {} : { folder }) });
  const { store, clock } = opened;
  const log = createLog(store, "readings", 0, SMALL_CONFIG);
  for (let i = 0; i < RECORDS; i++) {
    mustAppend(log, batchOf([`${i}`.padEnd(200)], { timestampMs: i, key: `device-${i % 5}` }));
    await clock.settleAll();
  }
  const tick = async () => {
    clock.advance(61_000);
    const maintained = store.maintain(clock.nowMs());
    await clock.settleAll();
    await maintained;
  };
  while (log.segments.some(({ sealed, keyIndexed }) => sealed && !keyIndexed)) await tick();
  return { ...opened, log };
}

describe("a store that shrinks", () => {
  test("has few files open, and is read, searched and appended to as before", async () => {
    const { store, log, clock } = await filled(new SimulatedDisk());
    const find = () => log.readKey(text("device-3"), 0 as Offset, 1 << 20).batches.length;
    const readBefore = readAll(log).map(({ timestampMs }) => timestampMs);
    const foundBefore = find();
    expect(store.status().openFiles).toBeGreaterThan(4);
    expect(foundBefore).toBeGreaterThan(0);
    store.shrink();
    expect(store.status().openFiles).toBeLessThanOrEqual(1);
    expect(readAll(log).map(({ timestampMs }) => timestampMs)).toEqual(readBefore);
    store.shrink();
    expect(find()).toBe(foundBefore);
    store.shrink();
    expect(log.offsetForTimestamp(77)?.offset as number).toBe(77);
    store.shrink();
    mustAppend(log, batchOf(["last"], { timestampMs: 1000 }));
    store.shrink();
    await clock.settleAll();
    expect(readAll(log).at(-1)?.offset as number).toBe(RECORDS);
    await store.close();
    store.shrink();
  });

  test("does not close a file that is being synced: the append is durable", async () => {
    const disk = new SimulatedDisk();
    const { store, log, clock } = await filled(disk);
    store.shrink();
    // Enough to go past the journal, which syncs the segment itself.
    const end = mustAppend(log, batchOf(["x".repeat(5_000)], { timestampMs: 1 }));
    for (let turn = 0; turn < 5; turn++) {
      store.shrink();
      clock.settle();
    }
    store.shrink();
    await clock.settleAll();
    expect(log.highWatermark as number).toBe(end + 1);
    expect(log.fault).toBeNull();
    await store.close();
  });

  test("unmaps what it has mapped, and a view is good until its turn ends", async () => {
    const root = mkdtempSync(join(tmpdir(), "headwater-shrink-"));
    try {
      const disk = new MappedDisk();
      const file = disk.createFile(join(root, "a"), 4096);
      const files = new OpenFiles(disk, { maxOpenFiles: 9, maxMappedBytes: 1e9, residentBytes: 1e9 });
      file.write(0, text("reading"));
      file.close();
      const one: FileSlot = {
        ...{ path: join(root, "a"), file: null, pins: 0, dirty: false, lastUse: 0, countedBytes: 0 },
      };
      const view = files.use(one).view(0, 7);
      files.shrink();
      expect([files.mappedBytes, new TextDecoder().decode(view)]).toEqual([0, "reading"]);
      await new Promise<void>((resolve) => setImmediate(resolve));
      expect(new TextDecoder().decode(files.use(one).view(0, 7))).toBe("reading");
      files.closeAll();
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
