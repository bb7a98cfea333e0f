import { describe, expect, test } from "bun:test";
import { SimulatedDisk } from "../../../src/io/simulated/disk.ts";
import { isWhole } from "../../../src/log/inspection/damage.ts";
import { type Inspection, inspectStore } from "../../../src/log/inspection/store-check.ts";
import { readJournal } from "../../../src/log/journal.ts";
import type { PartitionLog } from "../../../src/log/partition-log.ts";
import type { Segment } from "../../../src/log/segment.ts";
import { batchOf, createLog, mustAppend, type Opened, openStore, ROOT } from "../support.ts";

const FIRST = `${ROOT}/readings-0/00000000000000000000`;

function inspect(disk: SimulatedDisk, isRunning = false): Inspection {
  return inspectStore({ disk, folder: ROOT, isRunning, topic: null });
}

/** Appends batches of three records, each with keys, until there are some segments; every batch is durable. */
async function fill(opened: Opened, log: PartitionLog, batches = 120): Promise<void> {
  for (let i = 0; i < batches; i++) {
    mustAppend(
      log,
      batchOf([`a${i}`, "b".repeat(100), `c${i}`], { key: `pump-${i % 7}`, timestampMs: 1000 + i * 10 }),
    );
    await opened.clock.settleAll();
  }
}

/** A store with several sealed segments and an active one, with all of their indexes. */
async function filled(): Promise<{ disk: SimulatedDisk; opened: Opened; log: PartitionLog }> {
  const disk = new SimulatedDisk();
  const opened = await openStore({ disk });
  const log = createLog(opened.store);
  await fill(opened, log);
  for (let i = 0; i < 30; i++) {
    await opened.store.maintain(i);
    await opened.clock.advance(1000);
  }
  return { disk, opened, log };
}

async function closed(): Promise<SimulatedDisk> {
  const { disk, opened, log } = await filled();
  while (currentHalf(disk) === null) await fill(opened, log, 1);
  expect(log.segments.length).toBeGreaterThan(2);
  await opened.store.close();
  return disk;
}

/** The machine as power left it, with everything in place that was written. */
async function cutOff(): Promise<SimulatedDisk> {
  const { disk, opened, log } = await filled();
  while (currentHalf(disk) === null) await fill(opened, log, 3);
  return disk.crash("process");
}

/** The half of the journal that is written to, once it has some rounds. */
function currentHalf(disk: SimulatedDisk): string | null {
  const halves = [`${ROOT}/journal/0`, `${ROOT}/journal/1`].map((path) => {
    const file = disk.openFile(path, "read");
    const { rounds, highestGeneration } = readJournal(file, null);
    file.close();
    return { path, rounds: rounds.length, highestGeneration };
  });
  const newest = halves.sort((a, b) => b.highestGeneration - a.highestGeneration)[0];
  if (newest === undefined) throw new Error("there is no journal");
  return newest.rounds > 2 ? newest.path : null;
}

function only(inspection: Inspection) {
  expect(inspection.damages).toHaveLength(1);
  const [damage] = inspection.damages;
  if (damage === undefined) throw new Error("there is no damage");
  expect([damage.what, damage.meaning, damage.remedy].every((text) => text.length > 0)).toBe(true);
  return damage;
}

