import { HeadwaterError } from "../../base/errors.ts";
import type { Int64, Uuid } from "../../base/ids.ts";
import { uuidFromBytes } from "../../base/ids.ts";
import { decodeUtf8 } from "./text.ts";

/** A tagged field of a flexible version that this schema does not know. `bytes` is its value, without tag and size. */
export interface UnknownTaggedField {
  readonly tag: number;
  readonly bytes: Uint8Array;
}

/** Longest string that Kafka takes, in bytes of UTF-8: what fits the int16 length of the older versions. */
export const MAX_STRING_BYTES = 0x7fff;

const NO_BYTES = new Uint8Array(0);
/** Above this high word (in absolute terms) an int64 may be beyond the numbers that are exact. */
const EXACT_HIGH = 0x200000;

/**
 * Reads the primitive types of Kafka's protocol from a range of bytes. Nothing outside the range is looked
 * at, and every length and count is compared with the bytes that are left before anything is allocated for
 * it. What doesn't fit throws HeadwaterError `MALFORMED`; where the reader stands after that is unspecified.
 *
 * `bytes`, `records` and unknown tagged fields are returned as views of the input: they are good as long as the
 * input's owner leaves it alone. A reader can be used again by `reset`.
 */
export class Reader {
  /** Where the next value starts, as an index of the whole input. */
  position: number;
  private bytes: Uint8Array;
  private end: number;
  private float: DataView | null = null;

  constructor(bytes: Uint8Array = NO_BYTES, start = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
    this.reset(bytes, start, end);
  }

  /** Starts over on the range [start, end) of `bytes`. A range outside of `bytes` is a bug of the caller. */
  reset(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    if (!(start >= 0 && start <= end && end <= bytes.length)) {
      throw new RangeError(`range ${start}..${end} is not within ${bytes.length} bytes`);
    }
    this.bytes = bytes;
    this.position = start;
    this.end = end;
    this.float = null;
  }

  /** How many bytes are left. */
  get remainingBytes(): number {
    return this.end - this.position;
  }

  /** Refuses bytes that are left after a message. */
  expectEnd(): void {
    if (this.position !== this.end) throw malformed(`${this.end - this.position} bytes after the message`);
  }

  int8(): number {
    return ((this.bytes[this.take(1)] as number) << 24) >> 24;
  }

  bool(): boolean {
    return this.bytes[this.take(1)] !== 0;
  }

  int16(): number {
    const at = this.take(2);
    const bytes = this.bytes;
    return (((bytes[at] as number) << 24) >> 16) | (bytes[at + 1] as number);
  }

  uint16(): number {
    const at = this.take(2);
    const bytes = this.bytes;
    return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  }

  int32(): number {
    return this.int32At(this.take(4));
  }

  uint32(): number {
    return this.int32At(this.take(4)) >>> 0;
  }

  /** An int64: a number where that is exact, else a bigint. */
  int64(): Int64 {
    const at = this.take(8);
    const high = this.int32At(at);
    const low = this.int32At(at + 4) >>> 0;
    if (high > -EXACT_HIGH && high < EXACT_HIGH) return high * 4294967296 + low;
    return wideInt64(high, low);
  }

  float64(): number {
    const at = this.take(8);
    const bytes = this.bytes;
    this.float ??= new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return this.float.getFloat64(at);
  }

  uuid(): Uuid {
    return uuidFromBytes(this.bytes, this.take(16));
  }

