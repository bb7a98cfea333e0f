import { AssertionError } from "../../base/assert.ts";
import { HeadwaterError } from "../../base/errors.ts";
import type { Int64, Uuid } from "../../base/ids.ts";
import { MAX_STRING_BYTES, type UnknownTaggedField } from "./reader.ts";
import { encodeUtf8, encodeUuid } from "./text.ts";

/** Byte strings up to this size are copied; a longer one becomes a chunk of its own. A copy of it costs about a send. */
export const MAX_COPIED_BYTES = 8192;
/** The largest buffer that a writer keeps for the next message. */
export const MAX_KEPT_BYTES = 262144;

const INITIAL_BYTES = 1024;

/**
 * Writes the primitive types of Kafka's protocol into a buffer of its own, which grows, and is used again after
 * `reset`. Byte strings above `MAX_COPIED_BYTES` are not copied: `finish` returns the message as chunks to send one
 * after the other, in which they stand as the views they were given as. Their owner leaves them alone until they
 * are sent, and the chunks of the writer's own bytes are good until its next `reset`.
 *
 * A number that its type on the wire can't hold is a bug of the caller. A string that is too long is refused with
 * UNSUPPORTED, since strings come from outside.
 */
export class Writer {
  private bytes: Uint8Array<ArrayBuffer>;
  private data: DataView;
  private position = 0;
  /** Where in `bytes` the views belong, ascending. */
  private readonly cuts: number[] = [];
  private readonly views: Uint8Array[] = [];
  private viewBytes = 0;
  /** Inside a tagged field bytes may have to move, so that everything is copied. */
  private taggedDepth = 0;

  constructor(initialBytes: number = INITIAL_BYTES) {
    this.bytes = new Uint8Array(initialBytes);
    this.data = new DataView(this.bytes.buffer);
  }

  /** How many bytes were written, views included. */
  get sizeBytes(): number {
    return this.position + this.viewBytes;
  }

  /** Starts over. What `finish` returned before is no longer good. */
  reset(): void {
    this.position = 0;
    this.taggedDepth = 0;
    if (this.views.length > 0) {
      this.cuts.length = 0;
      this.views.length = 0;
      this.viewBytes = 0;
    }
    if (this.bytes.length > MAX_KEPT_BYTES) this.replaceBuffer(INITIAL_BYTES);
  }

  /** The message as chunks in order, mostly one. */
  finish(): Uint8Array[] {
    if (this.views.length === 0) return [this.bytes.subarray(0, this.position)];
    const chunks: Uint8Array[] = [];
    let start = 0;
    for (let index = 0; index < this.views.length; index++) {
      const cut = this.cuts[index] as number;
      if (cut > start) chunks.push(this.bytes.subarray(start, cut));
      chunks.push(this.views[index] as Uint8Array);
      start = cut;
    }
    if (this.position > start) chunks.push(this.bytes.subarray(start, this.position));
    return chunks;
  }

