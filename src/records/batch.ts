import { assert } from "../base/assert.ts";
import { crc32c } from "../base/crc32c.ts";
import {
  int16At,
  int32At,
  int64At,
  isSafeInt64At,
  putInt16,
  putInt32,
  putInt64,
  uint32At,
} from "./big-endian.ts";

/**
 * Record batch v2 (KIP-98), the unit that is produced, stored, fetched and forwarded. Big-endian:
 *
 *  position  size  field
 *         0     8  base offset               offset of the first record; the log writes it
 *         8     4  batch length              bytes after this field
 *        12     4  partition leader epoch    the log writes it
 *        16     1  magic                     2
 *        17     4  CRC32C                    of everything from position 21 to the end
 *        21     2  attributes                bits 0-2 compression, 3 timestamp type, 4 transactional,
 *                                            5 control, 6 delete horizon (KIP-534), the rest unused
 *        23     4  last offset delta         last offset - base offset, kept by compaction
 *        27     8  base timestamp            ms since 1970, or the delete horizon where bit 6 is set
 *        35     8  max timestamp             ms since 1970
 *        43     8  producer id               -1 is none
 *        51     2  producer epoch
 *        53     4  base sequence
 *        57     4  record count              an int32 array length, then the records themselves,
 *        61     -  records                   compressed as one block where bits 0-2 are not 0
 *
 * Accessors take the bytes and the batch's position in them and allocate nothing. They assume what `checkBatch`
 * or `checkBatchHeader` has verified: that the header is there and that its 64-bit values are safe.
 */
export const BATCH_HEADER_BYTES = 61;
/** Bytes before what `batch length` counts: base offset and the length itself. */
export const BATCH_LENGTH_OVERHEAD_BYTES = 12;
export const BATCH_MAGIC = 2;
/** Length, attributes, two deltas, two lengths and a header count take a byte each at least. */
export const MIN_RECORD_BYTES = 7;
/** "No timestamp" in Kafka. */
export const NO_TIMESTAMP = -1;
export const NO_SEQUENCE = -1;

const LENGTH_AT = 8;
const LEADER_EPOCH_AT = 12;
const MAGIC_AT = 16;
const CRC_AT = 17;
const ATTRIBUTES_AT = 21;
const LAST_OFFSET_DELTA_AT = 23;
const BASE_TIMESTAMP_AT = 27;
const MAX_TIMESTAMP_AT = 35;
const PRODUCER_ID_AT = 43;
const PRODUCER_EPOCH_AT = 51;
const BASE_SEQUENCE_AT = 53;
const RECORD_COUNT_AT = 57;

export const COMPRESSION_MASK = 0x07;
export const LOG_APPEND_TIME_BIT = 0x08;
export const TRANSACTIONAL_BIT = 0x10;
export const CONTROL_BIT = 0x20;
export const DELETE_HORIZON_BIT = 0x40;
const KNOWN_ATTRIBUTES = 0x7f;

/** Codes of bits 0-2 of the attributes; 5 to 7 are unassigned. */
export const COMPRESSION_NONE = 0;
export const COMPRESSION_GZIP = 1;
export const COMPRESSION_SNAPPY = 2;
export const COMPRESSION_LZ4 = 3;
export const COMPRESSION_ZSTD = 4;
export const MAX_COMPRESSION_CODE = COMPRESSION_ZSTD;

export function batchBaseOffset(bytes: Uint8Array, position: number): number {
  return int64At(bytes, position);
}

/** Offset of the batch's last record, or of where it was before compaction took it. */
export function batchLastOffset(bytes: Uint8Array, position: number): number {
  return int64At(bytes, position) + int32At(bytes, position + LAST_OFFSET_DELTA_AT);
}

/** The offset after the batch's last. */
export function batchNextOffset(bytes: Uint8Array, position: number): number {
  return batchLastOffset(bytes, position) + 1;
}

/** Bytes after the length field. */
export function batchLength(bytes: Uint8Array, position: number): number {
  return int32At(bytes, position + LENGTH_AT);
}

/** Bytes of the whole batch, header included. */
export function batchSizeBytes(bytes: Uint8Array, position: number): number {
  return BATCH_LENGTH_OVERHEAD_BYTES + int32At(bytes, position + LENGTH_AT);
}

export function batchLeaderEpoch(bytes: Uint8Array, position: number): number {
  return int32At(bytes, position + LEADER_EPOCH_AT);
}

export function batchMagic(bytes: Uint8Array, position: number): number {
  return ((bytes[position + MAGIC_AT] as number) << 24) >> 24;
}

/** The CRC that stands in the header, unsigned. */
export function batchCrc(bytes: Uint8Array, position: number): number {
  return uint32At(bytes, position + CRC_AT);
}

