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

/** The text in [start, end). Bytes that are no UTF-8 become U+FFFD, as in Apache Kafka. */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > SHORT_READ) return utf8Slice.call(bytes, start, end);
  let text = "";
  for (let index = start; index < end; index++) {
    const byte = bytes[index] as number;
    if (byte > 0x7f) return utf8Slice.call(bytes, start, end);
    text += fromCharCode(byte);
  }
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
