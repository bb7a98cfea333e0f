import { expect, test } from "bun:test";
import type { CallOf } from "../../src/upstream/centre.ts";
import { decodeStoredPosition } from "../../src/upstream/positions.ts";
import { ModelRun } from "./model-run.ts";

const TOPIC = "readings";
/** Longer than records have to stay away before the store is told that nothing is on its way. */
const REST_MS = 10_000;

function put(run: ModelRun, value: string): void {
  if (run.memory.topics().length === 0) run.memory.createTopic(TOPIC, 1);
  run.memory.append(TOPIC, 0, [{ key: "device", value }]);
  run.forwarder.appended(TOPIC, 0);
}

function isSending(stored: Uint8Array | null): boolean {
  return decodeStoredPosition(stored)?.sending ?? false;
}

/** The save of this kind that the store has not answered. */
function holdSaves(run: ModelRun, sending: boolean): { held: CallOf<"save-position"> | null } {
  const state: { held: CallOf<"save-position"> | null } = { held: null };
  run.instead = (call) => {
    if (call.kind !== "save-position" || isSending(call.ask) !== sending) return null;
    state.held = call;
    return "never";
  };
  return state;
}

function release(run: ModelRun, held: CallOf<"save-position"> | null): void {
  if (held === null) throw new Error("nothing is saved");
  run.instead = () => null;
  run.stored = held.ask;
  run.forwarder.answered(held.id, { kind: "answered", answer: null }, run.nowMs);
}

test("without transactions no record leaves before the store knows that records do", () => {
  const run = new ModelRun({ protocol: 0 });
  const saves = holdSaves(run, true);
  put(run, "first");
  run.run(5_000);
  expect(run.calls.some(({ kind }) => kind === "produce")).toBe(false);
  release(run, saves.held);
  run.run(1_000);
  expect(run.values(TOPIC)).toEqual(["first"]);
});

test("nor while the store is being told that nothing is on its way any more", () => {
  const run = new ModelRun({ protocol: 0 });
  put(run, "first");
  run.run(1_000);
  expect(isSending(run.stored)).toBe(true);
  const saves = holdSaves(run, false);
  run.run(REST_MS);
  expect(saves.held).not.toBeNull();
  put(run, "second");
  run.run(1_000);
  expect(run.values(TOPIC)).toEqual(["first"]);
  release(run, saves.held);
  const after = holdSaves(run, true);
  run.run(1_000);
  expect(run.values(TOPIC)).toEqual(["first"]);
  release(run, after.held);
  run.run(1_000);
  expect(run.values(TOPIC)).toEqual(["first", "second"]);
});

test("with transactions records need not wait for the store", () => {
  const run = new ModelRun({ protocol: 2 });
  run.instead = (call) => (call.kind === "save-position" ? "never" : null);
  put(run, "first");
  run.run(1_000);
  expect(run.values(TOPIC)).toEqual(["first"]);
});

for (const protocol of [0, 2] as const) {
  test(`no position is saved past a gap that a power cut would take, protocol ${protocol}`, () => {
    const run = new ModelRun({ protocol });
    put(run, "first");
    put(run, "second");
    run.memory.deleteBefore(TOPIC, 0, 1);
    run.gapsWritten = false;
    run.run(5 * REST_MS);
    const saved = run.calls.flatMap((call) => (call.kind === "save-position" ? [call.ask] : []));
    expect(saved.filter((bytes) => Number(decodeStoredPosition(bytes)?.topics[0]?.next[0]?.[1]) > 0)).toEqual(
      [],
    );
    // Without transactions, what arrived would vouch for all before it.
    expect(run.values(TOPIC)).toEqual([]);
    run.gapsWritten = true;
    run.run(REST_MS);
    expect(run.values(TOPIC)).toEqual(["second"]);
    // With transactions it is the second one, and saved less often.
    run.run(20 * REST_MS);
    expect(decodeStoredPosition(run.stored)?.topics[0]?.next[0]?.[1]).toBeGreaterThan(0);
  });
}
