import { DATATYPE_NAMES } from "./datatype-names.ts";
import { signed64, unsigned64 } from "./protobuf-reader.ts";

/** Bits of the integer types; negative for those with a sign. */
const INTEGER_BITS: ReadonlyMap<number, number> = new Map([
  [1, -8],
  [2, -16],
  [3, -32],
  [4, -64],
  [5, 8],
  [6, 16],
  [7, 32],
  [8, 64],
  [13, 64],
]);

const BOOLEAN_ARRAY = 32;
const STRING_ARRAY = 33;

/** A type's name; the number itself of one that is not known. */
export function datatypeName(type: number): string | number {
  return DATATYPE_NAMES[type] ?? type;
}

/** An integer as its type has it; `bits` are 32 where the message has it in 32, else 64. */
export function integerOf(type: number | null, low: number, high: number, bits: 32 | 64): number | bigint {
  const width = type === null ? undefined : INTEGER_BITS.get(type);
  const unsigned = bits === 32 ? low : unsigned64(low, high);
  if (width === undefined || width > 0) return unsigned;
  const signed = bits === 32 ? low | 0 : signed64(low, high);
  // Encoders write a small negative number with all of its sign bits, or with those of its type alone.
  const limit = 2 ** (-width - 1);
  return width > -32 && typeof signed === "number" && signed >= limit && signed < 2 * limit
    ? signed - 2 * limit
    : signed;
}

/** The shortest text that reads as the same float, as a number. */
export function floatOf(value: number): number | string {
  if (!Number.isFinite(value)) return String(value);
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}

/** A double; what JSON has no number for is a text: NaN, Infinity, -Infinity. */
export function doubleOf(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

const strictText = new TextDecoder("utf-8", { fatal: true });

/**
 * The items of an array type out of its bytes (Sparkplug 3.0, 6.4.16: little-endian, packed); null where the type is
 * none of them or the bytes don't fit it. `count` is asked how many there may be before any is made.
 */
export function arrayOf(
  type: number,
  bytes: Uint8Array,
  count: (items: number) => boolean,
): unknown[] | null {
  if (type === STRING_ARRAY) return textsOf(bytes, count);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (type === BOOLEAN_ARRAY) return booleansOf(view, count);
  const item = ITEMS.get(type);
  if (item === undefined) return null;
  const [size, read] = item;
  if (bytes.length % size !== 0) return null;
  if (!count(bytes.length / size)) return null;
  return Array.from({ length: bytes.length / size }, (_, index) => read(view, index * size));
}

const ITEMS: ReadonlyMap<number, readonly [size: number, read: (view: DataView, at: number) => unknown]> =
  new Map([
    [22, [1, (view, at) => view.getInt8(at)]],
    [23, [2, (view, at) => view.getInt16(at, true)]],
    [24, [4, (view, at) => view.getInt32(at, true)]],
    [25, [8, (view, at) => signed64(view.getUint32(at, true), view.getUint32(at + 4, true))]],
    [26, [1, (view, at) => view.getUint8(at)]],
    [27, [2, (view, at) => view.getUint16(at, true)]],
    [28, [4, (view, at) => view.getUint32(at, true)]],
    [29, [8, (view, at) => unsigned64(view.getUint32(at, true), view.getUint32(at + 4, true))]],
    [30, [4, (view, at) => floatOf(view.getFloat32(at, true))]],
    [31, [8, (view, at) => doubleOf(view.getFloat64(at, true))]],
    [34, [8, (view, at) => unsigned64(view.getUint32(at, true), view.getUint32(at + 4, true))]],
  ]);

/** A count of 4 bytes, then bits, the first the highest of its byte. */
function booleansOf(view: DataView, count: (items: number) => boolean): boolean[] | null {
  if (view.byteLength < 4) return null;
  const length = view.getUint32(0, true);
  if (Math.ceil(length / 8) !== view.byteLength - 4) return null;
  if (!count(length)) return null;
  return Array.from(
    { length },
    (_, index) => (view.getUint8(4 + (index >> 3)) & (0x80 >> (index & 7))) !== 0,
  );
}

/** Texts that each end with a zero byte. */
function textsOf(bytes: Uint8Array, count: (items: number) => boolean): string[] | null {
  if (bytes.length > 0 && bytes.at(-1) !== 0) return null;
  let items = 0;
  for (const byte of bytes) if (byte === 0) items++;
  if (!count(items)) return null;
  try {
    return strictText.decode(bytes).split("\0").slice(0, items);
  } catch {
    return null;
  }
}