export function batchAttributes(bytes: Uint8Array, position: number): number {
  return int16At(bytes, position + ATTRIBUTES_AT);
}

/** One of the COMPRESSION_ codes, or an unassigned one (5 to 7) in a batch that was not checked. */
export function batchCompression(bytes: Uint8Array, position: number): number {
  return (bytes[position + ATTRIBUTES_AT + 1] as number) & COMPRESSION_MASK;
}

/** Whether all records have the batch's max timestamp, given by the broker, instead of their own. */
export function batchIsLogAppendTime(bytes: Uint8Array, position: number): boolean {
  return ((bytes[position + ATTRIBUTES_AT + 1] as number) & LOG_APPEND_TIME_BIT) !== 0;
}

export function batchIsTransactional(bytes: Uint8Array, position: number): boolean {
  return ((bytes[position + ATTRIBUTES_AT + 1] as number) & TRANSACTIONAL_BIT) !== 0;
}

/** Whether the batch holds control records (transaction markers), which consumers don't see. */
export function batchIsControl(bytes: Uint8Array, position: number): boolean {
  return ((bytes[position + ATTRIBUTES_AT + 1] as number) & CONTROL_BIT) !== 0;
}

/** Whether the base timestamp is the time from which tombstones in the batch may go (KIP-534). */
export function batchHasDeleteHorizon(bytes: Uint8Array, position: number): boolean {
  return ((bytes[position + ATTRIBUTES_AT + 1] as number) & DELETE_HORIZON_BIT) !== 0;
}

export function batchLastOffsetDelta(bytes: Uint8Array, position: number): number {
  return int32At(bytes, position + LAST_OFFSET_DELTA_AT);
}

export function batchBaseTimestampMs(bytes: Uint8Array, position: number): number {
  return int64At(bytes, position + BASE_TIMESTAMP_AT);
}

export function batchMaxTimestampMs(bytes: Uint8Array, position: number): number {
  return int64At(bytes, position + MAX_TIMESTAMP_AT);
}

export function batchProducerId(bytes: Uint8Array, position: number): number {
  return int64At(bytes, position + PRODUCER_ID_AT);
}

export function batchProducerEpoch(bytes: Uint8Array, position: number): number {
  return int16At(bytes, position + PRODUCER_EPOCH_AT);
}

export function batchBaseSequence(bytes: Uint8Array, position: number): number {
  return int32At(bytes, position + BASE_SEQUENCE_AT);
}

/** Sequence of the last record: sequences count on from 0 after 2^31 - 1. -1 for a batch without them. */
export function batchLastSequence(bytes: Uint8Array, position: number): number {
  const first = batchBaseSequence(bytes, position);
  if (first === NO_SEQUENCE) return NO_SEQUENCE;
  return (first + batchLastOffsetDelta(bytes, position)) % 0x80000000;
}

/** Records that are still in the batch; 0 where compaction took the last and kept the header. */
export function batchRecordCount(bytes: Uint8Array, position: number): number {
  return int32At(bytes, position + RECORD_COUNT_AT);
}

/** Outside the CRC. */
export function setBatchBaseOffset(bytes: Uint8Array, position: number, offset: number): void {
  assert(Number.isSafeInteger(offset) && offset >= 0, "base offset is no offset");
  putInt64(bytes, position, offset);
}

/** Outside the CRC. */
export function setBatchLeaderEpoch(bytes: Uint8Array, position: number, epoch: number): void {
  putInt32(bytes, position + LEADER_EPOCH_AT, epoch);
}

/**
 * Corrects the max timestamp, which consumers and the time index rely on, and sums again. Records keep their
 * own timestamps.
 */
export function setBatchMaxTimestamp(bytes: Uint8Array, position: number, timestampMs: number): void {
  putInt64(bytes, position + MAX_TIMESTAMP_AT, timestampMs);
  updateBatchCrc(bytes, position);
}

/** Gives all records of the batch the broker's time (message.timestamp.type=LogAppendTime), and sums again. */
export function setBatchLogAppendTime(bytes: Uint8Array, position: number, timestampMs: number): void {
  const attributes = batchAttributes(bytes, position) | LOG_APPEND_TIME_BIT;
  putInt16(bytes, position + ATTRIBUTES_AT, attributes);
  setBatchMaxTimestamp(bytes, position, timestampMs);
}

/** Sums the batch again after a change behind the CRC field. */
export function updateBatchCrc(bytes: Uint8Array, position: number): void {
  putInt32(bytes, position + CRC_AT, computeBatchCrc(bytes, position));
}

