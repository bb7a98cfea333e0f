import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HeadwaterError } from "../../../src/base/errors.ts";
import { MappedDisk } from "../../../src/io/bun/mapped-disk.ts";
import { PlainDisk } from "../../../src/io/bun/plain-disk.ts";

const root = mkdtempSync(join(tmpdir(), "headwater-odd-files-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let made = 0;

function makePipe(path: string): void {
  expect(Bun.spawnSync(["mkfifo", path]).exitCode).toBe(0);
}

const ODD = [
  ["a pipe", makePipe],
  ["a link to a device", (path: string) => symlinkSync("/dev/zero", path)],
  ["a folder", (path: string) => mkdirSync(path)],
] as const;

describe.each([
  ["plain", new PlainDisk()],
  ["mapped", new MappedDisk()],
] as const)("the %s disk", (_name, disk) => {
  test.each(ODD)("refuses %s, and says which, instead of waiting for it", (_kind, put) => {
    const path = join(root, `odd-${made++}`);
    put(path);
    expect(disk.exists(path)).toBe(true);
    expect(disk.isFile(path)).toBe(false);
    for (const use of [
      () => disk.readFile(path, 1000),
      () => disk.openFile(path, "read"),
      () => disk.openFile(path, "write"),
    ]) {
      try {
        use();
        throw new Error("it was taken for a file");
      } catch (error) {
        expect(error).toBeInstanceOf(HeadwaterError);
        expect(error).toMatchObject({ code: "DISK_IO", path, message: expect.stringContaining(path) });
      }
    }
  });

  test.each(ODD)("replaces a file beside which %s lies", (_kind, put) => {
    const path = join(root, `replaced-${made++}`);
    put(`${path}.new`);
    disk.replaceFile(path, new TextEncoder().encode("whole"));
    expect(readFileSync(path, "utf8")).toBe("whole");
  });

  test("a file is one, and so is a link to it", () => {
    const path = join(root, `file-${made++}`);
    expect(disk.isFile(path)).toBe(false);
    writeFileSync(path, "here");
    symlinkSync(path, `${path}-link`);
    expect([disk.isFile(path), disk.isFile(`${path}-link`), disk.isFile(`${path}/below`)]).toEqual([
      true,
      true,
      false,
    ]);
  });
});
