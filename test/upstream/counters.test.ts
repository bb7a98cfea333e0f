import { describe, expect, test } from "bun:test";
import { countersOf, type TopicCounters } from "../../src/upstream/counters.ts";
import { PLAIN_ROUTE } from "../../src/upstream/settings.ts";
import { ModelRun } from "./model-run.ts";

const TOPIC = "readings";

/** Three batches of two records each, of which the second is lost. */
function filled(): ModelRun {
  const run = new ModelRun();
  run.memory.createTopic(TOPIC, 1);
  for (let batch = 0; batch < 3; batch += 1) {
    run.memory.append(
      TOPIC,
      0,
      [0, 1].map((n) => ({ key: "device", value: String(batch * 2 + n) })),
    );
  }
  run.memory.loseBatch(TOPIC, 0, 2);
  return run;
}

function counters(run: ModelRun) {
  const [topic] = run.status().topics;
  if (topic === undefined) throw new Error("no topic");
  return countersOf(topic);
}

test("what is stored is forwarded, gapped or waits", () => {
  const run = filled();
  run.run(1_000);
  const up = { topic: TOPIC, stored: 6, forwarded: 4, filtered: 0, gapped: 2, empty: 0, waiting: 0 };
  expect(counters(run)).toEqual({ ...up, reconciled: true });
  run.instead = () => ({ kind: "lost", reason: "the link is down" });
  run.memory.append(TOPIC, 0, [{ key: "device", value: "6" }]);
  run.forwarder.appended(TOPIC, 0);
  run.run(5_000);
  expect(counters(run)).toEqual({ ...up, stored: 7, waiting: 1, reconciled: true });
  run.instead = () => null;
  run.run(60_000);
  expect(counters(run)).toEqual({ ...up, stored: 7, forwarded: 5, reconciled: true });
});

test("a count that is missing is noticed", () => {
  const run = filled();
  run.run(1_000);
  const [topic] = run.status().topics;
  const [partition] = topic?.partitions ?? [];
  if (topic === undefined || partition === undefined) throw new Error("no topic");
  const tally = { ...partition.tally, gapped: partition.tally.gapped - 1 };
  expect(countersOf({ ...topic, partitions: [{ ...partition, tally }] }).reconciled).toBe(false);
  expect(countersOf({ ...topic, partitions: [{ ...partition, firstOffset: -1 }] })).toMatchObject({
    stored: 0,
    reconciled: true,
  });
});

describe("after an operator moved a position", () => {
  /** Ten records, of which the even ones are filtered out where `filtered` says so. */
  function forwarded(protocol: 0 | 1 | 2, filtered: boolean): ModelRun {
    const route = { ...PLAIN_ROUTE, topics: [TOPIC], keys: filtered ? ["odd"] : [] };
    const run = new ModelRun({ protocol, routes: [route] });
    run.memory.createTopic(TOPIC, 1);
    for (let n = 0; n < 10; n += 1) {
      run.memory.append(TOPIC, 0, [{ key: n % 2 === 0 ? "even" : "odd", value: String(n) }]);
    }
    run.run(10_000);
    return run;
  }

  function move(run: ModelRun, to: number): boolean[] {
    const heard: boolean[] = [];
    run.forwarder.positions.rewind(TOPIC, new Map([[0, to]]), (ok) => heard.push(ok));
    run.run(10_000);
    return heard;
  }

  /** Ten more come, and six of them are skipped before any is read. */
  function skip(run: ModelRun): void {
    for (let n = 10; n < 20; n += 1) {
      run.memory.append(TOPIC, 0, [{ key: n % 2 === 0 ? "even" : "odd", value: String(n) }]);
    }
    run.forwarder.appended(TOPIC, 0);
    expect(run.forwarder.positions.rewind(TOPIC, new Map([[0, 16]]), () => {})).toBe(true);
    run.run(60_000);
  }

  const isExact = ({
    stored,
    forwarded: sent,
    filtered,
    gapped,
    empty,
    waiting,
    reconciled,
  }: TopicCounters) => reconciled && stored === sent + filtered + gapped + empty + waiting;

  for (const protocol of [0, 1, 2] as const) {
    test(`back: they count what was sent since, protocol ${protocol}`, () => {
      const run = forwarded(protocol, true);
      expect(counters(run)).toMatchObject({ stored: 10, forwarded: 5, filtered: 5, reconciled: true });
      expect(move(run, 4)).toEqual([true]);
      expect(counters(run)).toMatchObject({ stored: 6, forwarded: 3, filtered: 3, gapped: 0, waiting: 0 });
      expect(isExact(counters(run))).toBe(true);
    });

    test(`on: what is skipped is gapped, and nothing else is forgotten, protocol ${protocol}`, () => {
      const run = forwarded(protocol, false);
      skip(run);
      expect(run.gaps().map((line) => line.split(":")[0])).toEqual([`gap ${TOPIC}-0 10..16 skipped`]);
      const all = { stored: 20, forwarded: 14, filtered: 0, gapped: 6, empty: 0, waiting: 0 };
      expect(counters(run)).toEqual({ topic: TOPIC, ...all, reconciled: true });
    });
  }

  test("also where the centre fails meanwhile, before it has the position or after", () => {
    for (const kind of ["commit-offsets", "end"] as const) {
      for (const isLostBehind of [false, true]) {
        const run = forwarded(2, false);
        let left = 1;
        run.instead = (call) => {
          if (call.kind !== kind || left === 0) return null;
          left -= 1;
          if (isLostBehind) run.perform(call);
          return { kind: "lost", reason: "the link is down" };
        };
        skip(run);
        expect([left, isExact(counters(run))]).toEqual([0, true]);
        expect(counters(run)).toMatchObject({ stored: 20, forwarded: 14, gapped: 6, waiting: 0 });
      }
    }
  });
});
