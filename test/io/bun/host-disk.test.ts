import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasCode } from "../../../src/base/errors.ts";
import { MappedDisk } from "../../../src/io/bun/mapped-disk.ts";
import { PlainDisk } from "../../../src/io/bun/plain-disk.ts";
import { pattern } from "../disk-contract.ts";

const source = (name: string) => JSON.stringify(join(import.meta.dir, "../../../src/io/bun", name));

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "headwater-host-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("lock", () => {
  const holder = `
    import { PlainDisk } from ${source("plain-disk.ts")};
    new PlainDisk().lock(process.argv[1]);
    console.log("locked");
    setInterval(() => {}, 1000);
  `;

  test("names its holder, and goes with a process that is killed", async () => {
    const child = Bun.spawn([process.execPath, "-e", holder, folder], { stdout: "pipe" });
    const reader = child.stdout.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("locked\n");
    try {
      new PlainDisk().lock(folder);
      throw new Error("expected a refusal");
    } catch (error) {
      if (!hasCode(error, "DATA_FOLDER_LOCKED")) throw error;
      expect(error.message).toContain(`process ${child.pid}`);
      expect(error.path).toBe(folder);
    }
    child.kill("SIGKILL");
    await child.exited;
    new PlainDisk().lock(folder).release();
  });

  test("does not pass to a child that outlives its parent", async () => {
    const parent = `
      import { PlainDisk } from ${source("plain-disk.ts")};
      new PlainDisk().lock(process.argv[1]);
      const child = Bun.spawn(["sleep", "20"], { stdio: ["ignore", "ignore", "ignore"] });
      console.log(child.pid);
      process.kill(process.pid, "SIGKILL");
    `;
    const result = Bun.spawnSync([process.execPath, "-e", parent, folder]);
    const childPid = Number(result.stdout.toString());
    expect(readFileSync(`/proc/${childPid}/comm`, "utf8").trim()).toBe("sleep");
    try {
      new PlainDisk().lock(folder).release();
    } finally {
      process.kill(childPid, "SIGKILL");
    }
  });
});

/** A file system of 4 MiB that is really full: a mount in a namespace of its own, where the kernel allows it. */
const canMount =
  Bun.spawnSync(["unshare", "-rm", "mount", "-t", "tmpfs", "-o", "size=4m", "none", tmpdir()]).exitCode === 0;

describe.if(canMount)("a file system that is full", () => {
  for (const kind of ["mapped", "plain"] as const) {
    test(`${kind}: refuses, leaves nothing, and goes on`, () => {
      const program = `
        import { MappedDisk } from ${source("mapped-disk.ts")};
        import { PlainDisk } from ${source("plain-disk.ts")};
        const disk = new ${kind === "mapped" ? "MappedDisk" : "PlainDisk"}();
        const folder = process.argv[1];
        const codes = [];
        const attempt = (operation) => { try { operation(); codes.push("ok"); } catch (error) { codes.push(error.code); } };
        disk.replaceFile(folder + "/state", new Uint8Array(10).fill(1));
        const file = disk.createFile(folder + "/a", 3 << 20);
        const free = disk.freeBytes(folder);
        attempt(() => disk.createFile(folder + "/b", 2 << 20));
        attempt(() => file.resize(5 << 20));
        codes.push(file.sizeBytes === 3 << 20, disk.freeBytes(folder) === free);
        attempt(() => disk.replaceFile(folder + "/state", new Uint8Array(2 << 20)));
        codes.push(disk.readFile(folder + "/state", 100).length, disk.list(folder).join());
        const rest = disk.createFile(folder + "/rest", disk.freeBytes(folder));
        attempt(() => disk.createFile(folder + "/c", 1));
        attempt(() => { for (let at = 0; at < file.sizeBytes; at += 1024) file.write(at, new Uint8Array(1024).fill(7)); });
        attempt(() => file.write(100_000, new Uint8Array(100_000).fill(8)));
        codes.push(file.view(199_990, 11).join());
        attempt(() => disk.lock(folder));
        codes.push(disk.list(folder).join());
        console.log(JSON.stringify(codes));
      `;
      const mounted = ["sh", "-c", 'mount -t tmpfs -o size=4m none "$0" && exec "$@"', folder];
      const result = Bun.spawnSync(["unshare", "-rm", ...mounted, process.execPath, "-e", program, folder]);
      expect(result.stderr.toString()).toBe("");
      expect(JSON.parse(result.stdout.toString())).toEqual([
        ...["DISK_FULL", "DISK_FULL", true, true],
        ...["DISK_FULL", 10, "a,state"],
        ...["DISK_FULL", "ok", "ok", "8,8,8,8,8,8,8,8,8,8,7", "ok"],
        "a,lock,rest,state",
      ]);
    });
  }
});

