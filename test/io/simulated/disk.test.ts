import { describe, expect, test } from "bun:test";
import { hasCode } from "../../../src/base/errors.ts";
import type { Disk } from "../../../src/io/disk.ts";
import { type Operation, SimulatedDisk } from "../../../src/io/simulated/disk.ts";
import type { CrashMode } from "../../../src/io/simulated/file-node.ts";
import { codeOf, equal, pattern } from "../disk-contract.ts";

const SIZE_BYTES = 16_384;
const LOSING: readonly CrashMode[] = ["nothing", "pages", "sectors"];
const ALL: readonly CrashMode[] = [...LOSING, "everything", "process"];

/** A disk with one durable file in one durable folder. */
function withFile(options: ConstructorParameters<typeof SimulatedDisk>[0] = {}) {
  const disk = new SimulatedDisk(options);
  disk.makeFolder("/data");
  disk.syncFolderNow("/");
  const file = disk.createFile("/data/f", SIZE_BYTES);
  file.write(0, pattern(SIZE_BYTES, 1));
  file.syncNow();
  disk.syncFolderNow("/data");
  return { disk, file };
}

function contentOf(disk: Disk, path = "/data/f"): Uint8Array {
  const file = disk.openFile(path, "read");
  const bytes = file.view(0, file.sizeBytes).slice();
  file.close();
  return bytes;
}

describe("crash: content", () => {
  test("what a sync covered survives every mode", () => {
    for (const mode of ALL) {
      for (let seed = 0; seed < 20; seed++) {
        const { disk } = withFile({ seed });
        expect(equal(contentOf(disk.crash(mode)), pattern(SIZE_BYTES, 1))).toBe(true);
      }
    }
  });

  test("nothing, everything, process", () => {
    const { disk, file } = withFile();
    file.write(5000, pattern(5000, 2));
    const written = contentOf(disk);
    expect(equal(contentOf(disk.crash("nothing")), pattern(SIZE_BYTES, 1))).toBe(true);
    expect(equal(contentOf(disk.crash("everything")), written)).toBe(true);
    const killed = disk.crash("process");
    expect(equal(contentOf(killed), written)).toBe(true);
    expect(equal(contentOf(killed.crash("nothing")), pattern(SIZE_BYTES, 1))).toBe(true);
    const survivor = killed.openFile("/data/f", "write");
    survivor.syncNow();
    expect(equal(contentOf(killed.crash("nothing")), written)).toBe(true);
  });

  for (const [mode, unit] of [
    ["pages", 4096],
    ["sectors", 512],
  ] as const) {
    test(`${mode}: any subset of units of ${unit} bytes, in any order, and nothing else`, () => {
      const { disk, file } = withFile();
      const old = pattern(SIZE_BYTES, 1);
      const fresh = pattern(SIZE_BYTES, 2);
      file.write(0, fresh);
      const seen = new Set<string>();
      for (let seed = 0; seed < 400; seed++) {
        const content = contentOf(disk.crash(mode, seed));
        let shape = "";
        for (let start = 0; start < SIZE_BYTES; start += unit) {
          const part = content.subarray(start, start + unit);
          if (equal(part, fresh.subarray(start, start + unit))) shape += "1";
          else if (equal(part, old.subarray(start, start + unit))) shape += "0";
          else throw new Error(`seed ${seed}: neither old nor new at ${start}`);
        }
        seen.add(shape);
      }
      if (mode === "pages") expect(seen.size).toBe(16);
      else expect(seen.size).toBeGreaterThan(200);
    });
  }

  test("a page written twice may be caught in between", () => {
    let caught = 0;
    for (let seed = 0; seed < 60; seed++) {
      const { disk, file } = withFile({ seed });
      file.write(0, pattern(10, 2));
      file.write(10, pattern(10, 3));
      const content = contentOf(disk.crash("pages"));
      const first = equal(content.subarray(0, 10), pattern(10, 2));
      const second = equal(content.subarray(10, 20), pattern(10, 3));
      if (second) expect(first).toBe(true);
      if (first && !second) caught++;
    }
    expect(caught).toBeGreaterThan(0);
  });

  test("the same seed draws the same state", () => {
    const { disk, file } = withFile();
    file.write(100, pattern(9000, 4));
    for (const mode of LOSING) {
      expect(equal(contentOf(disk.crash(mode, 5)), contentOf(disk.crash(mode, 5)))).toBe(true);
    }
  });

  test("crash states and their origin are independent", () => {
    const { disk, file } = withFile();
    file.write(0, pattern(10, 5));
    const after = disk.crash("everything");
    const other = after.openFile("/data/f", "write");
    other.write(0, pattern(10, 6));
    file.write(0, pattern(10, 7));
    expect(contentOf(after).subarray(0, 10)).toEqual(pattern(10, 6));
    expect(contentOf(disk).subarray(0, 10)).toEqual(pattern(10, 7));
  });

  test("an unsynced size may be the old, the new, or in between", () => {
    const { disk, file } = withFile();
    file.resize(4 * SIZE_BYTES);
    const sizes = new Set<number>();
    for (let seed = 0; seed < 100; seed++)
      sizes.add(disk.crash("sectors", seed).openFile("/data/f", "read").sizeBytes);
    expect(sizes.has(SIZE_BYTES)).toBe(true);
    expect(sizes.has(4 * SIZE_BYTES)).toBe(true);
    expect(sizes.size).toBeGreaterThan(3);
    expect(disk.crash("nothing").openFile("/data/f", "read").sizeBytes).toBe(SIZE_BYTES);
    file.syncNow();
    for (const mode of LOSING)
      expect(disk.crash(mode).openFile("/data/f", "read").sizeBytes).toBe(4 * SIZE_BYTES);
  });
});

