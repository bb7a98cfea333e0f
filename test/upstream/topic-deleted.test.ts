import { expect, test } from "bun:test";
import { ERROR } from "../../src/kafka/wire/generated/errors.ts";
import { ModelRun } from "./model-run.ts";

const TOPIC = "readings";
const ANSWER_MS = 2_000;

for (const protocol of [0, 1, 2] as const) {
  test(`a topic that is deleted at the centre is told, looked up and made again, protocol ${protocol}`, () => {
    const run = new ModelRun({ protocol });
    run.memory.createTopic(TOPIC, 1);
    run.memory.append(TOPIC, 0, [{ key: "device", value: "before" }]);
    run.run(10_000);
    expect(run.values(TOPIC)).toEqual(["before"]);
    run.centre.deleteTopic(TOPIC);
    run.memory.append(TOPIC, 0, [{ key: "device", value: "after" }]);
    run.forwarder.appended(TOPIC, 0);
    run.step();
    run.run(ANSWER_MS);
    expect(run.reports.filter((line) => line.includes("UNKNOWN_TOPIC_OR_PARTITION"))).toEqual([
      `trouble writing to ${TOPIC}: UNKNOWN_TOPIC_OR_PARTITION`,
    ]);
    expect(run.reports).toContain(`warn backing off: the centre has no topic ${TOPIC} any more`);
    run.run(ANSWER_MS);
    expect(run.values(TOPIC)).toContain("after");
    expect(run.status().lagRecords).toBe(0);
  });
}

test("a coordinator that denies a topic is told of, once, with the state", () => {
  const run = new ModelRun({ protocol: 1 });
  run.memory.createTopic(TOPIC, 1);
  run.memory.append(TOPIC, 0, [{ key: "device", value: "first" }]);
  const denied = {
    kind: "answered",
    answer: { error: ERROR.UNKNOWN_TOPIC_OR_PARTITION, message: null },
  } as const;
  run.instead = (call) => (call.kind === "add-partitions" ? denied : null);
  run.run(5_000);
  const told = "add-partitions: UNKNOWN_TOPIC_OR_PARTITION";
  expect(run.status().lastError).toBe(told);
  expect(run.reports.filter((line) => line.includes(told))).toHaveLength(1);
  // It is looked up again and again meanwhile, a second apart.
  expect(run.calls.filter(({ kind }) => kind === "topics").length).toBeGreaterThan(4);
  expect(run.calls.filter(({ kind }) => kind === "topics").length).toBeLessThan(9);
  run.instead = () => null;
  run.run(2_000);
  expect(run.values(TOPIC)).toEqual(["first"]);
});
