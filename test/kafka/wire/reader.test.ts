import { expect, test } from "bun:test";
import { hasCode } from "../../../src/base/errors.ts";
import { readInt8Array } from "../../../src/kafka/wire/arrays.ts";
import { Reader } from "../../../src/kafka/wire/reader.ts";

function over(hex: string): Reader {
  return new Reader(Uint8Array.fromHex(hex));
}

/** Whether reading is refused as malformed. Any other error is thrown on. */
function isRefused(read: () => unknown): boolean {
  try {
    read();
    return false;
  } catch (error) {
    if (hasCode(error, "MALFORMED")) return true;
    throw error;
  }
}

test("integers of every width keep sign and extremes", () => {
  expect([over("80").int8(), over("7f").int8(), over("ff").int8()]).toEqual([-128, 127, -1]);
  expect([over("8000").int16(), over("7fff").int16(), over("ffff").uint16()]).toEqual([-32768, 32767, 65535]);
  expect([over("80000000").int32(), over("7fffffff").int32()]).toEqual([-2147483648, 2147483647]);
  expect(over("ffffffff").uint32()).toBe(4294967295);
  expect(over("3ff8000000000000").float64()).toBe(1.5);
  expect([over("00").bool(), over("01").bool(), over("ff").bool()]).toEqual([false, true, true]);
});

test("an int64 is a number exactly where a number is exact", () => {
  const cases: readonly (readonly [string, number | bigint])[] = [
    ["0000000000000000", 0],
    ["ffffffffffffffff", -1],
    ["00000001ffffffff", 8589934591],
    ["fffffffe00000000", -8589934592],
    ["001fffffffffffff", Number.MAX_SAFE_INTEGER],
    ["0020000000000000", 9007199254740992n],
    ["ffe0000000000001", Number.MIN_SAFE_INTEGER],
    ["ffe0000000000000", -9007199254740992n],
    ["ffdfffffffffffff", -9007199254740993n],
    ["7fffffffffffffff", 9223372036854775807n],
    ["8000000000000000", -9223372036854775808n],
  ];
  for (const [hex, value] of cases) expect(over(hex).int64(), hex).toBe(value as never);
});

test("varints of up to five bytes and 32 bits", () => {
  expect(over("00").unsignedVarint()).toBe(0);
  expect(over("7f").unsignedVarint()).toBe(127);
  expect(over("8001").unsignedVarint()).toBe(128);
  expect(over("ffffff7f").unsignedVarint()).toBe(268435455);
  expect(over("ffffffff0f").unsignedVarint()).toBe(4294967295);
  expect([over("01").varint(), over("02").varint(), over("ffffffff0f").varint()]).toEqual([
    -1, 1, -2147483648,
  ]);
  for (const hex of ["", "80", "ffffffff", "ffffffff10", "ffffffffff01", "ffffffffff"]) {
    expect(
      isRefused(() => over(hex).unsignedVarint()),
      hex,
    ).toBe(true);
  }
});

test("varlongs of up to ten bytes and 64 bits", () => {
  expect(over("01").varlong()).toBe(-1);
  expect(over("feffffff1f").varlong()).toBe(4294967295);
  expect(over("ffffffff1f").varlong()).toBe(-4294967296);
  expect(over("feffffffffffff1f").varlong()).toBe(Number.MAX_SAFE_INTEGER);
  expect(over("feffffffffffffffff01").varlong()).toBe(9223372036854775807n as never);
  expect(over("ffffffffffffffffff01").varlong()).toBe(-9223372036854775808n as never);
  for (const hex of ["80", "ffffffffffffffffff02", "ffffffffffffffffffff01", "ffffffffffffffffff"]) {
    expect(
      isRefused(() => over(hex).varlong()),
      hex,
    ).toBe(true);
  }
});

test("strings: ASCII, wide characters, a byte order mark, and bytes that are no UTF-8", () => {
  expect(over("0003616263").string()).toBe("abc");
  expect(over("04c3a961").compactString()).toBe("éa");
  expect(over("05f09f9982").compactString()).toBe("🙂");
  expect(over("0006efbbbf616263").string()).toBe("\ufeffabc");
  expect(over("0004efbbbf61").string()).toBe("\ufeffa");
  expect(over("0002c328").string()).toBe("\ufffd(");
  expect(over("ffff").nullableString()).toBe(null);
  expect(over("00").compactNullableString()).toBe(null);
  expect(over("01").compactNullableString()).toBe("");
});

