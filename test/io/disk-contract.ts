import { describe, expect, test } from "bun:test";
import { AssertionError } from "../../src/base/assert.ts";
import { type ErrorCode, hasCode } from "../../src/base/errors.ts";
import type { Disk } from "../../src/io/disk.ts";

/** One disk under test, with an empty folder of its own. */
export interface DiskUnderTest {
  readonly disk: Disk;
  /** Exists and is empty. */
  readonly folder: string;
  /** Whether another process gets the lock of `path`. */
  canLockElsewhere(path: string): boolean;
  dispose(): void;
}

const KIB = 1024;

/** What every disk promises. Rules of io/disk.ts, one test each. */
export function diskContract(name: string, make: () => DiskUnderTest): void {
  const withDisk = (body: (disk: Disk, folder: string, under: DiskUnderTest) => void | Promise<void>) => {
    return async () => {
      const under = make();
      try {
        await body(under.disk, under.folder, under);
      } finally {
        under.dispose();
      }
    };
  };

  describe(`${name}: files`, () => {
    test(
      "a new file has its size and is zero",
      withDisk((disk, folder) => {
        for (const sizeBytes of [0, 1, 4095, 4096, 4097, 70_001]) {
          const file = disk.createFile(`${folder}/f${sizeBytes}`, sizeBytes);
          expect(file.sizeBytes).toBe(sizeBytes);
          const view = file.view(0, sizeBytes);
          expect(view.length).toBe(sizeBytes);
          expect(view.every((byte) => byte === 0)).toBe(true);
          file.close();
        }
      }),
    );

    test(
      "what is written is seen at once, at any position and across pages",
      withDisk((disk, folder) => {
        const file = disk.createFile(`${folder}/f`, 64 * KIB);
        const model = new Uint8Array(64 * KIB);
        let seed = 7;
        for (let round = 0; round < 300; round++) {
          seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
          const length = seed % (round % 3 === 0 ? 9000 : 90);
          const position = (seed >>> 3) % (64 * KIB - length);
          const bytes = pattern(length, round);
          file.write(position, bytes);
          model.set(bytes, position);
          expect(equal(file.view(position, length), bytes)).toBe(true);
          const copied = new Uint8Array(length + 7);
          file.copy(position, length, copied, 5);
          expect(equal(copied.subarray(5, 5 + length), bytes)).toBe(true);
          expect(copied[4]).toBe(0);
          expect(copied[5 + length]).toBe(0);
          expect(() => file.copy(position, length, copied, 8)).toThrow();
          const around = Math.max(0, position - 10);
          const end = Math.min(64 * KIB, position + length + 10);
          expect(equal(file.view(around, end - around), model.subarray(around, end))).toBe(true);
        }
        expect(equal(file.view(0, 64 * KIB), model)).toBe(true);
        file.close();
      }),
    );

    test(
      "the writer may reuse its buffer",
      withDisk((disk, folder) => {
        const file = disk.createFile(`${folder}/f`, 100);
        const bytes = pattern(10, 1);
        file.write(5, bytes);
        bytes.fill(0xff);
        expect(file.view(5, 10)).toEqual(pattern(10, 1));
        file.close();
      }),
    );

    test(
      "a part of a larger buffer is written as that part",
      withDisk((disk, folder) => {
        const file = disk.createFile(`${folder}/f`, 20_000);
        const buffer = pattern(9000, 2);
        for (const [start, end] of [
          [1, 2],
          [7, 90],
          [100, 5000],
          [8999, 9000],
        ] as const) {
          file.write(start * 2, buffer.subarray(start, end));
          expect(equal(file.view(start * 2, end - start), buffer.subarray(start, end))).toBe(true);
        }
        file.close();
      }),
    );

    test(
      "many small appends in a row, with syncs and relax in between, are all there",
      withDisk(async (disk, folder) => {
        const sizeBytes = 400_000;
        const file = disk.createFile(`${folder}/f`, sizeBytes);
        const model = pattern(sizeBytes, 3);
        let syncs = 0;
        for (let position = 0, step = 1; position < sizeBytes; step++) {
          const length = Math.min((step * 37) % 600, sizeBytes - position);
          file.write(position, model.subarray(position, position + length));
          position += length;
          if (step % 97 === 0) file.relax();
          if (step % 331 === 0) {
            await file.sync();
            syncs++;
          }
        }
        expect(syncs).toBeGreaterThan(2);
        expect(equal(file.view(0, sizeBytes), model)).toBe(true);
        file.close();
      }),
    );

    test(
      "a view stays good while other ranges are written, within the turn",
      withDisk((disk, folder) => {
        const file = disk.createFile(`${folder}/f`, 16 * KIB);
        file.write(0, pattern(100, 1));
        const view = file.view(0, 100);
        file.write(100, pattern(8000, 2));
        file.resize(256 * KIB);
        file.write(200 * KIB, pattern(100, 3));
        file.relax();
        expect(equal(view, pattern(100, 1))).toBe(true);
        file.close();
        expect(equal(view, pattern(100, 1))).toBe(true);
      }),
    );

    test(
      "views of the last bytes, of nothing, and of the end",
      withDisk((disk, folder) => {
        const file = disk.createFile(`${folder}/f`, 5000);
        file.write(4990, pattern(10, 4));
        expect(file.view(4990, 10)).toEqual(pattern(10, 4));
        expect(file.view(5000, 0).length).toBe(0);
        file.write(5000, new Uint8Array(0));
        expect(file.view(4999, 1)).toEqual(pattern(10, 4).subarray(9));
        file.close();
      }),
    );

    test(
      "two handles of one file see the same bytes",
      withDisk((disk, folder) => {
        const writer = disk.createFile(`${folder}/f`, 8 * KIB);
        const reader = disk.openFile(`${folder}/f`, "read");
        expect(reader.sizeBytes).toBe(8 * KIB);
        writer.write(4090, pattern(20, 9));
        expect(reader.view(4090, 20)).toEqual(pattern(20, 9));
        writer.close();
        expect(reader.view(4090, 20)).toEqual(pattern(20, 9));
        reader.close();
      }),
    );

    test(
      "content outlives close, sync, relax and reopening",
      withDisk(async (disk, folder) => {
        const file = disk.createFile(`${folder}/f`, 20_000);
        file.write(3, pattern(9000, 5));
        await file.sync();
        file.relax();
        file.syncNow();
        expect(file.view(3, 9000)).toEqual(pattern(9000, 5));
        file.write(15_000, pattern(10, 6));
        file.relax();
        expect(file.view(15_000, 10)).toEqual(pattern(10, 6));
        file.close();
        const again = disk.openFile(`${folder}/f`, "write");
        expect(again.view(3, 9000)).toEqual(pattern(9000, 5));
        again.write(0, pattern(3, 7));
        expect(again.view(0, 3)).toEqual(pattern(3, 7));
        again.close();
      }),
    );

    test(
      "resize grows with zeros, shrinks, and grows again with zeros",
      withDisk((disk, folder) => {
        const file = disk.createFile(`${folder}/f`, 6000);
        file.write(0, pattern(6000, 1));
        file.resize(5001);
        expect(file.sizeBytes).toBe(5001);
        expect(disk.openFile(`${folder}/f`, "read").sizeBytes).toBe(5001);
        file.resize(30_000);
        expect(file.view(0, 5001)).toEqual(pattern(6000, 1).subarray(0, 5001));
        expect(file.view(5001, 24_999).every((byte) => byte === 0)).toBe(true);
        file.write(29_000, pattern(1000, 2));
        expect(file.view(29_000, 1000)).toEqual(pattern(1000, 2));
        file.resize(0);
        expect(file.view(0, 0).length).toBe(0);
        file.resize(10);
        expect(file.view(0, 10)).toEqual(new Uint8Array(10));
        file.close();
      }),
    );

    test(
      "syncs of several files may be under way at once, and survive close",
      withDisk(async (disk, folder) => {
        const syncs: Promise<void>[] = [];
        for (let index = 0; index < 20; index++) {
          const file = disk.createFile(`${folder}/f${index}`, 8 * KIB);
          file.write(0, pattern(100, index));
          syncs.push(file.sync(), file.sync());
          file.close();
        }
        await Promise.all(syncs);
        for (let index = 0; index < 20; index++) {
          const file = disk.openFile(`${folder}/f${index}`, "read");
          expect(file.view(0, 100)).toEqual(pattern(100, index));
          file.close();
        }
      }),
    );

    test(
      "create and open refuse what is there, or is not",
      withDisk((disk, folder) => {
        disk.createFile(`${folder}/f`, 10).close();
        expect(codeOf(() => disk.createFile(`${folder}/f`, 10))).toBe("DISK_IO");
        expect(disk.openFile(`${folder}/f`, "read").sizeBytes).toBe(10);
        expect(codeOf(() => disk.openFile(`${folder}/none`, "read"))).toBe("DISK_IO");
        expect(codeOf(() => disk.openFile(folder, "read"))).toBe("DISK_IO");
        expect(codeOf(() => disk.createFile(`${folder}/none/f`, 10))).toBe("DISK_IO");
      }),
    );

    test(
      "misuse is asserted",
      withDisk((disk, folder) => {
        const file = disk.createFile(`${folder}/f`, 100);
        expect(() => file.write(95, new Uint8Array(6))).toThrow(AssertionError);
        expect(() => file.view(-1, 2)).toThrow(AssertionError);
        expect(() => file.view(50, 51)).toThrow(AssertionError);
        expect(() => file.view(0.5, 1)).toThrow(AssertionError);
        expect(() => file.resize(-1)).toThrow(AssertionError);
        const reader = disk.openFile(`${folder}/f`, "read");
        expect(() => reader.write(0, new Uint8Array(1))).toThrow(AssertionError);
        expect(() => reader.resize(5)).toThrow(AssertionError);
        reader.close();
        file.close();
        file.close();
        for (const use of [
          () => file.view(0, 1),
          () => file.write(0, new Uint8Array(1)),
          () => file.resize(5),
          () => file.syncNow(),
          () => void file.sync(),
        ]) {
          expect(use).toThrow(AssertionError);
        }
      }),
    );
  });

  describe(`${name}: full disk`, () => {
    const far = 2 ** 46;

    test(
      "create throws DISK_FULL and leaves nothing",
      withDisk((disk, folder) => {
        const freeBytes = disk.freeBytes(folder);
        expect(codeOf(() => disk.createFile(`${folder}/f`, far))).toBe("DISK_FULL");
        expect(disk.exists(`${folder}/f`)).toBe(false);
        expect(disk.list(folder)).toEqual([]);
        expect(disk.freeBytes(folder)).toBeGreaterThan(freeBytes / 2);
        disk.createFile(`${folder}/f`, 10).close();
      }),
    );

    test(
      "resize throws DISK_FULL and changes nothing",
      withDisk((disk, folder) => {
        const file = disk.createFile(`${folder}/f`, 5000);
        file.write(0, pattern(5000, 1));
        expect(codeOf(() => file.resize(far))).toBe("DISK_FULL");
        expect(file.sizeBytes).toBe(5000);
        expect(file.view(0, 5000)).toEqual(pattern(5000, 1));
        expect(disk.openFile(`${folder}/f`, "read").sizeBytes).toBe(5000);
        file.close();
      }),
    );

    test(
      "free bytes are a plausible number",
      withDisk((disk, folder) => {
        const freeBytes = disk.freeBytes(folder);
        expect(Number.isSafeInteger(freeBytes) && freeBytes > 0).toBe(true);
        expect(codeOf(() => disk.freeBytes(`${folder}/none`))).toBe("DISK_IO");
      }),
    );
  });

  describe(`${name}: folders`, () => {
    test(
      "make, list, exists, remove",
      withDisk((disk, folder) => {
        expect(disk.list(`${folder}/a`)).toEqual([]);
        disk.makeFolder(`${folder}/a/b/c`);
        disk.makeFolder(`${folder}/a/b/c`);
        disk.createFile(`${folder}/a/z`, 1).close();
        disk.createFile(`${folder}/a/b/c/f`, 1).close();
        expect(disk.list(`${folder}/a`)).toEqual(["b", "z"]);
        expect(disk.exists(`${folder}/a/b/c/f`)).toBe(true);
        disk.syncFolderNow(`${folder}/a`);
        disk.remove(`${folder}/a`);
        disk.remove(`${folder}/a`);
        expect(disk.exists(`${folder}/a/b`)).toBe(false);
        expect(disk.list(folder)).toEqual([]);
        expect(codeOf(() => disk.syncFolderNow(`${folder}/a`))).toBe("DISK_IO");
      }),
    );

    test(
      "a sync of a folder that is under way outlives the folder's name",
      withDisk(async (disk, folder) => {
        disk.makeFolder(`${folder}/a`);
        disk.createFile(`${folder}/a/f`, 1).close();
        const syncs = [
          disk.syncFolder(`${folder}/a`),
          disk.syncFolder(`${folder}/a`),
          disk.syncFolder(folder),
        ];
        disk.rename(`${folder}/a`, `${folder}/b`);
        disk.remove(`${folder}/b`);
        expect(await Promise.all(syncs)).toEqual([undefined, undefined, undefined]);
        const refused = await disk.syncFolder(`${folder}/a`).catch((error: unknown) => error);
        expect(hasCode(refused, "DISK_IO")).toBe(true);
      }),
    );

    test(
      "rename moves, replaces, and refuses what is not there",
      withDisk((disk, folder) => {
        disk.makeFolder(`${folder}/a`);
        writeFile(disk, `${folder}/x`, pattern(10, 1));
        writeFile(disk, `${folder}/y`, pattern(20, 2));
        disk.rename(`${folder}/x`, `${folder}/y`);
        expect(disk.exists(`${folder}/x`)).toBe(false);
        expect(disk.readFile(`${folder}/y`, 100)).toEqual(pattern(10, 1));
        disk.rename(`${folder}/y`, `${folder}/a/z`);
        disk.rename(`${folder}/a`, `${folder}/b`);
        expect(disk.readFile(`${folder}/b/z`, 100)).toEqual(pattern(10, 1));
        expect(codeOf(() => disk.rename(`${folder}/none`, `${folder}/c`))).toBe("DISK_IO");
      }),
    );

    test(
      "an open file outlives its removal",
      withDisk((disk, folder) => {
        const file = disk.createFile(`${folder}/f`, 5000);
        file.write(0, pattern(5000, 3));
        disk.remove(`${folder}/f`);
        expect(disk.exists(`${folder}/f`)).toBe(false);
        expect(file.view(0, 5000)).toEqual(pattern(5000, 3));
        disk.createFile(`${folder}/f`, 10).close();
        expect(file.view(0, 5000)).toEqual(pattern(5000, 3));
        file.close();
      }),
    );

    test(
      "replaceFile makes, replaces, and leaves no trace of itself",
      withDisk((disk, folder) => {
        const path = `${folder}/state`;
        expect(disk.readFile(path, 100)).toBeNull();
        disk.replaceFile(path, pattern(50, 1));
        expect(disk.readFile(path, 50)).toEqual(pattern(50, 1));
        // A crash in the middle left a longer file: it must not show through.
        writeFile(disk, `${path}.new`, pattern(5000, 8));
        disk.replaceFile(path, pattern(3, 2));
        disk.replaceFile(path, pattern(3, 2));
        expect(disk.readFile(path, 100)).toEqual(pattern(3, 2));
        disk.replaceFile(path, new Uint8Array(0));
        expect(disk.readFile(path, 100)).toEqual(new Uint8Array(0));
        expect(disk.list(folder)).toEqual(["state"]);
        expect(codeOf(() => disk.replaceFile(`${folder}/none/state`, pattern(3, 2)))).toBe("DISK_IO");
      }),
    );

    test(
      "readFile refuses more than it may",
      withDisk((disk, folder) => {
        writeFile(disk, `${folder}/f`, pattern(11, 1));
        expect(codeOf(() => disk.readFile(`${folder}/f`, 10))).toBe("MALFORMED");
        expect(disk.readFile(`${folder}/f`, 11)?.length).toBe(11);
      }),
    );

    test(
      "the lock keeps others out until it is released",
      withDisk((disk, folder, under) => {
        const lock = disk.lock(folder);
        expect(codeOf(() => disk.lock(folder))).toBe("DATA_FOLDER_LOCKED");
        expect(under.canLockElsewhere(folder)).toBe(false);
        lock.release();
        lock.release();
        expect(under.canLockElsewhere(folder)).toBe(true);
        const again = disk.lock(folder);
        lock.release();
        expect(codeOf(() => disk.lock(folder))).toBe("DATA_FOLDER_LOCKED");
        again.release();
      }),
    );

    test(
      "errors name the path",
      withDisk((disk, folder) => {
        try {
          disk.openFile(`${folder}/missing`, "read");
          throw new Error("expected a failure");
        } catch (error) {
          if (!hasCode(error, "DISK_IO")) throw error;
          expect(error.path).toBe(`${folder}/missing`);
          expect(error.message).toContain(`${folder}/missing`);
        }
      }),
    );
  });
}

/** Bytes that differ by position and by `salt`. */
export function pattern(length: number, salt: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) bytes[index] = (index * 31 + salt * 101 + (index >> 8)) & 0xff;
  return bytes;
}

export function equal(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}

/** The code of the HeadwaterError that `operation` throws. */
export function codeOf(operation: () => unknown): ErrorCode | "nothing thrown" {
  try {
    operation();
  } catch (error) {
    if (error instanceof Error && "code" in error) return error.code as ErrorCode;
    throw error;
  }
  return "nothing thrown";
}

function writeFile(disk: Disk, path: string, bytes: Uint8Array): void {
  const file = disk.createFile(path, bytes.length);
  file.write(0, bytes);
  file.close();
}