describe("a whole log", () => {
  test("has no damage after a clean shutdown, and all of it was looked at", async () => {
    const inspection = inspect(await closed());
    expect(inspection.damages).toEqual([]);
    expect(inspection.remarks).toEqual([]);
    expect(inspection.condition).toBe("clean");
    expect(inspection.sums).toMatchObject({ logs: 1, batches: 120 });
    // Offset and time index of each sealed segment at least; there are no transactions.
    expect(inspection.sums.indexes).toBeGreaterThanOrEqual(2 * (inspection.sums.segments - 1));
  });

  test("has none after a power cut either, and what the journal alone has is no loss", async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const { disk, opened, log } = await filled();
      await fill(opened, log, 10);
      const inspection = inspect(disk.crash(seed % 2 === 0 ? "pages" : "sectors", seed));
      // The file of an index that was never synced may hold anything.
      expect(isWhole(inspection.damages)).toBe(true);
      expect(inspection.condition).toBe("unclean");
      expect(inspection.sums.journalRounds).toBeGreaterThan(0);
    }
  });

  test("has none while the gateway runs and writes", async () => {
    const { disk, opened, log } = await filled();
    for (let i = 0; i < 5; i++) {
      await fill(opened, log, 5);
      expect(inspect(disk, true).damages).toEqual([]);
    }
  });

  test("is not changed by the look at it", async () => {
    const disk = await closed();
    const before = { ...disk.counts };
    inspect(disk);
    for (const kind of ["write", "createFile", "remove", "rename", "resize", "sync", "makeFolder"] as const)
      expect(disk.counts[kind]).toBe(before[kind]);
  });
});

describe("a flipped bit", () => {
  test("anywhere in a sealed segment is found, but for the leader epochs, which no sum covers", async () => {
    const disk = await closed();
    const file = disk.openFile(`${FIRST}.log`, "read");
    const { sizeBytes } = file;
    const firstBatch = new DataView(file.view(8, 4).slice().buffer).getInt32(0) + 12;
    file.close();
    for (let position = 0; position < firstBatch; position += 3) {
      if (position >= 12 && position < 16) continue;
      const bit = position * 8 + (position % 8);
      disk.flipBit(`${FIRST}.log`, bit);
      expect(inspect(disk).damages.filter(({ part }) => part === "segment")).not.toEqual([]);
      disk.flipBit(`${FIRST}.log`, bit);
    }
    expect(sizeBytes).toBeGreaterThan(firstBatch);
    expect(inspect(disk).damages).toEqual([]);
  });

  test("in a sealed segment costs the offsets of its batch, and says whose they were", async () => {
    const disk = await closed();
    const file = disk.openFile(`${FIRST}.log`, "read");
    const firstBatch = new DataView(file.view(8, 4).slice().buffer).getInt32(0) + 12;
    file.close();
    // Within the value of a record of the second batch.
    disk.flipBit(`${FIRST}.log`, (firstBatch + 61 + 30) * 8);
    expect(only(inspect(disk))).toMatchObject({
      part: "segment",
      path: `${FIRST}.log`,
      position: firstBatch,
      topic: "readings",
      partition: 0,
      fromOffset: 3,
      toOffset: 6,
      keys: ["pump-1"],
    });
  });

  test("in the active segment is found", async () => {
    const { disk, opened, log } = await filled();
    await opened.store.close();
    const path = log.segments.at(-1)?.path ?? "";
    disk.flipBit(path, 100 * 8);
    expect(only(inspect(disk))).toMatchObject({
      part: "segment",
      path,
      position: 0,
      keys: ["pump-5"],
    });
  });

  test("in what a running gateway has sealed is found", async () => {
    const { disk } = await filled();
    disk.flipBit(`${FIRST}.log`, 100 * 8);
    expect(only(inspect(disk, true))).toMatchObject({ fromOffset: 0, toOffset: 3 });
  });

  for (const suffix of [".index", ".timeindex", ".keys"])
    test(`anywhere in ${suffix} is found`, async () => {
      const disk = await closed();
      const file = disk.openFile(FIRST + suffix, "read");
      const { sizeBytes } = file;
      file.close();
      for (let position = 0; position < sizeBytes; position += 5) {
        const bit = position * 8 + (position % 8);
        disk.flipBit(FIRST + suffix, bit);
        expect(only(inspect(disk))).toMatchObject({
          part: "index",
          isHarmless: true,
          path: FIRST + suffix,
          fromOffset: null,
        });
        disk.flipBit(FIRST + suffix, bit);
      }
    });

  test("in the journal is found after a power cut", async () => {
    const disk = await cutOff();
    expect(inspect(disk).damages).toEqual([]);
    const path = currentHalf(disk) ?? "";
    disk.flipBit(path, (4096 + 100) * 8);
    expect(only(inspect(disk))).toMatchObject({ part: "journal", path, position: 4096, endPosition: 8192 });
  });

  test("in the journal costs nothing after a clean shutdown, and is found", async () => {
    const disk = await closed();
    disk.flipBit(currentHalf(disk) ?? "", (4096 + 100) * 8);
    const damage = only(inspect(disk));
    expect(damage.part).toBe("journal");
    expect(damage.meaning).toContain("nothing is lost");
  });

  test("in a checkpoint, the marker, the format or a partition's metadata is found", async () => {
    const disk = await closed();
    const names = [
      "checkpoint.0",
      "checkpoint.1",
      "clean-shutdown",
      "format",
      "readings-0/partition.metadata",
    ];
    for (const name of names) {
      const path = `${ROOT}/${name}`;
      disk.flipBit(path, 10);
      expect(inspect(disk).damages.some((damage) => damage.path === path || name === "checkpoint.0")).toBe(
        true,
      );
      disk.flipBit(path, 10);
    }
    expect(inspect(disk).damages).toEqual([]);
  });
});

