import { crc32c } from "../base/crc32c.ts";
import { putInt32, uint32At } from "../records/big-endian.ts";
import { ByteReader, ByteWriter } from "./encoding.ts";
import { OffsetIndex } from "./offset-index.ts";
import type { TransactionLists } from "./segment-transactions.ts";
import { TimeIndex } from "./time-index.ts";
import type { AbortedTransaction, OpenTransaction } from "./transaction-state.ts";

/**
 * Index files stand beside a segment and say which bytes of it they describe. They are caches: never synced,
 * and read only where sum, base offset and size fit the segment, else rebuilt from it. Big-endian:
 *
 *  position  size  field
 *         0     4  magic "HWIX"
 *         4     4  CRC32C of everything from position 8
 *         8     4  kind: 1 offset index, 2 time index, 4 transaction index, 5 key index
 *        12     4  entries
 *        16     8  base offset of the segment
 *        24     8  bytes of the segment that are described
 *        32     -  entries; offset index: relative offset, position (4 + 4 bytes);
 *                  time index: timestamp, position (8 + 4 bytes); key index: see key-index.ts; transaction
 *                  index: aborted transactions (producer id, first, last, last stable offset: 8 bytes each), then
 *                  a count (4) of those open at the base offset (producer id, first offset: 8 bytes each)
 */
export const INDEX_HEADER_BYTES = 32;
const MAGIC = 0x48574958;

export const OFFSET_INDEX_KIND = 1;
export const TIME_INDEX_KIND = 2;
export const KEY_INDEX_KIND = 6;
export const TRANSACTION_INDEX_KIND = 4;

/** The part of a segment that an index describes. */
export interface IndexedSegment {
  readonly baseOffset: number;
  readonly sizeBytes: number;
}

/** Starts an index file; `sealIndexFile` ends it. */
export function beginIndexFile(kind: number, entries: number, segment: IndexedSegment): ByteWriter {
  const writer = new ByteWriter();
  writer.int32(MAGIC);
  writer.int32(0);
  writer.int32(kind);
  writer.int32(entries);
  writer.int64(segment.baseOffset);
  writer.int64(segment.sizeBytes);
  return writer;
}

/** The file's bytes, summed. */
export function sealIndexFile(writer: ByteWriter): Uint8Array {
  const bytes = writer.view();
  putInt32(bytes, 4, crc32c(bytes, 8, bytes.length));
  return bytes;
}

/** Number of entries of an index file that describes just this segment, or null where it can't be believed. */
export function checkIndexFile(bytes: Uint8Array, kind: number, segment: IndexedSegment): number | null {
  if (bytes.length < INDEX_HEADER_BYTES || uint32At(bytes, 0) !== MAGIC) return null;
  const reader = new ByteReader(bytes, 8);
  if (reader.int32() !== kind) return null;
  const entries = reader.int32();
  if (reader.int64() !== segment.baseOffset || reader.int64() !== segment.sizeBytes) return null;
  return uint32At(bytes, 4) === crc32c(bytes, 8, bytes.length) ? entries : null;
}

/** The segment that an index file describes, whichever that is; null where its sum does not fit. */
export function describedSegment(bytes: Uint8Array, kind: number): IndexedSegment | null {
  if (bytes.length < INDEX_HEADER_BYTES) return null;
  const reader = new ByteReader(bytes, 16);
  const segment = { baseOffset: reader.int64(), sizeBytes: reader.int64() };
  return checkIndexFile(bytes, kind, segment) === null ? null : segment;
}

export function encodeOffsetIndex(index: OffsetIndex, segment: IndexedSegment): Uint8Array {
  const writer = beginIndexFile(OFFSET_INDEX_KIND, index.count, segment);
  for (let entry = 0; entry < index.count; entry++) {
    writer.int32(index.relativeOffsetAt(entry));
    writer.int32(index.positionAt(entry));
  }
  return sealIndexFile(writer);
}

export function decodeOffsetIndex(bytes: Uint8Array, segment: IndexedSegment): OffsetIndex | null {
  const entries = checkIndexFile(bytes, OFFSET_INDEX_KIND, segment);
  if (entries === null || bytes.length !== INDEX_HEADER_BYTES + entries * 8) return null;
  const reader = new ByteReader(bytes, INDEX_HEADER_BYTES);
  const index = new OffsetIndex();
  for (let entry = 0; entry < entries; entry++) index.add(reader.uint32(), reader.uint32());
  return index;
}

export function encodeTimeIndex(index: TimeIndex, segment: IndexedSegment): Uint8Array {
  const writer = beginIndexFile(TIME_INDEX_KIND, index.count, segment);
  for (let entry = 0; entry < index.count; entry++) {
    writer.int64(index.timestampAt(entry));
    writer.int32(index.positionAt(entry));
  }
  return sealIndexFile(writer);
}

export function decodeTimeIndex(bytes: Uint8Array, segment: IndexedSegment): TimeIndex | null {
  const entries = checkIndexFile(bytes, TIME_INDEX_KIND, segment);
  if (entries === null || bytes.length !== INDEX_HEADER_BYTES + entries * 12) return null;
  const reader = new ByteReader(bytes, INDEX_HEADER_BYTES);
  const index = new TimeIndex();
  for (let entry = 0; entry < entries; entry++) index.add(reader.int64(), reader.uint32());
  return index;
}

export function encodeTransactionIndex(lists: TransactionLists, segment: IndexedSegment): Uint8Array {
  const writer = beginIndexFile(TRANSACTION_INDEX_KIND, lists.aborted.length, segment);
  writeTransactionLists(writer, lists);
  return sealIndexFile(writer);
}

export function decodeTransactionIndex(bytes: Uint8Array, segment: IndexedSegment): TransactionLists | null {
  const entries = checkIndexFile(bytes, TRANSACTION_INDEX_KIND, segment);
  if (entries === null) return null;
  return readTransactionLists(new ByteReader(bytes, INDEX_HEADER_BYTES), entries);
}

/** The lists without the count of the first. */
export function writeTransactionLists(writer: ByteWriter, { open, aborted }: TransactionLists): void {
  for (const transaction of aborted) {
    writer.int64(transaction.producerId);
    writer.int64(transaction.firstOffset);
    writer.int64(transaction.lastOffset);
    writer.int64(transaction.lastStableOffset);
  }
  writer.int32(open.length);
  for (const transaction of open) {
    writer.int64(transaction.producerId);
    writer.int64(transaction.firstOffset);
  }
}

/** Throws MALFORMED. */
export function readTransactionLists(reader: ByteReader, abortedCount: number): TransactionLists {
  const aborted: AbortedTransaction[] = [];
  for (let left = abortedCount; left > 0; left--) {
    aborted.push({
      producerId: reader.int64(),
      firstOffset: reader.int64(),
      lastOffset: reader.int64(),
      lastStableOffset: reader.int64(),
    });
  }
  const open: OpenTransaction[] = [];
  for (let left = reader.count(16); left > 0; left--) {
    open.push({ producerId: reader.int64(), firstOffset: reader.int64() });
  }
  return { open, aborted };
}
