import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, runQuietly } from "./programs.ts";

/**
 * Folders, mounts and loop devices of the rig. Their names hold the id of the process that made them, so that the
 * next run finds what a killed one has left behind.
 */
const PREFIX = "headwater-powercut-";
/** Held in memory where there is room: crash states are written and thrown away by the hundred. */
const PLACES = [...(existsSync("/dev/shm") ? ["/dev/shm"] : []), tmpdir()];
/** The log of a run, and the images of the states that are looked at. */
const ROOM_BYTES = 3 * 1024 * 1024 * 1024;
const UNMOUNT_TRIES = 50;
const CHUNK_BYTES = 1024 * 1024;
const ZEROS = Buffer.alloc(CHUNK_BYTES);

/** A folder for the rig, in memory where that is possible. */
export function makeFolder(): string {
  const place = PLACES.find((path) => {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize >= ROOM_BYTES;
  });
  const folder = mkdtempSync(join(place ?? tmpdir(), `${PREFIX}${process.pid}-`));
  made.add(folder);
  return folder;
}

/** Unmounts everything in a folder, frees its loop devices and removes it. */
export async function removeFolder(folder: string): Promise<void> {
  for (const mountPoint of mountsUnder(folder)) await unmount(mountPoint);
  for (const loop of await loopsUnder(folder)) await run(["losetup", "-d", loop], [0, 1]);
  rmSync(folder, { recursive: true, force: true });
  made.delete(folder);
}

/** Writes an image; what is zero stays a hole. */
export function writeSparse(path: string, bytes: Uint8Array): void {
  const file = openSync(path, "w");
  try {
    ftruncateSync(file, bytes.length);
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      const chunk = bytes.subarray(at, at + CHUNK_BYTES);
      if (ZEROS.compare(chunk, 0, chunk.length, 0, chunk.length) !== 0)
        writeSync(file, chunk, 0, chunk.length, at);
    }
  } finally {
    closeSync(file);
  }
}

export async function mountImage(image: string, mountPoint: string): Promise<void> {
  mkdirSync(mountPoint, { recursive: true });
  await run(["mount", "-t", "ext4", "-o", "loop,noatime", image, mountPoint]);
}

/** Unmounts. A process that was killed may hold its files for a moment longer. */
export async function unmount(mountPoint: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await run(["umount", mountPoint]);
      return;
    } catch (error) {
      if (tries === UNMOUNT_TRIES) throw error;
      await Bun.sleep(20);
    }
  }
}

/** Removes what processes that are gone have left. */
export async function removeStale(): Promise<void> {
  for (const place of PLACES) {
    for (const name of readdirSync(place)) {
      const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
      if (pid === undefined || isRunning(Number(pid))) continue;
      await removeFolder(join(place, name)).catch((error: unknown) => {
        console.error(`${join(place, name)} of an earlier run can't be removed: ${String(error)}`);
      });
    }
  }
}

const made = new Set<string>();

/** What a test that failed on its way has left goes with the process. */
process.on("exit", () => {
  for (const folder of made) {
    for (const mountPoint of mountsUnder(folder)) runQuietly(["umount", "--lazy", mountPoint]);
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Innermost first. */
function mountsUnder(folder: string): readonly string[] {
  const lines = readFileSync("/proc/self/mounts", "utf8").split("\n");
  const points = lines.map((line) => line.split(" ")[1] ?? "");
  return points.filter((point) => point.startsWith(`${folder}/`)).reverse();
}

async function loopsUnder(folder: string): Promise<readonly string[]> {
  const lines = (await run(["losetup", "--list", "--noheadings", "--output", "NAME,BACK-FILE"])).split("\n");
  return lines.filter((line) => line.includes(` ${folder}/`)).map((line) => line.split(" ")[0] ?? "");
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
