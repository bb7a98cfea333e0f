import { expect, test } from "bun:test";
import { releaseFrom, releaseProgramPages } from "../../../src/io/bun/program-pages.ts";

const PROGRAM = "/opt/head water/headwater";

function mapping(
  range: string,
  rights: string,
  file: string,
  figures: Readonly<Record<string, number>>,
): string {
  const lines = Object.entries(figures).map(([name, kib]) => `${name}:${String(kib).padStart(16)} kB`);
  return [`${range} ${rights} 00001000 fe:01 1234    ${file}`, ...lines, "VmFlags: rd mr mw me", ""].join(
    "\n",
  );
}

const CLEAN = { Rss: 40, Private_Dirty: 0, Anonymous: 0, Swap: 0 };

test("only pages of the program's file are given back that nobody can have written to", () => {
  const smaps = [
    mapping("00400000-00500000", "r-xp", PROGRAM, CLEAN),
    mapping("00500000-00600000", "r--p", PROGRAM, { ...CLEAN, Rss: 8 }),
    mapping("00600000-00700000", "r--p", PROGRAM, { ...CLEAN, Private_Dirty: 4, Anonymous: 4 }),
    mapping("00700000-00800000", "r--p", PROGRAM, { ...CLEAN, Anonymous: 4 }),
    mapping("00800000-00900000", "rw-p", PROGRAM, CLEAN),
    mapping("00900000-00a00000", "r-xp", "/usr/lib/libc.so.6", CLEAN),
    mapping("00a00000-00b00000", "r--p", PROGRAM, { Rss: 8, Private_Dirty: 0, Swap: 0 }),
    mapping("00b00000-00c00000", "r--p", PROGRAM, { ...CLEAN, Swap: 4 }),
    mapping("7ffe00000000-7ffe00010000", "rw-p", "", CLEAN),
    mapping("7ffff0000000-7ffff0001000", "r-xp", PROGRAM, CLEAN),
  ].join("");
  const dropped: (readonly [number, number])[] = [];
  const released = releaseFrom(smaps, PROGRAM, (address, length) => {
    dropped.push([address, length]);
    return address !== 0x500000;
  });
  expect(dropped).toEqual([
    [0x400000, 0x100000],
    [0x500000, 0x100000],
    [0x7ffff0000000, 0x1000],
  ]);
  // What the kernel did not take is not counted.
  expect(released).toBe(80 * 1024);
});

test.skipIf(process.platform !== "linux")("a program goes on without the pages that it gave back", () => {
  expect(releaseProgramPages()).toBeGreaterThan(0);
  const sorted = Array.from({ length: 1_000 }, (_, index) => (index * 7_919) % 1_000).toSorted(
    (a, b) => a - b,
  );
  expect(JSON.parse(JSON.stringify(sorted))).toEqual(Array.from({ length: 1_000 }, (_, index) => index));
});
