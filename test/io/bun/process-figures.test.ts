import { afterEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  maxOpenFiles,
  SystemProcess,
  statFigures,
  writtenToStorage,
} from "../../../src/io/bun/process-figures.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const STAT =
  "15393 (a ) (b) R 15376 15376 28008 0 -1 4194304 99 0 17 0 3 2 0 0 20 0 1 0 7621289 3133440 409 1 9";

test("the fields of stat, whatever the program is called", () => {
  expect(statFigures(STAT)).toEqual({ majorFaults: 17, virtualBytes: 3_133_440 });
  expect(statFigures("")).toEqual({ majorFaults: null, virtualBytes: null });
});

test("limits and bytes written; what the kernel does not say is not known", () => {
  const limits =
    "Limit    Soft Limit  Hard Limit  Units\nMax open files            1024                 4096   files\n";
  expect(maxOpenFiles(limits)).toBe(1024);
  expect(
    maxOpenFiles("Max open files            unlimited            unlimited            files\n"),
  ).toBeNull();
  expect(writtenToStorage("write_bytes: 8192\ncancelled_write_bytes: 4096\n")).toBe(4096);
  expect(writtenToStorage("write_bytes: 10\ncancelled_write_bytes: 4096\n")).toBe(0);
  expect(writtenToStorage("rchar: 5\n")).toBeNull();
});

function fakeProc(): string {
  const folder = mkdtempSync(join(tmpdir(), "headwater-proc-"));
  folders.push(folder);
  mkdirSync(join(folder, "fd"));
  for (const name of ["0", "1", "2", "9"]) writeFileSync(join(folder, "fd", name), "");
  writeFileSync(join(folder, "stat"), STAT);
  writeFileSync(join(folder, "limits"), "Max open files            1024                 4096   files\n");
  writeFileSync(join(folder, "io"), "write_bytes: 8192\ncancelled_write_bytes: 0\n");
  return folder;
}

test("a process by its files; a total never goes down, and what can't be read any more stays", () => {
  const folder = fakeProc();
  const figures = new SystemProcess(folder);
  const first = figures.read();
  expect(first).toMatchObject({ openFiles: 3, maxFiles: 1024, writtenBytes: 8192, majorFaults: 17 });
  expect(first.residentBytes).toBeGreaterThan(0);
  // As an open file shows what the kernel says now.
  writeFileSync(join(folder, "io"), "write_bytes: 8192\ncancelled_write_bytes: 4096\n");
  writeFileSync(join(folder, "stat"), "");
  rmSync(join(folder, "fd"), { recursive: true });
  expect(figures.read()).toMatchObject({ openFiles: 3, maxFiles: 1024, writtenBytes: 8192, majorFaults: 17 });
  figures.stop();
  expect(figures.read()).toMatchObject({ maxFiles: 1024, writtenBytes: 8192 });
});

test("where there is no /proc, figures that only it has are not known", () => {
  const figures = new SystemProcess("/nowhere");
  const { openFiles, writtenBytes, residentBytes } = figures.read();
  expect([openFiles, writtenBytes]).toEqual([Number.NaN, Number.NaN]);
  expect(residentBytes).toBeGreaterThan(0);
  figures.stop();
});

test("memory that Bun can't say stays what it was", () => {
  const figures = new SystemProcess();
  const known = figures.read().residentBytes;
  const { memoryUsage } = process;
  const failing = () => {
    throw new Error("EMFILE: too many open files");
  };
  process.memoryUsage = Object.assign(failing, { rss: failing });
  try {
    expect(figures.read().residentBytes).toBe(known);
  } finally {
    process.memoryUsage = memoryUsage;
    figures.stop();
  }
});

test("collections are noticed, one after the other", async () => {
  // In a process of its own: where much has been loaded, something may look like a reference to what is to go.
  const program = `
    import { CollectionCount } from ${JSON.stringify(join(import.meta.dirname, "../../../src/io/bun/process-figures.ts"))};
    const collections = new CollectionCount();
    for (let tries = 0; collections.count < 2 && tries < 500; tries++) {
      Bun.gc(true);
      await new Promise((resolve) => setImmediate(resolve));
    }
    console.log(collections.count);
    collections.stop();
  `;
  const child = Bun.spawn([process.execPath, "-e", program], { stdout: "pipe", stderr: "inherit" });
  expect(Number(await new Response(child.stdout).text())).toBeGreaterThanOrEqual(2);
});
