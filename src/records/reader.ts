import { HeadwaterError } from "../base/errors.ts";
import {
  BATCH_HEADER_BYTES,
  type BatchFault,
  batchBaseOffset,
  batchBaseTimestampMs,
  batchCompression,
  batchIsControl,
  batchIsLogAppendTime,
  batchLastOffsetDelta,
  batchMaxTimestampMs,
  batchNextOffset,
  batchRecordCount,
  batchSizeBytes,
  COMPRESSION_NONE,
  checkBatch,
  checkBatchHeader,
  completeBatchSizeBytes,
  MIN_RECORD_BYTES,
} from "./batch.ts";
import type { RecordHeader } from "./builder.ts";
import { decompress } from "./compression/codecs.ts";
import { walkPlainRecords } from "./plain-walk.ts";

/** What a compressed batch may grow to unless the caller says otherwise; a batch of 1 MiB rarely has more. */
export const DEFAULT_MAX_UNCOMPRESSED_BYTES = 64 * 1024 * 1024;
/** A timestamp below this has none beyond 2^53 among its neighbours in a batch that was walked as plain. */
const SURELY_SAFE_MS = 2 ** 52;
/** Where a key or value starts that is null. */
const NULL_FIELD = -1;

export interface RecordCursorOptions {
  /** Sum every batch, for bytes that nobody has checked yet. Default false: the log and produce have done it. */
  readonly verifyCrc?: boolean;
  /** A compressed batch that would be larger is refused. Default 64 MiB. */
  readonly maxUncompressedBytes?: number;
}

/**
 * Reads records where they stand, one at a time, over any number of batches back to back. The cursor is one
 * object that is filled anew by each `next()`; nothing is allocated per record, but a compressed batch is
 * decompressed as a whole into bytes of its own.
 *
 * A record is, within the (decompressed) body of its batch:
 *
 *   length          varint   bytes after this field
 *   attributes      int8     unused
 *   timestamp delta varlong  to the batch's base timestamp
 *   offset delta    varint   to the batch's base offset
 *   key             varint length, -1 for null, then the bytes
 *   value           varint length, -1 for null, then the bytes
 *   headers         varint count; of each the key (varint length and UTF-8) and the value (as above)
 *
 * Malformed bytes make `next` throw a HeadwaterError MALFORMED; the cursor is then at its end. An incomplete
 * batch at the end of the range, as a fetch by size leaves it, just ends the walk.
 */
export class RecordCursor {
  readonly #verifyCrc: boolean;
  readonly #maxUncompressedBytes: number;

  /** What the ranges below refer to: the bytes that were opened, or a decompressed body. */
  bytes: Uint8Array = EMPTY;
  offset = -1;
  timestampMs = -1;
  /** Where the record starts, its length included. */
  recordStart = -1;
  /** Where its fields start, from the length of the key on: up to `headersEnd` they don't depend on the batch. */
  fieldsStart = -1;
  /** -1 for a null key. */
  keyStart = NULL_FIELD;
  keyEnd = NULL_FIELD;
  /** -1 for a null value. */
  valueStart = NULL_FIELD;
  valueEnd = NULL_FIELD;
  headerCount = 0;
  /** The headers as they stand in the record, count included: what `BatchBuilder.append` takes. */
  headersStart = 0;
  headersEnd = 0;
  /** Offset after the last record that was read, or after its batch once that is done: where to read on. */
  nextOffset = -1;
  /** Position of the record's batch in the bytes that were opened, for the accessors of batch.ts. */
  batchPosition = -1;
  /** Whether the record is a transaction marker, which consumers don't see. */
  isControl = false;

  #source: Uint8Array = EMPTY;
  #sourcePosition = 0;
  #sourceEnd = 0;
  #position = 0;
  #end = 0;
  #left = 0;
  #baseOffset = 0;
  #lastOffsetDelta = 0;
  #previousOffsetDelta = -1;
  #baseTimestampMs = 0;
  #appendTimestampMs = 0;
  #isLogAppendTime = false;

  constructor(options: RecordCursorOptions = {}) {
    this.#verifyCrc = options.verifyCrc ?? false;
    this.#maxUncompressedBytes = options.maxUncompressedBytes ?? DEFAULT_MAX_UNCOMPRESSED_BYTES;
  }

  /** Starts at the batch at `position`. The bytes must stay as they are while records are read. */
  open(bytes: Uint8Array, position = 0, end = bytes.length): void {
    this.#source = bytes;
    this.#sourcePosition = position;
    this.#sourceEnd = end;
    this.#left = 0;
    this.#position = this.#end = 0;
    this.nextOffset = -1;
    this.batchPosition = -1;
  }

