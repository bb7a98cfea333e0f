import { expect, test } from "bun:test";
import { KeyOffsets } from "../../src/log/key-offsets.ts";
import { text } from "./support.ts";

const SECRET = Uint8Array.from({ length: 16 }, (_, i) => i * 17);

function put(map: KeyOffsets, key: string, offset: number): boolean {
  const bytes = text(`..${key}..`);
  return map.put(bytes, 2, bytes.length - 2, offset);
}

function get(map: KeyOffsets, key: string): number {
  const bytes = text(key);
  return map.get(bytes, 0, bytes.length);
}

test("the latest offset of each key is kept, wherever its bytes stand", () => {
  const map = new KeyOffsets(1000, 10_000, 1 << 20, SECRET);
  for (let i = 0; i < 5000; i++) expect(put(map, `key-${i % 700}`, 1000 + i)).toBe(true);
  expect(map.count).toBe(700);
  for (let i = 0; i < 700; i++) expect(get(map, `key-${i}`)).toBe(i < 100 ? 5900 + i : 5200 + i);
  expect(get(map, "key-700")).toBe(-1);
  expect(get(map, "")).toBe(-1);
});

test("memory is bounded, and a key that does not fit changes nothing", () => {
  const map = new KeyOffsets(0, 1_000_000, 4096, SECRET);
  expect(map.sizeBytes).toBe(4096);
  let taken = 0;
  while (put(map, `key-${taken}`, taken)) taken += 1;
  expect(taken).toBe(192);
  expect(get(map, "key-192")).toBe(-1);
  // Keys that are there still move on.
  expect(put(map, "key-0", 5000)).toBe(true);
  expect(get(map, "key-0")).toBe(5000);
});

test("no more memory is taken than the records can need", () => {
  expect(new KeyOffsets(0, 100, 1 << 24, SECRET).sizeBytes).toBe(256 * 16);
});

test("offsets that are too far from the first are not taken", () => {
  const map = new KeyOffsets(10, 100, 1 << 20, SECRET);
  expect(put(map, "a", 10 + 0xfffffffe)).toBe(true);
  expect(get(map, "a")).toBe(10 + 0xfffffffe);
  expect(put(map, "a", 10 + 0xffffffff)).toBe(false);
  expect(get(map, "a")).toBe(10 + 0xfffffffe);
});
