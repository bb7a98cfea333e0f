import { describe, expect, test } from "bun:test";
import { Encoder } from "cbor-x";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { cborFault } from "../../../src/mqtt/payloads/cbor-guard.ts";
import { cborValue } from "../../../src/mqtt/payloads/cbor-values.ts";
import { PayloadFault } from "../../../src/mqtt/payloads/fault.ts";
import { jsonText } from "../../../src/mqtt/payloads/json-values.ts";
import { hex } from "../support/rig.ts";

const encoder = new Encoder({ useRecords: false, mapsAsObjects: true });

function json(bytes: Uint8Array): string {
  const decoded = cborValue(bytes);
  return decoded instanceof PayloadFault ? `refused: ${decoded.reason}` : jsonText(decoded.value);
}

describe("what is taken, as JSON", () => {
  test("what an encoder writes", () => {
    const value = { a: [1, -1, 2.5, 2 ** 40, -(2 ** 40), null, true, false, "ü"], b: { c: {}, d: [] } };
    expect(json(encoder.encode(value))).toBe(JSON.stringify(value));
  });

  test.each([
    ["a 64 bit integer", "1b ffffffffffffffff", "18446744073709551615"],
    ["a negative one", "3b ffffffffffffffff", "-18446744073709551616"],
    ["a bignum", "c2 49 010000000000000000", "18446744073709551616"],
    ["the largest one", `c2 58 20 ${"ff".repeat(32)}`, String(2n ** 256n - 1n)],
    ["bytes", "43 fbefbe", '"----"'],
    ["a time", "c1 1a 514b67b0", "1363896240"],
    ["a date", "c0 74 323031332d30332d32315432303a30343a30305a", '"2013-03-21T20:04:00Z"'],
    ["a decimal fraction", "c4 82 21 19 6ab3", "273.15"],
    ["undefined and not a number", "82 f7 f9 7e00", "[null,null]"],
    ["integer keys", "a2 01 02 20 03", '{"1":2,"-1":3}'],
    ["__proto__", "a1 69 5f5f70726f746f5f5f 01", '{"__proto__":1}'],
    ["self-described", "d9 d9f7 81 01", "[1]"],
    ["indefinite", "bf 61 61 9f 01 02 ff ff", '{"a":[1,2]}'],
    ["a long array in another", `82 98 64 ${"00".repeat(100)} 01`, `[[${Array(100).fill(0).join(",")}],1]`],
  ])("%s", (_, bytes, expected) => expect(json(hex(bytes))).toBe(expected));
});

describe("what another encoder writes", () => {
  test("is read as it was, in thousands of values", () => {
    const random = new SeededRandom(8_949);
    for (let round = 0; round < 3_000; round++) {
      const value = anyValue(random, 4);
      const own = cborValue(encoder.encode(value));
      if (own instanceof PayloadFault) throw new Error(own.reason);
      const expected = JSON.stringify(value, bigIntsAsTexts);
      const got = JSON.stringify(own.value, bigIntsAsTexts);
      expect(got).toBe(expected);
    }
  });
});

function bigIntsAsTexts(_key: string, value: unknown): unknown {
  if (typeof value !== "bigint") return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : `${value}`;
}

function anyValue(random: SeededRandom, depth: number): unknown {
  const [kind = 0, size = 0, ...more] = random.bytes(10);
  const view = new DataView(Uint8Array.from(more).buffer);
  switch (kind % (depth === 0 ? 6 : 8)) {
    case 0:
      return view.getInt32(0) >> (size & 31);
    case 1:
      return view.getFloat32(0) || 0;
    case 2:
      return view.getBigInt64(0);
    case 3:
      return "ü".repeat(size) + size;
    case 4:
      return size % 2 === 0;
    case 5:
      return null;
    case 6:
      return Array.from({ length: size % 40 }, () => anyValue(random, depth - 1));
    default:
      return Object.fromEntries(
        Array.from({ length: size % 6 }, (_, n) => [`key ${n}`, anyValue(random, depth - 1)]),
      );
  }
}

const BIGNUM = Uint8Array.of(0xc2, 0x59, 0xfd, 0xe8, ...new Uint8Array(65_000).fill(255));

