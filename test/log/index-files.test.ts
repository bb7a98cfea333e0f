import { describe, expect, test } from "bun:test";
import { SeededRandom } from "../../src/io/simulated/random.ts";
import {
  decodeOffsetIndex,
  decodeTimeIndex,
  encodeOffsetIndex,
  encodeTimeIndex,
} from "../../src/log/index-files.ts";
import { anchorStep, type IndexBytes, KeyIndex, keyHash } from "../../src/log/key-index.ts";
import { KeyIndexBuilder, type Portions } from "../../src/log/key-index-builder.ts";
import { OffsetIndex } from "../../src/log/offset-index.ts";
import { TimeIndex } from "../../src/log/time-index.ts";
import { BatchBuilder } from "../../src/records/builder.ts";
import { RecordCursor } from "../../src/records/reader.ts";
import { batchOf, text } from "./support.ts";

const SEGMENT = { baseOffset: 2 ** 40, sizeBytes: 123_456 };
const OTHER = { baseOffset: 2 ** 40, sizeBytes: 123_457 };

function offsets(): Uint8Array {
  const index = new OffsetIndex();
  for (let i = 1; i <= 20; i++) index.add(i * 3, i * 4000);
  return encodeOffsetIndex(index, SEGMENT).slice();
}

function times(): Uint8Array {
  const index = new TimeIndex();
  for (let i = 1; i <= 20; i++) index.add(1_700_000_000_000 + i, i * 4000);
  return encodeTimeIndex(index, SEGMENT).slice();
}

/** All of it at once. */
function whole<Result>(portions: Portions<Result>): Result {
  for (;;) {
    const { done, value } = portions.next();
    if (done === true) return value;
  }
}

function keys(): Uint8Array {
  const builder = new KeyIndexBuilder();
  for (let i = 0; i < 30; i++) whole(builder.add(batchOf(["a", "b"], { key: `device-${i % 7}` }), i * 100));
  return whole(builder.finish(SEGMENT)).slice();
}

function inMemory(bytes: Uint8Array): IndexBytes {
  return {
    sizeBytes: bytes.length,
    view: (position, length) => bytes.subarray(position, position + length),
  };
}

/** All places of a key. */
function placesOf(index: KeyIndex, key: string, from: number, bytes: IndexBytes) {
  const found: { position: number; endPosition: number; from: number; skip: number }[] = [];
  const hits = index.hits(keyHash(text(key)), from, bytes);
  while (hits?.next() === true) {
    const { position, endPosition, from: start, skip } = hits;
    found.push({ position, endPosition, from: start, skip });
  }
  return found;
}

function openKeys(bytes: Uint8Array, segment: typeof SEGMENT): KeyIndex | null {
  return KeyIndex.open(inMemory(bytes), segment, true);
}

/** Positions of batches that may hold the key. */
function positions(bytes: Uint8Array, key: string, from = 0): number[] {
  const index = openKeys(bytes, SEGMENT);
  if (index === null) throw new Error("no index");
  return placesOf(index, key, from, inMemory(bytes)).map(({ position }) => position);
}

test("indexes come back as they were", () => {
  const index = decodeOffsetIndex(offsets(), SEGMENT);
  expect(index?.count).toBe(20);
  expect(index?.positionBefore(31)).toBe(40_000);
  expect(decodeTimeIndex(times(), SEGMENT)?.positionBefore(1_700_000_000_005)).toBe(16_000);
  expect(positions(keys(), "device-3")).toEqual([300, 1000, 1700, 2400]);
  expect(positions(keys(), "device-6")).toEqual([600, 1300, 2000, 2700]);
  expect(positions(keys(), "device-6", 1300)).toEqual([1300, 2000, 2700]);
  expect(positions(keys(), "device-8")).toEqual([]);
});

test("nothing is believed that is cut, changed, or of another segment", () => {
  const decoders = [
    [offsets(), decodeOffsetIndex],
    [times(), decodeTimeIndex],
    [keys(), openKeys],
  ] as const;
  for (const [bytes, decode] of decoders) {
    expect(decode(bytes, OTHER)).toBeNull();
    for (let length = 0; length < bytes.length; length++)
      expect(decode(bytes.subarray(0, length), SEGMENT)).toBeNull();
    for (let at = 0; at < bytes.length; at++) {
      const flipped = bytes.slice();
      flipped[at] = (flipped[at] as number) ^ 0x10;
      expect(decode(flipped, SEGMENT)).toBeNull();
    }
  }
  expect(decodeOffsetIndex(times(), SEGMENT)).toBeNull();
  expect(decodeTimeIndex(offsets(), SEGMENT)).toBeNull();
});