  /**
   * Reads just one record of an uncompressed batch: `header` begins with the batch's header, which was checked, and the
   * record stands at `position` of `bytes`. Throws MALFORMED.
   */
  readOne(header: Uint8Array, bytes: Uint8Array, position: number): void {
    this.close();
    this.isControl = batchIsControl(header, 0);
    this.#baseOffset = batchBaseOffset(header, 0);
    this.#lastOffsetDelta = batchLastOffsetDelta(header, 0);
    this.#previousOffsetDelta = -1;
    this.#baseTimestampMs = batchBaseTimestampMs(header, 0);
    this.#appendTimestampMs = batchMaxTimestampMs(header, 0);
    this.#isLogAppendTime = batchIsLogAppendTime(header, 0);
    this.bytes = bytes;
    this.#position = position;
    this.#end = bytes.length;
    // One more than is read: the batch's end is not looked at.
    this.#left = 2;
    try {
      this.#readRecord();
    } finally {
      this.#left = 0;
    }
  }

  /** Lets go of the bytes; the end of the walk and a failure do so by themselves. */
  close(): void {
    this.#source = this.bytes = EMPTY;
    this.#sourcePosition = this.#sourceEnd = 0;
    this.#left = 0;
  }

  /** Moves to the next record; false at the end. Throws MALFORMED. */
  next(): boolean {
    try {
      while (this.#left === 0) {
        if (!this.#openNextBatch()) return false;
      }
      this.#readRecord();
      return true;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** A view of the key. */
  key(): Uint8Array | null {
    return this.keyStart === NULL_FIELD ? null : this.bytes.subarray(this.keyStart, this.keyEnd);
  }

  /** A view of the value. */
  value(): Uint8Array | null {
    return this.valueStart === NULL_FIELD ? null : this.bytes.subarray(this.valueStart, this.valueEnd);
  }

  /** Of key and value; one that is null has none. */
  get contentBytes(): number {
    const keyBytes = this.keyStart === NULL_FIELD ? 0 : this.keyEnd - this.keyStart;
    return keyBytes + (this.valueStart === NULL_FIELD ? 0 : this.valueEnd - this.valueStart);
  }

  /** A view of the headers as they stand in the record, null where there are none. */
  encodedHeaders(): Uint8Array | null {
    return this.headerCount === 0 ? null : this.bytes.subarray(this.headersStart, this.headersEnd);
  }

  #openNextBatch(): boolean {
    const source = this.#source;
    const position = this.#sourcePosition;
    const sizeBytes = completeBatchSizeBytes(source, position, this.#sourceEnd);
    if (sizeBytes === 0) {
      this.close();
      return false;
    }
    const end = position + sizeBytes;
    const fault = this.#verifyCrc
      ? checkBatch(source, position, end)
      : checkBatchHeader(source, position, end);
    if (fault !== null) throw malformed(fault.reason);
    this.#sourcePosition = end;
    this.batchPosition = position;
    this.isControl = batchIsControl(source, position);
    this.#left = batchRecordCount(source, position);
    this.#baseOffset = batchBaseOffset(source, position);
    this.#lastOffsetDelta = batchLastOffsetDelta(source, position);
    this.#previousOffsetDelta = -1;
    this.#baseTimestampMs = batchBaseTimestampMs(source, position);
    this.#appendTimestampMs = batchMaxTimestampMs(source, position);
    this.#isLogAppendTime = batchIsLogAppendTime(source, position);
    this.#openBody(source, position + BATCH_HEADER_BYTES, end, batchCompression(source, position));
    if (this.#left === 0) this.#finishBatch();
    return true;
  }

  #openBody(source: Uint8Array, start: number, end: number, compression: number): void {
    if (compression === COMPRESSION_NONE || this.#left === 0) {
      this.bytes = source;
      this.#position = start;
      this.#end = end;
      return;
    }
    this.bytes = decompress(compression, source.subarray(start, end), this.#maxUncompressedBytes);
    this.#position = 0;
    this.#end = this.bytes.length;
    if (this.#left * MIN_RECORD_BYTES > this.#end) {
      throw malformed(`${this.#left} records do not fit ${this.#end} decompressed bytes`);
    }
  }

  /** Goes past the record at `#position`, field by field; every length is compared with the record's end. */
  #readRecord(): void {
    this.recordStart = this.#position;
    const length = this.#varint(this.#end);
    const start = this.#position;
    const end = start + length;
    if (length < MIN_RECORD_BYTES - 1 || end > this.#end) throw malformed(`record length ${length}`);
    this.#position = start + 1;
    const timestampDelta = this.#varlong(end);
    const offsetDelta = this.#varint(end);
    if (offsetDelta <= this.#previousOffsetDelta || offsetDelta > this.#lastOffsetDelta) {
      throw malformed(`offset delta ${offsetDelta} after ${this.#previousOffsetDelta}`);
    }
    this.#previousOffsetDelta = offsetDelta;
    this.offset = this.#baseOffset + offsetDelta;
    this.nextOffset = this.offset + 1;
    this.timestampMs = this.#isLogAppendTime
      ? this.#appendTimestampMs
      : this.#baseTimestampMs + timestampDelta;
    if (!Number.isSafeInteger(this.timestampMs)) throw malformed("timestamp is beyond 2^53");
    this.fieldsStart = this.#position;
    this.keyStart = this.#field(end);
    this.keyEnd = this.#position;
    this.valueStart = this.#field(end);
    this.valueEnd = this.#position;
    this.#readHeaders(end);
    this.#left--;
    if (this.#left === 0) this.#finishBatch();
  }

  /** Verifies that the headers fill the rest of the record, so that nobody who reads them has to. */
  #readHeaders(end: number): void {
    this.headersStart = this.#position;
    this.headersEnd = end;
    const count = this.#varint(end);
    this.headerCount = count;
    if (count < 0 || count * 2 > end - this.#position) throw malformed(`${count} headers`);
    for (let i = 0; i < count; i++) {
      if (this.#field(end) === NULL_FIELD) throw malformed("header key is null");
      this.#field(end);
    }
    if (this.#position !== end) throw malformed(`${end - this.#position} bytes after a record's headers`);
  }

  #finishBatch(): void {
    if (this.#position !== this.#end && batchRecordCount(this.#source, this.batchPosition) > 0) {
      throw malformed(`${this.#end - this.#position} bytes after the last record`);
    }
    this.nextOffset = batchNextOffset(this.#source, this.batchPosition);
  }

  /** Goes past a field with a length; returns where it starts, or -1 for null. */
  #field(end: number): number {
    const length = this.#varint(end);
    if (length < 0) {
      if (length === -1) return NULL_FIELD;
      throw malformed(`field length ${length}`);
    }
    const start = this.#position;
    if (length > end - start) throw malformed(`field of ${length} bytes goes beyond its record`);
    this.#position = start + length;
    return start;
  }

  #varint(end: number): number {
    const position = this.#position;
    if (position < end) {
      const byte = this.bytes[position] as number;
      if (byte < 0x80) {
        this.#position = position + 1;
        return (byte >>> 1) ^ -(byte & 1);
      }
    }
    return this.#longVarint(end);
  }

  #longVarint(end: number): number {
    const bytes = this.bytes;
    let position = this.#position;
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      if (position >= end) throw malformed("varint is cut off");
      const byte = bytes[position++] as number;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.#position = position;
        return (value >>> 1) ^ -(value & 1);
      }
    }
    throw malformed("varint has more than five bytes");
  }

  #varlong(end: number): number {
    const bytes = this.bytes;
    let position = this.#position;
    // Ten groups of seven bits: the first four and the next four fill two integers, the rest must be 0.
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (position >= end) throw malformed("varlong is cut off");
      const byte = bytes[position++] as number;
      if (shift < 28) low |= (byte & 0x7f) << shift;
      else if (shift < 56) high |= (byte & 0x7f) << (shift - 28);
      else if ((byte & 0x7f) !== 0) throw malformed("timestamp delta is beyond 2^53");
      if (byte < 0x80) {
        this.#position = position;
        // The lowest bit is the sign. Within 2^53 the magnitude fits a number: 27 bits from `low`, 26 above.
        if (high >= 0x4000000) throw malformed("timestamp delta is beyond 2^53");
        const magnitude = high * 0x8000000 + (low >>> 1);
        return (low & 1) === 0 ? magnitude : -magnitude - 1;
      }
    }
    throw malformed("varlong has more than ten bytes");
  }
}