export interface BatchHeaderFields {
  readonly baseOffset: number;
  readonly sizeBytes: number;
  readonly leaderEpoch: number;
  readonly attributes: number;
  readonly lastOffsetDelta: number;
  readonly baseTimestampMs: number;
  readonly maxTimestampMs: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly recordCount: number;
}

/** Writes a header before records that are already in place, and sums the batch. */
export function writeBatchHeader(bytes: Uint8Array, position: number, fields: BatchHeaderFields): void {
  putInt64(bytes, position, fields.baseOffset);
  putInt32(bytes, position + LENGTH_AT, fields.sizeBytes - BATCH_LENGTH_OVERHEAD_BYTES);
  putInt32(bytes, position + LEADER_EPOCH_AT, fields.leaderEpoch);
  bytes[position + MAGIC_AT] = BATCH_MAGIC;
  putInt16(bytes, position + ATTRIBUTES_AT, fields.attributes);
  putInt32(bytes, position + LAST_OFFSET_DELTA_AT, fields.lastOffsetDelta);
  putInt64(bytes, position + BASE_TIMESTAMP_AT, fields.baseTimestampMs);
  putInt64(bytes, position + MAX_TIMESTAMP_AT, fields.maxTimestampMs);
  putInt64(bytes, position + PRODUCER_ID_AT, fields.producerId);
  putInt16(bytes, position + PRODUCER_EPOCH_AT, fields.producerEpoch);
  putInt32(bytes, position + BASE_SEQUENCE_AT, fields.baseSequence);
  putInt32(bytes, position + RECORD_COUNT_AT, fields.recordCount);
  updateBatchCrc(bytes, position);
}

/** What is wrong with a batch. `error` is the name of the Kafka error that a producer gets for it. */
export interface BatchFault {
  readonly error: BatchError;
  /** A sentence part for the log and for the error message of a response. */
  readonly reason: string;
}

export type BatchError =
  | "CORRUPT_MESSAGE"
  | "INVALID_RECORD"
  | "INVALID_TIMESTAMP"
  | "UNSUPPORTED_FOR_MESSAGE_FORMAT"
  | "UNSUPPORTED_COMPRESSION_TYPE";

/**
 * Bytes of the batch at `position` if all of them are there before `end`, else 0: how a reader finds the
 * partial batch at the end of a fetch, or the zeroed tail of a segment. Says nothing of the content.
 */
export function completeBatchSizeBytes(bytes: Uint8Array, position: number, end: number): number {
  if (end - position < BATCH_HEADER_BYTES) return 0;
  const sizeBytes = batchSizeBytes(bytes, position);
  return sizeBytes >= BATCH_HEADER_BYTES && sizeBytes <= end - position ? sizeBytes : 0;
}

/**
 * Verifies one batch of bytes from anywhere: complete before `end`, magic 2, CRC, and a header that makes sense.
 * It accepts whatever may stand in a log: compacted and empty batches, control batches, delete horizons. What a
 * producer may send is narrower: see `checkProducedBatch`. Allocates nothing where the batch is good.
 */
export function checkBatch(bytes: Uint8Array, position: number, end: number): BatchFault | null {
  return (
    checkBatchFrame(bytes, position, end) ??
    checkBatchCrc(bytes, position) ??
    checkBatchFields(bytes, position)
  );
}

/** `checkBatch` without the CRC, for bytes that were summed before. */
export function checkBatchHeader(bytes: Uint8Array, position: number, end: number): BatchFault | null {
  return checkBatchFrame(bytes, position, end) ?? checkBatchFields(bytes, position);
}

/**
 * What a producer may not send though a log may hold it. `checkBatch` has passed. The records themselves are
 * looked at by `checkRecords`.
 *
 * Like Apache Kafka's LogValidator, except that attribute bits without a meaning and a delete horizon are
 * refused, since what they would come to mean can't be kept.
 */
export function checkProducedBatch(bytes: Uint8Array, position: number): BatchFault | null {
  const attributes = batchAttributes(bytes, position);
  const count = batchRecordCount(bytes, position);
  if (count === 0) return invalid("batch has no records");
  if (count !== batchLastOffsetDelta(bytes, position) + 1) {
    return invalid(
      `batch of ${count} records has last offset delta ${batchLastOffsetDelta(bytes, position)}`,
    );
  }
  if ((attributes & CONTROL_BIT) !== 0) return invalid("producers may not write control batches");
  if ((attributes & DELETE_HORIZON_BIT) !== 0) return invalid("producers may not set a delete horizon");
  if ((attributes & ~KNOWN_ATTRIBUTES) !== 0) return invalid(`unknown attribute bits in ${attributes}`);
  if ((attributes & LOG_APPEND_TIME_BIT) !== 0) {
    return {
      error: "INVALID_TIMESTAMP",
      reason: "producers may not set the timestamp type to LogAppendTime",
    };
  }
  return checkProducerFields(bytes, position, (attributes & TRANSACTIONAL_BIT) !== 0);
}

