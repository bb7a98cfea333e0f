import { assert } from "../base/assert.ts";
import {
  MAX_VARINT_BYTES,
  putVarint,
  putVarlong,
  varintSizeBytes,
  varlongSizeBytes,
} from "../base/varint.ts";
import {
  BATCH_HEADER_BYTES,
  COMPRESSION_NONE,
  CONTROL_BIT,
  LOG_APPEND_TIME_BIT,
  NO_SEQUENCE,
  NO_TIMESTAMP,
  TRANSACTIONAL_BIT,
  writeBatchHeader,
} from "./batch.ts";
import { compress } from "./compression/codecs.ts";

/** A record without headers ends in a count of 0. */
const NO_HEADERS = new Uint8Array(1);
const DEFAULT_INITIAL_BYTES = 4096;
/** A buffer that grew beyond this is given back at `reset`, so that one large batch doesn't stay in memory. */
const RETAINED_BYTES = 256 * 1024;
/** A batch's length is an int32; producers' limits lie far below. */
const MAX_BATCH_BYTES = 0x7fffffff;
/** From this length on the engine's own copy beats a loop, which has no call to make. */
const COPY_BY_SET_FROM_BYTES = 48;

export interface BuildOptions {
  /** Offset of the first record. Default 0: a log gives its own. */
  readonly baseOffset?: number;
  /** Default -1, unknown. */
  readonly leaderEpoch?: number;
  /** A COMPRESSION_ code of batch.ts. Default none. */
  readonly compression?: number;
  /** See `compress`. */
  readonly compressionLevel?: number;
  /** Default -1, none. */
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  readonly transactional?: boolean;
  readonly control?: boolean;
  /** Gives all records this time of the broker instead of their own. */
  readonly logAppendTimeMs?: number;
  /** For a batch whose last records were left out. Default: the last record's. */
  readonly lastOffsetDelta?: number;
}

/**
 * Builds record batches, one after the other, in a buffer of its own: `append` as often as needed, `build`,
 * `reset`. Nothing is allocated per record.
 */
export class BatchBuilder {
  readonly #initialBytes: number;
  #buffer: Uint8Array<ArrayBuffer>;
  #end = BATCH_HEADER_BYTES;
  #count = 0;
  #lastOffsetDelta = -1;
  #baseTimestampMs = NO_TIMESTAMP;
  #maxTimestampMs = NO_TIMESTAMP;

  constructor(initialBytes = DEFAULT_INITIAL_BYTES) {
    assert(initialBytes >= BATCH_HEADER_BYTES, `builder of ${initialBytes} bytes`);
    this.#initialBytes = initialBytes;
    this.#buffer = new Uint8Array(initialBytes);
  }

  /** Records so far. */
  get count(): number {
    return this.#count;
  }

  /** Bytes of the batch so far, header included, before compression. */
  get sizeBytes(): number {
    return this.#end;
  }

  /** Largest timestamp so far, -1 without records. */
  get maxTimestampMs(): number {
    return this.#maxTimestampMs;
  }

  /**
   * Adds a record; copies all it is given. `headers` are as they stand in a record, count included (see
   * `encodeHeaders`), null for none. Returns the record's offset in the batch. `timestampMs` is a safe integer;
   * the caller keeps the batch under its limit by `sizeBytes` and `maxRecordSizeBytes`.
   */
  append(
    timestampMs: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: Uint8Array | null,
  ): number {
    const offsetDelta = this.#lastOffsetDelta + 1;
    this.appendAt(offsetDelta, timestampMs, key, value, headers);
    return offsetDelta;
  }

