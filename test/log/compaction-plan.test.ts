import { describe, expect, test } from "bun:test";
import { type CompactableSegment, groupSegments, planCompaction } from "../../src/log/compaction-plan.ts";
import { DEFAULT_LOG_CONFIG, type LogConfig } from "../../src/log/log-config.ts";

const CONFIG: LogConfig = { ...DEFAULT_LOG_CONFIG, compact: true };

function segment(baseOffset: number, nextOffset: number, sizeBytes = 100, timeMs = 0): CompactableSegment {
  return { baseOffset, nextOffset, sizeBytes, maxTimestampMs: timeMs, firstTimestampMs: () => timeMs };
}

const SEGMENTS = [segment(0, 10), segment(10, 20), segment(20, 30)];
const plan = (config: Partial<LogConfig>, cleanedOffset: number, endOffset: number, nowMs = 1000) =>
  planCompaction(SEGMENTS, { ...CONFIG, ...config }, { cleanedOffset, endOffset }, nowMs);

describe("planCompaction", () => {
  test("what was compacted counts against what was not", () => {
    expect(plan({}, 0, 30)).toEqual({ firstDirtyOffset: 0, endOffset: 30, dirtyRatio: 1, due: true });
    expect(plan({}, 10, 30)).toMatchObject({ dirtyRatio: 2 / 3, due: true });
    expect(plan({}, 20, 30)).toMatchObject({ dirtyRatio: 1 / 3, due: false });
    expect(plan({ minCleanableDirtyRatio: 1 / 3 }, 20, 30)?.due).toBe(false);
    expect(plan({ minCleanableDirtyRatio: 0.33 }, 20, 30)?.due).toBe(true);
    expect(plan({}, 30, 30)).toBeNull();
  });

  test("a segment that reaches beyond what is stable stays out, and so does all behind it", () => {
    expect(plan({}, 0, 29)?.endOffset).toBe(20);
    expect(plan({}, 0, 9)).toBeNull();
  });

  test("a segment that was compacted in part is dirty as a whole", () => {
    expect(plan({}, 15, 30)).toMatchObject({ firstDirtyOffset: 15, dirtyRatio: 2 / 3 });
  });

  test("the first segment that is too young ends it", () => {
    const segments = [segment(0, 10, 100, 100), segment(10, 20, 100, 900), segment(20, 30, 100, 100)];
    const config = { ...CONFIG, minCompactionLagMs: 200 };
    const planned = planCompaction(segments, config, { cleanedOffset: 0, endOffset: 30 }, 1000);
    expect(planned?.endOffset).toBe(10);
  });

  test("old records are due whatever the ratio", () => {
    const segments = [segment(0, 90, 9000, 100), segment(90, 100, 10, 100)];
    const bounds = { cleanedOffset: 90, endOffset: 100 };
    const config = { ...CONFIG, maxCompactionLagMs: 500 };
    expect(planCompaction(segments, config, bounds, 600)?.due).toBe(false);
    expect(planCompaction(segments, config, bounds, 601)?.due).toBe(true);
  });
});

describe("groupSegments", () => {
  test("neighbours are joined up to the size of a segment", () => {
    const groups = groupSegments(SEGMENTS, 200, 1000);
    expect(groups.map((group) => group.map(({ baseOffset }) => baseOffset))).toEqual([[0, 10], [20]]);
    expect(groupSegments(SEGMENTS, 1000, 1000).length).toBe(1);
    expect(groupSegments(SEGMENTS, 50, 1000).length).toBe(3);
    expect(groupSegments([], 50, 1000)).toEqual([]);
  });

  test("and up to what relative offsets can tell apart", () => {
    expect(groupSegments(SEGMENTS, 1000, 20).map((group) => group.length)).toEqual([2, 1]);
  });
});
