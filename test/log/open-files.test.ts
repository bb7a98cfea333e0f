import { expect, test } from "bun:test";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import { type FileSlot, OpenFiles } from "../../src/log/open-files.ts";

function slots(disk: SimulatedDisk, count: number, sizeBytes = 100): (FileSlot & { dirty: boolean })[] {
  return Array.from({ length: count }, (_, i) => {
    disk.createFile(`/${i}`, sizeBytes).close();
    return { path: `/${i}`, file: null, pins: 0, dirty: false, lastUse: 0, countedBytes: 0 };
  });
}

const BOUNDS = { maxOpenFiles: 8, maxMappedBytes: 10_000, residentBytes: 1e9 };
const openOf = (all: readonly FileSlot[]) => all.flatMap((slot, i) => (slot.file === null ? [] : [i]));

test("the files used longest ago are closed first", () => {
  const disk = new SimulatedDisk();
  const files = new OpenFiles(disk, BOUNDS);
  const all = slots(disk, 10);
  for (const slot of all.slice(0, 8)) files.use(slot);
  files.use(all[0] as FileSlot);
  files.use(all[8] as FileSlot);
  expect(openOf(all)).toEqual([0, 3, 4, 5, 6, 7, 8]);
  expect([files.count, files.mappedBytes]).toEqual([7, 700]);
});

test("unsynced files are closed last, pinned ones not at all", () => {
  const disk = new SimulatedDisk();
  const files = new OpenFiles(disk, { ...BOUNDS, maxOpenFiles: 2 });
  const all = slots(disk, 6);
  const [first, second] = all;
  if (first === undefined || second === undefined) throw new Error("slots");
  first.dirty = true;
  for (const slot of all.slice(0, 4)) files.use(slot);
  expect(openOf(all)).toEqual([0, 3]);
  files.pin(first);
  for (const slot of all) slot.dirty = true;
  files.use(all[4] as FileSlot);
  files.use(all[5] as FileSlot);
  expect(openOf(all)).toEqual([0, 5]);
  files.pin(all[5] as FileSlot);
  files.use(second);
  expect(openOf(all)).toEqual([0, 1, 5]);
  files.unpin(first);
  expect(openOf(all)).toEqual([1, 5]);
});

test("the bytes of open files are bounded too", () => {
  const disk = new SimulatedDisk();
  const files = new OpenFiles(disk, { ...BOUNDS, maxMappedBytes: 350 });
  const all = slots(disk, 5);
  for (const slot of all) files.use(slot);
  expect(files.mappedBytes).toBeLessThanOrEqual(350);
  expect(openOf(all)).toEqual([2, 3, 4]);
  all[4]?.file?.resize(340);
  files.resized(all[4] as FileSlot);
  expect(openOf(all)).toEqual([4]);
  files.closeAll();
  expect([files.count, files.mappedBytes]).toEqual([0, 0]);
});
