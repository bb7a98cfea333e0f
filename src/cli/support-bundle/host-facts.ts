import { readFileSync, statfsSync } from "node:fs";
import { arch, cpus, loadavg, platform, release, totalmem, uptime, version } from "node:os";
import { join } from "node:path";
import type { Part } from "./part.ts";

const MAX_FILE_LENGTH = 16 * 1024;
/** In a control group's folder, version 2. */
const GROUP_FILES = (
  "memory.current memory.high memory.max memory.swap.current memory.events memory.pressure cpu.max cpu.stat " +
  "cpu.pressure io.pressure pids.current pids.max cgroup.controllers"
).split(" ");
const PROCESS_FILES = ["status", "limits", "cgroup", "oom_score_adj", "schedstat"];
/** Not /proc/cpuinfo as a whole: boards write their serial number there. */
const CPU_LINES = /^(?:model name|Model|Hardware|CPU part|CPU implementer|Features|flags|BogoMIPS)\s*:.*$/gm;
const SYSTEM_FILES = [
  "/etc/os-release",
  "/proc/version",
  "/proc/meminfo",
  "/proc/loadavg",
  "/proc/uptime",
  "/proc/pressure/cpu",
  "/proc/pressure/memory",
  "/proc/pressure/io",
  "/proc/sys/vm/overcommit_memory",
  "/proc/sys/vm/swappiness",
  "/proc/sys/fs/file-nr",
  "/proc/swaps",
  "/proc/diskstats",
  "/proc/device-tree/model",
  "/sys/class/thermal/thermal_zone0/temp",
  "/sys/kernel/mm/transparent_hugepage/enabled",
];

/** Kernel, system and control group, as they are: of the gateway where it runs here, else of this command. */
export function hostParts(dataFolder: string): readonly Part[] {
  const pid = gatewayPid(dataFolder);
  const proc = `/proc/${pid ?? "self"}`;
  const cpuinfo = read("/proc/cpuinfo") ?? "";
  const facts = {
    takenAt: new Date().toISOString(),
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    ...{ platform: platform(), arch: arch(), kernel: release(), kernelBuild: version() },
    ...{ uptimeSec: Math.round(uptime()), load: loadavg(), memoryBytes: totalmem(), cpus: cpus().length },
    cpu: [...new Set(cpuinfo.match(CPU_LINES) ?? [])],
    ...{ bun: Bun.version, gatewayPid: pid, user: process.getuid?.() ?? null },
    dataFileSystem: spaceOf(dataFolder),
  };
  return [
    { name: "host/facts.json", kind: "facts", value: facts },
    { name: "host/system.txt", kind: "text", text: sections(SYSTEM_FILES) },
    {
      name: `host/process-${pid === null ? "of-this-command" : "of-the-gateway"}.txt`,
      kind: "text",
      text: sections([
        ...PROCESS_FILES.map((name) => `${proc}/${name}`),
        ...groupFolders(read(`${proc}/cgroup`) ?? "").flatMap((folder) =>
          GROUP_FILES.map((name) => join(folder, name)),
        ),
      ]),
    },
  ];
}

/** Of the process that has the data folder; null where none is alive. */
function gatewayPid(dataFolder: string): number | null {
  const pid = Number.parseInt(read(join(dataFolder, "lock")) ?? "", 10);
  if (!Number.isSafeInteger(pid) || pid <= 0) return null;
  // The number may be another's by now.
  return /headwater|bun/.test(read(`/proc/${pid}/comm`) ?? "") ? pid : null;
}

/** The group of version 2 and those above it, whose bounds hold, too. */
function groupFolders(cgroup: string): readonly string[] {
  const path = /^0::(\/.*)$/m.exec(cgroup)?.[1];
  if (path === undefined || path.includes("..")) return [];
  const names = path.split("/").filter((name) => name !== "");
  return names.map((_, index) => join("/sys/fs/cgroup", ...names.slice(0, names.length - index))).slice(0, 4);
}

function spaceOf(folder: string): object | null {
  try {
    const { type, bsize, blocks, bavail, files, ffree } = statfsSync(folder);
    return { type, totalBytes: blocks * bsize, freeBytes: bavail * bsize, files, freeFiles: ffree };
  } catch {
    return null;
  }
}

function sections(paths: readonly string[]): string {
  return paths
    .flatMap((path) => {
      const text = read(path);
      return text === null ? [] : [`== ${path}\n${text.trimEnd()}\n`];
    })
    .join("\n");
}

/** A file of the kernel; null where it is not there, or not for this user. */
function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8").replaceAll("\0", "").slice(0, MAX_FILE_LENGTH);
  } catch {
    return null;
  }
}
