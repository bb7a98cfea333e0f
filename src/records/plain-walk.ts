import {
  BATCH_HEADER_BYTES,
  batchCompression,
  batchIsLogAppendTime,
  batchRecordCount,
  batchSizeBytes,
  COMPRESSION_NONE,
  checkBatchHeader,
} from "./batch.ts";

/** What stands for a varint that is longer than four bytes, or padded, or cut off by the end of the bytes. */
const UNUSUAL = -1;

/**
 * Walks the records of an uncompressed batch that `checkBatch` has passed, as `checkRecords` asks them to be, in
 * a fraction of a cursor's time: nearly every batch that a producer sends is sound and short in all its fields.
 * Returns the largest timestamp delta. Null says nothing of the batch, but that something in it is unusual or
 * wrong, so that a cursor has to look at it.
 */
export function walkPlainRecords(bytes: Uint8Array, position: number, keysRequired: boolean): number | null {
  const end = position + batchSizeBytes(bytes, position);
  if (batchCompression(bytes, position) !== COMPRESSION_NONE || batchIsLogAppendTime(bytes, position))
    return null;
  if (checkBatchHeader(bytes, position, end) !== null) return null;
  const count = batchRecordCount(bytes, position);
  let at = position + BATCH_HEADER_BYTES;
  let latestDelta = Number.NEGATIVE_INFINITY;
  let index = 0;
  while (index < count) {
    const length = varintAt(bytes, at);
    if (length === UNUSUAL || (length & 1) !== 0) return null;
    const recordEnd = at + varintBytes(length) + (length >>> 1);
    // The attributes, a byte, have no meaning yet.
    const deltaAt = at + varintBytes(length) + 1;
    const delta = varintAt(bytes, deltaAt);
    if (delta === UNUSUAL) return null;
    latestDelta = Math.max(latestDelta, zigzag(delta));
    const offsetAt = deltaAt + varintBytes(delta);
    const offsetDelta = varintAt(bytes, offsetAt);
    if (offsetDelta !== index * 2) return null;
    const keyAt = offsetAt + varintBytes(offsetDelta);
    const key = varintAt(bytes, keyAt);
    if (key === UNUSUAL || (key === NULL_LENGTH && keysRequired)) return null;
    const valueAt = afterField(keyAt, key);
    const value = varintAt(bytes, valueAt);
    const headersAt = afterField(valueAt, value);
    const headers = varintAt(bytes, headersAt);
    const foundEnd = headers === 0 ? headersAt + 1 : afterHeaders(bytes, headersAt, headers);
    if (foundEnd !== recordEnd || recordEnd > end) return null;
    index++;
    const size = recordEnd - at;
    const start = at;
    at = recordEnd;
    if (headers !== 0 || delta >= 0x80) continue;
    // Readings of one kind have the same lengths. Where the next record does, its fields are where they were here.
    const stop = Math.min(count, varintLimit(offsetDelta) >>> 1);
    for (; index < stop; index++, at += size) {
      const nextDelta = bytes[at + deltaAt - start] as number;
      const isAlike =
        varintAt(bytes, at) === length &&
        nextDelta < 0x80 &&
        varintAt(bytes, at + offsetAt - start) === index * 2 &&
        varintAt(bytes, at + keyAt - start) === key &&
        varintAt(bytes, at + valueAt - start) === value &&
        bytes[at + size - 1] === 0;
      if (!isAlike) break;
      latestDelta = Math.max(latestDelta, zigzag(nextDelta));
    }
  }
  return at === end && count > 0 ? latestDelta : null;
}

/** The varint of -1, which is the length of a key or value that is null. */
const NULL_LENGTH = 1;
/** Where a field ends whose length is not to be taken: beyond all bytes, where nothing usual follows. */
const NOWHERE = 2 ** 30;

/** Where the field ends whose zigzag length, unsigned, stands at `at`. */
function afterField(at: number, length: number): number {
  if ((length & 1) === 0) return at + varintBytes(length) + (length >>> 1);
  return length === NULL_LENGTH ? at + 1 : NOWHERE;
}

function afterHeaders(bytes: Uint8Array, start: number, count: number): number {
  if (count === UNUSUAL || (count & 1) !== 0) return NOWHERE;
  let at = start + varintBytes(count);
  for (let left = count >>> 1; left > 0; left--) {
    const key = varintAt(bytes, at);
    if ((key & 1) !== 0) return NOWHERE;
    at = afterField(at, key);
    at = afterField(at, varintAt(bytes, at));
  }
  return at;
}

/**
 * A varint as it stands, zigzag and all: unsigned, of at most 28 bits in as few bytes as it needs, or UNUSUAL.
 * Beyond the last byte there is `undefined`, which is below nothing, so that it ends up as UNUSUAL as well.
 */
function varintAt(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number;
  if (first < 0x80) return first;
  const second = bytes[at + 1] as number;
  return second < 0x80 && second > 0 ? (first & 0x7f) | (second << 7) : longVarintAt(bytes, at);
}

function longVarintAt(bytes: Uint8Array, at: number): number {
  const low = ((bytes[at] as number) & 0x7f) | (((bytes[at + 1] as number) & 0x7f) << 7);
  const third = bytes[at + 2] as number;
  if ((bytes[at + 1] as number) < 0x80) return UNUSUAL;
  if (third < 0x80) return third === 0 ? UNUSUAL : low | (third << 14);
  const fourth = bytes[at + 3] as number;
  return fourth > 0 && fourth < 0x80 ? low | ((third & 0x7f) << 14) | (fourth << 21) : UNUSUAL;
}

function zigzag(value: number): number {
  return (value >>> 1) ^ -(value & 1);
}

/** What a varint has to stay below to take no more bytes than this one. */
function varintLimit(value: number): number {
  return 2 ** (7 * varintBytes(value));
}

function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  return value < 0x200000 ? 3 : 4;
}