  /** An unsigned varint of at most 5 bytes and 32 bits. */
  unsignedVarint(): number {
    const first = this.bytes[this.take(1)] as number;
    if (first < 0x80) return first;
    let value = first & 0x7f;
    for (let shift = 7; shift < 28; shift += 7) {
      const byte = this.bytes[this.take(1)] as number;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    const last = this.bytes[this.take(1)] as number;
    if (last > 0x0f) throw malformed("a varint of more than 32 bits");
    return (value | (last << 28)) >>> 0;
  }

  /** A zigzag varint of 32 bits. */
  varint(): number {
    const value = this.unsignedVarint();
    return (value >>> 1) ^ -(value & 1);
  }

  /** A zigzag varint of 64 bits, in at most 10 bytes. */
  varlong(): Int64 {
    let low = 0;
    let scale = 1;
    for (let index = 0; index < 7; index++) {
      const byte = this.bytes[this.take(1)] as number;
      low += (byte & 0x7f) * scale;
      if (byte < 0x80) return low % 2 === 0 ? low / 2 : -(low + 1) / 2;
      scale *= 128;
    }
    let value = BigInt(low);
    for (let shift = 49n; shift < 70n; shift += 7n) {
      const byte = this.bytes[this.take(1)] as number;
      if (shift === 63n && byte > 1) break;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return toInt64((value >> 1n) ^ -(value & 1n));
    }
    throw malformed("a varint of more than 64 bits");
  }

  string(): string {
    return this.text(this.int16());
  }

  nullableString(): string | null {
    const length = this.int16();
    return length === -1 ? null : this.text(length);
  }

  compactString(): string {
    return this.text(this.unsignedVarint() - 1);
  }

  compactNullableString(): string | null {
    const length = this.unsignedVarint() - 1;
    return length === -1 ? null : this.text(length);
  }

  /** Bytes after an int32 length, as a view. */
  byteString(): Uint8Array {
    return this.view(this.int32());
  }

  nullableByteString(): Uint8Array | null {
    const length = this.int32();
    return length === -1 ? null : this.view(length);
  }

  compactByteString(): Uint8Array {
    return this.view(this.unsignedVarint() - 1);
  }

  compactNullableByteString(): Uint8Array | null {
    const length = this.unsignedVarint() - 1;
    return length === -1 ? null : this.view(length);
  }

  /** The count of an array whose elements take `elementBytes` or more each. */
  arrayLength(elementBytes: number): number {
    return this.count(this.int32(), elementBytes);
  }

  /** The count of an array that may be null, which is -1. */
  nullableArrayLength(elementBytes: number): number {
    const count = this.int32();
    return count === -1 ? -1 : this.count(count, elementBytes);
  }

  compactArrayLength(elementBytes: number): number {
    return this.count(this.unsignedVarint() - 1, elementBytes);
  }

  compactNullableArrayLength(elementBytes: number): number {
    const count = this.unsignedVarint() - 1;
    return count === -1 ? -1 : this.count(count, elementBytes);
  }

  /** How many tagged fields follow. */
  taggedFieldCount(): number {
    const count = this.unsignedVarint();
    return count === 0 ? 0 : this.count(count, 2);
  }

  /** The tag of the next tagged field; tags ascend, so a field can't come twice. `previous` is -1 at first. */
  tag(previous: number): number {
    const tag = this.unsignedVarint();
    if (tag <= previous) throw malformed(`tagged field ${tag} after ${previous}`);
    return tag;
  }

  /** Reads a tagged field's size and narrows the reader to it. Returns what `endTaggedField` needs. */
  beginTaggedField(): number {
    const size = this.unsignedVarint();
    if (size > this.end - this.position) throw this.tooLong("a tagged field", size);
    const outerEnd = this.end;
    this.end = this.position + size;
    return outerEnd;
  }

  /** Ends a tagged field, which has to have used its size up. */
  endTaggedField(outerEnd: number): void {
    this.expectEnd();
    this.end = outerEnd;
  }

  /** What is left, as a view: the value of a tagged field that nobody knows. */
  rest(): Uint8Array {
    return this.view(this.end - this.position);
  }

  /** A section of tagged fields of which none is known. Undefined where it is empty, as nearly always. */
  taggedFields(): UnknownTaggedField[] | undefined {
    let count = this.taggedFieldCount();
    if (count === 0) return undefined;
    const fields: UnknownTaggedField[] = [];
    let tag = -1;
    for (; count > 0; count--) {
      tag = this.tag(tag);
      const outerEnd = this.beginTaggedField();
      fields.push({ tag, bytes: this.rest() });
      this.endTaggedField(outerEnd);
    }
    return fields;
  }

  /** A view of the next `length` bytes. Refuses a negative length, which is what null is where null isn't allowed. */
  view(length: number): Uint8Array {
    if (length < 0 || length > this.end - this.position) throw this.tooLong("a field", length);
    const start = this.position;
    this.position = start + length;
    return this.bytes.subarray(start, start + length);
  }

  private text(length: number): string {
    if (length < 0 || length > MAX_STRING_BYTES) throw malformed(`a string of ${length} bytes`);
    const start = this.take(length);
    return decodeUtf8(this.bytes, start, start + length);
  }

  private count(count: number, elementBytes: number): number {
    if (count < 0 || count * elementBytes > this.end - this.position) throw this.tooLong("an array", count);
    return count;
  }

  private take(length: number): number {
    const start = this.position;
    const next = start + length;
    if (next > this.end) throw this.tooLong("a value", length);
    this.position = next;
    return start;
  }

  private int32At(at: number): number {
    const bytes = this.bytes;
    return (
      ((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)
    );
  }

  private tooLong(what: string, length: number): HeadwaterError {
    return malformed(`${what} of length ${length} where ${this.end - this.position} bytes are left`);
  }
}

/** The refusal of bytes from outside. */
export function malformed(what: string): HeadwaterError {
  return new HeadwaterError("MALFORMED", `malformed Kafka message: ${what}`);
}

/** The int64 of two words whose value is near or beyond what a number holds exactly. */
function wideInt64(high: number, low: number): Int64 {
  return toInt64((BigInt(high) << 32n) | BigInt(low));
}

function toInt64(value: bigint): Int64 {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
