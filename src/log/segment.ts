import { assert } from "../base/assert.ts";
import { HeadwaterError } from "../base/errors.ts";
import type { Disk, DiskFile } from "../io/disk.ts";
import {
  batchBaseOffset,
  batchLastOffset,
  batchMaxTimestampMs,
  batchNextOffset,
  batchSizeBytes,
  NO_TIMESTAMP,
} from "../records/batch.ts";
import { isSafeInt64At } from "../records/big-endian.ts";
import { BatchWalk } from "./batch-walk.ts";
import {
  CACHE_SUFFIXES,
  KEY_INDEX_SUFFIX,
  LOG_SUFFIX,
  OFFSET_INDEX_SUFFIX,
  segmentName,
  TIME_INDEX_SUFFIX,
  TRANSACTION_INDEX_SUFFIX,
} from "./folder-names.ts";
import type { IndexBudget, IndexHolder } from "./index-budget.ts";
import {
  decodeOffsetIndex,
  decodeTimeIndex,
  decodeTransactionIndex,
  encodeOffsetIndex,
  encodeTimeIndex,
  encodeTransactionIndex,
} from "./index-files.ts";
import { OffsetIndex } from "./offset-index.ts";
import type { FileSlot, OpenFiles } from "./open-files.ts";
import { SegmentTransactions, type TransactionLists } from "./segment-transactions.ts";
import { TimeIndex } from "./time-index.ts";

/** An index of the largest segment with the smallest interval stays below it. */
export const MAX_INDEX_FILE_BYTES = 64 * 1024 * 1024;

/** How far a segment reaches: at its end, or at the end of what is synced. */
export interface SegmentMark {
  readonly sizeBytes: number;
  readonly nextOffset: number;
  readonly maxTimestampMs: number;
  /** Base offset of the first batch with that timestamp; -1 where there is none. */
  readonly maxTimestampBatch: number;
}

interface Indexes {
  readonly offsets: OffsetIndex;
  readonly times: TimeIndex;
}

/**
 * Record batches v2, back to back, exactly as on the wire, in one file named by the offset of the first. The
 * file may be longer than the batches: what follows is zero.
 */
export class Segment implements FileSlot, IndexHolder {
  readonly baseOffset: number;
  #path: string;
  readonly #disk: Disk;
  readonly #files: OpenFiles;
  readonly #indexBudget: IndexBudget;
  /** Path without suffix. */
  readonly #stem: string;
  readonly #indexIntervalBytes: number;

  file: DiskFile | null = null;
  pins = 0;
  lastUse = 0;
  countedBytes = 0;

  /** Bytes of batches. */
  sizeBytes = 0;
  /** Length of the file. */
  allocatedBytes = 0;
  nextOffset: number;
  maxTimestampMs = NO_TIMESTAMP;
  maxTimestampBatch = -1;
  readonly transactions = new SegmentTransactions();
  /** What a crash can't take. */
  synced: SegmentMark;
  /** Wall time of the first append in this process, or of the opening; null while empty. */
  firstAppendMs: number | null = null;
  /** No more appends. */
  sealed = false;
  /** Sealed, cut to its length and synced. */
  trimmed = false;
  /** Whether the key index was made, or can't be. */
  keyIndexed = false;
  /** Found to hold something else than its batches; it waits to be salvaged. */
  damaged = false;
  /** Bytes that this process has not written itself, and how many of them it has checked. */
  restoredBytes = 0;
  verifiedBytes = 0;
  /** After the last batch that was checked. */
  verifiedOffset: number;
  #indexes: Indexes | null = null;
  #lastIndexed = 0;
  /** Whether the index files have what is in memory. */
  #indexesSaved = false;
  /** Where the last read ended: sequential readers start there. */
  #hintOffset = -1;
  #hintPosition = 0;

