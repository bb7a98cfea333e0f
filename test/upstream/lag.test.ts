import { expect, test } from "bun:test";
import { encodeStoredPosition } from "../../src/upstream/positions.ts";
import { ModelRun } from "./model-run.ts";

const TOPIC = "readings";
const AWAY = { kind: "lost", reason: "nobody answers" } as const;

/** A gateway that forwarded some records, and has got others since that its centre does not know. */
function restarted(protocol: 0 | 1 | 2, backlog: number): ModelRun {
  const before = new ModelRun({ protocol });
  before.memory.createTopic(TOPIC, 2);
  for (const partition of [0, 1]) before.memory.append(TOPIC, partition, [{ key: "device", value: "old" }]);
  before.run(20_000);
  expect(before.status().lagRecords).toBe(0);
  for (let left = backlog; left > 0; left -= 1) {
    before.memory.append(TOPIC, left % 2, [{ key: "device", value: `new ${left}` }]);
  }
  const { stored, centre, memory } = before;
  return new ModelRun({ protocol, centre, source: memory, stored });
}

for (const protocol of [0, 1, 2] as const) {
  test(`after a restart with the centre away the lag is known from the local position, protocol ${protocol}`, () => {
    const run = restarted(protocol, 7);
    run.instead = (call) => (call.kind === "connect" ? AWAY : null);
    expect(run.status().lagRecords).toBe(-1);
    run.run(5_000);
    expect(run.status()).toMatchObject({ state: { kind: "backing off" }, lagRecords: 7 });
    expect(run.status().topics[0]?.partitions.map(({ position }) => position)).toEqual([1, 1]);
    run.instead = () => null;
    run.run(60_000);
    expect(run.status()).toMatchObject({ state: { kind: "forwarding" }, lagRecords: 0 });
    expect(run.values(TOPIC)).toHaveLength(9);
  });
}

test("without any position the lag is not known until the centre has told one", () => {
  const run = new ModelRun();
  run.memory.createTopic(TOPIC, 1);
  run.memory.append(TOPIC, 0, [{ key: "device", value: "first" }]);
  run.instead = (call) => (call.kind === "connect" ? AWAY : null);
  run.run(5_000);
  expect(run.status().lagRecords).toBe(-1);
  run.instead = (call) => (call.kind === "produce" ? "never" : null);
  run.run(60_000);
  expect(run.status().lagRecords).toBe(1);
});

test("where nothing is to be forwarded there is no lag, once that is known", () => {
  const run = new ModelRun();
  run.instead = (call) => (call.kind === "connect" ? AWAY : null);
  expect(run.status().lagRecords).toBe(-1);
  run.run(1_000);
  expect(run.status().lagRecords).toBe(0);
});

test("a position that is about another centre counts for none but the lag before this one is reached", () => {
  const first = new ModelRun({ protocol: 0 });
  const topicId = first.memory.createTopic(TOPIC, 1);
  for (const value of ["a", "b", "c"]) first.memory.append(TOPIC, 0, [{ key: "device", value }]);
  const topics = [{ topic: TOPIC, topicId, next: [[0, 2] as const], centralEnds: [2] }];
  const stored = encodeStoredPosition({ centre: "another", sending: false, topics });
  const run = new ModelRun({ protocol: 0, source: first.memory, stored });
  run.instead = (call) => (call.kind === "connect" ? AWAY : null);
  run.run(1_000);
  expect(run.status().lagRecords).toBe(1);
  run.instead = () => null;
  run.run(10_000);
  expect(run.values(TOPIC)).toEqual(["a", "b", "c"]);
});

test("a local position that can't be read fails the uplink until it can be", () => {
  const run = restarted(2, 1);
  run.instead = (call) =>
    call.kind === "load-position" ? { kind: "lost", reason: "the disk says no" } : null;
  run.run(5_000);
  expect(run.status()).toMatchObject({
    state: { kind: "failed", reason: "reading the local position: the disk says no" },
    lagRecords: -1,
  });
  run.instead = () => null;
  run.run(40_000);
  expect(run.status()).toMatchObject({ state: { kind: "forwarding" }, lagRecords: 0 });
});
