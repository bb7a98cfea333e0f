/** One stream of records by one producer into one partition, numbered from 0 without gaps. */
export interface Numbered {
  readonly stream: string;
  readonly number: number;
}

/** What values are filled up with: a piece of it from a place that the number tells, so that no two are alike. */
const PATTERN = Buffer.alloc(64 * 1024);
for (let index = 0, state = 1; index < PATTERN.length; index++) {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  PATTERN[index] = state >>> 24;
}
const PLACES = 16_384;
const MAX_TEXT_BYTES = 64;

/** A value of `sizeBytes` (at least 64) that says where it belongs, and of which every byte is known. */
export function encodeReading({ stream, number }: Numbered, sizeBytes: number): Buffer {
  const value = Buffer.alloc(sizeBytes);
  const textBytes = value.write(`${stream}#${number}#${sizeBytes}#`, "latin1");
  const start = (number * 37) % PLACES;
  PATTERN.copy(value, textBytes, start, start + sizeBytes - textBytes);
  return value;
}

/** What a value says, or null where it is not, to the byte, what a producer sent. */
export function decodeReading(value: Uint8Array): Numbered | null {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
  const text = bytes.toString("latin1", 0, MAX_TEXT_BYTES);
  const match = /^([^#]+)#(\d+)#(\d+)#/.exec(text);
  const [all = "", stream = "", number = "", size = ""] = match ?? [];
  if (match === null || Number(size) !== bytes.length) return null;
  const start = (Number(number) * 37) % PLACES;
  const end = start + bytes.length - all.length;
  if (bytes.compare(PATTERN, start, end, all.length) !== 0) return null;
  return { stream, number: Number(number) };
}
