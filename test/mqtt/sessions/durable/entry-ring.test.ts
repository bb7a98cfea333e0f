import { expect, test } from "bun:test";
import { EntryRing } from "../../../../src/mqtt/sessions/durable/entry-ring.ts";

function contents(ring: EntryRing): [number, number, number][] {
  return Array.from({ length: ring.length }, (_, index) => [
    ring.sequenceAt(index),
    ring.slotAt(index),
    ring.flagsAt(index),
  ]);
}

test("entries come out in the order in which they went in, over any growth", () => {
  const ring = new EntryRing();
  const model: [number, number, number][] = [];
  let next = 2 ** 40;
  for (let round = 0; round < 200; round++) {
    for (let count = (round * 7) % 23; count > 0; count--) {
      const entry: [number, number, number] = [next, next % 1_000, next % 256];
      model.push(entry);
      ring.push(...entry);
      next++;
    }
    for (let count = (round * 5) % 19; count > 0 && model.length > 0; count--) {
      model.shift();
      ring.shift();
    }
    expect(contents(ring)).toEqual(model);
  }
});

test("an entry is taken away from anywhere, or all that are not kept", () => {
  const ring = new EntryRing();
  for (let n = 0; n < 30; n++) ring.push(n, n, n % 3);
  for (let n = 0; n < 25; n++) ring.shift();
  for (let n = 30; n < 37; n++) ring.push(n, n, n % 3);
  ring.removeAt(3);
  ring.removeAt(0);
  const sequences = (): number[] => contents(ring).map(([sequence]) => sequence);
  expect(sequences()).toEqual([26, 27, 29, 30, 31, 32, 33, 34, 35, 36]);
  expect(ring.compact(5, (flags) => flags !== 0)).toBe(3);
  expect(contents(ring)).toEqual([26, 29, 31, 32, 34, 35].map((n) => [n, n, n % 3]));
  ring.push(40, 40, 0);
  expect(sequences()).toEqual([26, 29, 31, 32, 34, 35, 40]);
  expect(ring.compact(7, () => false)).toBe(0);
  expect(ring.length).toBe(0);
});

test("an entry can be changed where it lies", () => {
  const ring = new EntryRing();
  for (let n = 0; n < 20; n++) ring.push(n, n, 0);
  for (let n = 0; n < 5; n++) ring.shift();
  ring.set(3, 77, 9);
  expect(contents(ring)[3]).toEqual([8, 77, 9]);
  ring.clear();
  expect(ring.length).toBe(0);
});

test("sequences may lie as far apart as they like", () => {
  const ring = new EntryRing();
  const sequences = [5, 2 ** 33, 7, 2 ** 52];
  for (let n = 0; n < 100; n++) for (const sequence of sequences) ring.push(sequence + n, n, 0);
  const all = Array.from({ length: 100 }, (_, n) => sequences.map((sequence) => sequence + n)).flat();
  expect(contents(ring).map(([sequence]) => sequence)).toEqual(all);
});

test("what was grown out of and what is cleared does not show", () => {
  const ring = new EntryRing();
  for (let n = 0; n < 5_000; n++) ring.push(n, n, n & 7);
  ring.clear();
  expect(ring.length).toBe(0);
  for (let n = 0; n < 5_000; n++) ring.push(n + 9, n, n & 7);
  expect(contents(ring)).toEqual(Array.from({ length: 5_000 }, (_, n) => [n + 9, n, n & 7]));
});
