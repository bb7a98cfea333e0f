import { expect, test } from "bun:test";
import type { Disk } from "../../src/io/disk.ts";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import { endSwitch, RESTORE_FOLDER, switchToRestored } from "../../src/log/restore-switch.ts";

const ROOT = "/data";
const NEW = `${ROOT}/${RESTORE_FOLDER}`;

function put(disk: Disk, path: string, text: string): void {
  disk.makeFolder(path.slice(0, path.lastIndexOf("/")));
  const bytes = new TextEncoder().encode(text);
  const file = disk.createFile(path, bytes.length);
  file.write(0, bytes);
  file.syncNow();
  file.close();
}

/** A folder with data, and a durable copy that waits. */
function prepared(): SimulatedDisk {
  const disk = new SimulatedDisk();
  for (const [folder, word] of [
    [ROOT, "old"],
    [NEW, "new"],
  ] as const) {
    put(disk, `${folder}/format`, word);
    put(disk, `${folder}/t-0/log`, word);
    put(disk, `${folder}/${word}-0/log`, word);
    for (const parent of [`${folder}/t-0`, `${folder}/${word}-0`, folder]) disk.syncFolderNow(parent);
  }
  disk.syncFolderNow(ROOT);
  disk.syncFolderNow("/");
  return disk;
}

function textOf(disk: Disk, path: string): string | null {
  const bytes = disk.readFile(path, 100);
  return bytes === null ? null : new TextDecoder().decode(bytes);
}

function isOld(disk: Disk, folder = ROOT): boolean {
  return ["format", "t-0/log", "old-0/log"].every((name) => textOf(disk, `${folder}/${name}`) === "old");
}

function isNew(disk: Disk): boolean {
  const whole = ["format", "t-0/log", "new-0/log"].every((name) => textOf(disk, `${ROOT}/${name}`) === "new");
  return whole && !disk.exists(`${ROOT}/old-0`) && !disk.exists(NEW);
}

test("the copy takes the place of what was there, which is kept", () => {
  const disk = prepared();
  expect(switchToRestored(disk, ROOT)).toBe("replaced.1");
  expect(isNew(disk)).toBe(true);
  expect(isOld(disk, `${ROOT}/replaced.1`)).toBe(true);
  endSwitch(disk, ROOT);
  expect(disk.list(ROOT)).toEqual(["format", "new-0", "replaced.1", "t-0"]);
});

test("an empty folder has nothing to keep, and what was kept before stays", () => {
  const disk = new SimulatedDisk();
  put(disk, `${NEW}/format`, "new");
  expect(switchToRestored(disk, ROOT)).toBeNull();
  put(disk, `${NEW}/format`, "newer");
  expect(switchToRestored(disk, ROOT)).toBe("replaced.1");
  put(disk, `${NEW}/format`, "newest");
  expect(switchToRestored(disk, ROOT)).toBe("replaced.2");
  expect(textOf(disk, `${ROOT}/replaced.1/format`)).toBe("new");
  expect(textOf(disk, `${ROOT}/format`)).toBe("newest");
});

test("a power cut at any step leaves the old or the new, and nothing between", () => {
  let operations = 0;
  const count = prepared().crash("everything", 1, () => {
    operations += 1;
  });
  switchToRestored(count, ROOT);
  const outcomes = new Set<string>();
  for (let cut = 1; cut <= operations; cut++) {
    for (const mode of ["nothing", "everything", "pages"] as const) {
      let seen = 0;
      let left: SimulatedDisk | null = null;
      const disk: SimulatedDisk = prepared().crash("everything", 1, () => {
        if (++seen === cut) left = disk.crash(mode, cut);
      });
      switchToRestored(disk, ROOT);
      const after = left as SimulatedDisk | null;
      if (after === null) throw new Error(`there are fewer than ${cut} operations`);
      endSwitch(after, ROOT);
      expect(isOld(after) !== isNew(after)).toBe(true);
      if (isNew(after)) expect(isOld(after, `${ROOT}/replaced.1`)).toBe(true);
      outcomes.add(isNew(after) ? "new" : "old");
    }
  }
  expect([...outcomes].sort()).toEqual(["new", "old"]);
});