/**
 * Walks the records of a batch that `checkBatch` has passed, decompressing it where needed: what a broker does
 * before it lets a producer's batch into a log that others will read. Offset deltas run from 0 without gaps,
 * each record fills its length exactly, headers are well formed, and keys are there where `keysRequired` (a
 * compacted topic).
 *
 * `summary`, if given, is filled with what the walk found. `cursor` is what the walk is made with, given where
 * a compressed batch has another bound than the default.
 */
export function checkRecords(
  bytes: Uint8Array,
  position: number,
  keysRequired: boolean,
  summary?: RecordsSummary,
  cursor = checkingCursor,
): BatchFault | null {
  const latestDelta = walkPlainRecords(bytes, position, keysRequired);
  const latestMs = latestDelta === null ? Number.NaN : batchBaseTimestampMs(bytes, position) + latestDelta;
  if (Math.abs(latestMs) < SURELY_SAFE_MS) {
    if (summary !== undefined) {
      summary.recordCount = batchRecordCount(bytes, position);
      summary.maxTimestampMs = latestMs;
    }
    return null;
  }
  let index = 0;
  let maxTimestampMs = Number.NEGATIVE_INFINITY;
  try {
    cursor.open(bytes, position, position + batchSizeBytes(bytes, position));
    const baseOffset = batchBaseOffset(bytes, position);
    while (cursor.next()) {
      if (cursor.offset - baseOffset !== index) return invalid(`record ${index} has another offset delta`);
      if (keysRequired && cursor.keyStart === NULL_FIELD) return invalid(`record ${index} has no key`);
      if (cursor.timestampMs > maxTimestampMs) maxTimestampMs = cursor.timestampMs;
      index++;
    }
  } catch (error) {
    if (!(error instanceof HeadwaterError)) throw error;
    return {
      error: error.code === "MALFORMED" ? "INVALID_RECORD" : "CORRUPT_MESSAGE",
      reason: `record ${index}: ${error.message}`,
    };
  } finally {
    cursor.close();
  }
  if (summary !== undefined) {
    summary.recordCount = index;
    summary.maxTimestampMs = index === 0 ? -1 : maxTimestampMs;
  }
  return null;
}

