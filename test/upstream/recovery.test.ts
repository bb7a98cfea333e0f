import { expect, test } from "bun:test";
import { decodeStoredPosition } from "../../src/upstream/positions.ts";
import { DEFAULT_UPLINK_LIMITS } from "../../src/upstream/settings.ts";
import { ModelRun } from "./model-run.ts";

const TOPIC = "readings";

function put(run: ModelRun, value: string): void {
  if (run.memory.topics().length === 0) run.memory.createTopic(TOPIC, 1);
  run.memory.append(TOPIC, 0, [{ key: "device", value }]);
  run.forwarder.appended(TOPIC, 0);
}

for (const protocol of [0, 2] as const) {
  test(`what went wrong is over once all is well again, and said once, protocol ${protocol}`, () => {
    const run = new ModelRun({ protocol });
    put(run, "before");
    run.run(10_000);
    expect(run.status()).toMatchObject({ lastError: null, lastErrorOver: true });
    expect(run.reports).toEqual([]);
    run.instead = () => ({ kind: "lost", reason: "the link is down" });
    put(run, "meanwhile");
    run.run(60_000);
    expect(run.status()).toMatchObject({ lastError: "the link is down", lastErrorOver: false });
    run.instead = () => null;
    // The longest wait before the next attempt.
    run.run(DEFAULT_UPLINK_LIMITS.maxBackoffMs + 5_000);
    expect(run.values(TOPIC)).toEqual(["before", "meanwhile"]);
    expect(run.status()).toMatchObject({ lastError: "the link is down", lastErrorOver: true });
    expect(run.reports.filter((line) => line.startsWith("recovered"))).toHaveLength(1);
  });
}

test("it is also where there was nothing to send", () => {
  const run = new ModelRun({ protocol: 0 });
  put(run, "before");
  run.run(10_000);
  run.instead = (call) => (call.kind === "topics" ? { kind: "lost", reason: "gone" } : null);
  run.run(60_000);
  expect(run.status().lastErrorOver).toBe(false);
  run.instead = () => null;
  run.run(DEFAULT_UPLINK_LIMITS.maxBackoffMs + 5_000);
  expect(run.status().lastErrorOver).toBe(true);
});

for (const protocol of [0, 1, 2] as const) {
  test(`how far it was is stored soon also where the link is held right after, protocol ${protocol}`, () => {
    const run = new ModelRun({ protocol });
    put(run, "a");
    put(run, "b");
    run.run(500);
    expect(run.values(TOPIC)).toEqual(["a", "b"]);
    run.forwarder.setMode("paused");
    run.run(60_000);
    expect(decodeStoredPosition(run.stored)?.topics).toMatchObject([{ topic: TOPIC, next: [[0, 2]] }]);
    const saves = run.calls.filter(({ kind }) => kind === "save-position").length;
    run.run(600_000);
    expect(run.calls.filter(({ kind }) => kind === "save-position")).toHaveLength(saves);
  });
}

test("what the local store was given is shown as its position, also by the process that gave it", () => {
  const run = new ModelRun();
  put(run, "a");
  put(run, "b");
  const stored = () => run.forwarder.positions.inspect()[0]?.storedPosition;
  run.step();
  expect(stored()).toBe(-1);
  run.run(20_000);
  expect(stored()).toBe(2);
  run.instead = (call) => (call.kind === "save-position" ? "never" : null);
  put(run, "c");
  run.run(20_000);
  expect(run.forwarder.positions.inspect()).toMatchObject([{ position: 3, storedPosition: 2 }]);
});
