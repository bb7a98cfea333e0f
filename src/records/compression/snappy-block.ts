import { malformed } from "./refusals.ts";

/**
 * Snappy blocks (google/snappy format description): the length as an unsigned varint, then elements by the low
 * two bits of a tag:
 *
 *   0  literal: length - 1 in the upper six bits; 60 to 63 say that it follows in 1 to 4 bytes
 *   1  copy: length - 4 in bits 2-4, the distance's upper three bits in 5-7, its lower eight in a byte
 *   2  copy: length - 1 in the upper six bits, distance in two bytes, little-endian
 *   3  the same with four bytes, which compressors of small blocks don't write
 */
const HASH_BITS = 13;
const MIN_MATCH = 4;
/** No match is looked for in the last bytes, so that a word can be read anywhere before. */
const TAIL_BYTES = 8;
const SKIP_SHIFT = 5;
/** From these lengths on the engine's own copies beat a loop; the one of literals has to make a view first. */
const COPY_MATCH_BY_CALL_FROM_BYTES = 16;
const COPY_LITERALS_BY_CALL_FROM_BYTES = 64;

/** Position + 1 of the last sight of each hash, 0 for none. One table serves all calls: they never overlap. */
const table = new Int32Array(1 << HASH_BITS);

/** The most that a block of `length` bytes can take. */
export function snappyMaxBlockBytes(length: number): number {
  return 32 + length + Math.ceil(length / 6);
}

/** Compresses at most 64 KiB of `source` into `target` from `at`, which has room; returns the end. */
export function snappyCompressBlock(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
): number {
  const view = new DataView(source.buffer, source.byteOffset, source.length);
  const lastMatchStart = end - TAIL_BYTES;
  let out = putLength(target, at, end - start);
  let anchor = start;
  let position = start;
  let misses = 1 << SKIP_SHIFT;
  table.fill(0);
  while (position <= lastMatchStart) {
    const word = view.getInt32(position, true);
    const slot = Math.imul(word, 0x1e35a7bd) >>> (32 - HASH_BITS);
    const match = start + (table[slot] as number) - 1;
    table[slot] = position - start + 1;
    if (match < start || view.getInt32(match, true) !== word) {
      position += misses++ >>> SKIP_SHIFT;
      continue;
    }
    misses = 1 << SKIP_SHIFT;
    let length = MIN_MATCH;
    while (position + length < end && source[match + length] === source[position + length]) length++;
    if (position > anchor) out = putLiteral(source, anchor, position, target, out);
    out = putCopy(target, out, position - match, length);
    position += length;
    anchor = position;
  }
  return anchor < end ? putLiteral(source, anchor, end, target, out) : out;
}

function putLength(target: Uint8Array, at: number, length: number): number {
  let out = at;
  let rest = length;
  for (; rest > 0x7f; rest >>>= 7) target[out++] = rest | 0x80;
  target[out++] = rest;
  return out;
}

function putLiteral(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): number {
  let out = at;
  const code = end - start - 1;
  if (code < 60) target[out++] = code << 2;
  else if (code < 256) {
    target[out++] = 60 << 2;
    target[out++] = code;
  } else {
    target[out++] = 61 << 2;
    target[out++] = code;
    target[out++] = code >>> 8;
  }
  if (end - start >= COPY_LITERALS_BY_CALL_FROM_BYTES) target.set(source.subarray(start, end), out);
  else for (let i = start; i < end; i++) target[out + i - start] = source[i] as number;
  return out + end - start;
}

/** A match of any length, in copies of 64 bytes at most, none of them under four. */
function putCopy(target: Uint8Array, at: number, distance: number, length: number): number {
  let out = at;
  let rest = length;
  while (rest > 64) {
    const part = rest < 68 ? 60 : 64;
    target[out++] = ((part - 1) << 2) | 2;
    target[out++] = distance;
    target[out++] = distance >>> 8;
    rest -= part;
  }
  if (rest <= 11 && distance < 2048) {
    target[out++] = ((distance >>> 8) << 5) | ((rest - 4) << 2) | 1;
    target[out++] = distance;
    return out;
  }
  target[out++] = ((rest - 1) << 2) | 2;
  target[out++] = distance;
  target[out++] = distance >>> 8;
  return out;
}

/**
 * Decodes the elements of one block into `target`, which they must fill exactly from `at` to `limit`. Copies
 * reach back to `at` at most. Throws MALFORMED.
 */
export function snappyDecompressBlock(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
  limit: number,
): void {
  let position = start;
  let out = at;
  while (position < end) {
    const tag = source[position++] as number;
    const kind = tag & 3;
    if (kind === 0) {
      let length = (tag >>> 2) + 1;
      if (length > 60) {
        const count = length - 60;
        if (count > end - position) throw malformed("snappy", "literal length is cut off");
        length = littleEndian(source, position, count) + 1;
        position += count;
      }
      if (length > end - position) throw malformed("snappy", "literal is cut off");
      if (length > limit - out) throw malformed("snappy", "block holds more than it states");
      if (length >= COPY_LITERALS_BY_CALL_FROM_BYTES)
        target.set(source.subarray(position, position + length), out);
      else for (let i = 0; i < length; i++) target[out + i] = source[position + i] as number;
      position += length;
      out += length;
      continue;
    }
    const distanceBytes = kind === 3 ? 4 : kind;
    if (distanceBytes > end - position) throw malformed("snappy", "copy is cut off");
    let length = (tag >>> 2) + 1;
    let distance = source[position] as number;
    if (kind === 1) {
      length = ((tag >>> 2) & 7) + 4;
      distance |= (tag >>> 5) << 8;
    } else if (kind === 2) distance |= (source[position + 1] as number) << 8;
    else distance = littleEndian(source, position, 4);
    position += distanceBytes;
    if (distance === 0 || distance > out - at) throw malformed("snappy", `copy from distance ${distance}`);
    if (length > limit - out) throw malformed("snappy", "block holds more than it states");
    const match = out - distance;
    if (length >= COPY_MATCH_BY_CALL_FROM_BYTES && distance >= length)
      target.copyWithin(out, match, match + length);
    else for (let i = 0; i < length; i++) target[out + i] = target[match + i] as number;
    out += length;
  }
  if (out !== limit) throw malformed("snappy", `block holds ${limit - out} bytes less than it states`);
}

/** One to four bytes; beyond 2^31 - 1 it comes out as that, which is too much anywhere. */
function littleEndian(source: Uint8Array, position: number, count: number): number {
  let value = 0;
  for (let i = count - 1; i >= 0; i--) value = (value << 8) | (source[position + i] as number);
  return value < 0 ? 0x7fffffff : value;
}