function checkProducerFields(bytes: Uint8Array, position: number, transactional: boolean): BatchFault | null {
  if (batchProducerId(bytes, position) < 0) {
    return transactional ? invalid("transactional batch without a producer id") : null;
  }
  const sequence = batchBaseSequence(bytes, position);
  if (sequence < 0) return invalid(`batch with a producer id has sequence ${sequence}`);
  const epoch = batchProducerEpoch(bytes, position);
  if (epoch < 0) return invalid(`batch with a producer id has producer epoch ${epoch}`);
  return null;
}

function checkBatchFrame(bytes: Uint8Array, position: number, end: number): BatchFault | null {
  const available = end - position;
  if (available < MAGIC_AT + 1) return corrupt(`batch is cut off after ${available} bytes`);
  const magic = batchMagic(bytes, position);
  if (magic === 0 || magic === 1) {
    return {
      error: "UNSUPPORTED_FOR_MESSAGE_FORMAT",
      reason: `message format ${magic} is not supported, only record batches of format 2`,
    };
  }
  if (magic !== BATCH_MAGIC) return corrupt(`unknown message format ${magic}`);
  const length = batchLength(bytes, position);
  if (length < BATCH_HEADER_BYTES - BATCH_LENGTH_OVERHEAD_BYTES)
    return corrupt(`batch length ${length} is too small`);
  if (length > available - BATCH_LENGTH_OVERHEAD_BYTES) {
    return corrupt(`batch length ${length} goes beyond the ${available} bytes there are`);
  }
  return null;
}

function checkBatchCrc(bytes: Uint8Array, position: number): BatchFault | null {
  const computed = computeBatchCrc(bytes, position);
  const stated = batchCrc(bytes, position);
  return computed === stated ? null : corrupt(`CRC is ${hex(computed)}, the header says ${hex(stated)}`);
}

function checkBatchFields(bytes: Uint8Array, position: number): BatchFault | null {
  if (!isSafeInt64At(bytes, position)) return corrupt("base offset is beyond 2^53");
  const baseOffset = batchBaseOffset(bytes, position);
  const lastOffsetDelta = batchLastOffsetDelta(bytes, position);
  if (baseOffset < 0) return corrupt(`base offset is ${baseOffset}`);
  if (lastOffsetDelta < 0) return invalid(`last offset delta is ${lastOffsetDelta}`);
  if (baseOffset > Number.MAX_SAFE_INTEGER - 1 - lastOffsetDelta)
    return invalid("last offset is beyond 2^53");
  if (batchCompression(bytes, position) > MAX_COMPRESSION_CODE) {
    return {
      error: "UNSUPPORTED_COMPRESSION_TYPE",
      reason: `compression code ${batchCompression(bytes, position)} is unassigned`,
    };
  }
  if (!isSafeInt64At(bytes, position + BASE_TIMESTAMP_AT)) return invalid("base timestamp is beyond 2^53");
  if (!isSafeInt64At(bytes, position + MAX_TIMESTAMP_AT)) return invalid("max timestamp is beyond 2^53");
  if (!isSafeInt64At(bytes, position + PRODUCER_ID_AT)) return invalid("producer id is beyond 2^53");
  if (batchProducerId(bytes, position) < -1)
    return invalid(`producer id is ${batchProducerId(bytes, position)}`);
  return checkRecordCount(bytes, position, lastOffsetDelta);
}

function checkRecordCount(bytes: Uint8Array, position: number, lastOffsetDelta: number): BatchFault | null {
  const count = batchRecordCount(bytes, position);
  if (count < 0) return invalid(`record count is ${count}`);
  if (count > lastOffsetDelta + 1) {
    return invalid(`record count ${count} does not fit a last offset delta of ${lastOffsetDelta}`);
  }
  const bodyBytes = batchSizeBytes(bytes, position) - BATCH_HEADER_BYTES;
  if (batchCompression(bytes, position) === COMPRESSION_NONE && count * MIN_RECORD_BYTES > bodyBytes) {
    return invalid(`${count} records do not fit ${bodyBytes} bytes`);
  }
  return null;
}

function computeBatchCrc(bytes: Uint8Array, position: number): number {
  return crc32c(bytes, position + ATTRIBUTES_AT, position + batchSizeBytes(bytes, position));
}

function corrupt(reason: string): BatchFault {
  return { error: "CORRUPT_MESSAGE", reason };
}

function invalid(reason: string): BatchFault {
  return { error: "INVALID_RECORD", reason };
}

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}
