import { describe, expect, test } from "bun:test";
import { hasCode } from "../../../src/base/errors.ts";
import { explain, GapEntries, type GapEntry } from "../../../src/cli/replay/gap-entries.ts";
import { MAX_OPEN_CHUNKS, OffsetSet } from "../../../src/cli/replay/offset-set.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";

const CHUNK = 65_536;

describe("a set of offsets", () => {
  test("is what a plain set is, over chunks that are full, partly there and not at all", () => {
    const random = new SeededRandom(7);
    const set = new OffsetSet();
    const model = new Set<number>();
    const add = (offset: number): void => {
      expect(set.add(offset)).toBe(!model.has(offset));
      model.add(offset);
    };
    for (let offset = CHUNK - 3; offset < 2 * CHUNK + 2; offset += 1) add(offset);
    for (let count = 0; count < 2_000; count += 1) add(Math.floor(random.fraction() * 5 * CHUNK));
    add(9 * CHUNK);
    for (let count = 0; count < 200; count += 1) add(Math.floor(random.fraction() * 5 * CHUNK));
    const sorted = [...model].sort((a, b) => a - b);
    expect([set.min, set.max, set.count]).toEqual([sorted[0] as number, 9 * CHUNK, model.size]);
    for (let count = 0; count < 500; count += 1) {
      const offset = Math.floor(random.fraction() * 10 * CHUNK);
      expect(set.has(offset)).toBe(model.has(offset));
      expect(set.previous(offset)).toBe(sorted.findLast((member) => member < offset) ?? -1);
      expect(set.next(offset)).toBe(sorted.find((member) => member > offset) ?? -1);
    }
    const missing = [...set.missing(CHUNK - 10, 6 * CHUNK + 5)].flatMap(({ start, end }) =>
      Array.from({ length: end - start }, (_, index) => start + index),
    );
    const expected: number[] = [];
    for (let offset = CHUNK - 10; offset < 6 * CHUNK + 5; offset += 1)
      if (!model.has(offset)) expected.push(offset);
    expect(missing).toEqual(expected);
  });

  test("keeps no more chunks with holes than its bound, and any number of full ones", () => {
    const budget = { open: MAX_OPEN_CHUNKS - 1 };
    const set = new OffsetSet(budget);
    for (let offset = 0; offset < 3 * CHUNK; offset += 1) set.add(offset);
    expect(budget.open).toBe(MAX_OPEN_CHUNKS - 1);
    set.add(10 * CHUNK);
    let error: unknown = null;
    try {
      set.add(20 * CHUNK);
    } catch (caught) {
      error = caught;
    }
    expect(hasCode(error, "UNSUPPORTED")).toBe(true);
  });
});

describe("missing offsets and the ledger", () => {
  function entry(firstOffset: number, lastOffset: number, count = lastOffset - firstOffset + 1): GapEntry {
    const who = {
      gateway: "g",
      reason: "retention",
      uplink: null,
      device: null,
      topic: "t",
      topicId: null,
      partition: 0,
    };
    return { ...who, firstOffset, lastOffset, lossStart: -1, lossEnd: -1, count, fromMs: 0, toMs: 0 };
  }

  test("every offset is known or not, as one by one", () => {
    const random = new SeededRandom(11);
    for (let round = 0; round < 300; round += 1) {
      const entries = Array.from({ length: Math.floor(random.fraction() * 5) }, () => {
        const first = Math.floor(random.fraction() * 60);
        return entry(first, first + Math.floor(random.fraction() * 12));
      });
      const set = new OffsetSet();
      for (let offset = 0; offset < 80; offset += 1) if (random.fraction() < 0.6) set.add(offset);
      const missing = [...set.missing(0, 80)];
      const offsets = missing.flatMap(({ start, end }) =>
        Array.from({ length: end - start }, (_, index) => start + index),
      );
      const isKnown = (offset: number) =>
        entries.some(({ firstOffset, lastOffset }) => offset >= firstOffset && offset <= lastOffset);
      const { knownCount, unknown, unknownCount } = explain(missing, entries);
      expect(knownCount).toBe(offsets.filter(isKnown).length);
      expect(unknownCount).toBe(offsets.length - knownCount);
      for (const { start, end } of unknown) {
        for (let offset = start; offset < end; offset += 1) expect(isKnown(offset)).toBe(false);
      }
      expect(unknown.reduce((sum, { start, end }) => sum + end - start, 0)).toBe(unknownCount);
    }
  });

  test("an entry explains no more records than it counts", () => {
    // Three lost somewhere between 10 and 30, and five are missing there.
    const explained = explain([{ start: 12, end: 17 }], [entry(10, 30, 3)]);
    expect(explained).toMatchObject({ knownCount: 3, unknownCount: 2, unknown: [] });
  });

  test("an entry that names the whole of its loss explains all of it, markers too", () => {
    const whole = { ...entry(12, 14, 2), lossStart: 10, lossEnd: 20 };
    expect(explain([{ start: 9, end: 21 }], [whole])).toMatchObject({
      ...{ knownCount: 10, unknownCount: 2 },
      unknown: [
        { start: 9, end: 10 },
        { start: 20, end: 21 },
      ],
    });
  });

  test("a loss that is told of twice is one", () => {
    const entries = new GapEntries("t");
    entries.entries.push(entry(12, 13), entry(12, 14), { ...entry(12, 14), device: "d" });
    expect(entries.ofLog("g", "L/0")).toEqual([entry(12, 14), { ...entry(12, 14), device: "d" }]);
    expect(entries.ofLog("g", "L/1")).toEqual([]);
    expect(entries.ofLog("h", "L/0")).toEqual([]);
  });
});
