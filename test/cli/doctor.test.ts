import { describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { judgeFileSystem, judgeFreeSpace, judgeSync } from "../../src/cli/doctor/disk-checks.ts";
import type { Finding } from "../../src/cli/doctor/finding.ts";
import {
  judgeClock,
  judgeCpu,
  judgeKernel,
  judgeMemory,
  judgeOpenFiles,
  judgePageSize,
} from "../../src/cli/doctor/system-checks.ts";
import { run } from "./support.ts";

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
const NOW = Date.UTC(2026, 5, 1);

const MOUNTS = [
  "22 1 179:2 / / rw,noatime shared:1 - ext4 /dev/mmcblk0p2 rw",
  "30 22 0:25 / /run rw,nosuid - tmpfs tmpfs rw",
  "31 22 8:1 / /mnt/my\\040disk rw - btrfs /dev/sda1 rw",
  "32 22 8:2 / /media/ro ro,relatime - ext4 /dev/sdb1 ro",
  "33 22 8:3 / /mnt/odd rw - reiserfs /dev/sdc1 rw",
  "34 22 0:40 / /mnt/net rw - nfs4 server:/x rw",
].join("\n");

const PI3 = [
  "processor\t: 0",
  "Features\t: fp asimd evtstrm crc32 cpuid",
  "CPU part\t: 0xd03",
  "Model\t\t: Raspberry Pi 3 Model B Plus Rev 1.3",
].join("\n");
const memory = (availableKib: number) =>
  `MemTotal:  948012 kB\nMemAvailable: ${availableKib} kB\nSwapTotal: 0 kB\n`;
const limits = (hard: string) =>
  `Max open files            1024                 ${hard}               files     \n`;
const clock = { nowMs: NOW, synchronised: true, estimatedErrorMs: 1, hasRtc: true };

describe("what measurements mean", () => {
  const cases: readonly (readonly [string, Finding, Finding["verdict"], string])[] = [
    ["an SSD", judgeSync(Array(100).fill(1)), "ok", "about 1000 commit rounds"],
    ["a card", judgeSync(Array(100).fill(20)), "ok", "about 50 commit rounds"],
    ["a slow card", judgeSync(Array(100).fill(200)), "warning", "about 5 commit rounds"],
    [
      "a card that stalls",
      judgeSync([...Array(95).fill(5), ...Array(5).fill(3000)]),
      "warning",
      "p99 3000 ms",
    ],
    ["a disk that lies", judgeSync(Array(100).fill(0.004)), "warning", "too fast for a disk"],
    ["ext4", judgeFileSystem("/var/lib/headwater", MOUNTS), "ok", "ext4 on / (/dev/mmcblk0p2)"],
    ["memory as disk", judgeFileSystem("/run/headwater", MOUNTS), "problem", "nothing on it survives"],
    ["copy-on-write", judgeFileSystem("/mnt/my disk/data", MOUNTS), "note", "copy-on-write"],
    ["read-only", judgeFileSystem("/media/ro", MOUNTS), "problem", "read-only"],
    ["a network", judgeFileSystem("/mnt/net/x", MOUNTS), "problem", "local disk"],
    ["an unknown file system", judgeFileSystem("/mnt/odd", MOUNTS), "note", "not tried"],
    ["a name that only begins like a mount", judgeFileSystem("/runner", MOUNTS), "ok", "ext4 on /"],
    ["no mounts to read", judgeFileSystem("/x", ""), "note", "unknown"],
    ["room", judgeFreeSpace(10 * GIB, 20 * GIB, 10_000, 64 * MIB), "ok", "days of 100 devices"],
    ["little room", judgeFreeSpace(500 * MIB, GIB, 10_000, 64 * MIB), "warning", "log.retention.bytes"],
    ["less than the reserve", judgeFreeSpace(60 * MIB, GIB, 10_000, 64 * MIB), "problem", "refused at once"],
    ["no inodes", judgeFreeSpace(10 * GIB, 20 * GIB, 5, 64 * MIB), "problem", "only 5 more files"],
    ["no bound on files", judgeFreeSpace(10 * GIB, 20 * GIB, null, 64 * MIB), "ok", "days"],
    ["a Pi 5's pages", judgePageSize(16_384), "ok", "16384 bytes"],
    ["large pages", judgePageSize(65_536), "note", "4096 and 16384"],
    ["a Pi 3", judgeCpu(PI3, "arm64", 4), "ok", "Raspberry Pi 3 Model B Plus Rev 1.3, 4 cores, asimd crc32"],
    ["one core", judgeCpu(PI3, "arm64", 1), "note", "share one core"],
    ["no build", judgeCpu("", "riscv64", 4), "problem", "no build for riscv64"],
    ["512 MB", judgeMemory(memory(400_000)), "ok", "391 MiB of 926 MiB"],
    ["a full machine", judgeMemory(memory(150_000)), "warning", "little to spare"],
    ["no memory", judgeMemory(memory(50_000)), "problem", "may end it"],
    ["a new kernel", judgeKernel("6.12.1-v8-16k+"), "ok", "6.12.1"],
    ["5.10", judgeKernel("5.10.0-28-arm64"), "note", "5.14"],
    ["4.19", judgeKernel("4.19.0"), "warning", "older"],
    ["no kernel's release", judgeKernel("?"), "warning", "older"],
    ["enough files", judgeOpenFiles(limits("524288"), 11_000), "ok", "enough for 11000"],
    ["too few files", judgeOpenFiles(limits("4096"), 11_000), "warning", "LimitNOFILE"],
    ["no bound on open files", judgeOpenFiles(limits("unlimited"), 11_000), "ok", "unlimited"],
    ["a good clock", judgeClock(clock), "ok", "trusted"],
    ["1970", judgeClock({ ...clock, nowMs: 5_000 }), "problem", "the time is wrong"],
    ["the far future", judgeClock({ ...clock, nowMs: Date.UTC(2200, 0, 1) }), "problem", "wrong"],
    ["nobody sets the clock", judgeClock({ ...clock, synchronised: false }), "warning", "chrony"],
    ["no RTC", judgeClock({ ...clock, hasRtc: false }), "note", "RTC module"],
    ["a sandbox that hides the clock's state", judgeClock({ ...clock, synchronised: null }), "ok", "unknown"],
  ];
  for (const [name, finding, verdict, words] of cases) {
    test(name, () => {
      expect(finding.verdict).toBe(verdict);
      expect(`${finding.value} ${finding.meaning} ${finding.remedy}`).toContain(words);
      // Whatever has to change comes with what to do about it.
      if (verdict === "warning" || verdict === "problem") expect(finding.remedy).not.toBeNull();
    });
  }
});

test("a run measures, leaves nothing behind and tells programs the same", async () => {
  const folder = mkdtempSync(join(tmpdir(), "headwater-doctor-"));
  try {
    const { code, out } = await run(["doctor", "--data", join(folder, "not", "there"), "-o", "json"]);
    const { ok, findings } = JSON.parse(out) as { ok: boolean; findings: Finding[] };
    expect(code).toBe(findings.some(({ verdict }) => verdict === "problem") ? 1 : 0);
    expect(ok).toBe(code === 0);
    const byName = new Map(findings.map((finding) => [finding.check, finding]));
    expect(Number(byName.get("fdatasync")?.data.appends)).toBeGreaterThan(0);
    expect(byName.get("data folder")?.value).toContain("not there yet");
    expect([...byName.keys()]).toEqual([
      "data folder",
      "file system",
      "free space",
      "fdatasync",
      "preallocation",
      "clock",
      "page size",
      "processor",
      "memory",
      "kernel",
      "open files",
    ]);
    expect(readdirSync(folder)).toEqual([]);
    const text = await run(["doctor", "--data", folder]);
    expect(text.out).toContain("fdatasync: p50");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a data folder that is a file is a problem", async () => {
  const folder = mkdtempSync(join(tmpdir(), "headwater-doctor-"));
  try {
    writeFileSync(join(folder, "file"), "");
    const { code, out } = await run(["doctor", "--data", join(folder, "file")]);
    expect(code).toBe(1);
    expect(out).toContain("PROBLEM data folder");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