  constructor(options: {
    disk: Disk;
    files: OpenFiles;
    indexBudget: IndexBudget;
    folder: string;
    baseOffset: number;
    indexIntervalBytes: number;
    suffix?: string;
  }) {
    this.#disk = options.disk;
    this.#files = options.files;
    this.#indexBudget = options.indexBudget;
    this.baseOffset = options.baseOffset;
    this.nextOffset = options.baseOffset;
    this.verifiedOffset = options.baseOffset;
    this.#indexIntervalBytes = options.indexIntervalBytes;
    this.#stem = `${options.folder}/${segmentName(options.baseOffset)}`;
    this.#path = this.#stem + (options.suffix ?? LOG_SUFFIX);
    this.synced = this.mark();
  }

  get path(): string {
    return this.#path;
  }

  get dirty(): boolean {
    return this.synced.sizeBytes < this.sizeBytes;
  }

  /** Makes the empty file. Durable with its folder only. Throws DISK_FULL or DISK_IO. */
  create(allocateBytes: number): void {
    this.#files.create(this, allocateBytes);
    this.allocatedBytes = allocateBytes;
    this.#takeIndexes(emptyIndexes(), false);
  }

  /** The open file. Throws DISK_IO, or LOG_CORRUPT where it is shorter than the batches it should hold. */
  open(): DiskFile {
    const opened = this.file === null;
    const file = this.#files.use(this);
    if (opened) this.allocatedBytes = file.sizeBytes;
    // Every time: whoever comes to a damaged one that is open must not look beyond its end.
    if (file.sizeBytes < this.sizeBytes)
      throw this.#corrupt(file.sizeBytes, "the file is shorter than it was");
    return file;
  }

  /**
   * Opens what appends need: the file and the indexes, which are built where they are missing. Throws LOG_CORRUPT
   * where the file does not hold the batches that it should, or DISK_IO.
   */
  prepare(): void {
    this.open();
    this.#loadIndexes();
  }

  /** A cheap look at the file: its length, and whether it begins with a batch. Throws LOG_CORRUPT or DISK_IO. */
  glance(): void {
    this.open();
    if (this.sizeBytes === 0) return;
    const walk = this.walk(0);
    const begins =
      walk.next() &&
      isSafeInt64At(walk.bytes, walk.at) &&
      batchBaseOffset(walk.bytes, walk.at) >= this.baseOffset;
    if (!begins) throw this.#corrupt(0, "there is no batch where one should start");
  }

  /** Takes what a checkpoint or a scan found out. */
  restore(mark: SegmentMark): void {
    this.sizeBytes = mark.sizeBytes;
    this.restoredBytes = mark.sizeBytes;
    this.nextOffset = mark.nextOffset;
    this.maxTimestampMs = mark.maxTimestampMs;
    this.maxTimestampBatch = mark.maxTimestampBatch;
    this.dropIndexes();
  }

  mark(): SegmentMark {
    return {
      sizeBytes: this.sizeBytes,
      nextOffset: this.nextOffset,
      maxTimestampMs: this.maxTimestampMs,
      maxTimestampBatch: this.maxTimestampBatch,
    };
  }

  /** What it takes as it is. */
  get roomBytes(): number {
    return this.allocatedBytes - this.sizeBytes;
  }

  /** Changes the file's length. Throws DISK_FULL, unchanged, or DISK_IO. */
  allocate(bytes: number): void {
    assert(bytes >= this.sizeBytes, "a segment is never cut into its batches");
    this.open().resize(bytes);
    this.allocatedBytes = bytes;
    this.#files.resized(this);
  }

  /** Stores checked batches with their offsets in place. The space is allocated. Throws DISK_IO. */
  append(batches: Uint8Array, start: number, end: number): void {
    const position = this.sizeBytes;
    assert(position + end - start <= this.allocatedBytes, "no store beyond the allocated length");
    const indexes = this.#loadIndexes();
    this.open().write(
      position,
      start === 0 && end === batches.length ? batches : batches.subarray(start, end),
    );
    for (let at = start; at < end; at += batchSizeBytes(batches, at)) {
      this.#note(indexes, batches, at, position + at - start);
    }
    this.sizeBytes = position + end - start;
  }

