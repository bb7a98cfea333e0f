import { expect, test } from "bun:test";
import { SeededRandom } from "../../src/io/simulated/random.ts";
import { RiceReader, RiceWriter } from "../../src/log/rice.ts";

function written(lists: readonly (readonly number[])[], shift = 0): Uint8Array[] {
  const writer = new RiceWriter();
  const starts = lists.map((list) => {
    const start = writer.length;
    const order = Uint32Array.from(list, (_, index) => index);
    writer.list(Uint32Array.from(list), order, 0, list.length, shift);
    return start;
  });
  const bytes = writer.bytes();
  return starts.map((start, index) => bytes.slice(start, starts[index + 1] ?? bytes.length));
}

function read(bytes: Uint8Array): number[] {
  const reader = new RiceReader(bytes);
  const values: number[] = [];
  for (let value = reader.next(); value >= 0; value = reader.next()) values.push(value);
  return values;
}

test.each([
  [[]],
  [[0]],
  [[4_000_000_000]],
  [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
  [[7, 1_000_000]],
  [[0, 1, 2, 3, 2_000_000_000]],
])("%j comes back", (list) => {
  expect(read(written([list])[0] ?? new Uint8Array(0))).toEqual(list);
});

test("lists of random steps come back, in about the bits that they say", () => {
  const random = new SeededRandom(1);
  for (const meanStep of [1, 2, 17, 300, 2500, 100_000]) {
    const list: number[] = [];
    let last = -1;
    for (let n = 0; n < 2000; n++) {
      last += 1 + Math.floor(-Math.log(1 - random.fraction()) * (meanStep - 1));
      list.push(last);
    }
    const [bytes = new Uint8Array(0)] = written([list]);
    expect(read(bytes)).toEqual(list);
    expect((bytes.length * 8) / list.length).toBeLessThan(Math.log2(meanStep) + 2);
  }
});

test("numbers that a shift makes the same are one", () => {
  expect(written([[0, 1, 2, 3, 8, 9, 64]], 2).map(read)).toEqual([[0, 2, 16]]);
});

test("a reader goes back to where it was marked", () => {
  const [bytes = new Uint8Array(0)] = written([[3, 10, 11, 500]]);
  const reader = new RiceReader(bytes);
  expect(reader.markedValue).toBe(-1);
  reader.next();
  expect(reader.next()).toBe(10);
  reader.mark();
  expect([reader.next(), reader.next(), reader.next()]).toEqual([11, 500, -1]);
  expect(reader.markedValue).toBe(3);
  expect(reader.reset()).toBe(3);
  expect(reader.next()).toBe(10);
});
