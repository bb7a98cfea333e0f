import { expect, test } from "bun:test";
import { sampleDevices } from "../../../src/upstream/flow/device-lags.ts";
import { ModelRun } from "../model-run.ts";

const AWAY = { kind: "lost", reason: "away" } as const;

/** What waits while the centre is away. */
function waiting(fill: (put: (key: string | null, value: string, timestampMs: number) => void) => void) {
  const run = new ModelRun();
  run.memory.createTopic("t", 1);
  run.run(1_000);
  run.instead = (call) => (call.kind === "load-position" || call.kind === "save-position" ? null : AWAY);
  fill((key, value, timestampMs) => run.memory.append("t", 0, [{ key, value, timestampMs }]));
  run.run(1_000);
  return sampleDevices(run.memory, run.status().topics, 10_000);
}

test("devices are told by their keys, those with most first, exactly where little waits", () => {
  const lags = waiting((put) => {
    put("a", "1", 9_000);
    put("b/1", "22", 2_000);
    put("b/1", "22", 4_000);
    put(null, "3", 9_500);
  });
  expect(lags).toEqual({
    top: [
      { device: "b%2F1", records: 2, bytes: 10, lagMs: 8_000 },
      { device: "a", records: 1, bytes: 2, lagMs: 1_000 },
      { device: null, records: 1, bytes: 1, lagMs: 500 },
    ],
    sampledRecords: 4,
    isComplete: true,
  });
});

test("ten are shown, and a sample that is not all says so", () => {
  const lags = waiting((put) => {
    for (let i = 0; i < 500; i += 1) put(`device-${i % 20}`, "x".repeat(1_000), 1_000);
  });
  expect(lags.top).toHaveLength(10);
  expect(lags.isComplete).toBe(false);
  expect(lags.sampledRecords).toBeGreaterThan(50);
  expect(lags.sampledRecords).toBeLessThan(200);
});