const HOSTILE: readonly (readonly [string, Uint8Array, string])[] = [
  ["nothing", hex(""), "too early"],
  ["a bignum of 64 KB", BIGNUM, "a bignum that has not"],
  ["a negative one", Uint8Array.of(0x81, 0xc3, ...BIGNUM.subarray(1)), "a bignum that has not"],
  ["a bignum of nothing", hex("c2 40"), "a bignum that has not"],
  ["a bignum of 33 bytes", hex(`c2 58 21 01 ${"00".repeat(32)}`), "a bignum that has not 1 to 32 bytes"],
  ["a bignum of a text", hex("c2 61 61"), "a bignum that is no byte string"],
  ["a regular expression", hex("d8 1b 82 66 524567457870 62 2e2a"), "tag 27"],
  ["a shared reference", hex("d8 1c 81 d8 1d 00"), "tag 28"],
  ["a packed table", hex("d8 33 82 80 80"), "tag 51"],
  ["a record definition", hex("d9 dfff 83 19 e000 81 61 61 01"), "tag 57343"],
  ["a typed array", hex("d8 40 41 00"), "tag 64"],
  ["a tag of 64 bits", hex("db ffffffffffffffff 00"), "tag 18446744073709552000"],
  ["a packed simple value", hex("e0"), "a simple value"],
  ["an array of 2^64", hex("9b ffffffffffffffff"), "are announced where 0 bytes"],
  ["an array of 2^32", hex("9a ffffffff 00"), "4294967295 values are announced"],
  ["a map of 2^63", hex("bb 8000000000000000 00"), "are announced where"],
  ["a text of 2^64 bytes", hex("7b ffffffffffffffff 00"), "a string of"],
  ["an array that is one short", hex("83 01 02"), "values are announced"],
  ["nested without end", new Uint8Array(60_000).fill(0x81), "nested deeper than 32"],
  ["nested indefinitely", new Uint8Array(60_000).fill(0x9f), "nested deeper than 32"],
  ["tags without end", new Uint8Array(60_000).fill(0xc4), "a decimal fraction"],
  ["an indefinite array that never ends", Uint8Array.of(0x9f, ...new Uint8Array(10_000)), "too early"],
  ["an indefinite map that never ends", Uint8Array.of(0xbf, 0, 0), "too early"],
  ["an indefinite map with half a pair", hex("bf 00 ff"), "a key without a value"],
  ["an indefinite text", hex("7f 61 61 ff"), "indefinite length"],
  ["an integer of indefinite length", hex("1f"), ""],
  ["a lone break", hex("ff"), ""],
  ["a break in an array", hex("82 01 ff"), ""],
  ["a reserved length", hex("1c"), ""],
  ["an array for a key", hex("a1 80 01"), "a key that is neither"],
  ["a huge key", hex("a1 1b 0020000000000000 01"), "beyond 53 bits"],
  ["the same key twice", hex("a2 01 01 61 31 02"), "two keys that read the same"],
  ["text that is not UTF-8", hex("62 c328"), "not UTF-8"],
  ["two values", hex("01 02"), "1 bytes behind the value"],
  ["too many values", Uint8Array.of(0x99, 0x50, 0, ...new Uint8Array(20_480)), "more than 16384 values"],
  ["too many bytes", new Uint8Array(300_000), "are more than 262144"],
  ["a time of a map", hex("c1 a0"), "a time that is no number"],
  ["a decimal fraction of a million zeros", hex("c4 82 1a 000f4240 01"), "a decimal fraction"],
];

/** As much as is taken, and nothing wrong with it. */
const LARGEST = encoder.encode(Array.from({ length: 16_000 }, (_, n) => n));

/** The best of a few, in milliseconds: this machine does other things too. */
function bestMs(bytes: Uint8Array): number {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 20; run++) {
    const started = performance.now();
    cborValue(bytes);
    best = Math.min(best, performance.now() - started);
  }
  return best;
}

describe("what is refused, with no more work than the largest that is taken", () => {
  for (const [what, bytes, expected] of HOSTILE) {
    test(what, () => {
      expect(json(bytes)).toContain("refused: ");
      expect(json(bytes)).toContain(expected);
      expect(bestMs(bytes)).toBeLessThan(3 * bestMs(LARGEST));
    });
  }

  test("the check has teeth: without the guard the decoder takes far longer, or makes what no JSON has", () => {
    const started = performance.now();
    encoder.decode(Buffer.from(BIGNUM));
    expect(performance.now() - started).toBeGreaterThan(3 * bestMs(LARGEST));
    expect(cborFault(BIGNUM)).not.toBeNull();
  }, 30_000);

  test("what may be decoded is looked through in a millisecond too", () => {
    const bytes = encoder.encode(Array.from({ length: 8_000 }, (_, n) => `value ${n}`));
    let bestMs = Number.POSITIVE_INFINITY;
    for (let run = 0; run < 50; run++) {
      const started = performance.now();
      expect(cborFault(bytes)).toBeNull();
      bestMs = Math.min(bestMs, performance.now() - started);
    }
    expect(bestMs).toBeLessThan(1);
  }, 30_000);
});
