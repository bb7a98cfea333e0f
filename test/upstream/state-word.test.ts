import { expect, test } from "bun:test";
import { stateWord } from "../../src/upstream/state-word.ts";
import { TODAY_MS } from "../clock/rig.ts";
import { ModelRun } from "./model-run.ts";

const DAY_MS = 86_400_000;

function put(run: ModelRun, topic: string, ageMs: number): void {
  run.memory.append(topic, 0, [{ key: "device", value: "v", timestampMs: TODAY_MS - ageMs }]);
  run.forwarder.appended(topic, 0);
}

test("an uplink whose records are all too late to go up is held, and nobody knows for how long", () => {
  const run = new ModelRun({
    times: { lateRecords: "hold" },
    localTimes: {
      nowMs: () => TODAY_MS,
      isDoubtful: () => false,
      trueTime: (_log, _offset, timeMs) => ({ timeMs, isEstimate: false }),
      timeOfBoot: (_boot, _bootMs, timeMs) => ({ timeMs, isEstimate: false }),
    },
  });
  run.memory.createTopic("old", 1);
  run.memory.createTopic("new", 1);
  run.centre.settings.set("old", new Map([["retention.ms", String(DAY_MS)]]));
  for (const ageMs of [3, 2, 1]) {
    put(run, "new", ageMs * 1_000);
    put(run, "old", ageMs * 1_000);
    run.run(2_000);
  }
  expect(stateWord(run.status())).toBe("idle");
  put(run, "old", 2 * DAY_MS);
  run.run(2_000);
  const status = run.status();
  expect(status.state.kind).toBe("forwarding");
  expect(status.link.etaMs).toBeNull();
  expect(stateWord(status)).toBe("held");
  run.instead = (call) => (call.kind === "produce" ? "never" : null);
  put(run, "new", 0);
  run.run(1_000);
  expect(stateWord(run.status())).toBe("forwarding");
});