test("lengths that are negative, null where null isn't allowed, or more than is left", () => {
  expect(isRefused(() => over("ffff").string())).toBe(true);
  expect(isRefused(() => over("fffe").nullableString())).toBe(true);
  expect(isRefused(() => over("00").compactString())).toBe(true);
  expect(isRefused(() => over("ffffffff0f").compactNullableString())).toBe(true);
  expect(isRefused(() => over("ffffffff").byteString())).toBe(true);
  expect(isRefused(() => over("fffffffe").nullableByteString())).toBe(true);
  expect(isRefused(() => over("7fffffff00").byteString())).toBe(true);
  expect(isRefused(() => over("00").compactByteString())).toBe(true);
  expect(isRefused(() => over("0380").compactNullableByteString())).toBe(true);
  expect(isRefused(() => over("ffffffff").arrayLength(1))).toBe(true);
  expect(isRefused(() => over("fffffffe").nullableArrayLength(1))).toBe(true);
  expect(isRefused(() => over("00").compactArrayLength(1))).toBe(true);
});

test("a count is compared with what its elements take at least, to the byte", () => {
  expect(over(`00000003${"00".repeat(12)}`).arrayLength(4)).toBe(3);
  expect(isRefused(() => over(`00000003${"00".repeat(11)}`).arrayLength(4))).toBe(true);
  expect(isRefused(() => over("7fffffff0000").nullableArrayLength(1))).toBe(true);
  expect(isRefused(() => over("ffffffff0f0000").compactNullableArrayLength(16))).toBe(true);
  expect(over("00").compactNullableArrayLength(1)).toBe(-1);
});

test("a string of more than 32,767 bytes is refused although it is all there", () => {
  const bytes = new Uint8Array(40000).fill(0x61);
  bytes.set([0x81, 0x80, 0x02]);
  expect(isRefused(() => new Reader(bytes).compactString())).toBe(true);
  bytes.set([0x80, 0x80, 0x02]);
  expect(new Reader(bytes).compactString().length).toBe(32767);
});

test("byte strings are views, not copies", () => {
  const bytes = Uint8Array.fromHex("00000002aabb");
  const view = new Reader(bytes).byteString();
  bytes[4] = 0xcc;
  expect(view.toHex()).toBe("ccbb");
  expect(view.buffer).toBe(bytes.buffer);
});

test("a range hides what is around it", () => {
  const bytes = Uint8Array.fromHex("ff00010203ff");
  const reader = new Reader(bytes, 1, 5);
  expect(reader.remainingBytes).toBe(4);
  expect(reader.int32()).toBe(0x00010203);
  expect(isRefused(() => reader.int8())).toBe(true);
  reader.reset(bytes, 4, 5);
  expect(reader.int8()).toBe(3);
  expect(() => reader.reset(bytes, 4, 7)).toThrow(RangeError);
  expect(() => reader.reset(bytes, 5, 4)).toThrow(RangeError);
});

test("a float64 is read from the input of the last reset", () => {
  const reader = over("3ff8000000000000");
  expect(reader.float64()).toBe(1.5);
  reader.reset(Uint8Array.fromHex("004000000000000000"), 1);
  expect(reader.float64()).toBe(2);
});

test("tagged fields: ascending tags, sizes that are used up, counts that fit", () => {
  expect(over("00").taggedFields()).toBeUndefined();
  const fields = over("02000101050203ff").taggedFields() ?? [];
  expect(fields.map(({ tag, bytes }) => [tag, bytes.toHex()])).toEqual([
    [0, "01"],
    [5, "03ff"],
  ]);
  expect(isRefused(() => over("02050101050101").taggedFields())).toBe(true);
  expect(isRefused(() => over("02050101040101").taggedFields())).toBe(true);
  expect(isRefused(() => over("010002ff").taggedFields())).toBe(true);
  expect(isRefused(() => over("ffffffff0f0000").taggedFields())).toBe(true);
  const reader = over("0201020304");
  const outerEnd = reader.beginTaggedField();
  expect(reader.int8()).toBe(1);
  expect(isRefused(() => reader.int16())).toBe(true);
  expect(isRefused(() => reader.endTaggedField(outerEnd))).toBe(true);
});

test("an array grows only as elements are found", () => {
  // A codec would have refused the count; even without that no more is allocated than there are bytes.
  const bytes = new Uint8Array(1_000_000).fill(0x7f);
  const reader = new Reader(bytes);
  const before = process.memoryUsage().heapUsed;
  expect(isRefused(() => readInt8Array(reader, 1_000_000_000))).toBe(true);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(512 * 1024 * 1024);
});