  /** The message as one piece that belongs to the caller: a copy. */
  toBytes(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.sizeBytes);
    let position = 0;
    for (const chunk of this.finish()) {
      bytes.set(chunk, position);
      position += chunk.length;
    }
    return bytes;
  }

  /** Leaves room for an int32 that is known later, and returns its place for `patchInt32`. */
  reserveInt32(): number {
    return this.advance(4);
  }

  /** Fills what `reserveInt32` left. */
  patchInt32(place: number, value: number): void {
    if ((value | 0) !== value) throw outOfRange("int32", value);
    this.data.setInt32(place, value);
  }

  int8(value: number): void {
    if ((value << 24) >> 24 !== value) throw outOfRange("int8", value);
    const at = this.advance(1);
    this.bytes[at] = value;
  }

  bool(value: boolean): void {
    const at = this.advance(1);
    this.bytes[at] = value ? 1 : 0;
  }

  int16(value: number): void {
    if ((value << 16) >> 16 !== value) throw outOfRange("int16", value);
    const at = this.advance(2);
    this.data.setInt16(at, value);
  }

  uint16(value: number): void {
    if ((value & 0xffff) !== value) throw outOfRange("uint16", value);
    const at = this.advance(2);
    this.data.setInt16(at, value);
  }

  int32(value: number): void {
    if ((value | 0) !== value) throw outOfRange("int32", value);
    const at = this.advance(4);
    this.data.setInt32(at, value);
  }

  uint32(value: number): void {
    if (value >>> 0 !== value) throw outOfRange("uint32", value);
    const at = this.advance(4);
    this.data.setInt32(at, value);
  }

  int64(value: Int64): void {
    if (typeof value === "number") {
      if (!Number.isSafeInteger(value)) throw outOfRange("int64", value);
      const at = this.advance(8);
      this.data.setInt32(at, Math.floor(value / 4294967296));
      this.data.setInt32(at + 4, value);
      return;
    }
    if (BigInt.asIntN(64, value) !== value) throw outOfRange("int64", value);
    const at = this.advance(8);
    this.data.setBigInt64(at, value);
  }

  float64(value: number): void {
    const at = this.advance(8);
    this.data.setFloat64(at, value);
  }

  uuid(value: Uuid): void {
    const at = this.advance(16);
    if (!encodeUuid(value, this.bytes, at)) throw new AssertionError(`bad uuid ${value}`);
  }

  unsignedVarint(value: number): void {
    if (value >>> 0 !== value) throw outOfRange("unsigned varint", value);
    if (value < 0x80) {
      const at = this.advance(1);
      this.bytes[at] = value;
      return;
    }
    this.ensure(5);
    this.position = putUnsignedVarint(this.bytes, this.position, value);
  }

  /** A zigzag varint of 32 bits. */
  varint(value: number): void {
    if ((value | 0) !== value) throw outOfRange("varint", value);
    this.unsignedVarint(((value << 1) ^ (value >> 31)) >>> 0);
  }

  /** A zigzag varint of 64 bits. */
  varlong(value: Int64): void {
    if (typeof value === "number" && (value | 0) === value) {
      this.varint(value);
      return;
    }
    const wide = BigInt(value);
    if (BigInt.asIntN(64, wide) !== wide) throw outOfRange("varlong", value);
    this.ensure(10);
    let rest = BigInt.asUintN(64, (wide << 1n) ^ (wide >> 63n));
    for (; rest > 0x7fn; rest >>= 7n) this.bytes[this.position++] = Number(rest & 0x7fn) | 0x80;
    this.bytes[this.position++] = Number(rest);
  }

  string(value: string): void {
    const length = value.length;
    if (length > MAX_STRING_BYTES) throw tooLong(length);
    this.ensure(2 + length * 3);
    const at = this.position;
    const sizeBytes = encodeUtf8(value, this.bytes, at + 2);
    if (sizeBytes > MAX_STRING_BYTES) throw tooLong(sizeBytes);
    this.data.setInt16(at, sizeBytes);
    this.position = at + 2 + sizeBytes;
  }

  nullableString(value: string | null): void {
    if (value === null) this.int16(-1);
    else this.string(value);
  }

  /** The size goes before the text and takes one to three bytes: text that is not ASCII may have to make room. */
  compactString(value: string): void {
    const length = value.length;
    if (length > MAX_STRING_BYTES) throw tooLong(length);
    this.ensure(3 + length * 3);
    const at = this.position;
    const guess = varintBytes(length + 1);
    const sizeBytes = encodeUtf8(value, this.bytes, at + guess);
    if (sizeBytes > MAX_STRING_BYTES) throw tooLong(sizeBytes);
    const needed = varintBytes(sizeBytes + 1);
    if (needed !== guess) this.bytes.copyWithin(at + needed, at + guess, at + guess + sizeBytes);
    putUnsignedVarint(this.bytes, at, sizeBytes + 1);
    this.position = at + needed + sizeBytes;
  }

  compactNullableString(value: string | null): void {
    if (value === null) this.unsignedVarint(0);
    else this.compactString(value);
  }

  /** Bytes after an int32 length. Above `MAX_COPIED_BYTES` the view itself is kept and sent. */
  byteString(value: Uint8Array): void {
    this.int32(value.length);
    this.view(value);
  }

  nullableByteString(value: Uint8Array | null): void {
    if (value === null) this.int32(-1);
    else this.byteString(value);
  }

  compactByteString(value: Uint8Array): void {
    this.unsignedVarint(value.length + 1);
    this.view(value);
  }

  compactNullableByteString(value: Uint8Array | null): void {
    if (value === null) this.unsignedVarint(0);
    else this.compactByteString(value);
  }

  /** The count of an array; -1 is null. */
  arrayLength(count: number): void {
    this.int32(count);
  }

  /** The count of an array; -1 is null. */
  compactArrayLength(count: number): void {
    this.unsignedVarint(count + 1);
  }

  /** Bytes as they are, without a length. */
  view(value: Uint8Array): void {
    if (value.length > MAX_COPIED_BYTES && this.taggedDepth === 0) {
      this.cuts.push(this.position);
      this.views.push(value);
      this.viewBytes += value.length;
      return;
    }
    const at = this.advance(value.length);
    this.bytes.set(value, at);
  }

  /** Writes a tag and leaves room for its size. Returns what `endTaggedField` needs. */
  beginTaggedField(tag: number): number {
    this.unsignedVarint(tag);
    this.taggedDepth++;
    return this.advance(1);
  }

  /** Fills the size of a tagged field in. A field of 128 bytes or more moves up, to make room for its longer size. */
  endTaggedField(at: number): void {
    this.taggedDepth--;
    const sizeBytes = this.position - at - 1;
    const extra = varintBytes(sizeBytes) - 1;
    if (extra > 0) {
      this.advance(extra);
      this.bytes.copyWithin(at + 1 + extra, at + 1, at + 1 + sizeBytes);
    }
    putUnsignedVarint(this.bytes, at, sizeBytes);
  }

  /** A section of tagged fields of which the schema knows none. */
  taggedFields(fields: readonly UnknownTaggedField[] | undefined): void {
    if (fields === undefined) {
      this.unsignedVarint(0);
      return;
    }
    this.unsignedVarint(fields.length);
    this.unknownTaggedFields(fields, 0, Number.POSITIVE_INFINITY);
  }

  /**
   * Writes the unknown fields from index `from` whose tags are below `tag`, the next one that the schema knows, so
   * that all tags ascend. Returns the index of the first that is left.
   */
  unknownTaggedFields(fields: readonly UnknownTaggedField[] | undefined, from: number, tag: number): number {
    if (fields === undefined) return 0;
    let index = from;
    for (let field = fields[index]; field !== undefined && field.tag <= tag; field = fields[++index]) {
      const previous = fields[index - 1];
      if (field.tag === tag || (previous !== undefined && previous.tag >= field.tag)) {
        throw new AssertionError(`tagged field ${field.tag} is known, or out of order`);
      }
      const at = this.beginTaggedField(field.tag);
      this.view(field.bytes);
      this.endTaggedField(at);
    }
    return index;
  }

  /** Makes room and moves on. The buffer may be another one afterwards: call this before `bytes` or `data` is looked at. */
  private advance(length: number): number {
    const at = this.position;
    if (at + length > this.bytes.length) this.grow(at + length);
    this.position = at + length;
    return at;
  }

  private ensure(length: number): void {
    if (this.position + length > this.bytes.length) this.grow(this.position + length);
  }

  private grow(needed: number): void {
    const old = this.bytes;
    this.replaceBuffer(Math.max(needed, old.length * 2));
    this.bytes.set(old.subarray(0, this.position));
  }

  private replaceBuffer(size: number): void {
    this.bytes = new Uint8Array(size);
    this.data = new DataView(this.bytes.buffer);
  }
}

function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  return value < 0x10000000 ? 4 : 5;
}

/** Writes a varint and returns the position after it. */
function putUnsignedVarint(bytes: Uint8Array, start: number, value: number): number {
  let at = start;
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80;
  bytes[at++] = rest;
  return at;
}

function outOfRange(type: string, value: Int64): AssertionError {
  return new AssertionError(`${value} is no ${type}`);
}

function tooLong(length: number): HeadwaterError {
  return new HeadwaterError(
    "UNSUPPORTED",
    `a string of ${length} bytes where ${MAX_STRING_BYTES} is the most`,
  );
}