describe("crash: folders", () => {
  const outcomes = (disk: SimulatedDisk, path: string) => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 100; seed++) seen.add(disk.crash("pages", seed).list(path).join());
    return [...seen].sort();
  };

  test("an entry is durable after syncFolder, and not before", () => {
    const { disk } = withFile();
    disk.createFile("/data/g", 10).syncNow();
    expect(disk.crash("nothing").list("/data")).toEqual(["f"]);
    expect(outcomes(disk, "/data")).toEqual(["f", "f,g"]);
    disk.syncFolderNow("/data");
    for (const mode of LOSING) expect(disk.crash(mode).list("/data")).toEqual(["f", "g"]);
  });

  test("a synced folder is lost with an unsynced parent", () => {
    const { disk } = withFile();
    disk.makeFolder("/data/a/b");
    disk.createFile("/data/a/b/f", 10).syncNow();
    disk.syncFolderNow("/data/a/b");
    expect(disk.crash("nothing").exists("/data/a")).toBe(false);
    disk.syncFolderNow("/data/a");
    disk.syncFolderNow("/data");
    expect(disk.crash("nothing").exists("/data/a/b/f")).toBe(true);
  });

  test("rename within a folder: old or new, never neither, never both", () => {
    const { disk } = withFile();
    disk.rename("/data/f", "/data/g");
    expect(outcomes(disk, "/data")).toEqual(["f", "g"]);
  });

  test("rename over a file: one or the other", () => {
    const { disk } = withFile();
    const other = disk.createFile("/data/g", 3);
    other.write(0, pattern(3, 9));
    other.syncNow();
    disk.syncFolderNow("/data");
    disk.rename("/data/g", "/data/f");
    const sizes = new Set<number>();
    for (let seed = 0; seed < 50; seed++) sizes.add(contentOf(disk.crash("pages", seed)).length);
    expect([...sizes].sort((a, b) => a - b)).toEqual([3, SIZE_BYTES]);
  });

  test("rename between folders may be half done: in both, never in neither", () => {
    const { disk } = withFile();
    disk.makeFolder("/data/a");
    disk.syncFolderNow("/data");
    disk.rename("/data/f", "/data/a/f");
    const seen = new Set<string>();
    for (let seed = 0; seed < 100; seed++) {
      const after = disk.crash("pages", seed);
      seen.add(`${after.exists("/data/f")} ${after.exists("/data/a/f")}`);
    }
    expect([...seen].sort()).toEqual(["false true", "true false", "true true"]);
    disk.syncFolderNow("/data");
    expect(disk.crash("nothing").list("/data/a")).toEqual(["f"]);
    expect(disk.crash("nothing").list("/data")).toEqual(["a"]);
  });

  test("what an arrival replaced does not come back", () => {
    const { disk } = withFile();
    disk.makeFolder("/data/a");
    disk.syncFolderNow("/data");
    disk.createFile("/data/a/f", 3).syncNow();
    disk.rename("/data/f", "/data/a/f");
    disk.syncFolderNow("/data");
    disk.syncFolderNow("/data/a");
    expect(contentOf(disk.crash("nothing"), "/data/a/f").length).toBe(SIZE_BYTES);
  });

  test("an unsynced removal may be undone, whole", () => {
    const { disk } = withFile();
    disk.remove("/data/f");
    expect(outcomes(disk, "/data")).toEqual(["", "f"]);
    expect(equal(contentOf(disk.crash("nothing")), pattern(SIZE_BYTES, 1))).toBe(true);
  });

  test("replaceFile: a crash at any operation leaves the old or the new", () => {
    const states: Uint8Array[] = [];
    let disk: SimulatedDisk | null = null;
    const onOperation = (operation: Operation) => {
      if (!operation.path.startsWith("/data/state") && operation.kind !== "syncFolder") return;
      for (const mode of ALL) {
        for (let seed = 0; seed < 10; seed++) {
          const bytes = disk?.crash(mode, seed).readFile("/data/state", 10_000);
          if (bytes !== null && bytes !== undefined) states.push(bytes);
        }
      }
    };
    disk = new SimulatedDisk({ onOperation });
    disk.makeFolder("/data");
    disk.syncFolderNow("/");
    disk.replaceFile("/data/state", pattern(5000, 1));
    states.length = 0;
    disk.replaceFile("/data/state", pattern(6000, 2));
    expect(states.length).toBeGreaterThan(100);
    const kinds = new Set(states.map((bytes) => bytes.length));
    expect([...kinds].sort()).toEqual([5000, 6000]);
    for (const bytes of states)
      expect(equal(bytes, pattern(bytes.length, bytes.length === 5000 ? 1 : 2))).toBe(true);
    expect(disk.crash("nothing").readFile("/data/state", 10_000)?.length).toBe(6000);
  });
});