test("a batch that can't be read, and one without keys, are in no list", () => {
  const builder = new KeyIndexBuilder();
  const broken = batchOf(["abc"], { key: "device-1" });
  broken[61] = 0x7e;
  whole(builder.add(broken, 0));
  whole(builder.add(batchOf(["abc"]), 100));
  whole(builder.add(batchOf(["abc"], { key: "device-1" }), 200));
  expect(positions(whole(builder.finish(SEGMENT)).slice(), "device-1")).toEqual([200]);
});

describe("a key index", () => {
  /** Batches of so many records of keys that come at random, and where each key's records are. */
  function built(batches: number, perBatch: number, keyCount: number, compression = 0) {
    const random = new SeededRandom(batches + perBatch + keyCount);
    const builder = new KeyIndexBuilder();
    const log: Uint8Array[] = [];
    const places = new Map<string, Set<number>>();
    let sizeBytes = 0;
    for (let n = 0; n < batches; n++) {
      const batch = new BatchBuilder();
      for (let r = 0; r < perBatch; r++) {
        const key = `device-${random.below(keyCount)}`;
        batch.append(1000 + r, text(key), text("x".repeat(60 + random.below(20))), null);
        places.set(key, (places.get(key) ?? new Set()).add(sizeBytes));
      }
      const bytes = batch.build({ compression });
      whole(builder.add(bytes, sizeBytes));
      log.push(bytes);
      sizeBytes += bytes.length;
    }
    const segment = { baseOffset: 0, sizeBytes };
    return {
      bytes: whole(builder.finish(segment)).slice(),
      segment,
      places,
      segmentBytes: Buffer.concat(log),
    };
  }

  test.each([
    ["large batches, few keys", 40, 300, 50, 0],
    ["large batches, many keys", 40, 300, 2000, 0],
    ["small batches", 2000, 4, 200, 0],
    ["a key for each record", 300, 40, 1_000_000, 0],
    ["compressed batches", 200, 100, 300, 4],
    ["single records", 3000, 1, 100, 0],
  ])(
    "takes 2% of the segment at most, and misses no record: %s",
    (_, batches, perBatch, keyCount, compression) => {
      const { bytes, segment, places } = built(batches, perBatch, keyCount, compression);
      expect(bytes.length).toBeLessThanOrEqual(segment.sizeBytes * 0.02);
      const index = KeyIndex.open(inMemory(bytes), segment, true);
      if (index === null) throw new Error("no index");
      for (const [key, wanted] of [...places].slice(0, 200)) {
        const hits = placesOf(index, key, 0, inMemory(bytes));
        for (const at of wanted) {
          expect(hits.some(({ position, endPosition }) => position <= at && at < endPosition)).toBe(true);
        }
      }
    },
  );

  test("leads to single records of large batches", () => {
    const { bytes, segment, segmentBytes } = built(60, 400, 100);
    const index = KeyIndex.open(inMemory(bytes), segment, true);
    if (index === null) throw new Error("no index");
    expect(index.unit).toBeLessThan(0);
    const cursor = new RecordCursor();
    let found = 0;
    for (const { position, from, skip } of placesOf(index, "device-7", 0, inMemory(bytes))) {
      expect(skip).toBeLessThan(anchorStep(index.unit));
      cursor.open(segmentBytes, position);
      while (cursor.next() && cursor.recordStart < (from === position ? position + 61 : from));
      for (let left = skip; left > 0; left--) cursor.next();
      expect(new TextDecoder().decode(cursor.key() ?? text(""))).toBe("device-7");
      found += 1;
    }
    expect(found).toBeGreaterThan(150);
  });

  test("goes on in a list where a reader stopped", () => {
    const { bytes, segment } = built(60, 400, 10);
    const index = KeyIndex.open(inMemory(bytes), segment, true);
    if (index === null) throw new Error("no index");
    const all = placesOf(index, "device-3", 0, inMemory(bytes));
    for (let start = 0; start < all.length; start += 37) {
      const place = all[start];
      if (place === undefined) break;
      // Only some of them are taken, so that the next look begins within the list.
      const hits = index.hits(keyHash(text("device-3")), place.position, inMemory(bytes));
      const rest: typeof all = [];
      while (rest.length <= 50 && hits?.next() === true) {
        const { position, endPosition, from, skip } = hits;
        rest.push({ position, endPosition, from, skip });
      }
      const first = all.findIndex(({ position }) => position === place.position);
      expect(rest).toEqual(all.slice(first, first + rest.length));
    }
  });
});
