import { describe, expect, test } from "bun:test";
import { ZERO_UUID } from "../../../src/base/ids.ts";
import { LogComparison } from "../../../src/cli/merge-check/log-comparison.ts";
import type { TopicReport } from "../../../src/cli/merge-check/topic-check.ts";
import { mergeCheckText, verdictOf } from "../../../src/cli/merge-check.ts";
import { GapEntries } from "../../../src/cli/replay/gap-entries.ts";
import { leftOutBy } from "../../../src/cli/replay/left-out.ts";
import { OriginReader } from "../../../src/cli/replay/origin.ts";
import { Proof } from "../../../src/cli/replay/proof.ts";
import { exitOf, type Verdict, verdictText, wordOf } from "../../../src/cli/replay/verdict.ts";
import { withAccount } from "../../../src/cli/replay/verification.ts";
import { PLAIN_ROUTE } from "../../../src/upstream/settings.ts";
import { ModelRun } from "../../upstream/model-run.ts";

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

describe("after an operator had the uplink go back", () => {
  const TOPIC = "telemetry";
  const NOTHING = { times: false, missing: false };

  /** Twenty records of one device; the uplink goes back to the eighth, whose like the centre has lost from there on. */
  function rewound(route: Partial<typeof PLAIN_ROUTE>) {
    const run = new ModelRun({ routes: [{ ...PLAIN_ROUTE, topics: [TOPIC], ...route }] });
    run.memory.createTopic(TOPIC, 1);
    for (let n = 0; n < 20; n += 1)
      run.memory.append(TOPIC, 0, [{ key: n % 2 === 0 ? "even" : "odd", value: String(n) }]);
    run.run(20_000);
    run.forwarder.positions.rewind(TOPIC, new Map([[0, 8]]), () => {});
    run.run(20_000);
    const partition = run.status().topics.find(({ topic }) => topic === TOPIC)?.partitions[0];
    if (partition === undefined) throw new Error("the topic is not forwarded");
    const { firstOffset, position, tally } = partition;
    const account = { firstOffset, ...tally };
    return { there: new Set(run.values(TOPIC).map(Number)), leftOut: leftOutBy(account, position) };
  }

  function judged({ there, leftOut }: ReturnType<typeof rewound>) {
    const log = new LogComparison(0, 0, 20, { pending: { chunks: 0 }, offsets: { open: 0 } });
    for (let offset = 0; offset < 20; offset += 1) log.atGateway(offset, 1, 1, true);
    const proof = new Proof({ fromMs: -Infinity, toMs: Infinity, devices: new Set(), gateway: null });
    proof.expectStart();
    const origin = new OriginReader();
    for (const offset of [...there].sort((a, b) => a - b)) {
      log.atCentre(offset, 1, 1, 0, offset);
      Object.assign(origin, { gateway: "g", log: "L/0", offset, timeMs: offset });
      proof.take(origin, TOPIC, 0, offset, false);
    }
    const ledger = new GapEntries(TOPIC);
    const topic: TopicReport = {
      ...{ local: TOPIC, central: TOPIC, topicId: ZERO_UUID, gateway: "g", positionKnown: true },
      ...{ undecided: false, otherLogs: {} },
      partitions: [log.report(20, [], 20, null, leftOut.filtered, leftOut.countedFrom)],
    };
    const verdict: Verdict = {
      ...{ level: "log", refused: [], absent: { asked: 0, devices: [] }, withoutOrigin: 0 },
      ...{ undecided: false, deleted: 0, compacted: false },
      logs: proof.report("log", ledger).map((each) => withAccount(each, leftOut, proof, ledger)),
    };
    return { topic, verdict };
  }

  for (const [kind, route] of [
    ["filtered", { keys: ["odd"] }],
    ["sampled", { sampling: { kind: "every", count: 2 } }],
  ] as const) {
    test(`what a ${kind} route left out below can't be told from what is missing`, () => {
      const run = rewound(route);
      expect(run.leftOut).toEqual({ filtered: 6, countedFrom: 8 });
      const { topic, verdict } = judged(run);
      expect(verdictOf([topic], NOTHING)).toBe("left out by routes");
      const text = mergeCheckText("left out by routes", [topic], NOTHING);
      expect(text).toContain(
        "but for 6 records that routes left out, as uplinks have counted, but for 4 that are missing below where an uplink was moved back to",
      );
      expect(verdictOf([topic], { ...NOTHING, missing: true })).toBe("the same");
      expect([wordOf(verdict), exitOf(verdict)]).toEqual(["left out by routes", 1]);
      expect(verdictText(verdict)).toStartWith(
        "left out by routes: 4 records are missing below where an uplink was moved back to",
      );
    });

    test(`what is missing above, where a ${kind} route counts, is found`, () => {
      const run = rewound(route);
      for (let offset = 8; offset < 14; offset += 1) run.there.delete(offset);
      const { topic, verdict } = judged(run);
      expect(verdictOf([topic], NOTHING)).toBe("unaccounted");
      expect([wordOf(verdict), exitOf(verdict)]).toEqual(["unaccounted", 7]);
    });
  }

  test("what a route without conditions never left out is missing below, too", () => {
    const run = rewound({});
    expect(run.leftOut).toEqual({ filtered: 0, countedFrom: 0 });
    run.there.delete(3);
    const { topic, verdict } = judged(run);
    expect(verdictOf([topic], NOTHING)).toBe("unaccounted");
    expect(exitOf(verdict)).toBe(7);
  });

  test("before anything has gone up since, nothing can be told of what is below", () => {
    expect(leftOutBy({ firstOffset: 8, filtered: 0, gapped: 0, empty: 0 }, 8).countedFrom).toBe(8);
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