describe("syncs under the test's control", () => {
  test("a sync covers what was written before the call, not what came after", async () => {
    const { disk, file } = withFile({ syncs: "manual" });
    file.write(0, pattern(100, 2));
    const sync = file.sync();
    file.write(8192, pattern(100, 3));
    expect(disk.pendingSyncs).toBe(1);
    expect(contentOf(disk.crash("nothing")).subarray(0, 100)).toEqual(pattern(100, 1));
    expect(disk.finishSync()).toBe(true);
    await sync;
    const after = contentOf(disk.crash("nothing"));
    expect(after.subarray(0, 100)).toEqual(pattern(100, 2));
    expect(equal(after.subarray(8192, 8292), pattern(SIZE_BYTES, 1).subarray(8192, 8292))).toBe(true);
    expect(disk.finishSync()).toBe(false);
  });

  test("a page that is written during its sync stays dirty", async () => {
    const { disk, file } = withFile({ syncs: "manual" });
    file.write(0, pattern(10, 2));
    const first = file.sync();
    file.write(10, pattern(10, 3));
    disk.finishSyncs();
    await first;
    const half = contentOf(disk.crash("nothing"));
    expect(half.subarray(0, 10)).toEqual(pattern(10, 2));
    expect(half.subarray(10, 20)).toEqual(pattern(20, 1).subarray(10));
    const second = file.sync();
    disk.finishSyncs();
    await second;
    expect(contentOf(disk.crash("nothing")).subarray(10, 20)).toEqual(pattern(10, 3));
  });

  test("a sync of a folder covers what was there before the call, and only once it has finished", async () => {
    const disk = new SimulatedDisk({ seed: 3, syncs: "manual" });
    disk.makeFolder("/data");
    disk.syncFolderNow("/");
    disk.createFile("/data/a", 1).close();
    const first = disk.syncFolder("/data");
    disk.createFile("/data/b", 1).close();
    expect(disk.crash("nothing").list("/data")).toEqual([]);
    disk.finishSyncs();
    await first;
    expect(disk.crash("nothing").list("/data")).toEqual(["a"]);
    const late = disk.syncFolder("/data");
    disk.remove("/data/a");
    disk.syncFolderNow("/data");
    expect(disk.finishSync()).toBe(true);
    await late;
    expect(disk.crash("nothing").list("/data")).toEqual(["b"]);
    disk.fail({ kind: "syncFolderDone" });
    const failed = disk.syncFolder("/data").catch((error: unknown) => error);
    disk.finishSyncs();
    expect(hasCode(await failed, "DISK_IO")).toBe(true);
  });

  test("an earlier sync that finishes late takes nothing back", async () => {
    for (let seed = 0; seed < 10; seed++) {
      const { disk, file } = withFile({ syncs: "manual", seed });
      file.write(0, pattern(10, 2));
      const first = file.sync();
      file.write(0, pattern(10, 3));
      const second = file.sync();
      disk.finishSyncs();
      await Promise.all([first, second]);
      expect(contentOf(disk.crash("nothing")).subarray(0, 10)).toEqual(pattern(10, 3));
    }
  });

  test("a halted machine answers nothing", async () => {
    const { disk, file } = withFile({ syncs: "manual" });
    let settled = false;
    void file.sync().then(() => {
      settled = true;
    });
    disk.halt();
    disk.finishSyncs();
    await Promise.resolve();
    expect(settled).toBe(false);
    expect(codeOf(() => file.write(0, pattern(1, 1)))).toBe("DISK_IO");
    expect(codeOf(() => disk.exists("/data"))).toBe("DISK_IO");
    file.close();
  });
});