  /** Counts a batch that recovery found in place, at the segment's end. */
  accept(bytes: Uint8Array, at: number): void {
    this.#note(this.#loadIndexes(), bytes, at, this.sizeBytes);
    this.sizeBytes += batchSizeBytes(bytes, at);
  }

  /** Resolves when everything appended before the call is durable in the file (not: the file in its folder). */
  async sync(): Promise<void> {
    const mark = this.mark();
    const file = this.open();
    this.#files.pin(this);
    try {
      await file.sync();
    } finally {
      this.#files.unpin(this);
    }
    this.noteSynced(mark);
  }

  /** The same, blocking. */
  syncNow(): void {
    const mark = this.mark();
    this.open().syncNow();
    this.noteSynced(mark);
  }

  noteSynced(mark: SegmentMark): void {
    if (mark.sizeBytes >= this.synced.sizeBytes) this.synced = mark;
  }

  /** Position of the first batch with the offset or a later one. Throws LOG_CORRUPT. */
  locate(offset: number): number {
    if (offset <= this.baseOffset) return 0;
    if (offset === this.#hintOffset) return this.#hintPosition;
    const start = this.#loadIndexes().offsets.positionBefore(offset - this.baseOffset);
    const walk = this.walk(start);
    while (walk.next()) {
      if (batchLastOffset(walk.bytes, walk.at) >= offset) return walk.position;
    }
    if (walk.broken) throw this.#corrupt(walk.position, "there is no batch where one should start");
    return this.sizeBytes;
  }

  /**
   * The longest run of whole batches from `position`, of at most `maxBytes` (but one batch where
   * `minOneBatch`), that ends before `limit`. Gives the position after it. Throws LOG_CORRUPT.
   */
  endOfRun(position: number, maxBytes: number, minOneBatch: boolean, limit: SegmentLimit): SegmentLimit {
    if (limit.position - position <= maxBytes) return limit;
    const boundary = this.#loadIndexes().offsets.boundaryBefore(position + maxBytes);
    const walk = this.walk(Math.max(boundary, position));
    let end = walk.position;
    let endOffset = -1;
    while (walk.next()) {
      const next = walk.position + walk.sizeBytes;
      const tooLong = next - position > maxBytes && !(minOneBatch && walk.position === position);
      if (tooLong || next > limit.position) {
        // The batch before may have been skipped by the index; this one's base offset ends the run as well.
        return { position: walk.position, offset: batchBaseOffset(walk.bytes, walk.at) };
      }
      end = next;
      endOffset = batchNextOffset(walk.bytes, walk.at);
    }
    if (walk.broken) throw this.#corrupt(end, "there is no batch where one should start");
    return endOffset < 0 ? limit : { position: end, offset: endOffset };
  }

  /** Remembers where a reader will go on. */
  hint(offset: number, position: number): void {
    this.#hintOffset = offset;
    this.#hintPosition = position;
  }

  /** A batch boundary before which no record is as late as the timestamp. */
  positionBeforeTime(timestampMs: number): number {
    return this.#loadIndexes().times.positionBefore(timestampMs);
  }

  walk(start: number, end = this.sizeBytes): BatchWalk {
    return new BatchWalk(this.open(), start, end);
  }

  /** Writes the index files, if they would say something new. They are caches and not synced. Throws DISK_*. */
  saveIndexes(): void {
    const indexes = this.#indexes;
    if (indexes === null || indexes.offsets.count === 0 || this.#indexesSaved) return;
    this.#writeCache(OFFSET_INDEX_SUFFIX, encodeOffsetIndex(indexes.offsets, this));
    this.#writeCache(TIME_INDEX_SUFFIX, encodeTimeIndex(indexes.times, this));
    this.#indexesSaved = true;
  }

  giveUpIndexes(): void {
    try {
      this.saveIndexes();
      this.#saveTransactions();
    } catch (error) {
      // An index that could not be written is built again from the segment.
      if (!(error instanceof HeadwaterError)) throw error;
    }
    this.dropIndexes();
    this.transactions.release();
  }

  /** From memory or the index file; null where they have to be found again. */
  loadTransactions(): TransactionLists | null {
    const { lists } = this.transactions;
    if (lists !== null) return lists;
    const bytes = readCacheFile(this.#disk, this.#stem + TRANSACTION_INDEX_SUFFIX, MAX_INDEX_FILE_BYTES);
    const read = bytes === null ? null : decodeTransactionIndex(bytes, this);
    if (read === null) return null;
    this.transactions.take(read, true);
    this.#holdIndexes();
    return read;
  }

  /** Takes what was found by a walk. */
  takeTransactions(lists: TransactionLists): void {
    this.transactions.take(lists, false);
    this.#holdIndexes();
  }

  dropIndexes(): void {
    this.#indexes = null;
    this.#indexesSaved = false;
    this.#indexBudget.release(this);
  }

  /** Gives the file the name that a segment of the log has, and replaces the one that had it. Throws DISK_IO. */
  takePlace(): void {
    this.close();
    this.#disk.rename(this.#path, this.#stem + LOG_SUFFIX);
    this.#path = this.#stem + LOG_SUFFIX;
  }

  get keyIndexPath(): string {
    return this.#stem + KEY_INDEX_SUFFIX;
  }

  /** Those of a segment that still takes appends are in the checkpoint. */
  #saveTransactions(): void {
    const { transactions } = this;
    if (!this.sealed || transactions.lists === null || !transactions.unsaved) return;
    this.#writeCache(TRANSACTION_INDEX_SUFFIX, encodeTransactionIndex(transactions.lists, this));
    transactions.noteSaved();
  }

  #holdIndexes(): void {
    const indexBytes = this.#indexes === null ? 0 : bytesOf(this.#indexes);
    this.#indexBudget.hold(this, indexBytes + this.transactions.sizeBytes);
  }

  /** Replaces a cache beside the segment. */
  #writeCache(suffix: string, bytes: Uint8Array): void {
    writeCacheFile(this.#disk, this.#stem + suffix, bytes);
  }

  /** Closes and removes the segment's files. */
  remove(): void {
    this.#files.close(this);
    this.#disk.remove(this.path);
    this.removeCaches();
  }

  /** Removes the index files, and forgets the indexes. */
  removeCaches(): void {
    this.dropIndexes();
    for (const suffix of CACHE_SUFFIXES) this.#disk.remove(this.#stem + suffix);
  }

  /** Closes the file, and leaves it. */
  close(): void {
    this.#files.close(this);
  }

  #note(indexes: Indexes, bytes: Uint8Array, at: number, position: number): void {
    const baseOffset = batchBaseOffset(bytes, at);
    if (position - this.#lastIndexed >= this.#indexIntervalBytes && position > 0) {
      indexes.offsets.add(baseOffset - this.baseOffset, position);
      indexes.times.add(this.maxTimestampMs, position);
      this.#lastIndexed = position;
      this.#holdIndexes();
    }
    this.#indexesSaved = false;
    const timestampMs = batchMaxTimestampMs(bytes, at);
    if (timestampMs > this.maxTimestampMs) {
      this.maxTimestampMs = timestampMs;
      this.maxTimestampBatch = baseOffset;
    }
    this.nextOffset = batchNextOffset(bytes, at);
  }

