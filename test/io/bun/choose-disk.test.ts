import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chooseDisk, findFlaw } from "../../../src/io/bun/choose-disk.ts";
import { MappedDisk } from "../../../src/io/bun/mapped-disk.ts";
import { PlainDisk } from "../../../src/io/bun/plain-disk.ts";
import type { Disk, DiskFile } from "../../../src/io/disk.ts";
import { codeOf } from "../disk-contract.ts";

const folder = mkdtempSync(join(tmpdir(), "headwater-choose-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const IN_PLACE = [0xef53, 0x58465342, 0x01021994];

describe("choice of the disk", () => {
  test("by setting", () => {
    const plain = chooseDisk(folder, "plain");
    expect([plain.disk.kind, plain.reason]).toEqual(["plain", "chosen by setting"]);
    expect(chooseDisk(folder, "mapped").disk.kind).toBe("mapped");
  });

  test("by file system", () => {
    const choice = chooseDisk(folder, "auto");
    const inPlace = IN_PLACE.includes(statfsSync(folder).type >>> 0);
    expect(choice.disk.kind).toBe(inPlace ? "mapped" : "plain");
    expect(choice.reason).toContain(choice.fileSystem);
  });

  test("leaves nothing in the folder", () => {
    chooseDisk(folder, "auto");
    expect(new PlainDisk().list(folder)).toEqual([]);
  });

  test("a folder that is not there is an error, not a choice", () => {
    expect(codeOf(() => chooseDisk(join(folder, "none"), "auto"))).toBe("DISK_IO");
  });
});

describe("test of the mapping", () => {
  test("passes here", () => {
    expect(findFlaw(new MappedDisk(), new PlainDisk(), folder)).toBeNull();
  });

  const flawed = (name: string, spoil: (file: DiskFile) => Partial<DiskFile>, expected: RegExp) => {
    test(`finds ${name}`, () => {
      const disk = new MappedDisk();
      const createFile = disk.createFile.bind(disk);
      const spoilt: Disk = Object.assign(Object.create(disk) as Disk, {
        createFile(path: string, sizeBytes: number): DiskFile {
          const file = createFile(path, sizeBytes);
          return wrap(file, spoil(file));
        },
        remove: (path: string) => disk.remove(path),
      });
      expect(findFlaw(spoilt, new PlainDisk(), folder)).toMatch(expected);
      expect(new PlainDisk().list(folder)).toEqual([]);
    });
  };

  flawed(
    "views that start at the page instead of the position",
    (file) => ({ view: (position, length) => file.view(position - (position % 4096), length) }),
    /not in the mapping/,
  );
  flawed("stores that never reach the file", () => ({ write: () => {} }), /not in the file/);
  flawed(
    "stores that land elsewhere",
    (file) => ({ write: (position, bytes) => file.write(position - (position % 4096), bytes) }),
    /not in the file/,
  );
  flawed(
    "a mapping that throws",
    () => ({
      view: () => {
        throw new Error("mmap: ENODEV");
      },
    }),
    /ENODEV/,
  );
});

function wrap(file: DiskFile, overrides: Partial<DiskFile>): DiskFile {
  return {
    path: file.path,
    sizeBytes: file.sizeBytes,
    write: (position, bytes) => file.write(position, bytes),
    view: (position, length) => file.view(position, length),
    copy: (position, length, into, at) => file.copy(position, length, into, at),
    sync: () => file.sync(),
    syncNow: () => file.syncNow(),
    resize: (sizeBytes) => file.resize(sizeBytes),
    relax: () => file.relax(),
    close: () => file.close(),
    ...overrides,
  };
}
