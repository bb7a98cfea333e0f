import { expect, test } from "bun:test";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { LinkGovernor } from "../../../src/upstream/link/governor.ts";
import { DEFAULT_LINK_SETTINGS } from "../../../src/upstream/link/settings.ts";
import { DEFAULT_UPLINK_LIMITS } from "../../../src/upstream/settings.ts";

test("what comes down is held by what was used until now, and before anything is known", () => {
  const governed = (atBudgetEnd: "stop" | "priority") =>
    new LinkGovernor(
      { ...DEFAULT_LINK_SETTINGS, dayBudgetBytes: 100_000, atBudgetEnd, priorityTopics: ["a"] },
      DEFAULT_UPLINK_LIMITS,
      { nowMs: () => Date.UTC(2026, 5, 5), offsetMs: () => 0 },
      new SeededRandom(1),
    );
  for (const atBudgetEnd of ["stop", "priority"] as const) {
    const governor = governed(atBudgetEnd);
    expect(governor.holdForOthers(0)?.reason).toContain("not read yet");
    governor.restore(null);
    expect(governor.holdForOthers(1)).toBeNull();
    governor.meter.received(5_000_000, 1);
    expect(governor.holdForOthers(2)?.reason).toContain("budget");
  }
});
