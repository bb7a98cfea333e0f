import type { Uuid } from "../../base/ids.ts";

/**
 * UTF-8 in and out. Names on the wire are short and nearly always ASCII: the shortest are handled in place, where
 * a call into the runtime would cost more than the work, and the rest by the runtime's own Buffer routines, which
 * take a range of a buffer without a view being made of it first.
 */

/** The two of Buffer's routines that are used; they work on any Uint8Array. */
interface BufferRoutines {
  utf8Slice(this: Uint8Array, start: number, end: number): string;
  utf8Write(this: Uint8Array, text: string, start: number, length: number): number;
}
const { utf8Slice, utf8Write } = Buffer.prototype as unknown as BufferRoutines;

const fromCharCode = String.fromCharCode;
const SHORT_READ = 4;
const SHORT_WRITE = 16;

/**
 * Names that were read of late, each in the slot that its length and a few of its bytes choose: clients send the
 * same names in every request, and to compare them costs a fraction of making a string.
 */
const RECENT_SLOTS = 64;
const RECENT_BYTES = 64;
const recentBytes = new Uint8Array(RECENT_SLOTS * RECENT_BYTES);
const recentTexts: string[] = new Array<string>(RECENT_SLOTS).fill("");
const recentLengths = new Uint8Array(RECENT_SLOTS);

/** The text in [start, end). Bytes that are no UTF-8 become U+FFFD, as in Apache Kafka. */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  if (length > RECENT_BYTES) return utf8Slice.call(bytes, start, end);
  if (length > SHORT_READ) return recentText(bytes, start, length);
  let text = "";
  for (let index = start; index < end; index++) {
    const byte = bytes[index] as number;
    if (byte > 0x7f) return utf8Slice.call(bytes, start, end);
    text += fromCharCode(byte);
  }
  return text;
}

function recentText(bytes: Uint8Array, start: number, length: number): string {
  const last = bytes[start + length - 1] as number;
  const middle = bytes[start + (length >>> 1)] as number;
  const slot = (length + 7 * last + 13 * middle) % RECENT_SLOTS;
  const at = slot * RECENT_BYTES;
  let same = recentLengths[slot] === length;
  for (let index = 0; same && index < length; index++)
    same = recentBytes[at + index] === bytes[start + index];
  if (same) return recentTexts[slot] as string;
  const text = utf8Slice.call(bytes, start, start + length);
  for (let index = 0; index < length; index++) recentBytes[at + index] = bytes[start + index] as number;
  recentLengths[slot] = length;
  recentTexts[slot] = text;
  return text;
}

/** Writes `text` at `start` and returns its size in bytes. The caller has left room for three bytes a character. */
export function encodeUtf8(text: string, bytes: Uint8Array, start: number): number {
  const length = text.length;
  if (length > SHORT_WRITE) return utf8Write.call(bytes, text, start, length * 3);
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    if (code > 0x7f) return utf8Write.call(bytes, text, start, length * 3);
    bytes[start + index] = code;
  }
  return length;
}

const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/** Six bits by character code; 64 for what is no base64url. */
const SIX_BITS = sixBits();

/** Writes the 16 bytes of a uuid at `start`. False where the text is no uuid. */
export function encodeUuid(id: Uuid, bytes: Uint8Array, start: number): boolean {
  if (id.length !== 22) return false;
  let at = start;
  let seen = 0;
  let bits = 0;
  for (let index = 0; index < 22; index++) {
    const six = SIX_BITS[id.charCodeAt(index)] ?? 64;
    seen |= six;
    bits = (bits << 6) | six;
    if ((index & 3) === 3) {
      bytes[at++] = bits >> 16;
      bytes[at++] = bits >> 8;
      bytes[at++] = bits;
      bits = 0;
    }
  }
  // The last two characters hold the last byte, and four bits that are nothing.
  bytes[at] = bits >> 4;
  return seen < 64;
}

function sixBits(): Uint8Array {
  const table = new Uint8Array(128).fill(64);
  for (let value = 0; value < BASE64URL.length; value++) table[BASE64URL.charCodeAt(value)] = value;
  return table;
}