  /** `append` for a batch with gaps: `offsetDelta` is beyond the last. */
  appendAt(
    offsetDelta: number,
    timestampMs: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: Uint8Array | null,
  ): void {
    const timestampDelta = this.#begin(offsetDelta, timestampMs);
    const bodyBytes =
      1 +
      varlongSizeBytes(timestampDelta) +
      varintSizeBytes(offsetDelta) +
      fieldSizeBytes(key) +
      fieldSizeBytes(value) +
      (headers === null ? 1 : headers.length);
    this.#reserve(MAX_VARINT_BYTES + bodyBytes);
    const buffer = this.#buffer;
    let at = putPrefix(buffer, this.#end, bodyBytes, timestampDelta, offsetDelta);
    at = putField(buffer, at, key);
    at = putField(buffer, at, value);
    this.#end = copyInto(buffer, at, headers ?? NO_HEADERS);
    this.#lastOffsetDelta = offsetDelta;
    this.#count++;
  }

  /**
   * `appendAt` for a record that stands somewhere: its fields, key, value and headers with their lengths, are `bytes` from
   * `start` to `end`, and copied as they are (see `fieldsStart` of RecordCursor).
   */
  appendFields(
    offsetDelta: number,
    timestampMs: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const timestampDelta = this.#begin(offsetDelta, timestampMs);
    const bodyBytes = 1 + varlongSizeBytes(timestampDelta) + varintSizeBytes(offsetDelta) + end - start;
    this.#reserve(MAX_VARINT_BYTES + bodyBytes);
    const buffer = this.#buffer;
    const at = putPrefix(buffer, this.#end, bodyBytes, timestampDelta, offsetDelta);
    buffer.set(bytes.subarray(start, end), at);
    this.#end = at + end - start;
    this.#lastOffsetDelta = offsetDelta;
    this.#count++;
  }

  /** The batch in bytes of its own. The builder goes on from where it was: `reset` it for the next batch. */
  build(options: BuildOptions = {}): Uint8Array<ArrayBuffer> {
    const batch = this.buildView(options);
    return batch.buffer === this.#buffer.buffer ? batch.slice() : batch;
  }

  /**
   * The batch as a view of the builder's buffer, good until the next `append`, `build` or `reset`. With
   * compression its bytes are its own.
   */
  buildView(options: BuildOptions = {}): Uint8Array<ArrayBuffer> {
    const compression = options.compression ?? COMPRESSION_NONE;
    let batch = this.#buffer.subarray(0, this.#end);
    if (compression !== COMPRESSION_NONE) {
      const body = compress(compression, batch.subarray(BATCH_HEADER_BYTES), options.compressionLevel);
      batch = new Uint8Array(BATCH_HEADER_BYTES + body.length);
      batch.set(body, BATCH_HEADER_BYTES);
    }
    this.#writeHeader(batch, compression, options);
    return batch;
  }

  /** The records so far, as they stand in a batch without compression; a view like that of `buildView`. */
  recordBytes(): Uint8Array {
    return this.#buffer.subarray(BATCH_HEADER_BYTES, this.#end);
  }

  /** Forgets the records. The next ones' times count from `baseTimestampMs`, by default from the first's. */
  reset(baseTimestampMs = NO_TIMESTAMP): void {
    if (this.#buffer.length > RETAINED_BYTES) this.#buffer = new Uint8Array(this.#initialBytes);
    this.#end = BATCH_HEADER_BYTES;
    this.#count = 0;
    this.#lastOffsetDelta = -1;
    this.#baseTimestampMs = baseTimestampMs;
    this.#maxTimestampMs = NO_TIMESTAMP;
  }

  /** Takes note of the time of one more record. Returns how far it is from the batch's first. */
  #begin(offsetDelta: number, timestampMs: number): number {
    // Fixed texts: a template would be put together for each record, good or not.
    assert(Number.isSafeInteger(timestampMs), "timestamp is no safe integer");
    assert(offsetDelta > this.#lastOffsetDelta, "offset delta is not beyond the last");
    assert(offsetDelta <= 0x7fffffff, "offset delta is beyond an int32");
    if (this.#count === 0) {
      if (this.#baseTimestampMs === NO_TIMESTAMP) this.#baseTimestampMs = timestampMs;
      this.#maxTimestampMs = timestampMs;
    } else if (timestampMs > this.#maxTimestampMs) this.#maxTimestampMs = timestampMs;
    return timestampMs - this.#baseTimestampMs;
  }

  #writeHeader(batch: Uint8Array, compression: number, options: BuildOptions): void {
    const lastOffsetDelta = options.lastOffsetDelta ?? this.#lastOffsetDelta;
    assert(lastOffsetDelta >= Math.max(this.#lastOffsetDelta, 0), `bad last offset delta ${lastOffsetDelta}`);
    writeBatchHeader(batch, 0, {
      baseOffset: options.baseOffset ?? 0,
      sizeBytes: batch.length,
      leaderEpoch: options.leaderEpoch ?? -1,
      attributes:
        compression |
        (options.logAppendTimeMs === undefined ? 0 : LOG_APPEND_TIME_BIT) |
        (options.transactional === true ? TRANSACTIONAL_BIT : 0) |
        (options.control === true ? CONTROL_BIT : 0),
      lastOffsetDelta,
      baseTimestampMs: this.#baseTimestampMs,
      maxTimestampMs: options.logAppendTimeMs ?? this.#maxTimestampMs,
      producerId: options.producerId ?? -1,
      producerEpoch: options.producerEpoch ?? -1,
      baseSequence: options.baseSequence ?? NO_SEQUENCE,
      recordCount: this.#count,
    });
  }

  #reserve(sizeBytes: number): void {
    const needed = this.#end + sizeBytes;
    if (needed <= this.#buffer.length) return;
    assert(needed <= MAX_BATCH_BYTES, "batch is beyond 2 GiB");
    const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    grown.set(this.#buffer.subarray(0, this.#end));
    this.#buffer = grown;
  }
}

/** What a record with parts of these sizes takes at most, for keeping a batch under a limit. */
export function maxRecordSizeBytes(keyBytes: number, valueBytes: number, headersBytes: number): number {
  // Length, offset delta and two field lengths of five bytes each, attributes, and a timestamp of nine.
  return 4 * MAX_VARINT_BYTES + 1 + 9 + keyBytes + valueBytes + Math.max(headersBytes, 1);
}

/** A record header. Keys are UTF-8; a value may be null. */
export interface RecordHeader {
  readonly key: string;
  readonly value: Uint8Array | null;
}

/** Headers as they stand in a record: a varint count, then key and value of each with their lengths. */
export function encodeHeaders(headers: readonly RecordHeader[]): Uint8Array<ArrayBuffer> {
  const keys = headers.map((header) => textEncoder.encode(header.key));
  let sizeBytes = varintSizeBytes(headers.length);
  for (const [index, header] of headers.entries()) {
    sizeBytes += fieldSizeBytes(keys[index] ?? null) + fieldSizeBytes(header.value);
  }
  const bytes = new Uint8Array(sizeBytes);
  let at = putVarint(bytes, 0, headers.length);
  for (const [index, header] of headers.entries()) {
    at = putField(bytes, at, keys[index] ?? null);
    at = putField(bytes, at, header.value);
  }
  return bytes;
}

const textEncoder = new TextEncoder();

/** What of a record stands before its key. */
function putPrefix(
  buffer: Uint8Array,
  position: number,
  bodyBytes: number,
  timestampDelta: number,
  offsetDelta: number,
): number {
  let at = putVarint(buffer, position, bodyBytes);
  buffer[at++] = 0;
  at = putVarlong(buffer, at, timestampDelta);
  return putVarint(buffer, at, offsetDelta);
}

function fieldSizeBytes(field: Uint8Array | null): number {
  return field === null ? 1 : varintSizeBytes(field.length) + field.length;
}

function putField(buffer: Uint8Array, position: number, field: Uint8Array | null): number {
  if (field === null) return putVarint(buffer, position, -1);
  return copyInto(buffer, putVarint(buffer, position, field.length), field);
}

function copyInto(buffer: Uint8Array, position: number, source: Uint8Array): number {
  const length = source.length;
  if (length >= COPY_BY_SET_FROM_BYTES) buffer.set(source, position);
  else for (let i = 0; i < length; i++) buffer[position + i] = source[i] as number;
  return position + length;
}
