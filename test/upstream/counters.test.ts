import { expect, test } from "bun:test";
import { countersOf } from "../../src/upstream/counters.ts";
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
