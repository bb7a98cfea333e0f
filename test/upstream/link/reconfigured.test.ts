import { expect, test } from "bun:test";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { LinkGovernor } from "../../../src/upstream/link/governor.ts";
import { DEFAULT_LINK_SETTINGS, type LinkSettings } from "../../../src/upstream/link/settings.ts";
import { DEFAULT_UPLINK_LIMITS } from "../../../src/upstream/settings.ts";

/** Monday noon. */
const WALL = { nowMs: () => Date.UTC(2026, 0, 5, 12), offsetMs: () => 0 };

function link(changes: Partial<LinkSettings>): LinkSettings {
  return { ...DEFAULT_LINK_SETTINGS, ...changes };
}

test("a budget that is changed meanwhile counts what was used before", () => {
  const governor = new LinkGovernor(link({}), DEFAULT_UPLINK_LIMITS, WALL, new SeededRandom(1));
  governor.restore(null);
  governor.meter.received(500_000, 1);
  expect(governor.holdForOthers(2)).toBeNull();
  governor.reconfigure(link({ dayBudgetBytes: 400_000 }), 3);
  expect(governor.holdForOthers(4)?.reason).toContain("budget");
  governor.reconfigure(link({ dayBudgetBytes: 4_000_000 }), 5);
  expect(governor.holdForOthers(6)).toBeNull();
  governor.reconfigure(link({ monthBudgetBytes: 400_000 }), 7);
  expect(governor.holdForOthers(8)?.reason).toContain("budget");
});

test("windows and the rate are in force at once", () => {
  const governor = new LinkGovernor(link({}), DEFAULT_UPLINK_LIMITS, WALL, new SeededRandom(1));
  governor.restore(null);
  expect(governor.hold()).toBeNull();
  const night = { days: [0, 1, 2, 3, 4, 5, 6], startMinute: 0, lengthMinutes: 60 };
  governor.reconfigure(link({ windows: [night] }), 1);
  expect(governor.hold()?.reason).toContain("window");
  governor.reconfigure(link({ rateBytesPerSecond: 1_000 }), 2);
  expect(governor.hold()).toBeNull();
  expect(governor.meter.bytesPerSecond).toBe(1_000);
});
