import { expect, test } from "bun:test";
import { CANARY_TOPIC, canaryKey } from "../../../src/upstream/flow/canary-topic.ts";
import { ModelRun } from "../model-run.ts";

function withCanaries(): { run: ModelRun; release(id: string): void } {
  const run = new ModelRun();
  run.memory.createTopic(CANARY_TOPIC, 1);
  return {
    run,
    release(id) {
      run.memory.append(CANARY_TOPIC, 0, [{ key: canaryKey("g", "u"), value: JSON.stringify({ id }) }]);
      run.forwarder.canary.released(id, run.nowMs);
      run.forwarder.appended(CANARY_TOPIC, 0);
    },
  };
}

test("a canary goes up as any record, and is read back where it arrived", () => {
  const { run, release } = withCanaries();
  run.run(1_000);
  release("one");
  expect(run.status().canary).toMatchObject({ outForMs: 0, seenAgoMs: null });
  run.run(1_000);
  const { canary } = run.status();
  expect(canary).toMatchObject({ outForMs: null, fault: null });
  expect(canary.roundTripMs).toBeLessThan(500);
  expect(run.calls.filter(({ kind }) => kind === "scan")).toHaveLength(1);
  expect(run.values(CANARY_TOPIC)).toEqual(['{"id":"one"}']);
});

test("one that a careful reader does not see yet is looked for again", () => {
  const { run, release } = withCanaries();
  run.run(1_000);
  let hidden = true;
  run.instead = (call) => {
    if (call.kind !== "scan" || !hidden) return null;
    const nothing = { logStartOffset: 0, highWatermark: 9, lastStableOffset: 0, batches: new Uint8Array(0) };
    return { kind: "answered", answer: { ...call.ask, offset: 0, error: 0, aborted: [], ...nothing } };
  };
  release("one");
  run.run(2_000);
  expect(run.status().canary.outForMs).toBeGreaterThan(1_500);
  hidden = false;
  run.run(2_000);
  expect(run.status().canary).toMatchObject({ outForMs: null });
  expect(run.status().canary.roundTripMs).toBeGreaterThan(1_500);
});

test("one whose round's end nobody heard is followed by the next", () => {
  const { run, release } = withCanaries();
  run.run(1_000);
  let lose = true;
  run.instead = (call) => {
    if (call.kind !== "end" || !lose) return null;
    lose = false;
    run.centre.perform(call, run.nowMs);
    return { kind: "lost", reason: "the link broke" };
  };
  release("one");
  run.run(60_000);
  release("two");
  run.run(2_000);
  expect(run.status().canary).toMatchObject({ outForMs: null });
  expect(run.status().canary.roundTripMs).toBeLessThan(500);
});

test("why it can't be looked for is said", () => {
  const { run, release } = withCanaries();
  run.run(1_000);
  run.instead = (call) => {
    if (call.kind !== "scan") return null;
    const nothing = { logStartOffset: 0, highWatermark: 0, lastStableOffset: 0, batches: new Uint8Array(0) };
    return { kind: "answered", answer: { ...call.ask, offset: 0, error: 29, aborted: [], ...nothing } };
  };
  release("one");
  run.run(5_000);
  expect(run.status().canary.fault).toBe("it can't be read back: TOPIC_AUTHORIZATION_FAILED");
  expect(run.calls.filter(({ kind }) => kind === "scan").length).toBeLessThan(8);
});

test("others' canaries in the same topic, and what is no canary at all, are not taken for it", () => {
  const { run, release } = withCanaries();
  run.run(1_000);
  for (const value of ['{"id":"one"}', "not json", "null"]) {
    run.memory.append(CANARY_TOPIC, 0, [{ key: canaryKey("other", "u"), value }]);
  }
  run.memory.append(CANARY_TOPIC, 0, [{ key: canaryKey("g", "u"), value: "{" }]);
  run.forwarder.canary.released("one", run.nowMs);
  run.forwarder.appended(CANARY_TOPIC, 0);
  run.run(3_000);
  expect(run.status().canary.outForMs).toBeGreaterThan(2_000);
  release("two");
  run.run(1_000);
  expect(run.status().canary.outForMs).toBeNull();
});
