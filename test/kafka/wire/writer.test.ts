import { expect, test } from "bun:test";
import { AssertionError } from "../../../src/base/assert.ts";
import { hasCode } from "../../../src/base/errors.ts";
import { type Uuid, uuidBytes } from "../../../src/base/ids.ts";
import { Reader } from "../../../src/kafka/wire/reader.ts";
import { MAX_COPIED_BYTES, MAX_KEPT_BYTES, Writer } from "../../../src/kafka/wire/writer.ts";

function hexOf(write: (writer: Writer) => void): string {
  const writer = new Writer(1);
  write(writer);
  return writer.toBytes().toHex();
}

test("every primitive, through a buffer that grows at each", () => {
  const hex = hexOf((writer) => {
    writer.int8(-1);
    writer.bool(true);
    writer.int16(-2);
    writer.uint16(65535);
    writer.int32(-3);
    writer.uint32(4294967295);
    writer.int64(-4);
    writer.int64(9223372036854775807n);
    writer.float64(1.5);
    writer.uuid("3RFYQRSwlP-520pSFkpwsQ" as Uuid);
    writer.unsignedVarint(300);
    writer.string("é");
    writer.compactNullableString(null);
    writer.nullableString(null);
    writer.nullableByteString(null);
    writer.compactByteString(new Uint8Array([1, 2]));
  });
  expect(hex).toBe(
    "ff01fffefffffffffffdfffffffffffffffffffffffc7fffffffffffffff3ff8000000000000dd11584114b094ffb9db4a52164a70b1ac020002c3a900fffffffffff".concat(
      "f030102",
    ),
  );
});

test("int64 values survive the way there and back, as numbers where exact", () => {
  const values = [
    0,
    -1,
    4294967295,
    4294967296,
    -4294967296,
    -4294967297,
    2 ** 53 - 1,
    -(2 ** 53) + 1,
    2n ** 53n,
    -(2n ** 63n),
  ];
  for (const value of values) {
    const bytes = Uint8Array.fromHex(hexOf((writer) => writer.int64(value)));
    expect(new Reader(bytes).int64()).toBe(value as never);
    const varlong = Uint8Array.fromHex(hexOf((writer) => writer.varlong(value)));
    expect(new Reader(varlong).varlong()).toBe(value as never);
  }
});

test("varints at the borders of their sizes", () => {
  for (const value of [0, 127, 128, 16383, 16384, 2097151, 2097152, 268435455, 268435456, 4294967295]) {
    const bytes = Uint8Array.fromHex(hexOf((writer) => writer.unsignedVarint(value)));
    expect(new Reader(bytes).unsignedVarint()).toBe(value);
  }
  for (const value of [0, -1, 1, 63, -64, 64, 2147483647, -2147483648]) {
    const bytes = Uint8Array.fromHex(hexOf((writer) => writer.varint(value)));
    expect(new Reader(bytes).varint()).toBe(value);
  }
});

test("a number that its type can't hold is a bug", () => {
  const writer = new Writer();
  expect(() => writer.int8(128)).toThrow(AssertionError);
  expect(() => writer.int16(-32769)).toThrow(AssertionError);
  expect(() => writer.uint16(-1)).toThrow(AssertionError);
  expect(() => writer.int32(2147483648)).toThrow(AssertionError);
  expect(() => writer.int32(1.5)).toThrow(AssertionError);
  expect(() => writer.int32(Number.NaN)).toThrow(AssertionError);
  expect(() => writer.uint32(-1)).toThrow(AssertionError);
  expect(() => writer.int64(2 ** 53)).toThrow(AssertionError);
  expect(() => writer.int64(2n ** 63n)).toThrow(AssertionError);
  expect(() => writer.unsignedVarint(-1)).toThrow(AssertionError);
  expect(() => writer.uuid("short" as Uuid)).toThrow(AssertionError);
  expect(() => writer.uuid("3RFYQRSwlP+520pSFkpwsQ" as Uuid)).toThrow(AssertionError);
  expect(() => writer.uuid("3RFYQRSwlPé520pSFkpwsQ" as Uuid)).toThrow(AssertionError);
});

