import { describe, expect, test } from "bun:test";
import { countersOfAll } from "../../src/upstream/counters.ts";
import { PLAIN_ROUTE } from "../../src/upstream/settings.ts";
import { ModelRun } from "./model-run.ts";

const TOPIC = "readings";
const ROUTES = [{ ...PLAIN_ROUTE, topics: ["*"], keys: ["odd"] }];
const RUN_MS = 20_000;

function put(run: ModelRun, count: number, topic = TOPIC): void {
  if (run.memory.topics().every(({ name }) => name !== topic)) run.memory.createTopic(topic, 1);
  for (let n = 0; n < count; n += 1) {
    run.memory.append(topic, 0, [{ key: n % 2 === 0 ? "even" : "odd", value: String(n) }]);
  }
  run.forwarder.appended(topic, 0);
}

/** The same gateway after a crash, or a stop. */
function restarted(before: ModelRun, protocol: 0 | 1 | 2, stored = before.stored): ModelRun {
  const run = new ModelRun({
    protocol,
    routes: ROUTES,
    centre: before.centre,
    source: before.memory,
    stored,
  });
  run.nowMs = before.nowMs + 1_000;
  return run;
}

const total = (run: ModelRun) => countersOfAll(run.status()).total;

function sum({ forwarded, filtered, gapped, empty, waiting }: ReturnType<typeof total>): number {
  return forwarded + filtered + gapped + empty + waiting;
}

/** Ten records, half of them left out; two of them lost. */
function begun(protocol: 0 | 1 | 2): ModelRun {
  const run = new ModelRun({ protocol, routes: ROUTES });
  put(run, 10);
  run.memory.loseBatch(TOPIC, 0, 2);
  run.memory.loseBatch(TOPIC, 0, 5);
  run.run(RUN_MS);
  expect(total(run)).toEqual({ stored: 10, forwarded: 4, filtered: 4, gapped: 2, empty: 0, waiting: 0 });
  return run;
}

for (const protocol of [0, 1, 2] as const) {
  describe(`counters, protocol ${protocol}`, () => {
    test("go on where they were after a restart, and say so before the centre is there", () => {
      const before = begun(protocol);
      const run = restarted(before, protocol);
      run.instead = (call) => (call.kind === "connect" ? { kind: "lost", reason: "away" } : null);
      expect(countersOfAll(run.status()).known).toBe(false);
      run.run(1_000);
      expect(countersOfAll(run.status())).toMatchObject({ known: true, reconciled: true });
      expect(total(run)).toEqual(total(before));
      run.instead = () => null;
      run.run(RUN_MS);
      expect(total(run)).toEqual(total(before));
    });

    test("are those of the position where the local store is behind", () => {
      const before = begun(protocol);
      const { stored } = before;
      put(before, 6);
      // Nothing of it is saved any more.
      before.instead = (call) => (call.kind === "save-position" ? "never" : null);
      before.run(RUN_MS);
      const run = restarted(before, protocol, stored);
      run.run(RUN_MS);
      expect(total(run)).toEqual({
        stored: 16,
        forwarded: 7,
        filtered: 7,
        gapped: 2,
        empty: 0,
        waiting: 0,
      });
    });

    test("keep what a topic's deletion took before it was forwarded, also while the centre is away", () => {
      const run = begun(protocol);
      put(run, 3, "doomed");
      run.run(RUN_MS);
      run.instead = (call) =>
        ["load-position", "save-position", "load-link", "save-link"].includes(call.kind)
          ? null
          : { kind: "lost", reason: "away" };
      put(run, 4, "doomed");
      run.run(RUN_MS);
      expect(total(run)).toMatchObject({ stored: 17, waiting: 4 });
      const { id = "" } = run.memory.topics().find(({ name }) => name === "doomed") ?? {};
      // The last one was never seen by the uplink.
      run.forwarder.positions.gone({ topic: "doomed", topicId: id as never, partition: 0 }, 8);
      run.memory.deleteTopic("doomed");
      run.run(60_000);
      const expected = { stored: 18, forwarded: 5, filtered: 6, gapped: 7, empty: 0, waiting: 0 };
      expect(total(run)).toEqual(expected);
      const after = restarted(run, protocol);
      after.run(RUN_MS);
      expect(total(after)).toEqual(expected);
    });

    test("only grow where a position is moved back: what is sent again counts again", () => {
      const run = begun(protocol);
      run.forwarder.positions.rewind(TOPIC, new Map([[0, 6]]), () => {});
      run.run(RUN_MS);
      // Of the last four offsets two are left out.
      const expected = { stored: 14, forwarded: 6, filtered: 6, gapped: 2, empty: 0, waiting: 0 };
      expect(total(run)).toEqual(expected);
      expect(sum(total(run))).toBe(total(run).stored);
      const after = restarted(run, protocol);
      after.run(RUN_MS);
      expect(total(after)).toEqual(expected);
    });
  });
}

test("with transactions the centre has the counters, too: a gateway that lost its store goes on with them", () => {
  for (const protocol of [1, 2] as const) {
    const before = begun(protocol);
    const run = restarted(before, protocol, null);
    run.run(RUN_MS);
    expect(total(run)).toEqual(total(before));
  }
});
