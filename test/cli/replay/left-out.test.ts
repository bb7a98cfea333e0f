import { describe, expect, test } from "bun:test";
import { ZERO_UUID } from "../../../src/base/ids.ts";
import { LogComparison } from "../../../src/cli/merge-check/log-comparison.ts";
import type { TopicReport } from "../../../src/cli/merge-check/topic-check.ts";
import { mergeCheckText } from "../../../src/cli/merge-check.ts";
import { GapEntries } from "../../../src/cli/replay/gap-entries.ts";
import { OriginReader } from "../../../src/cli/replay/origin.ts";
import { Proof } from "../../../src/cli/replay/proof.ts";
import { exitOf, type Verdict, verdictText, wordOf } from "../../../src/cli/replay/verdict.ts";

/** Ten records of a gateway, of which the centre has the even ones; the uplink says that it has left out so many. */
function compared(filtered: number | null): TopicReport {
  const log = new LogComparison(0, 0, 10, { pending: { chunks: 0 }, offsets: { open: 0 } });
  for (let offset = 0; offset < 10; offset += 1) log.atGateway(offset, 1, 1, true);
  for (let offset = 0; offset < 10; offset += 2) log.atCentre(offset, 1, 1, 0, offset);
  return {
    ...{ local: "telemetry", central: "telemetry", topicId: ZERO_UUID, gateway: "g", positionKnown: true },
    ...{ undecided: false, otherLogs: {}, partitions: [log.report(10, [], 10, null, filtered)] },
  };
}

describe("merge-check of a route that leaves records out", () => {
  const text = (filtered: number | null, missing = false) =>
    mergeCheckText("the same", [compared(filtered)], { times: false, missing });

  test("takes for left out what the uplink has counted, and no more", () => {
    const [head, , row, more] = text(5).split("\n");
    expect(head).toBe("the same, but for 5 records that routes left out, as uplinks have counted");
    expect(row?.split(/ +/).slice(5, 8)).toEqual(["0", "5", "0"]);
    expect(more).toBe("");
    const less = text(4);
    expect(less.split("\n")[2]?.split(/ +/).slice(5, 8)).toEqual(["0", "4", "1"]);
    expect(less).toContain("telemetry-0: 1 missing, or left out by the route\n");
  });

  test("says of what the user takes for left out that nobody has counted it", () => {
    const [head, , row] = text(null, true).split("\n");
    expect(head).toBe(
      "the same, but for 5 that are missing, and taken for left out (--filtered): nobody has counted these",
    );
    expect(row?.split(/ +/).slice(5, 8)).toEqual(["0", "5", "0"]);
    expect(text(null)).toContain("telemetry-0: 1 missing\n");
    // A count is better than a wish.
    expect(text(0, true)).toContain("telemetry-0: 1 missing\n");
  });
});

describe("a proof over a route that leaves records out", () => {
  function verdict(leftOut: number): Verdict {
    const proof = new Proof({ fromMs: -Infinity, toMs: Infinity, devices: new Set(), gateway: null });
    const origin = new OriginReader();
    for (let offset = 0; offset < 10; offset += 2) {
      Object.assign(origin, { gateway: "g", log: "L/0", offset, timeMs: offset });
      proof.take(origin, "telemetry", 0, offset, false);
    }
    return {
      ...{ level: "log", refused: [], absent: { asked: 0, devices: [] }, withoutOrigin: 0 },
      ...{ undecided: false, deleted: 0, compacted: false },
      logs: proof.report("log", new GapEntries("telemetry")).map((log) => ({ ...log, leftOut })),
    };
  }

  test("is of as many records as the uplink has left out, and says that it is no more than that", () => {
    expect([wordOf(verdict(4)), exitOf(verdict(4))]).toEqual(["left out by routes", 1]);
    const told = verdictText(verdict(4));
    expect(told).toStartWith("left out by routes: no more records are missing than routes left out; ");
    expect(told.split("\n")).toHaveLength(4);
    expect([wordOf(verdict(3)), exitOf(verdict(3))]).toEqual(["unaccounted", 7]);
    expect(verdictText(verdict(3))).toContain("g L/0: 1 missing, or left out by the route\n");
    expect(wordOf(verdict(0))).toBe("unaccounted");
  });
});
