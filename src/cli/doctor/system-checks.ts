import { human } from "./disk-checks.ts";
import type { Finding } from "./finding.ts";

const MIB = 1024 * 1024;

/** Bytes in a page, which mappings are cut to. */
export function judgePageSize(sizeBytes: number): Finding {
  const common = sizeBytes === 4096 || sizeBytes === 16_384;
  return {
    check: "page size",
    verdict: common ? "ok" : "note",
    value: `${sizeBytes} bytes`,
    meaning: common
      ? "segments are mapped in pages of this size"
      : "headwater is tested with pages of 4096 and 16384 bytes",
    remedy: common ? null : "use a kernel with one of these, or set disk.implementation=plain",
    data: { pageSizeBytes: sizeBytes },
  };
}

/** The processor, from the text of /proc/cpuinfo. */
export function judgeCpu(cpuInfo: string, arch: string, cores: number): Finding {
  const field = (name: string) => new RegExp(`^${name}\\s*:\\s*(.*)$`, "mi").exec(cpuInfo)?.[1]?.trim() ?? "";
  const features = new Set((field("flags") || field("Features")).split(/\s+/));
  const model = field("model name") || field("Model") || field("CPU part") || "unknown";
  const wanted = arch === "arm64" ? ["asimd", "crc32", "atomics"] : ["sse4_2", "avx2"];
  const present = wanted.filter((feature) => features.has(feature));
  const absent = wanted.filter((feature) => !features.has(feature));
  const value = `${model}, ${cores} ${cores === 1 ? "core" : "cores"}, ${present.join(" ") || "no extensions"}`;
  const data = { model, arch, cores, present, absent };
  const check = "processor";
  if (arch !== "arm64" && arch !== "x64") {
    const meaning = `there is no build for ${arch}`;
    return { check, verdict: "problem", value, meaning, remedy: "use an arm64 or x64 machine", data };
  }
  if (cores === 1) {
    const meaning = "syncs, compression and the broker share one core";
    return { check, verdict: "note", value, meaning, remedy: null, data };
  }
  const meaning =
    absent.length === 0
      ? "all that headwater makes use of"
      : `slower without ${absent.join(", ")}, and correct`;
  return { check, verdict: "ok", value, meaning, remedy: null, data };
}

/** Memory, from the text of /proc/meminfo. */
export function judgeMemory(memInfo: string): Finding {
  const bytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s*(\\d+) kB`, "m").exec(memInfo)?.[1] ?? 0) * 1024;
  const totalBytes = bytes("MemTotal");
  const availableBytes = bytes("MemAvailable");
  const swapBytes = bytes("SwapTotal");
  const check = "memory";
  const value = `${human(availableBytes)} of ${human(totalBytes)} available, swap ${human(swapBytes)}`;
  const data = { totalBytes, availableBytes, swapBytes };
  if (availableBytes < 100 * MIB) {
    const meaning = "a gateway takes about 90 MiB under load: the kernel may end it";
    return {
      check,
      verdict: "problem",
      value,
      meaning,
      remedy: "stop other programs, or use a larger machine",
      data,
    };
  }
  if (availableBytes < 200 * MIB) {
    const meaning = "enough, with little to spare for the page cache";
    const remedy = "lower kafka.max.pending.bytes, mqtt.max.queued.bytes and the connection limits";
    return { check, verdict: "warning", value, meaning, remedy, data };
  }
  const meaning = "a gateway takes about 90 MiB under load; the rest caches what is read";
  return { check, verdict: "ok", value, meaning, remedy: null, data };
}

/** The kernel's release, for what the log asks of it. */
export function judgeKernel(release: string): Finding {
  const [major = 0, minor = 0] = release.split(".").map((part) => Number.parseInt(part, 10));
  const check = "kernel";
  const data = { release };
  if (Number.isNaN(major) || major < 5) {
    const meaning = "older than those headwater is tested on";
    return { check, verdict: "warning", value: release, meaning, remedy: "use Linux 5.10 or later", data };
  }
  if (major === 5 && minor < 14) {
    const meaning = "pages can't be prepared ahead (5.14 can): appends may stall for some milliseconds";
    return { check, verdict: "note", value: release, meaning, remedy: null, data };
  }
  return {
    check,
    verdict: "ok",
    value: release,
    meaning: "all that headwater makes use of",
    remedy: null,
    data,
  };
}

/** Files that the process may have open, from the text of /proc/self/limits. */
export function judgeOpenFiles(limits: string, needed: number): Finding {
  const match = /^Max open files\s+(\S+)\s+(\S+)/m.exec(limits);
  const number = (text: string | undefined) =>
    text === "unlimited" ? Number.POSITIVE_INFINITY : Number(text ?? 0);
  const hard = number(match?.[2]);
  const check = "open files";
  const value = `limit ${match?.[1] ?? "unknown"}, at most ${match?.[2] ?? "unknown"}`;
  const data = { soft: number(match?.[1]), hard, needed };
  if (hard >= needed) {
    const meaning = `enough for ${needed}: segments and all connections that settings allow`;
    return { check, verdict: "ok", value, meaning, remedy: null, data };
  }
  const meaning = `settings allow for ${needed} (segments and connections): the last clients would be refused`;
  const remedy = "raise it (systemd: LimitNOFILE=), or lower max.connections and mqtt.max.connections";
  return { check, verdict: "warning", value, meaning, remedy, data };
}

/** What the clock says and what the kernel knows about it. */
export interface ClockState {
  readonly nowMs: number;
  /** Null where the kernel was not asked. */
  readonly synchronised: boolean | null;
  readonly estimatedErrorMs: number | null;
  readonly hasRtc: boolean;
}

/** Nobody ran this version before. */
const EARLIEST_MS = Date.UTC(2025, 0, 1);
const LATEST_MS = Date.UTC(2100, 0, 1);

export function judgeClock(state: ClockState): Finding {
  const { nowMs, synchronised, hasRtc } = state;
  const check = "clock";
  const sync =
    synchronised === null ? "synchronisation unknown" : synchronised ? "synchronised" : "not synchronised";
  const value = `${new Date(nowMs).toISOString()}, ${sync}, ${hasRtc ? "real-time clock" : "no real-time clock"}`;
  const data = { ...state };
  if (nowMs < EARLIEST_MS || nowMs > LATEST_MS) {
    const meaning = "the time is wrong: records get wrong timestamps, and retention judges by them";
    const remedy = "let NTP set the clock (systemd-timesyncd or chrony), or set it by hand";
    return { check, verdict: "problem", value, meaning, remedy, data };
  }
  if (synchronised === false) {
    const meaning = "nobody corrects the clock: timestamps drift by seconds a day";
    const remedy = "install chrony, or enable systemd-timesyncd";
    return { check, verdict: "warning", value, meaning, remedy, data };
  }
  if (!hasRtc) {
    const meaning = "after a power cut the time is wrong until the network gives it";
    return {
      check,
      verdict: "note",
      value,
      meaning,
      remedy: "add an RTC module where the network may be away",
      data,
    };
  }
  return { check, verdict: "ok", value, meaning: "timestamps can be trusted", remedy: null, data };
}