test("strings of every length around the sizes of their prefixes, ASCII and not", () => {
  for (const letter of ["a", "é", "漢", "🙂"]) {
    for (const length of [0, 1, 2, 15, 16, 17, 31, 32, 42, 43, 63, 64, 65, 126, 127, 128, 4096, 8000, 8192]) {
      const text = letter.repeat(length);
      const size = new TextEncoder().encode(text).length;
      if (size > 32767) continue;
      const compact = new Reader(Uint8Array.fromHex(hexOf((writer) => writer.compactString(text))));
      expect(compact.compactString()).toBe(text);
      expect(compact.remainingBytes).toBe(0);
      const plain = new Reader(Uint8Array.fromHex(hexOf((writer) => writer.string(text))));
      expect(plain.string()).toBe(text);
      expect(plain.remainingBytes).toBe(0);
    }
  }
});

test("a string that is too long is refused, by characters or by bytes", () => {
  for (const text of ["a".repeat(32768), "é".repeat(16384)]) {
    for (const write of ["string", "compactString"] as const) {
      let refusal: unknown = null;
      try {
        new Writer()[write](text);
      } catch (error) {
        refusal = error;
      }
      expect(hasCode(refusal, "UNSUPPORTED")).toBe(true);
    }
  }
});

test("uuids are written as the base room has them", () => {
  for (const id of ["AAAAAAAAAAAAAAAAAAAAAA", "_____________________w", "PzI86jPnH7KugkFLmnk_BQ"]) {
    expect(hexOf((writer) => writer.uuid(id as Uuid))).toBe(uuidBytes(id as Uuid).toHex());
  }
});

test("a small message is one chunk; large byte strings are chunks of their own, not copied", () => {
  const writer = new Writer();
  const small = new Uint8Array(MAX_COPIED_BYTES).fill(1);
  const large = new Uint8Array(MAX_COPIED_BYTES + 1).fill(2);
  writer.int32(7);
  writer.byteString(small);
  expect(writer.finish().length).toBe(1);
  writer.byteString(large);
  writer.byteString(large);
  writer.int8(9);
  const chunks = writer.finish();
  expect(chunks.map((chunk) => chunk.length)).toEqual([
    8 + small.length + 4,
    large.length,
    4,
    large.length,
    1,
  ]);
  expect(chunks[1]).toBe(large);
  expect(writer.sizeBytes).toBe(8 + small.length + 2 * (4 + large.length) + 1);
  expect(Buffer.concat(chunks).equals(writer.toBytes())).toBe(true);
  writer.reset();
  writer.view(large);
  expect(writer.finish()).toEqual([large]);
  writer.reset();
  expect(writer.sizeBytes).toBe(0);
  expect(writer.toBytes().length).toBe(0);
});

test("a length that is reserved can be patched after the buffer has grown and views were added", () => {
  const writer = new Writer(4);
  const place = writer.reserveInt32();
  writer.string("x".repeat(100));
  writer.view(new Uint8Array(MAX_COPIED_BYTES + 1));
  writer.int8(1);
  writer.patchInt32(place, writer.sizeBytes - 4);
  const reader = new Reader(writer.toBytes());
  expect(reader.int32()).toBe(reader.remainingBytes);
});

test("a writer does not keep a buffer that one message made huge", () => {
  const writer = new Writer();
  for (let index = 0; index < MAX_KEPT_BYTES; index++) writer.int16(index & 0x7fff);
  const grown = writer.finish()[0]?.buffer.byteLength ?? 0;
  expect(grown).toBeGreaterThan(MAX_KEPT_BYTES);
  writer.reset();
  writer.int8(1);
  expect(writer.finish()[0]?.buffer.byteLength).toBeLessThan(MAX_KEPT_BYTES);
});

test("tagged fields of every size, with large values inside of them", () => {
  for (const size of [0, 1, 127, 128, 16383, 16384, MAX_COPIED_BYTES + 1]) {
    const value = new Uint8Array(size).fill(5);
    const writer = new Writer(1);
    writer.taggedFields([
      { tag: 3, bytes: value },
      { tag: 200, bytes: value },
    ]);
    const fields = new Reader(writer.toBytes()).taggedFields();
    expect(fields?.map(({ tag }) => tag)).toEqual([3, 200]);
    for (const field of fields ?? []) expect(Buffer.compare(field.bytes, value)).toBe(0);
  }
});

test("after a tagged field large byte strings are sent as views again", () => {
  const large = new Uint8Array(MAX_COPIED_BYTES + 1);
  const writer = new Writer();
  writer.taggedFields([{ tag: 0, bytes: large }]);
  expect(writer.finish().length).toBe(1);
  writer.view(large);
  expect(writer.finish()[1]).toBe(large);
});

test("tagged fields out of order are a bug", () => {
  const field = { tag: 3, bytes: new Uint8Array(1) };
  expect(() => new Writer().taggedFields([field, field])).toThrow(AssertionError);
});
