import { malformed } from "./refusals.ts";

/**
 * LZ4 blocks: sequences of a token (high four bits: literals, low four: match length - 4; 15 goes on in bytes
 * of up to 255), the literals, and a little-endian distance of two bytes back to the match. The last sequence
 * is literals only; the last five bytes are always literals, and no match starts in the last twelve.
 */
const MIN_MATCH = 4;
const LAST_LITERALS = 5;
const MATCH_LIMIT = 12;
const MAX_DISTANCE = 65535;
const HASH_BITS = 13;
/** After 2^6 bytes without a match the search begins to skip, so that incompressible bytes cost little. */
const SKIP_SHIFT = 6;
/** From these lengths on the engine's own copies beat a loop; the one of literals has to make a view first. */
const COPY_MATCH_BY_CALL_FROM_BYTES = 16;
const COPY_LITERALS_BY_CALL_FROM_BYTES = 64;

/** Position + 1 of the last sight of each hash, 0 for none. One table serves all calls: they never overlap. */
const table = new Int32Array(1 << HASH_BITS);

/**
 * Compresses `source` from `start` to `end` (at most 64 KiB) into `target` from `at`. Returns the size, or 0
 * where the block would reach `limit`, so that storing it is better.
 */
export function lz4CompressBlock(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
  limit: number,
): number {
  const view = new DataView(source.buffer, source.byteOffset, source.length);
  const lastMatchStart = end - MATCH_LIMIT;
  const matchEnd = end - LAST_LITERALS;
  let out = at;
  let anchor = start;
  let position = start;
  let misses = 1 << SKIP_SHIFT;
  table.fill(0);
  while (position <= lastMatchStart) {
    const word = view.getInt32(position, true);
    const slot = Math.imul(word, 0x9e3779b1) >>> (32 - HASH_BITS);
    let match = start + (table[slot] as number) - 1;
    table[slot] = position - start + 1;
    if (match < start || position - match > MAX_DISTANCE || view.getInt32(match, true) !== word) {
      position += misses++ >>> SKIP_SHIFT;
      continue;
    }
    misses = 1 << SKIP_SHIFT;
    let length = MIN_MATCH;
    while (position + length < matchEnd && source[match + length] === source[position + length]) length++;
    while (position > anchor && match > start && source[match - 1] === source[position - 1]) {
      position--;
      match--;
      length++;
    }
    const literals = position - anchor;
    // Token, literals, distance, and the bytes by which both lengths may go on.
    if (out + 3 + literals + literals / 255 + length / 255 + 2 >= limit) return 0;
    out = putSequence(source, anchor, literals, length - MIN_MATCH, target, out);
    target[out++] = position - match;
    target[out++] = (position - match) >>> 8;
    if (length - MIN_MATCH >= 15) out = putLength(target, out, length - MIN_MATCH - 15);
    position += length;
    anchor = position;
  }
  const literals = end - anchor;
  if (out + 1 + literals + literals / 255 + 1 >= limit) return 0;
  return putSequence(source, anchor, literals, 0, target, out) - at;
}

/** Token, length of the literals, literals. */
function putSequence(
  source: Uint8Array,
  anchor: number,
  literals: number,
  matchCode: number,
  target: Uint8Array,
  at: number,
): number {
  let out = at;
  target[out++] = (Math.min(literals, 15) << 4) | Math.min(matchCode, 15);
  if (literals >= 15) out = putLength(target, out, literals - 15);
  if (literals >= COPY_LITERALS_BY_CALL_FROM_BYTES)
    target.set(source.subarray(anchor, anchor + literals), out);
  else for (let i = 0; i < literals; i++) target[out + i] = source[anchor + i] as number;
  return out + literals;
}

function putLength(target: Uint8Array, at: number, length: number): number {
  let out = at;
  let rest = length;
  for (; rest >= 255; rest -= 255) target[out++] = 255;
  target[out++] = rest;
  return out;
}

/**
 * Decompresses one block of `source` into `target` from `at` to `limit` at most; matches may reach back to
 * `windowStart`. Returns the position after the last byte. Throws MALFORMED.
 */
export function lz4DecompressBlock(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  windowStart: number,
  at: number,
  limit: number,
): number {
  let position = start;
  let out = at;
  for (;;) {
    if (position >= end) throw malformed("lz4", "block ends without literals");
    const token = source[position++] as number;
    let literals = token >>> 4;
    if (literals === 15) {
      for (let byte = 255; byte === 255; literals += byte) {
        if (position >= end) throw malformed("lz4", "literal length is cut off");
        byte = source[position++] as number;
      }
    }
    if (literals > end - position) throw malformed("lz4", "literals go beyond the block");
    if (literals > limit - out) throw malformed("lz4", "block holds more than it may");
    if (literals >= COPY_LITERALS_BY_CALL_FROM_BYTES)
      target.set(source.subarray(position, position + literals), out);
    else for (let i = 0; i < literals; i++) target[out + i] = source[position + i] as number;
    position += literals;
    out += literals;
    if (position === end) return out;
    if (end - position < 2) throw malformed("lz4", "match distance is cut off");
    const distance = (source[position] as number) | ((source[position + 1] as number) << 8);
    position += 2;
    let length = (token & 15) + MIN_MATCH;
    if (length === 15 + MIN_MATCH) {
      for (let byte = 255; byte === 255; length += byte) {
        if (position >= end) throw malformed("lz4", "match length is cut off");
        byte = source[position++] as number;
      }
    }
    const match = out - distance;
    if (distance === 0 || match < windowStart) throw malformed("lz4", `match at distance ${distance}`);
    if (length > limit - out) throw malformed("lz4", "block holds more than it may");
    if (length >= COPY_MATCH_BY_CALL_FROM_BYTES && distance >= length)
      target.copyWithin(out, match, match + length);
    else for (let i = 0; i < length; i++) target[out + i] = target[match + i] as number;
    out += length;
  }
}
