import { describe, expect, test } from "bun:test";
import { crc32c, crc32cByTables, KERNEL_FROM_BYTES } from "../../src/base/crc32c.ts";
import { loadCrc32cKernel } from "../../src/base/crc32c-wasm.ts";

/** One bit at a time, straight from the definition: slow and plainly right. */
function reference(bytes: Uint8Array, start: number, end: number): number {
  let register = 0xffffffff;
  for (let i = start; i < end; i++) {
    register ^= bytes[i] ?? 0;
    for (let bit = 0; bit < 8; bit++) register = (register >>> 1) ^ (register & 1 ? 0x82f63b78 : 0);
  }
  return ~register >>> 0;
}

/** Seeded xorshift, so that a failure happens again. */
function pseudoRandomBytes(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed | 1;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  return bytes;
}

describe("crc32c", () => {
  test("gives the published check values", () => {
    // "123456789" and the four 32-byte patterns of RFC 3720, appendix B.4.
    const check = (bytes: Uint8Array) => crc32c(bytes, 0, bytes.length);
    expect(check(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
    expect(check(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(check(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
    expect(check(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
    expect(check(Uint8Array.from({ length: 32 }, (_, i) => 31 - i))).toBe(0x113fdb5c);
    expect(check(new Uint8Array(0))).toBe(0);
  });

  test("the kernel loads on this machine, so the tests below cover it", () => {
    expect(loadCrc32cKernel(new Int32Array(4096))).not.toBeNull();
  });

  test("much long input, as the tables sum it at first and the kernel from then on", () => {
    const bytes = pseudoRandomBytes(50_000, 6);
    const expected = reference(bytes, 0, bytes.length);
    for (let summed = 0; summed <= KERNEL_FROM_BYTES; summed += bytes.length) {
      expect(crc32c(bytes, 0, bytes.length)).toBe(expected);
    }
  });

  test("equals the reference at every length up to 2,000, at changing offsets", () => {
    const bytes = pseudoRandomBytes(2_100, 1);
    for (let length = 0; length <= 2_000; length++) {
      const start = (length * 31) % 97;
      const expected = reference(bytes, start, start + length);
      if (crc32c(bytes, start, start + length) !== expected) throw new Error(`wrong at length ${length}`);
      if (crc32cByTables(bytes, start, start + length) !== expected)
        throw new Error(`tables, length ${length}`);
    }
  });

  test("equals the reference at long lengths, around every limit of the kernel", () => {
    const bytes = pseudoRandomBytes(300_000, 2);
    const around = [4_096, 8_192, 12_000, 16_384, 65_536, 66_048, 131_072, 200_001, 250_000];
    for (const middle of around) {
      for (const length of [middle - 17, middle - 1, middle, middle + 1, middle + 63]) {
        const start = (length * 7) % 1_001;
        expect(crc32c(bytes, start, start + length)).toBe(reference(bytes, start, start + length));
      }
    }
  });

  test("continues from a seed, whatever the pieces", () => {
    const bytes = pseudoRandomBytes(100_000, 3);
    const whole = crc32c(bytes, 0, bytes.length);
    for (const cut of [0, 1, 15, 16, 511, 512, 8_192, 65_536, 99_999, 100_000]) {
      expect(crc32c(bytes, cut, bytes.length, crc32c(bytes, 0, cut))).toBe(whole);
    }
  });

  test("notices every single flipped bit", () => {
    const bytes = pseudoRandomBytes(9_000, 4);
    const whole = crc32c(bytes, 0, bytes.length);
    for (let bit = 0; bit < bytes.length * 8; bit += 13) {
      const index = bit >>> 3;
      bytes[index] = (bytes[index] ?? 0) ^ (1 << (bit & 7));
      if (crc32c(bytes, 0, bytes.length) === whole) throw new Error(`bit ${bit} went unnoticed`);
      bytes[index] = (bytes[index] ?? 0) ^ (1 << (bit & 7));
    }
  });
});
