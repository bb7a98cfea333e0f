import { closeSync, fdatasyncSync, openSync, statfsSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { formatSizeBytes } from "../../config/units.ts";
import { allocate } from "../../io/bun/libc.ts";
import type { Finding, Verdict } from "./finding.ts";

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
/** A small commit round: one page and a bit, as a few devices give. */
const APPEND_BYTES = 512;
const MAX_APPENDS = 300;
const MAX_MEASURE_MS = 3_000;
const PROBE_FILE_BYTES = MIB;

/** How a file system treats what the log does with it. */
const FILE_SYSTEMS: ReadonlyMap<string, readonly [Verdict, string, string | null]> = new Map([
  ["ext4", ["ok", "segments are written by memory mapping", null]],
  ["xfs", ["ok", "segments are written by memory mapping", null]],
  ["ext3", ["ok", "segments are written by memory mapping", null]],
  ["f2fs", ["note", "it writes elsewhere what is overwritten, so plain writes are used", null]],
  ["btrfs", ["note", "it is copy-on-write, so plain writes are used, and flushes cost more", null]],
  ["zfs", ["note", "it is copy-on-write, so plain writes are used, and flushes cost more", null]],
  ["bcachefs", ["note", "it is copy-on-write, so plain writes are used, and flushes cost more", null]],
  [
    "overlay",
    ["warning", "it is a container's own layer: it goes with the container", "put the data on a volume"],
  ],
  ["tmpfs", ["problem", "it is memory: nothing on it survives a restart", "put the data on a disk"]],
  ["ramfs", ["problem", "it is memory: nothing on it survives a restart", "put the data on a disk"]],
  ["vfat", ["warning", "it has no journal and can't preallocate", "put the data on ext4"]],
  ["exfat", ["warning", "it has no journal and can't preallocate", "put the data on ext4"]],
  [
    "nfs",
    ["problem", "a network's file system can't promise what a sync has to", "put the data on a local disk"],
  ],
  [
    "nfs4",
    ["problem", "a network's file system can't promise what a sync has to", "put the data on a local disk"],
  ],
  [
    "cifs",
    ["problem", "a network's file system can't promise what a sync has to", "put the data on a local disk"],
  ],
]);

/** Sizes in a probe file of `folder` how long a small append and its sync take. The file is removed. */
export function checkSync(folder: string, monotonicMs: () => number): Finding {
  const path = join(folder, `.headwater-doctor-${process.pid}`);
  const fd = openSync(path, "wx", 0o600);
  const latenciesMs: number[] = [];
  try {
    preallocate(fd);
    const bytes = new Uint8Array(APPEND_BYTES).fill(0x5a);
    const endMs = monotonicMs() + MAX_MEASURE_MS;
    for (let count = 0; count < MAX_APPENDS && monotonicMs() < endMs; count++) {
      const startMs = monotonicMs();
      writeSync(fd, bytes, 0, bytes.length, (count * APPEND_BYTES) % PROBE_FILE_BYTES);
      fdatasyncSync(fd);
      latenciesMs.push(monotonicMs() - startMs);
    }
  } finally {
    closeSync(fd);
    unlinkSync(path);
  }
  return judgeSync(latenciesMs);
}

/** What latencies of small synced appends mean. */
export function judgeSync(latenciesMs: readonly number[]): Finding {
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  const data = { appends: sorted.length, p50Ms: at(0.5), p90Ms: at(0.9), p99Ms: at(0.99), maxMs: at(1) };
  const value = `p50 ${ms(data.p50Ms)}, p90 ${ms(data.p90Ms)}, p99 ${ms(data.p99Ms)}, longest ${ms(data.maxMs)} (${data.appends} appends)`;
  const check = "fdatasync";
  if (data.p50Ms < 0.02) {
    const meaning =
      "too fast for a disk: a flush is not waited for, so a power cut may take what was acknowledged";
    const remedy =
      "on a virtual machine, let the host honour flushes; otherwise check the drive's write cache";
    return { check, verdict: "warning", value, meaning, remedy, data };
  }
  const rounds = Math.max(1, Math.floor(1000 / data.p50Ms));
  const meaning = `an acknowledgement takes about ${ms(data.p50Ms)}; all that arrives meanwhile shares the next of about ${rounds} commit rounds a second`;
  if (data.p50Ms > 100 || data.p99Ms > 1000) {
    const remedy =
      "a faster card (A2, or an SSD) helps; commit.linger.ms spares it; durability=memory for topics that may lose seconds";
    return { check, verdict: "warning", value, meaning, remedy, data };
  }
  return { check, verdict: "ok", value, meaning, remedy: null, data };
}

/** Whether blocks can be reserved ahead, which the mapped segments rest on. */
export function checkPreallocation(folder: string): Finding {
  const path = join(folder, `.headwater-doctor-${process.pid}-allocate`);
  const check = "preallocation";
  const fd = openSync(path, "wx", 0o600);
  try {
    allocate(fd, 0, PROBE_FILE_BYTES);
    const meaning = "a full disk is noticed when a segment is made, not in the middle of a store";
    return { check, verdict: "ok", value: "works", meaning, remedy: null, data: { works: true } };
  } catch (error) {
    const value = error instanceof Error ? error.message : String(error);
    const meaning = "blocks can't be reserved ahead: segments are written by plain writes";
    const remedy = "put the data on ext4 or xfs, or make room";
    return { check, verdict: "warning", value, meaning, remedy, data: { works: false } };
  } finally {
    closeSync(fd);
    unlinkSync(path);
  }
}

/** The file system that `folder` is on, from the text of /proc/self/mountinfo. */
export function judgeFileSystem(folder: string, mountInfo: string): Finding {
  const check = "file system";
  const mount = mountOf(folder, mountInfo);
  if (mount === null) {
    const meaning = "the kernel does not say; plain writes are the safe choice";
    return {
      check,
      verdict: "note",
      value: "unknown",
      meaning,
      remedy: "set disk.implementation=plain",
      data: {},
    };
  }
  const known = FILE_SYSTEMS.get(mount.type);
  const [verdict, meaning, remedy] =
    known ?? (["note", "headwater was not tried on it", "set disk.implementation=plain to be safe"] as const);
  const value = `${mount.type} on ${mount.point} (${mount.device})`;
  if (mount.readOnly) {
    const why = "it is mounted read-only";
    return {
      check,
      verdict: "problem",
      value,
      meaning: why,
      remedy: "mount it read-write",
      data: { ...mount },
    };
  }
  return { check, verdict, value, meaning, remedy, data: { ...mount } };
}

/** Free space beside the reserve. */
export function checkFreeSpace(folder: string, reserveBytes: number): Finding {
  const { bavail, bsize, blocks, ffree, files } = statfsSync(folder);
  return judgeFreeSpace(bavail * bsize, blocks * bsize, files === 0 ? null : ffree, reserveBytes);
}

/** What an amount of free space means; `freeFiles` null where the file system has no bound on files. */
export function judgeFreeSpace(
  freeBytes: number,
  totalBytes: number,
  freeFiles: number | null,
  reserveBytes: number,
): Finding {
  const check = "free space";
  const value = `${human(freeBytes)} of ${human(totalBytes)} free, reserve ${human(reserveBytes)}`;
  const data = { freeBytes, totalBytes, freeFiles, reserveBytes };
  const usable = freeBytes - reserveBytes;
  if (usable <= 0) {
    const meaning = "less than the reserve: records would be refused at once";
    const remedy = "make room, or lower disk.reserve.bytes";
    return { check, verdict: "problem", value, meaning, remedy, data };
  }
  if (freeFiles !== null && freeFiles < 1000) {
    const meaning = `only ${freeFiles} more files fit: each segment takes four`;
    return {
      check,
      verdict: "problem",
      value,
      meaning,
      remedy: "remove files, or format with more inodes",
      data,
    };
  }
  // 250 bytes a reading with all overhead, 100 devices once a second.
  const days = usable / (250 * 100 * 86_400);
  const meaning = `about ${days < 1 ? "less than 1" : Math.floor(days)} days of 100 devices that send 100 bytes once a second`;
  if (usable < GIB) {
    return {
      check,
      verdict: "warning",
      value,
      meaning,
      remedy: "set log.retention.bytes, or use a larger disk",
      data,
    };
  }
  return { check, verdict: "ok", value, meaning, remedy: null, data };
}

interface Mount {
  readonly point: string;
  readonly type: string;
  readonly device: string;
  readonly readOnly: boolean;
}

/** The mount with the longest point that holds `folder`, an absolute path without links; the last of equals. */
function mountOf(folder: string, mountInfo: string): Mount | null {
  let best: Mount | null = null;
  for (const line of mountInfo.split("\n")) {
    const [left, right] = line.split(" - ");
    const point = unescapeMount(left?.split(" ")[4] ?? "");
    const [type, device] = right?.split(" ") ?? [];
    if (point === "" || type === undefined || device === undefined) continue;
    const inside = folder === point || folder.startsWith(point === "/" ? "/" : `${point}/`);
    if (!inside || (best !== null && best.point.length > point.length)) continue;
    const options = `${left?.split(" ")[5] ?? ""},${right?.split(" ")[2] ?? ""}`.split(",");
    best = { point, type, device, readOnly: options.includes("ro") };
  }
  return best;
}

/** The kernel writes spaces and the like as \040. */
function unescapeMount(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

function preallocate(fd: number): void {
  try {
    allocate(fd, 0, PROBE_FILE_BYTES);
  } catch {
    // Its own check reports this; the sync is measured all the same.
    writeSync(fd, new Uint8Array(PROBE_FILE_BYTES), 0, PROBE_FILE_BYTES, 0);
  }
  fdatasyncSync(fd);
}

function ms(value: number): string {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`;
}

/** Rounded to a tenth of its unit, for people. */
export function human(bytes: number): string {
  if (bytes >= GIB) return `${(bytes / GIB).toFixed(1)} GiB`;
  return bytes >= MIB ? `${(bytes / MIB).toFixed(0)} MiB` : formatSizeBytes(bytes);
}
