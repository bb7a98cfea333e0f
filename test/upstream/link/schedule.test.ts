import { describe, expect, test } from "bun:test";
import {
  readScheduleWindow,
  type ScheduleWindow,
  showScheduleWindow,
} from "../../../src/config/schedule-window.ts";
import { windowState } from "../../../src/upstream/link/schedule.ts";
import type { WallClock } from "../../../src/upstream/link/settings.ts";

const HOUR_MS = 3_600_000;
const UTC: WallClock = { nowMs: () => null, offsetMs: () => 0 };

function windows(...texts: readonly string[]): readonly ScheduleWindow[] {
  return texts.map((text) => {
    const reading = readScheduleWindow(text);
    if (!reading.ok) throw new Error(`${text}: ${reading.fault}`);
    return reading.value;
  });
}

function stateAt(texts: readonly string[], at: string, wall: WallClock = UTC) {
  return windowState(windows(...texts), wall, Date.parse(at));
}

describe("windows", () => {
  test("are read as they are shown", () => {
    for (const text of ["mon-fri 01:00-05:00", "* 22:00-06:00", "sat 00:00-24:00", "fri-mon 12:30-13:45"]) {
      expect(windows(text).map(showScheduleWindow)).toEqual([text]);
    }
  });

  test("that are none are refused with a reason", () => {
    for (const text of [
      "",
      "mon",
      "01:00-05:00",
      "mon 25:00-26:00",
      "mon 1-5",
      "noday 01:00-02:00",
      "mon-tue-wed 01:00-02:00",
      "* 05:00-05:00",
      "* 01:60-02:00",
      "* 24:00-25:00",
    ]) {
      expect({ text, ok: readScheduleWindow(text).ok }).toEqual({ text, ok: false });
    }
  });

  // 2026-01-05 is a Monday.
  test.each([
    ["2026-01-05T00:59:59Z", false, 1_000],
    ["2026-01-05T01:00:00Z", true, 4 * HOUR_MS],
    ["2026-01-05T04:59:00Z", true, 60_000],
    ["2026-01-05T05:00:00Z", false, 20 * HOUR_MS],
    ["2026-01-09T05:00:00Z", false, 68 * HOUR_MS],
    ["2026-01-10T02:00:00Z", false, 47 * HOUR_MS],
  ])("of working days at %p are open: %p, and change in %p ms", (at, open, changesInMs) => {
    const state = stateAt(["mon-fri 01:00-05:00"], at);
    expect(state.open).toBe(open);
    expect(state.changesInMs).toBeCloseTo(changesInMs, -1);
  });

  test("go over midnight, on the last day of the week as well", () => {
    expect(stateAt(["sat 22:00-06:00"], "2026-01-10T23:00:00Z")).toEqual({
      open: true,
      changesInMs: 7 * HOUR_MS,
    });
    expect(stateAt(["sat 22:00-06:00"], "2026-01-11T05:00:00Z")).toEqual({
      open: true,
      changesInMs: HOUR_MS,
    });
    expect(stateAt(["sat 22:00-06:00"], "2026-01-10T05:00:00Z").open).toBe(false);
  });

  test("that touch or overlap are one", () => {
    const touching = ["* 01:00-02:00", "* 02:00-04:00", "* 03:00-05:00"];
    expect(stateAt(touching, "2026-01-05T01:30:00Z")).toEqual({ open: true, changesInMs: 3.5 * HOUR_MS });
  });

  test("of all the week never change", () => {
    expect(stateAt(["* 00:00-24:00"], "2026-01-05T01:30:00Z")).toEqual({ open: true, changesInMs: null });
    expect(stateAt([], "2026-01-05T01:30:00Z")).toEqual({ open: true, changesInMs: null });
  });

  test("go by local time where the clock says so", () => {
    const inBerlin: WallClock = { nowMs: () => null, offsetMs: () => HOUR_MS };
    expect(stateAt(["mon 00:00-01:00"], "2026-01-04T23:30:00Z", inBerlin).open).toBe(true);
    expect(stateAt(["mon 00:00-01:00"], "2026-01-05T00:30:00Z", inBerlin).open).toBe(false);
  });
});
