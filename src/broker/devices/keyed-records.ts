import { HeadwaterError } from "../../base/errors.ts";
import {
  BATCH_HEADER_BYTES,
  batchBaseOffset,
  batchBaseTimestampMs,
  batchCompression,
  batchIsLogAppendTime,
  batchMaxTimestampMs,
  batchRecordCount,
  batchSizeBytes,
  COMPRESSION_NONE,
} from "../../records/batch.ts";
import { decompress } from "../../records/compression/codecs.ts";
import { DEFAULT_MAX_UNCOMPRESSED_BYTES } from "../../records/reader.ts";

/** Batches of more records are left to who reads them one by one, in more than one turn of the event loop. */
const MAX_RECORDS = 16 * 1024;
/** What stands for a varint that is cut off, or longer than four bytes. */
const UNUSUAL = Number.NaN;
const NO_BYTES: Buffer<ArrayBufferLike> = Buffer.alloc(0);

/**
 * Where keys and values stand in the records of one batch; filled anew by each `read`. Headers are not looked at and
 * nothing is made per record, so that it takes a fraction of a cursor's time.
 */
export class KeyedRecords {
  count = 0;
  /** What the ranges refer to: the batch, or its decompressed body. */
  bytes = NO_BYTES;
  /** -1 for a null key. */
  keyStart = new Int32Array(0);
  keyEnd = new Int32Array(0);
  /** -1 for a null value. */
  valueStart = new Int32Array(0);
  valueEnd = new Int32Array(0);
  offsetDelta = new Int32Array(0);
  timestampDelta = new Int32Array(0);
  baseOffset = 0;
  /** What timestamps count from; where the log has stamped the batch, all deltas are 0. */
  baseTimestampMs = 0;
  #next = 0;
  /** What `bytes` is made of: mostly many batches in a row stand in the same. */
  #source: Uint8Array = NO_BYTES;

  /**
   * Reads the batch at `position`, which the log has checked. False says nothing of the batch, but that a cursor has to
   * look at it.
   */
  read(bytes: Uint8Array, position: number): boolean {
    const count = batchRecordCount(bytes, position);
    if (count < 0 || count > MAX_RECORDS) return false;
    const end = position + batchSizeBytes(bytes, position);
    const isStamped = batchIsLogAppendTime(bytes, position);
    this.count = count;
    this.baseOffset = batchBaseOffset(bytes, position);
    this.baseTimestampMs = isStamped
      ? batchMaxTimestampMs(bytes, position)
      : batchBaseTimestampMs(bytes, position);
    this.#makeRoom(count);
    const compression = batchCompression(bytes, position);
    if (compression === COMPRESSION_NONE) {
      this.#open(bytes);
      if (!this.#walk(position + BATCH_HEADER_BYTES, end)) return false;
    } else {
      const body = decompressed(compression, bytes.subarray(position + BATCH_HEADER_BYTES, end));
      if (body === null) return false;
      this.#open(body);
      if (!this.#walk(0, body.length)) return false;
    }
    if (isStamped) this.timestampDelta.fill(0, 0, count);
    return true;
  }

  /** Lets go of the bytes. */
  close(): void {
    this.#source = this.bytes = NO_BYTES;
    this.count = 0;
  }

  #open(source: Uint8Array): void {
    if (this.#source === source) return;
    this.#source = source;
    this.bytes = asBuffer(source);
  }

  #makeRoom(count: number): void {
    if (this.keyStart.length >= count) return;
    const size = Math.min(MAX_RECORDS, count * 2);
    this.keyStart = new Int32Array(size);
    this.keyEnd = new Int32Array(size);
    this.valueStart = new Int32Array(size);
    this.valueEnd = new Int32Array(size);
    this.offsetDelta = new Int32Array(size);
    this.timestampDelta = new Int32Array(size);
  }

  /** See RecordCursor for what a record is. A comparison with what is UNUSUAL is false. */
  #walk(start: number, end: number): boolean {
    const { count, keyStart, keyEnd, valueStart, valueEnd, offsetDelta, timestampDelta } = this;
    this.#next = start;
    for (let index = 0; index < count; index++) {
      const length = this.#varint();
      const recordEnd = this.#next + length;
      if (!(length > 0 && recordEnd <= end)) return false;
      // The attributes, a byte, have no meaning yet.
      this.#next += 1;
      const timestamp = this.#varint();
      const offset = this.#varint();
      const keyLength = this.#varint();
      const keyAt = this.#next;
      const keyStop = keyLength < 0 ? keyAt : keyAt + keyLength;
      this.#next = keyStop;
      const valueLength = this.#varint();
      const valueAt = this.#next;
      const valueStop = valueLength < 0 ? valueAt : valueAt + valueLength;
      const isUsual = keyStop <= recordEnd && valueStop <= recordEnd && offset >= 0;
      if (!isUsual || Number.isNaN(timestamp)) return false;
      keyStart[index] = keyLength < 0 ? -1 : keyAt;
      keyEnd[index] = keyStop;
      valueStart[index] = valueLength < 0 ? -1 : valueAt;
      valueEnd[index] = valueStop;
      offsetDelta[index] = offset;
      timestampDelta[index] = timestamp;
      this.#next = recordEnd;
    }
    return true;
  }

  #varint(): number {
    const { bytes } = this;
    const first = bytes[this.#next++] as number;
    if (first < 0x80) return (first >>> 1) ^ -(first & 1);
    let value = first & 0x7f;
    for (let shift = 7; shift < 28; shift += 7) {
      const byte = bytes[this.#next++] as number;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
    }
    return UNUSUAL;
  }
}

/** The same bytes, in a form that copies parts of itself without an object for each. */
export function asBuffer(bytes: Uint8Array): Buffer<ArrayBufferLike> {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Null where the bytes are nothing that the codec wrote: who reads them one by one finds that, too, and tells of it. */
function decompressed(compression: number, body: Uint8Array): Uint8Array | null {
  try {
    return decompress(compression, body, DEFAULT_MAX_UNCOMPRESSED_BYTES);
  } catch (error) {
    if (!(error instanceof HeadwaterError)) throw error;
    return null;
  }
}