describe("faults", () => {
  test("the nth write fails, and may have stored a part", () => {
    const { disk, file } = withFile();
    disk.fail({ kind: "write", path: "/data/f", nth: 2 });
    file.write(0, pattern(10, 2));
    expect(codeOf(() => file.write(100, pattern(1000, 3)))).toBe("DISK_IO");
    file.write(20, pattern(10, 4));
    const content = contentOf(disk);
    expect(content.subarray(0, 10)).toEqual(pattern(10, 2));
    expect(content.subarray(20, 30)).toEqual(pattern(10, 4));
  });

  test("a failed sync loses its writes although the next one succeeds", async () => {
    const { disk, file } = withFile();
    file.write(0, pattern(100, 2));
    disk.fail({ kind: "syncDone" });
    await expect(file.sync()).rejects.toMatchObject({ code: "DISK_IO", path: "/data/f" });
    await file.sync();
    expect(contentOf(disk).subarray(0, 100)).toEqual(pattern(100, 2));
    for (const mode of LOSING) {
      expect(contentOf(disk.crash(mode)).subarray(0, 100)).toEqual(pattern(100, 1));
    }
    file.write(0, pattern(100, 3));
    file.syncNow();
    expect(contentOf(disk.crash("nothing")).subarray(0, 100)).toEqual(pattern(100, 3));
  });

  test("a full disk refuses, leaves nothing, and has room again after a removal", () => {
    const { disk, file } = withFile();
    disk.limitFreeBytes(1000);
    expect(disk.freeBytes("/data")).toBe(1000);
    expect(codeOf(() => disk.createFile("/data/g", 1001))).toBe("DISK_FULL");
    expect(codeOf(() => file.resize(SIZE_BYTES + 1001))).toBe("DISK_FULL");
    expect(codeOf(() => disk.replaceFile("/data/state", new Uint8Array(1001)))).toBe("DISK_FULL");
    expect(disk.list("/data")).toEqual(["f"]);
    file.write(0, pattern(SIZE_BYTES, 3));
    disk.remove("/data/f");
    expect(disk.freeBytes("/data")).toBe(1000);
    file.close();
    expect(disk.freeBytes("/data")).toBe(1000 + SIZE_BYTES);
  });

  test("flipped bits show at once and after a crash", () => {
    const { disk } = withFile();
    disk.flipBit("/data/f", 8 * 5000 + 3);
    for (const content of [contentOf(disk), contentOf(disk.crash("nothing"))]) {
      expect(content[5000]).toBe((pattern(SIZE_BYTES, 1)[5000] ?? 0) ^ 8);
      expect(content.subarray(0, 5000)).toEqual(pattern(SIZE_BYTES, 1).subarray(0, 5000));
    }
  });

  test("the hook sees operations in order and may end one", () => {
    const seen: string[] = [];
    const { file } = withFile({
      onOperation: ({ kind, position, length }) => {
        seen.push(`${kind} ${position} ${length}`);
        if (position === 77) throw new Error("stop here");
      },
    });
    seen.length = 0;
    file.write(3, pattern(4, 1));
    file.view(3, 4);
    file.syncNow();
    expect(seen).toEqual(["write 3 4", "view 3 4", "sync 0 0", "syncDone 0 0"]);
    expect(() => file.write(77, pattern(4, 9))).toThrow("stop here");
    expect(file.view(76, 5)).toEqual(pattern(SIZE_BYTES, 1).subarray(76, 81));
  });
});

describe("views", () => {
  test("a view that is kept past an await reads garbage", async () => {
    const { file } = withFile();
    const view = file.view(0, 100);
    expect(view).toEqual(pattern(100, 1));
    await Promise.resolve();
    expect(view.every((byte) => byte === 0xdd)).toBe(true);
    expect(file.view(0, 100)).toEqual(pattern(100, 1));
  });
});

test("locks are gone after a crash, and counts are kept", () => {
  const { disk, file } = withFile();
  disk.lock("/data");
  expect(() => disk.lock("/data")).toThrow("in use");
  disk.crash("process").lock("/data").release();
  file.write(0, pattern(3, 1));
  expect(disk.counts.write).toBe(2);
  expect(disk.counts.createFile).toBe(1);
  try {
    disk.lock("/none");
    throw new Error("expected a failure");
  } catch (error) {
    expect(hasCode(error, "DISK_IO")).toBe(true);
  }
});
