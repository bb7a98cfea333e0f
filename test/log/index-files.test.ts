import { expect, test } from "bun:test";
import {
  decodeOffsetIndex,
  decodeTimeIndex,
  encodeOffsetIndex,
  encodeTimeIndex,
} from "../../src/log/index-files.ts";
import { KeyIndex, KeyIndexBuilder, keyHash } from "../../src/log/key-index.ts";
import { OffsetIndex } from "../../src/log/offset-index.ts";
import { TimeIndex } from "../../src/log/time-index.ts";
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

function keys(): Uint8Array {
  const builder = new KeyIndexBuilder();
  for (let i = 0; i < 30; i++) builder.add(batchOf(["a", "b"], { key: `device-${i % 7}` }), i * 100);
  const bytes = builder.finish(SEGMENT);
  if (bytes === null) throw new Error("no index");
  return bytes.slice();
}

test("indexes come back as they were", () => {
  const index = decodeOffsetIndex(offsets(), SEGMENT);
  expect(index?.count).toBe(20);
  expect(index?.positionBefore(31)).toBe(40_000);
  expect(decodeTimeIndex(times(), SEGMENT)?.positionBefore(1_700_000_000_005)).toBe(16_000);
  const found = KeyIndex.decode(keys(), SEGMENT);
  expect(found?.positions(keyHash(text("device-3")))).toEqual([300, 1000, 1700, 2400]);
  expect(found?.positions(keyHash(text("device-6")))).toEqual([600, 1300, 2000, 2700]);
  expect(found?.positions(keyHash(text("device-8")))).toEqual([]);
});

test("nothing is believed that is cut, changed, or of another segment", () => {
  const decoders = [
    [offsets(), decodeOffsetIndex],
    [times(), decodeTimeIndex],
    [keys(), KeyIndex.decode],
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
  builder.add(broken, 0);
  builder.add(batchOf(["abc"]), 100);
  builder.add(batchOf(["abc"], { key: "device-1" }), 200);
  const bytes = builder.finish(SEGMENT);
  expect(
    bytes === null ? null : KeyIndex.decode(bytes, SEGMENT)?.positions(keyHash(text("device-1"))),
  ).toEqual([200]);
});
