import { expect, test } from "bun:test";
import type { LocalTimes } from "../../../src/upstream/times/local-times.ts";
import { TODAY_MS } from "../../clock/rig.ts";
import { ModelRun } from "../model-run.ts";

const TOPIC = "t";

/** Forwards records of these timestamps, whose true times have fractions of a millisecond. */
function forwarded(localTimes: Partial<LocalTimes>, stampsMs: readonly number[]) {
  const run = new ModelRun({
    localTimes: {
      nowMs: () => TODAY_MS + 0.4,
      isDoubtful: () => true,
      trueTime: (_log, _offset, timeMs) => ({ timeMs, isEstimate: false }),
      timeOfBoot: (_boot, _bootMs, timeMs) => ({ timeMs, isEstimate: false }),
      ...localTimes,
    },
  });
  run.memory.createTopic(TOPIC, 1);
  run.memory.append(
    TOPIC,
    0,
    stampsMs.map((timestampMs, index) => ({ key: null, value: `v${index}`, timestampMs })),
  );
  run.forwarder.appended(TOPIC, 0);
  run.step();
  run.run(2_000);
  return (run.centre.visible(TOPIC)[0] ?? []).map(({ value, timestampMs }) => ({
    value: new TextDecoder().decode(value ?? undefined),
    timestampMs,
  }));
}

test("times that are corrected by parts of a millisecond go up whole, in records that can be read", () => {
  const corrections = [0, -63.4, 0.3, 63.7];
  const trueTime: LocalTimes["trueTime"] = (_log, offset, stampedMs) => ({
    timeMs: stampedMs + (corrections[offset] ?? 0),
    isEstimate: false,
  });
  expect(
    forwarded(
      { trueTime },
      corrections.map(() => TODAY_MS),
    ),
  ).toEqual([
    { value: "v0", timestampMs: TODAY_MS },
    { value: "v1", timestampMs: TODAY_MS - 63 },
    { value: "v2", timestampMs: TODAY_MS },
    { value: "v3", timestampMs: TODAY_MS + 64 },
  ]);
});