describe("mapped disk", () => {
  test("mappings are not JavaScript heap, and go when files close", async () => {
    const disk = new MappedDisk();
    const mapped = () =>
      readFileSync("/proc/self/maps", "utf8")
        .split("\n")
        .filter((line) => line.includes(folder));
    const file = disk.createFile(`${folder}/f`, 64 << 20);
    expect(mapped().length).toBe(0);
    Bun.gc(true);
    const heapBytes = process.memoryUsage().external;
    for (let at = 0; at < file.sizeBytes; at += 1 << 20) file.write(at, pattern(100, at));
    expect(file.view(63 << 20, 100)).toEqual(pattern(100, 63 << 20));
    expect(mapped().length).toBe(1);
    expect(process.memoryUsage().external - heapBytes).toBeLessThan(1 << 20);
    file.resize(65 << 20);
    const view = file.view(0, 100);
    expect(mapped().length).toBe(2);
    file.close();
    expect(view).toEqual(pattern(100, 0));
    await new Promise<void>((resolve) => setImmediate(resolve));
    expect(mapped().length).toBe(0);
  });

  test("relax gives resident memory back", () => {
    const file = new MappedDisk().createFile(`${folder}/f`, 32 << 20);
    for (let at = 0; at < file.sizeBytes; at += 4096) file.write(at, pattern(10, at));
    const resident = () => {
      const map = readFileSync("/proc/self/smaps", "utf8").split(`${folder}/f`)[1] ?? "";
      return Number(/Rss:\s+(\d+) kB/.exec(map)?.[1]);
    };
    expect(resident()).toBe(32 << 10);
    file.relax();
    expect(resident()).toBe(0);
    expect(file.view(4096, 10)).toEqual(pattern(10, 4096));
    file.close();
  });

  test("a file that shrinks is never stored to beyond its end", () => {
    const file = new MappedDisk().createFile(`${folder}/f`, 1 << 20);
    file.write((1 << 20) - 10, pattern(10, 1));
    file.resize(4096);
    expect(() => file.write((1 << 20) - 10, pattern(10, 1))).toThrow("outside");
    file.write(4086, pattern(10, 2));
    expect(file.view(4086, 10)).toEqual(pattern(10, 2));
    file.close();
  });

  test("descriptors are given back", () => {
    const count = () => new PlainDisk().list("/proc/self/fd").length;
    const before = count();
    for (const disk of [new MappedDisk(), new PlainDisk()]) {
      for (let index = 0; index < 50; index++) {
        const path = `${folder}/${disk.kind}${index}`;
        const file = disk.createFile(path, 5000);
        file.write(0, pattern(100, 1));
        file.close();
        const again = disk.openFile(path, "read");
        again.view(0, 100);
        again.close();
        disk.replaceFile(`${path}.state`, pattern(10, 1));
        disk.readFile(`${path}.state`, 10);
        disk.syncFolderNow(folder);
        expect(() => disk.createFile(path, 10)).toThrow();
        expect(() => disk.openFile(folder, "read")).toThrow();
        disk.lock(folder).release();
      }
    }
    expect(count()).toBe(before);
  });
});
