import { expect, test } from "bun:test";
import {
  MAX_VARINT_BYTES,
  MAX_VARLONG_BYTES,
  putVarint,
  putVarlong,
  varintSizeBytes,
  varlongSizeBytes,
} from "../../src/base/varint.ts";

/** The encoding straight from its definition, in 64 bits. */
function reference(value: number): number[] {
  const wide = BigInt(value);
  let rest = BigInt.asUintN(64, (wide << 1n) ^ (wide >> 63n));
  const bytes: number[] = [];
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low | 128);
  } while (rest !== 0n);
  return bytes;
}

/** All that lies around a power of two, where the encoding gets longer. */
function edges(maxBits: number): number[] {
  const values = [0];
  for (let bits = 0; bits <= maxBits; bits++) {
    for (const near of [-2, -1, 0, 1, 2]) values.push(2 ** bits + near, -(2 ** bits) + near);
  }
  return values.filter((value) => Number.isSafeInteger(value));
}

const target = new Uint8Array(MAX_VARLONG_BYTES + 2);

test("varlongs of safe integers", () => {
  for (const value of edges(53)) {
    const end = putVarlong(target, 1, value);
    expect([...target.subarray(1, end)]).toEqual(reference(value));
    expect(varlongSizeBytes(value)).toBe(end - 1);
    expect(end - 1).toBeLessThanOrEqual(MAX_VARLONG_BYTES);
  }
});

test("varints of int32s", () => {
  for (const value of edges(31).filter((each) => each === (each | 0))) {
    const end = putVarint(target, 1, value);
    expect([...target.subarray(1, end)]).toEqual(reference(value));
    expect(varintSizeBytes(value)).toBe(end - 1);
    expect(end - 1).toBeLessThanOrEqual(MAX_VARINT_BYTES);
  }
});
