import { expect, test } from "bun:test";
import { DEFAULT_LOG_CONFIG } from "../../src/log/log-config.ts";
import { decideRetention, isDueToRoll, type RetainedSegment } from "../../src/log/retention.ts";

function segments(...maxTimestamps: number[]): RetainedSegment[] {
  return maxTimestamps.map((maxTimestampMs, i) => ({
    sizeBytes: 100,
    nextOffset: (i + 1) * 10,
    maxTimestampMs,
    firstAppendMs: 1000,
  }));
}
const BY_TIME = { ...DEFAULT_LOG_CONFIG, retentionMs: 1000 };
const BY_SIZE = { ...DEFAULT_LOG_CONFIG, retentionMs: -1, retentionBytes: 250 };
const FOR_EVER = { ...DEFAULT_LOG_CONFIG, retentionMs: -1 };

test("time takes old segments from the front, up to the first that is young", () => {
  expect(decideRetention(segments(100, 200, 5000, 100), BY_TIME, 40, 1500)).toEqual({
    logStartOffset: 20,
    reason: "retention.ms",
    rollFirst: false,
  });
  expect(decideRetention(segments(5000, 100), BY_TIME, 20, 1500)).toBeNull();
  expect(decideRetention(segments(500, 500), BY_TIME, 20, 1500)).toBeNull();
});

test("time takes the active segment too", () => {
  expect(decideRetention(segments(1, 2), BY_TIME, 20, 5000)).toEqual({
    logStartOffset: 20,
    reason: "retention.ms",
    rollFirst: true,
  });
  const [first, active] = segments(1, 2);
  if (first === undefined || active === undefined) throw new Error("two segments");
  const empty = { ...active, sizeBytes: 0, nextOffset: 10, maxTimestampMs: -1 };
  expect(decideRetention([first, empty], BY_TIME, 10, 5000)).toMatchObject({
    logStartOffset: 10,
    rollFirst: false,
  });
  expect(decideRetention([empty], BY_TIME, 10, 5000)).toBeNull();
});

test("without timestamps the time of the first append counts", () => {
  expect(decideRetention(segments(-1), BY_TIME, 10, 1999)).toBeNull();
  expect(decideRetention(segments(-1), BY_TIME, 10, 2001)).toMatchObject({ logStartOffset: 10 });
});

test("size leaves as much as it says, and the active segment", () => {
  expect(decideRetention(segments(1, 2, 3, 4), BY_SIZE, 40, 5000)).toMatchObject({
    logStartOffset: 10,
    reason: "retention.bytes",
  });
  expect(decideRetention(segments(1, 2, 3), BY_SIZE, 30, 5000)).toBeNull();
  expect(decideRetention(segments(1), { ...BY_SIZE, retentionBytes: 0 }, 10, 5000)).toBeNull();
});

test("nothing goes that readers have not seen, nor what is kept for ever", () => {
  expect(decideRetention(segments(1, 2), BY_TIME, 15, 5000)).toMatchObject({ logStartOffset: 10 });
  expect(decideRetention(segments(1, 2), BY_TIME, 5, 5000)).toBeNull();
  expect(decideRetention(segments(1, 2, 3, 4), BY_SIZE, 5, 5000)).toBeNull();
  expect(decideRetention(segments(1, 2), FOR_EVER, 20, 1e15)).toBeNull();
});

test("a segment is sealed by age, unless it is empty", () => {
  const config = { ...DEFAULT_LOG_CONFIG, segmentMs: 500 };
  const [active] = segments(1);
  if (active === undefined) throw new Error("a segment");
  expect(isDueToRoll(active, config, 1499)).toBe(false);
  expect(isDueToRoll(active, config, 1500)).toBe(true);
  expect(isDueToRoll({ ...active, sizeBytes: 0 }, config, 1500)).toBe(false);
  expect(isDueToRoll({ ...active, firstAppendMs: null }, config, 1500)).toBe(false);
});
