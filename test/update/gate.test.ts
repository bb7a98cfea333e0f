import { expect, test } from "bun:test";
import { refusalOf } from "../../src/update/admission.ts";
import type { BundleHeader } from "../../src/update/bundle.ts";
import { type Before, Gate, type Health, lackOf } from "../../src/update/gate.ts";

const WELL: Health = { hindrances: [], ingested: true, uplinks: [{ name: "centre", state: "idle" }] };
const BEFORE: Before = { attempt: "u1", ready: true, moving: ["centre"] };

test("a version is held to what the one before did, and to no more", () => {
  expect(lackOf(WELL, BEFORE)).toBeNull();
  const full = { ...WELL, hindrances: ["the disk is full"] };
  expect(lackOf(full, BEFORE)).toContain("the disk is full");
  expect(lackOf(full, { ...BEFORE, ready: false })).toBeNull();
  expect(lackOf({ ...WELL, ingested: false }, { ...BEFORE, ready: false })).toContain("no record");
  const uplink = (state: string) => ({ ...WELL, uplinks: [{ name: "centre", state }] });
  for (const state of ["connecting", "backing off", "failed", "fenced"]) {
    expect(lackOf(uplink(state), BEFORE)).toBe(`the uplink centre, which moved before, is ${state}`);
    expect(lackOf(uplink(state), { ...BEFORE, moving: [] })).toBeNull();
  }
  for (const state of ["forwarding", "held"]) expect(lackOf(uplink(state), BEFORE)).toBeNull();
  expect(lackOf({ ...WELL, uplinks: [] }, BEFORE)).toBeNull();
});

test("it has to be well without a break, and in time", () => {
  const gate = new Gate({ limitMs: 100, settleMs: 30 }, 1000);
  expect([gate.look(1000, "a"), gate.look(1010, null), gate.look(1039, null)]).toEqual([
    "waiting",
    "waiting",
    "waiting",
  ]);
  expect([gate.look(1039, "b"), gate.lack]).toEqual(["waiting", "b"]);
  expect([gate.look(1050, null), gate.look(1079, null), gate.look(1080, null)]).toEqual([
    "waiting",
    "waiting",
    "passed",
  ]);
  const late = new Gate({ limitMs: 100, settleMs: 30 }, 1000);
  expect([late.look(1080, null), late.look(1100, null)]).toEqual(["waiting", "failed"]);
});

test("a bundle is refused for what this gateway is", () => {
  const manifest = {
    version: "2.0.0",
    order: "20000000000000000",
    minimumVersion: "1.5.0",
    logFormats: { reads: [2, 3], writes: 3 },
    binaries: [{ architecture: "arm64" }],
  };
  const header = { manifest, manifestSha256: "aa" } as unknown as BundleHeader;
  const present = { architecture: "arm64", version: "1.9.0", order: "10090000000000000", logFormat: 2 };
  const allowed = { older: false, manifestSha256: null, version: null };
  expect(refusalOf(header, present, allowed)).toBeNull();
  expect(refusalOf(header, { ...present, logFormat: null }, { ...allowed, manifestSha256: "aa" })).toBeNull();
  expect(refusalOf(header, present, { ...allowed, manifestSha256: "bb" })).toContain("bb is wanted");
  expect(refusalOf(header, present, { ...allowed, version: "2.0.1" })).toContain("2.0.1 is wanted");
  expect(refusalOf(header, { ...present, architecture: "x64" }, allowed)).toContain("this gateway is x64");
  expect(refusalOf(header, { ...present, logFormat: 1 }, { ...allowed, older: true })).toContain(
    "this one has format 1",
  );
  expect(refusalOf(header, { ...present, version: "1.4.9" }, allowed)).toContain("from 1.5.0 on");
  const newer = { ...present, version: "2.1.0", order: "20010000000000000" };
  expect(refusalOf(header, newer, allowed)).toContain("older than 2.1.0");
  expect(refusalOf(header, newer, { ...allowed, older: true })).toBeNull();
  expect(refusalOf(header, { ...present, order: manifest.order }, allowed)).toContain("is what runs");
});
