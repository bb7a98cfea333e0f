import { describe, expect, test } from "bun:test";
import { ERROR } from "../../../src/kafka/wire/generated/errors.ts";
import { mirrorAlarms } from "../../../src/upstream/flow/mirror-watch.ts";
import type { Mirror } from "../../../src/upstream/mirror/mirror.ts";
import { MirrorRun } from "./simulation.ts";

const ALARM_MS = 5_000;

function reasons(mirror: Mirror): readonly string[] {
  return mirrorAlarms([mirror.status()], ALARM_MS).map(({ reason }) => reason);
}

describe("a mirror", () => {
  test("with nothing to copy, or that copies it, is well", async () => {
    const run = new MirrorRun({ seed: 1 });
    const { mirror } = await run.start();
    await run.advance(3 * ALARM_MS);
    expect(reasons(mirror)).toEqual([]);
    run.topic.write(0, "a", "1");
    await run.advance(1_000);
    expect(reasons(mirror)).toEqual([]);
    const { completeAgoMs, quietForMs } = mirror.status().flow;
    expect(completeAgoMs).toBeLessThan(500);
    expect(quietForMs).toBeLessThan(500);
  });

  test("whose centre is away, or has no such topic, alarms until it is back", async () => {
    for (const isGone of [false, true]) {
      const run = new MirrorRun({ seed: 1 });
      const { mirror, centre } = await run.start();
      await run.advance(1_000);
      centre.failures = isGone ? 0 : 100;
      run.topic.exists = !isGone;
      if (isGone) centre.broken.set(0, ERROR.UNKNOWN_TOPIC_OR_PARTITION);
      if (isGone) centre.broken.set(1, ERROR.UNKNOWN_TOPIC_OR_PARTITION);
      if (isGone) centre.broken.set(2, ERROR.UNKNOWN_TOPIC_OR_PARTITION);
      await run.advance(ALARM_MS - 1_000);
      expect(reasons(mirror)).toEqual([]);
      await run.advance(2_000);
      expect(reasons(mirror)).toHaveLength(1);
      expect(reasons(mirror)[0]).toContain(isGone ? "has no topic" : "lost");
      expect(mirror.status().flow.completeAgoMs).toBeGreaterThan(ALARM_MS);
      centre.failures = 0;
      run.topic.exists = true;
      centre.broken.clear();
      await run.advance(2_000);
      expect(reasons(mirror)).toEqual([]);
    }
  });

  test("that can't read one partition alarms though others flow", async () => {
    const run = new MirrorRun({ seed: 1 });
    const { mirror, centre } = await run.start();
    await run.advance(1_000);
    centre.broken.set(1, ERROR.KAFKA_STORAGE_ERROR);
    await run.advance(ALARM_MS + 2_000);
    expect(mirror.status().flow.quietForMs).toBeLessThan(500);
    run.topic.write(0, "a", "1");
    await run.advance(500);
    expect(mirror.status().mirroredRecords).toBe(1);
    expect(reasons(mirror)).toEqual([
      "mirror of central, mirroring, but for partition 1: KAFKA_STORAGE_ERROR",
    ]);
    expect(mirror.status().flow.troubles).toMatchObject([{ partition: 1, reason: "KAFKA_STORAGE_ERROR" }]);
  });

  test("that may not use its link is no alarm", async () => {
    const run = new MirrorRun({ seed: 1 });
    run.hold = { reason: "paused", retryInMs: null };
    const { mirror } = await run.start();
    await run.advance(40_000);
    expect(mirror.status().state).toBe("held");
    expect(reasons(mirror)).toEqual([]);
    run.hold = null;
    mirror.wake();
    await run.advance(1_000);
    expect(mirror.status().state).toBe("mirroring");
    expect(reasons(mirror)).toEqual([]);
  });

  test("is as fresh as its newest record, and no fresher for one that is ahead of the time", async () => {
    const run = new MirrorRun({ seed: 1 });
    const { mirror } = await run.start();
    await run.advance(1_000);
    expect(mirror.status().flow.freshnessMs).toBeNull();
    run.topic.write(0, "a", "1");
    await run.advance(1_000);
    expect(mirror.status().flow.freshnessMs).toBe(run.wallMs + 0.5 - 1_700_000_000_000);
    run.topic.stampMs = run.wallMs + 86_400_000;
    run.topic.write(0, "a", "2");
    await run.advance(10_000);
    const { freshnessMs } = mirror.status().flow;
    expect(freshnessMs).toBeGreaterThan(9_000);
    expect(freshnessMs).toBeLessThan(11_000);
  });
});
