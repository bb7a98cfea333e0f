import type { MemoryBound, MemoryReading } from "../memory.ts";

const KIB = 1024;
const PERCENT = 100;

/** The texts of a cgroup's files (cgroup v2, as in the kernel's admin-guide/cgroup-v2); null where there is none. */
export interface GroupTexts {
  readonly current: string | null;
  readonly max: string | null;
  readonly high: string | null;
  readonly stat: string | null;
}

/** The folders, from the process's own group up to the root, by /proc/self/cgroup; just the root where it says nothing. */
export function groupFolders(cgroupText: string | null, root: string): readonly string[] {
  const path = /^0::(\/.*)$/m.exec(cgroupText ?? "")?.[1] ?? "/";
  const names = path.split("/").filter((name) => name !== "" && name !== ".");
  // Seen from within a namespace that the process's group is not in: only the root can be looked at.
  if (names.includes("..")) return [root];
  return [...names.keys()]
    .reverse()
    .map((last) => `${root}/${names.slice(0, last + 1).join("/")}`)
    .concat(root);
}

/**
 * What a group has left; null where it has no bound, or does not say. Its own count of what is in use has the pages of
 * files in it; those that are clean are not: they are taken back before anybody is ended. Above `high` its
 * processes are made to wait, so that is the bound where it is lower.
 */
export function groupBound({ current, max, high, stat }: GroupTexts): MemoryBound | null {
  const limits = [max, high].map(wholeNumber).filter((limit) => limit !== null);
  const usedBytes = wholeNumber(current);
  if (limits.length === 0 || usedBytes === null) return null;
  const limitBytes = Math.min(...limits);
  const figure = (name: string) => figureOf(stat, name, " ") ?? 0;
  const dirtyBytes = figure("file_dirty") + figure("file_writeback");
  const cachedBytes = figure("active_file") + figure("inactive_file");
  const cleanBytes = Math.max(0, cachedBytes - dirtyBytes) + figure("slab_reclaimable");
  const neededBytes = Math.max(0, usedBytes - cleanBytes);
  return { of: "group", limitBytes, availableBytes: Math.max(0, limitBytes - neededBytes) };
}

/** By /proc/meminfo. */
export function machineBound(memInfo: string | null): MemoryBound | null {
  const totalKib = figureOf(memInfo, "MemTotal", ":");
  const availableKib = figureOf(memInfo, "MemAvailable", ":");
  if (totalKib === null || availableKib === null || totalKib === 0) return null;
  return {
    of: "machine",
    limitBytes: totalKib * KIB,
    availableBytes: Math.min(availableKib, totalKib) * KIB,
  };
}

/** By /proc/pressure/memory or a group's memory.pressure, of the last ten seconds. */
export function stalledShares(pressure: string | null): MemoryReading["stalled"] {
  const someShare = stalledShare(pressure, "some");
  if (someShare === null) return null;
  return { someShare, fullShare: stalledShare(pressure, "full") ?? 0 };
}

function stalledShare(pressure: string | null, who: "some" | "full"): number | null {
  const percent = new RegExp(`^${who} avg10=(\\d{1,3}(?:\\.\\d+)?)(?: |$)`, "m").exec(pressure ?? "")?.[1];
  return percent === undefined ? null : Math.min(1, Number(percent) / PERCENT);
}

/** Null of "max" too. */
function wholeNumber(text: string | null): number | null {
  const digits = /^\s*(\d{1,19})\s*$/.exec(text ?? "")?.[1];
  const value = digits === undefined ? Number.NaN : Number(digits);
  return Number.isSafeInteger(value) ? value : null;
}

function figureOf(text: string | null, name: string, separator: string): number | null {
  return wholeNumber(
    new RegExp(`^${name}${separator}\\s*(\\d+)(?: kB)?$`, "m").exec(text ?? "")?.[1] ?? null,
  );
}
