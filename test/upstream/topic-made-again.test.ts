import { describe, expect, test } from "bun:test";
import { countersOfAll } from "../../src/upstream/counters.ts";
import { PLAIN_ROUTE, type RecreatedTopics } from "../../src/upstream/settings.ts";
import { ModelRun } from "./model-run.ts";

const TOPIC = "readings";
const RUN_MS = 40_000;

function put(run: ModelRun, ...values: readonly string[]): void {
  if (run.memory.topics().length === 0) run.memory.createTopic(TOPIC, 1);
  for (const value of values) run.memory.append(TOPIC, 0, [{ key: "device", value }]);
  run.forwarder.appended(TOPIC, 0);
}

function begun(protocol: 0 | 1 | 2, recreatedTopics: RecreatedTopics): ModelRun {
  const run = new ModelRun({ protocol, recreatedTopics });
  put(run, "a", "b", "c");
  run.run(RUN_MS);
  expect(run.values(TOPIC)).toEqual(["a", "b", "c"]);
  return run;
}

/** A process that comes after one, with its store, its centre and the logs of the first. */
function next(
  before: ModelRun,
  first: ModelRun,
  protocol: 0 | 1 | 2,
  recreatedTopics: RecreatedTopics,
): ModelRun {
  const { centre, stored } = before;
  const source = first.memory;
  const run = new ModelRun({ protocol, recreatedTopics, centre, source, stored });
  run.nowMs = before.nowMs + 1_000;
  return run;
}

const told = (run: ModelRun) => run.reports.filter((line) => line.startsWith("made again"));

for (const protocol of [0, 1, 2] as const) {
  describe(`a topic that is made again at the centre, protocol ${protocol}`, () => {
    for (const isAfterRestart of [false, true]) {
      const when = isAfterRestart ? "while the gateway was away" : "under its feet";

      test(`is filled again from what is stored, and that is said, ${when}`, () => {
        const first = begun(protocol, "refill");
        const run = isAfterRestart ? next(first, first, protocol, "refill") : first;
        run.centre.deleteTopic(TOPIC);
        if (!isAfterRestart) put(first, "d");
        run.run(RUN_MS);
        const expected = isAfterRestart ? ["a", "b", "c"] : ["a", "b", "c", "d"];
        expect(run.values(TOPIC)).toEqual(expected);
        expect(told(run)).toEqual([`made again ${TOPIC} ${TOPIC} refill 3`]);
        expect(run.gaps()).toEqual([]);
        const status = run.status();
        expect(status.topics[0]?.madeAgain?.decision).toBe("refill");
        // What goes up again counts again.
        const { total, reconciled } = countersOfAll(status);
        expect(reconciled).toBe(true);
        expect(total).toMatchObject({ forwarded: expected.length + 3, gapped: 0, waiting: 0 });
        const after = next(run, first, protocol, "refill");
        after.run(RUN_MS);
        expect(after.values(TOPIC)).toEqual(expected);
        expect(told(after)).toEqual([]);
      });

      test(`goes on from the position where that is set, with the gap in the ledger, ${when}`, () => {
        const first = begun(protocol, "continue");
        const run = isAfterRestart ? next(first, first, protocol, "continue") : first;
        run.centre.deleteTopic(TOPIC);
        if (!isAfterRestart) put(first, "d");
        run.run(RUN_MS);
        if (isAfterRestart) put(first, "d");
        run.run(RUN_MS);
        expect(run.values(TOPIC)).toEqual(["d"]);
        expect(told(run)).toEqual([`made again ${TOPIC} ${TOPIC} continue 3`]);
        expect(run.gaps()).toEqual([
          `gap ${TOPIC}-0 0..3 centre-deleted: deleted at the centre with their topic (recreated.topics = continue)`,
        ]);
        expect(countersOfAll(run.status()).total).toMatchObject({ stored: 4, forwarded: 4 });
        const after = next(run, first, protocol, "continue");
        put(first, "e");
        after.run(RUN_MS);
        expect(after.values(TOPIC)).toEqual(["d", "e"]);
      });
    }

    test("is dealt with once, however often the first attempts after it fail", () => {
      for (const decision of ["refill", "continue"] as const) {
        const run = begun(protocol, decision);
        run.centre.deleteTopic(TOPIC);
        put(run, "d");
        let failures = 3;
        run.instead = (call) =>
          call.kind === (protocol === 0 ? "produce" : "commit-offsets") &&
          told(run).length > 0 &&
          failures-- > 0
            ? { kind: "lost", reason: "the link is down" }
            : null;
        run.run(3 * RUN_MS);
        expect(told(run)).toHaveLength(1);
        expect(run.values(TOPIC)).toEqual(decision === "refill" ? ["a", "b", "c", "d"] : ["d"]);
      }
    });
  });
}

test("what retention has taken here since can't be filled again: it is a gap", () => {
  const run = begun(2, "refill");
  run.memory.deleteBefore(TOPIC, 0, 2);
  run.centre.deleteTopic(TOPIC);
  put(run, "d");
  run.run(RUN_MS);
  expect(run.values(TOPIC)).toEqual(["c", "d"]);
  expect(run.gaps()).toHaveLength(1);
  expect(countersOfAll(run.status()).total).toMatchObject({ forwarded: 5, gapped: 2, waiting: 0 });
});

test("a route that leads to another topic now is none that was made again", () => {
  const before = begun(2, "refill");
  const { centre, memory: source, stored } = before;
  const routes = [{ ...PLAIN_ROUTE, topics: [TOPIC], topic: "elsewhere" }];
  const run = new ModelRun({ protocol: 2, routes, centre, source, stored });
  run.nowMs = before.nowMs + 1_000;
  put(before, "d");
  run.run(RUN_MS);
  expect(told(run)).toEqual([]);
  expect(run.values("elsewhere")).toEqual(["d"]);
});