/** Places in the batch of records that have no key; none where the batch can't be read to its end. */
export function recordsWithoutKey(bytes: Uint8Array, position: number): readonly number[] {
  const found: number[] = [];
  const cursor = new RecordCursor();
  try {
    cursor.open(bytes, position, position + batchSizeBytes(bytes, position));
    for (let index = 0; cursor.next(); index++) if (cursor.keyStart === NULL_FIELD) found.push(index);
  } catch (error) {
    if (!(error instanceof HeadwaterError)) throw error;
    return [];
  }
  return found;
}

/** What `checkRecords` found. Kept by the caller, filled anew by each call. */
export interface RecordsSummary {
  recordCount: number;
  /** Largest timestamp of a record, which some producers don't put into the header; -1 without records. */
  maxTimestampMs: number;
}

/** A record with bytes of its own. */
export interface DecodedRecord {
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
}

/** The record that the cursor is at, copied: for tests and commands, not for the hot path. */
export function decodeRecord(cursor: RecordCursor): DecodedRecord {
  return {
    offset: cursor.offset,
    timestampMs: cursor.timestampMs,
    key: cursor.key()?.slice() ?? null,
    value: cursor.value()?.slice() ?? null,
    headers: decodeHeaders(cursor),
  };
}

/** All records of the complete batches in `bytes`, copied. Sums the batches. Throws MALFORMED. */
export function decodeRecords(bytes: Uint8Array, position = 0, end = bytes.length): DecodedRecord[] {
  const cursor = new RecordCursor({ verifyCrc: true });
  const records: DecodedRecord[] = [];
  cursor.open(bytes, position, end);
  while (cursor.next()) records.push(decodeRecord(cursor));
  return records;
}

/** The headers of the record that the cursor is at, copied. Keys that are not UTF-8 get U+FFFD. */
export function decodeHeaders(cursor: RecordCursor): RecordHeader[] {
  const headers: RecordHeader[] = [];
  const bytes = cursor.bytes;
  let position = cursor.headersStart;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[position++] as number;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
    }
  };
  const field = (): Uint8Array | null => {
    const length = varint();
    if (length < 0) return null;
    position += length;
    return bytes.slice(position - length, position);
  };
  const count = varint();
  for (let i = 0; i < count; i++) {
    const key = textDecoder.decode(field() ?? EMPTY);
    headers.push({ key, value: field() });
  }
  return headers;
}

const EMPTY = new Uint8Array(0);
const textDecoder = new TextDecoder();
const checkingCursor = new RecordCursor();

function malformed(reason: string): HeadwaterError {
  return new HeadwaterError("MALFORMED", reason);
}

function invalid(reason: string): BatchFault {
  return { error: "INVALID_RECORD", reason };
}