  #loadIndexes(): Indexes {
    if (this.#indexes !== null) return this.#indexes;
    const read = this.#readIndexes();
    return this.#takeIndexes(read ?? this.#buildIndexes(), read !== null);
  }

  #takeIndexes(indexes: Indexes, saved: boolean): Indexes {
    const { offsets } = indexes;
    this.#indexes = indexes;
    this.#indexesSaved = saved;
    this.#lastIndexed = offsets.count === 0 ? 0 : offsets.positionAt(offsets.count - 1);
    this.#holdIndexes();
    return indexes;
  }

  #readIndexes(): Indexes | null {
    // A small segment is quicker walked than looked up.
    if (this.sizeBytes <= this.#indexIntervalBytes) return null;
    const offsets = readCacheFile(this.#disk, this.#stem + OFFSET_INDEX_SUFFIX, MAX_INDEX_FILE_BYTES);
    const times = readCacheFile(this.#disk, this.#stem + TIME_INDEX_SUFFIX, MAX_INDEX_FILE_BYTES);
    if (offsets === null || times === null) return null;
    const decodedOffsets = decodeOffsetIndex(offsets, this);
    const decodedTimes = decodeTimeIndex(times, this);
    return decodedOffsets === null || decodedTimes === null
      ? null
      : { offsets: decodedOffsets, times: decodedTimes };
  }

  #buildIndexes(): Indexes {
    const indexes = emptyIndexes();
    if (this.sizeBytes === 0) return indexes;
    const walk = this.walk(0);
    let lastIndexed = 0;
    let maxTimestampMs = NO_TIMESTAMP;
    let expected = this.baseOffset;
    while (walk.next()) {
      const nextOffset = this.offsetAfter(walk, expected);
      if (nextOffset === null || batchMaxTimestampMs(walk.bytes, walk.at) > this.maxTimestampMs) {
        throw this.#corrupt(walk.position, "the batch is none of this segment's");
      }
      expected = nextOffset;
      if (walk.position - lastIndexed >= this.#indexIntervalBytes) {
        indexes.offsets.add(batchBaseOffset(walk.bytes, walk.at) - this.baseOffset, walk.position);
        indexes.times.add(maxTimestampMs, walk.position);
        lastIndexed = walk.position;
      }
      maxTimestampMs = Math.max(maxTimestampMs, batchMaxTimestampMs(walk.bytes, walk.at));
    }
    if (walk.broken) throw this.#corrupt(walk.position, "there is no batch where one should start");
    return indexes;
  }

  /**
   * The offset after the batch that a walk has come to; null where its offsets are none that could stand there, from
   * `expected` on: a batch's sum does not cover them.
   */
  offsetAfter(walk: BatchWalk, expected: number): number | null {
    if (!isSafeInt64At(walk.bytes, walk.at)) return null;
    const nextOffset = batchNextOffset(walk.bytes, walk.at);
    const fits = batchBaseOffset(walk.bytes, walk.at) >= expected && nextOffset <= this.nextOffset;
    return fits && nextOffset > expected ? nextOffset : null;
  }

  #corrupt(position: number, why: string): HeadwaterError {
    return new HeadwaterError("LOG_CORRUPT", `${this.path} at byte ${position}: ${why}`, { path: this.path });
  }
}

/** A batch boundary and the offset that it stands for. */
export interface SegmentLimit {
  readonly position: number;
  readonly offset: number;
}

/** Memory of the two, about. */
function bytesOf(indexes: Indexes): number {
  return 512 + indexes.offsets.count * 16 + indexes.times.count * 24;
}

function emptyIndexes(): Indexes {
  return { offsets: new OffsetIndex(), times: new TimeIndex() };
}

/** Writes a file that need not survive. Throws DISK_FULL or DISK_IO. */
export function writeCacheFile(disk: Disk, path: string, bytes: Uint8Array): void {
  disk.remove(path);
  const file = disk.createFile(path, bytes.length);
  try {
    file.write(0, bytes);
  } finally {
    file.close();
  }
}

/** A cache's bytes, or null where it is lost or can't be read. */
export function readCacheFile(disk: Disk, path: string, maxBytes: number): Uint8Array | null {
  try {
    return disk.readFile(path, maxBytes);
  } catch {
    return null;
  }
}
