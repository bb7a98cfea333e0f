import { describe, expect, test } from "bun:test";
import { groupBound, groupFolders, machineBound, stalledShares } from "../../../src/io/bun/memory-files.ts";

const MIB = 1024 * 1024;
const ROOT = "/sys/fs/cgroup";

describe("the groups of the process", () => {
  const folders = (text: string | null) => groupFolders(text, ROOT);
  const service = `${ROOT}/system.slice/headwater.service`;

  test("are its own first, then those it is in", () => {
    expect(folders("0::/system.slice/headwater.service\n")).toEqual([service, `${ROOT}/system.slice`, ROOT]);
    expect(folders("4:memory:/other\n1:cpu:/x\n0::/a\n")).toEqual([`${ROOT}/a`, ROOT]);
  });

  test.each([
    ["a container sees itself as the root", "0::/\n"],
    ["cgroup v1 alone", "4:memory:/docker/1\n"],
    ["a group outside of the namespace", "0::/../../machine.slice\n"],
    ["nothing", ""],
    ["garbage", "\0\xff:::\n0:/"],
    ["no file", null],
  ])("are only the root: %s", (_name, text) => {
    expect(folders(text)).toEqual([ROOT]);
  });
});

/** As a Raspberry Pi with 512 MB and MemoryMax=50% shows it. */
const STAT = [
  "anon 58720256",
  "file 125829120",
  "kernel 9437184",
  "shmem 4194304",
  "file_mapped 31457280",
  "file_dirty 2097152",
  "file_writeback 1048576",
  "inactive_anon 1048576",
  "active_anon 61865984",
  "inactive_file 94371840",
  "active_file 27262976",
  "unevictable 0",
  "slab_reclaimable 3145728",
  "slab_unreclaimable 2097152",
  "",
].join("\n");

describe("what a group has left", () => {
  const texts = { current: "193986560\n", max: "225443840\n", high: "max\n", stat: STAT };

  test("counts clean pages of files as free, dirty ones and those of tmpfs not", () => {
    const neededBytes = 193986560 - (94371840 + 27262976 - 2097152 - 1048576) - 3145728;
    expect(groupBound(texts)).toEqual({
      of: "group",
      limitBytes: 225443840,
      availableBytes: 225443840 - neededBytes,
    });
  });

  test("is what memory.high leaves, where that is lower", () => {
    expect(groupBound({ ...texts, high: "200000000\n" })?.limitBytes).toBe(200000000);
    expect(groupBound({ ...texts, max: "max\n", high: "100000000\n" })?.limitBytes).toBe(100000000);
  });

  test("is nothing above the bound, not less than nothing", () => {
    expect(groupBound({ ...texts, max: "1048576" })?.availableBytes).toBe(0);
    expect(groupBound({ ...texts, max: "0\n" })).toEqual({ of: "group", limitBytes: 0, availableBytes: 0 });
  });

  test("is told without memory.stat too, as if all were needed", () => {
    expect(groupBound({ ...texts, stat: null })?.availableBytes).toBe(225443840 - 193986560);
    const odd = "active_file lots\ninactive_file -5\nfile_dirty\nslab_reclaimable 1e9\n\xff";
    expect(groupBound({ ...texts, stat: odd })?.availableBytes).toBe(225443840 - 193986560);
    // More is dirty than there is: what is read one after the other need not fit together.
    const torn = "active_file 10\ninactive_file 5\nfile_dirty 4096\n";
    expect(groupBound({ ...texts, stat: torn })?.availableBytes).toBe(225443840 - 193986560);
  });

  test.each([
    ["no bound", { max: "max\n", high: "max\n" }],
    ["no files", { current: null, max: null, high: null, stat: null }],
    ["no use", { current: null }],
    ["garbage", { current: "NaN", max: "-1", high: "0x10" }],
    ["more than a number holds", { max: "18446744073709551615\n", high: null }],
    ["empty files", { current: "", max: "", high: "", stat: "" }],
  ])("is not told: %s", (_name, changes) => {
    expect(groupBound({ ...texts, ...changes })).toBeNull();
  });
});

describe("what the machine has left", () => {
  const memInfo = "MemTotal:         471188 kB\nMemFree:           20140 kB\nMemAvailable:     231004 kB\n";

  test("is MemAvailable", () => {
    expect(machineBound(memInfo)).toEqual({
      of: "machine",
      limitBytes: 471188 * 1024,
      availableBytes: 231004 * 1024,
    });
    const odd = "MemTotal: 1024 kB\nMemAvailable: 4096 kB\n";
    expect(machineBound(odd)?.availableBytes).toBe(MIB);
  });

  test.each([
    "",
    "MemTotal: 1 kB\n",
    "MemAvailable: 1 kB\n",
    "MemTotal: 0 kB\nMemAvailable: 0 kB\n",
    "MemTotal: x kB\nMemAvailable: y kB\n",
    null,
  ])("is not told by %p", (text) => {
    expect(machineBound(text)).toBeNull();
  });
});

describe("time that is waited for memory", () => {
  test("is the average of ten seconds", () => {
    const text =
      "some avg10=12.34 avg60=5.00 avg300=1.00 total=123\nfull avg10=3.00 avg60=1.00 avg300=0.00 total=99\n";
    expect(stalledShares(text)).toEqual({ someShare: 0.1234, fullShare: 0.03 });
    expect(stalledShares("some avg10=100.00 avg60=1")).toEqual({ someShare: 1, fullShare: 0 });
    expect(stalledShares("some avg10=999.00 avg60=1")?.someShare).toBe(1);
  });

  test.each([
    null,
    "",
    "full avg10=1.00 avg60=1.00",
    "some avg60=1.00",
    "some avg10=-1.00 avg60=0",
    "some avg10=nan avg60=0",
    "some avg10=1.0.0 avg60=0",
    "\0\xff\n",
  ])("is not told by %p", (text) => {
    expect(stalledShares(text)).toBeNull();
  });
});
