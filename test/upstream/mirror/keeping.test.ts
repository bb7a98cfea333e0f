import { expect, test } from "bun:test";
import { keepingOf, keepsLess } from "../../../src/upstream/mirror/keeping.ts";
import { MirrorRun } from "./simulation.ts";

const DAY_MS = 86_400_000;
const UNBOUNDED = {
  retentionMs: Number.POSITIVE_INFINITY,
  retentionBytes: Number.POSITIVE_INFINITY,
  partitions: 2,
};

test("what a topic keeps, by its settings", () => {
  const keeping = (entries: Readonly<Record<string, string>>) => keepingOf(new Map(Object.entries(entries)));
  const bounds = { "retention.ms": "1000", "retention.bytes": "2000" };
  expect(keeping({})).toBeNull();
  expect(keeping({ "cleanup.policy": "delete", ...bounds })).toEqual({
    retentionMs: 1000,
    retentionBytes: 2000,
  });
  expect(keeping({ "cleanup.policy": "compact,delete", "retention.ms": "-1" })).toEqual({
    retentionMs: Number.POSITIVE_INFINITY,
    retentionBytes: Number.POSITIVE_INFINITY,
  });
  expect(keeping({ "cleanup.policy": "compact", ...bounds })?.retentionMs).toBe(Number.POSITIVE_INFINITY);
});

test("a copy that keeps less is told of, by time and by the bytes of all partitions", () => {
  const week = { ...UNBOUNDED, retentionMs: 7 * DAY_MS };
  expect(keepsLess(week, UNBOUNDED, true)).toBeNull();
  expect(keepsLess(week, week, true)).toBeNull();
  expect(keepsLess(UNBOUNDED, week, true)).toContain("retention.ms is 7d here and unlimited there");
  const mib = { ...UNBOUNDED, retentionBytes: 1024 * 1024 };
  expect(keepsLess({ ...mib, partitions: 3 }, mib, true)).toMatch(/is 2 ?MiB here and 3 ?MiB there/);
  expect(keepsLess({ ...mib, partitions: 3 }, mib, false)).toBeNull();
  expect(keepsLess(mib, { ...mib, partitions: 3 }, true)).toBeNull();
});

test("the status warns of a copy that keeps less, by the settings it has now", async () => {
  const run = new MirrorRun({ seed: 1 });
  run.topic.retentionMs = 7 * DAY_MS;
  const { broker, mirror } = await run.start();
  const configs = new Map([["retention.ms", String(DAY_MS)]]);
  broker.createTopic({ name: "local", partitionCount: 2, configs }, () => {});
  expect(mirror.status().warning).toBeNull();
  await run.advance(1_000);
  expect(mirror.status().warning).toContain("retention.ms is 1d here and 7d there");
});
