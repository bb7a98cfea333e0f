import { expect, test } from "bun:test";
import { applySwaps, decodeSwap, encodeSwap } from "../../src/log/segment-swap.ts";

function state(baseOffset: number, nextOffset: number) {
  return { baseOffset, sizeBytes: 100, nextOffset, maxTimestampMs: 5, maxTimestampBatch: baseOffset };
}

test("what a swap says comes back, and nothing that was cut off or changed is believed", () => {
  const swap = { ...state(40, 90), sizeBytes: 2 ** 33, maxTimestampMs: -1, maxTimestampBatch: -1 };
  const bytes = encodeSwap(swap).slice();
  expect(decodeSwap(bytes)).toEqual(swap);
  for (let length = 0; length < bytes.length; length++) {
    expect(decodeSwap(bytes.subarray(0, length))).toBeNull();
  }
  for (let i = 0; i < bytes.length; i++) {
    expect(decodeSwap(bytes.with(i, (bytes[i] ?? 0) ^ 1))).toBeNull();
  }
});

test("a swap takes the place of what an older checkpoint has there", () => {
  const known = [state(0, 10), state(10, 20), state(20, 30), state(30, 40)];
  expect(applySwaps(known, [state(10, 30)])).toEqual([state(0, 10), state(10, 30), state(30, 40)]);
  expect(applySwaps(known, [state(0, 20), state(20, 40)])).toEqual([state(0, 20), state(20, 40)]);
});

test("a swap that the checkpoint knows of changes nothing, and neither does one whose records are deleted", () => {
  const known = [state(20, 30), state(30, 40)];
  expect(applySwaps(known, [state(20, 30)])).toEqual(known);
  expect(applySwaps(known, [state(0, 20)])).toEqual(known);
});