describe("what is missing", () => {
  test("of the end of a segment is found", async () => {
    const disk = await closed();
    const file = disk.openFile(`${FIRST}.log`, "write");
    const { sizeBytes } = file;
    file.resize(sizeBytes - 10);
    file.close();
    const damage = only(inspect(disk));
    expect(damage.what).toContain("the file ends at byte");
    expect((damage.toOffset ?? 0) - (damage.fromOffset ?? 0)).toBe(3);
  });

  test("is a segment, or a partition", async () => {
    const disk = await closed();
    disk.remove(`${FIRST}.log`);
    expect(only(inspect(disk))).toMatchObject({
      path: `${FIRST}.log`,
      fromOffset: 0,
      what: "the segment's file is missing",
    });
    disk.remove(`${ROOT}/readings-0`);
    expect(only(inspect(disk))).toMatchObject({ part: "folder", fromOffset: 0, toOffset: 360 });
  });

  test("is a data folder", () => {
    expect(() => inspect(new SimulatedDisk())).toThrow("is no data folder");
  });
});

test("an index that fits its own sum and not the segment is found", async () => {
  const disk = await closed();
  // One of the same size from another log would be as wrong: here the offset index stands in the time index's place.
  const bytes = disk.readFile(`${FIRST}.index`, 1_000_000);
  if (bytes === null) throw new Error("there is no index");
  const forged = bytes.slice();
  forged[35] = (forged[35] ?? 0) ^ 1;
  const { crc32c } = await import("../../../src/base/crc32c.ts");
  new DataView(forged.buffer).setUint32(4, crc32c(forged, 8, forged.length));
  disk.replaceFile(`${FIRST}.index`, forged);
  expect(only(inspect(disk)).what).toContain("does not say what the segment says");
});

test("a batch that neither the segment nor the journal has is lost, by its offsets", async () => {
  const { disk, opened, log } = await filled();
  const from = log.logEndOffset;
  const active = log.segments.at(-1);
  const startBytes = active?.sizeBytes ?? 0;
  await fill(opened, log, 4);
  expect(log.segments.at(-1)).toBe(active as Segment);
  const batchBytes = ((active?.sizeBytes ?? 0) - startBytes) / 4;
  const crashed = disk.crash("process");
  expect(inspect(crashed).damages).toEqual([]);
  // The second of the four: what the journal has of the third tells that it was acknowledged.
  const half = currentHalf(crashed) ?? "";
  const file = crashed.openFile(half, "read");
  const round = readJournal(file, null).rounds.find(({ entries }) =>
    entries.some(({ offset }) => offset === from + 3),
  );
  file.close();
  crashed.flipBit(half, ((round?.position ?? 0) + 100) * 8);
  crashed.flipBit(active?.path ?? "", (startBytes + batchBytes + 100) * 8);
  const lost = inspect(crashed).damages.filter(({ part }) => part === "segment");
  expect(lost).toMatchObject([{ fromOffset: from + 3, toOffset: from + 6 }]);
});
