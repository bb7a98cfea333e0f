import { expect, test } from "bun:test";
import { ERROR } from "../../src/kafka/wire/generated/errors.ts";
import { ModelRun } from "./model-run.ts";

const TOPIC = "readings";
const TIMEOUT_MS = 9_000;
const BUSY = {
  kind: "answered",
  answer: { error: ERROR.NOT_LEADER_OR_FOLLOWER, message: null, baseOffset: -1 },
} as const;

for (const protocol of [1, 2] as const) {
  test(`a transaction that does not get on is given up before the centre does so, protocol ${protocol}`, () => {
    const run = new ModelRun({ protocol, limits: { transactionTimeoutMs: TIMEOUT_MS } });
    run.memory.createTopic(TOPIC, 1);
    run.memory.append(TOPIC, 0, [{ key: "device", value: "first" }]);
    run.instead = (call) => (call.kind === "produce" ? BUSY : null);
    run.run((TIMEOUT_MS * 2) / 3 - 100);
    expect(run.status().restarts).toBe(0);
    run.run(TIMEOUT_MS / 3 - 100);
    expect(run.reports).toEqual(["warn backing off: a transaction did not end in time"]);
    run.instead = () => null;
    run.run(2_000);
    expect(run.values(TOPIC)).toEqual(["first"]);
  });
}

test("without transactions a batch that is repeated for minutes is looked up at the centre instead", () => {
  const run = new ModelRun({ protocol: 0 });
  run.memory.createTopic(TOPIC, 1);
  run.memory.append(TOPIC, 0, [{ key: "device", value: "first" }]);
  run.instead = (call) => (call.kind === "produce" ? BUSY : null);
  run.run(9 * 60_000);
  expect(run.status().restarts).toBe(0);
  run.run(2 * 60_000);
  expect(run.reports).toEqual(["warn backing off: a batch was repeated for too long"]);
  run.instead = () => null;
  run.run(2_000);
  expect(run.values(TOPIC)).toEqual(["first"]);
});
