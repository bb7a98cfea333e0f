import { HeadwaterError } from "../base/errors.ts";
import {
  BATCH_HEADER_BYTES,
  batchAttributes,
  batchBaseOffset,
  batchBaseSequence,
  batchBaseTimestampMs,
  batchCompression,
  batchHasDeleteHorizon,
  batchIsControl,
  batchIsLogAppendTime,
  batchLastOffsetDelta,
  batchLeaderEpoch,
  batchMaxTimestampMs,
  batchProducerEpoch,
  batchProducerId,
  batchRecordCount,
  COMPRESSION_MASK,
  COMPRESSION_NONE,
  DELETE_HORIZON_BIT,
  writeBatchHeader,
} from "../records/batch.ts";
import { BatchBuilder } from "../records/builder.ts";
import { compress } from "../records/compression/codecs.ts";
import { RecordCursor } from "../records/reader.ts";
import type { KeyOffsets } from "./key-offsets.ts";

/** What the log around a batch says of it. */
export interface BatchFate {
  /** The batch's offsets or its producer's sequence have to stay known: without records its header stays. */
  readonly keepHeader: boolean;
  /** Its transaction was aborted, or it is a marker whose transaction has no records any more. */
  readonly discard: boolean;
}

export interface FilterOptions {
  readonly keys: KeyOffsets;
  /** Records at or above are not in `keys` and stay. */
  readonly endOffset: number;
  readonly nowMs: number;
  /** `delete.retention.ms`: how long tombstones and markers stay, from when a pass first meets them. */
  readonly deleteRetentionMs: number;
  /** False only to show that a test notices tombstones that go at once. */
  readonly keepTombstones: boolean;
}

const NO_BYTES = new Uint8Array(0);
/** A copy of kept records that grew beyond this is given back. */
const RETAINED_BYTES = 1024 * 1024;

/**
 * Takes superseded records out of batches, as Kafka's cleaner does: base offset, last offset delta, producer id,
 * epoch and base sequence stay, offsets keep their gaps, and what was compressed is compressed again the same way.
 * A batch with tombstones, and a marker that nothing needs any more, get a delete horizon when they are first met
 * (KIP-534): it takes the place of the base timestamp, and what it is for goes once it has passed.
 */
export class CompactionFilter {
  readonly #options: FilterOptions;
  readonly #cursor = new RecordCursor();
  readonly #rebuilt = new BatchBuilder();
  /** Kept records, back to back as they stand in the batch. */
  #kept = new Uint8Array(4096);
  #keptBytes = 0;
  #keptCount = 0;
  #maxTimestampMs = -1;
  #hasTombstones = false;
  /** Records that were taken out so far. */
  removedRecords = 0;

  constructor(options: FilterOptions) {
    this.#options = options;
  }

  /**
   * What stays of a batch that `checkBatch` has passed: the batch itself where nothing changes, null where nothing
   * stays. Good until the next call. A batch whose records can't be read stays as it is.
   */
  filter(batch: Uint8Array, fate: BatchFate): Uint8Array | null {
    const count = batchRecordCount(batch, 0);
    if (batchIsControl(batch, 0)) return this.#filterMarker(batch, fate, count);
    if (fate.discard || count === 0) return this.#withoutRecords(batch, fate, count);
    try {
      this.#gather(batch);
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      return batch;
    } finally {
      this.#cursor.open(NO_BYTES);
    }
    if (this.#keptCount === 0) return this.#withoutRecords(batch, fate, count);
    const needsHorizon = this.#hasTombstones && !batchHasDeleteHorizon(batch, 0);
    if (this.#keptCount === count && !needsHorizon) return batch;
    this.removedRecords += count - this.#keptCount;
    return needsHorizon ? this.#withHorizon(batch) : this.#withKept(batch);
  }

  /** A marker goes once a horizon has passed that it got when nothing of its transaction was left. */
  #filterMarker(batch: Uint8Array, fate: BatchFate, count: number): Uint8Array | null {
    if (count === 0) return fate.keepHeader ? batch : null;
    if (!fate.discard) return batch;
    if (!batchHasDeleteHorizon(batch, 0)) {
      try {
        this.#gatherAll(batch);
      } catch (error) {
        if (!(error instanceof HeadwaterError)) throw error;
        return batch;
      } finally {
        this.#cursor.open(NO_BYTES);
      }
      return this.#withHorizon(batch);
    }
    if (batchBaseTimestampMs(batch, 0) > this.#options.nowMs) return batch;
    return this.#withoutRecords(batch, fate, count);
  }

  #withoutRecords(batch: Uint8Array, fate: BatchFate, count: number): Uint8Array | null {
    this.removedRecords += count;
    if (!fate.keepHeader) return null;
    if (count === 0) return batch;
    const header = new Uint8Array(BATCH_HEADER_BYTES);
    // Without records there is nothing that a horizon or a compression could be of.
    const attributes = batchAttributes(batch, 0) & ~(DELETE_HORIZON_BIT | COMPRESSION_MASK);
    writeHeader(header, batch, {
      attributes,
      baseTimestampMs: batchMaxTimestampMs(batch, 0),
      maxTimestampMs: batchMaxTimestampMs(batch, 0),
      recordCount: 0,
    });
    return header;
  }

  /** Copies the records that stay, and notes what is among them. */
  #gather(batch: Uint8Array): void {
    const { keys, endOffset, nowMs, keepTombstones } = this.#options;
    const hasPassed = batchHasDeleteHorizon(batch, 0) && batchBaseTimestampMs(batch, 0) <= nowMs;
    const horizonPassed = hasPassed || !keepTombstones;
    this.#forget();
    const cursor = this.#cursor;
    cursor.open(batch);
    let start = batchCompression(batch, 0) === COMPRESSION_NONE ? BATCH_HEADER_BYTES : 0;
    while (cursor.next()) {
      const { keyStart, offset } = cursor;
      const isTombstone = cursor.valueStart < 0;
      // A record without a key is from before the topic was compacted, and goes, as in Kafka.
      const isLatest = keyStart >= 0 && offset >= keys.get(cursor.bytes, keyStart, cursor.keyEnd);
      if (offset >= endOffset || (isLatest && !(isTombstone && horizonPassed))) {
        this.#keep(cursor.bytes, start, cursor.headersEnd);
        if (isTombstone) this.#hasTombstones = true;
      }
      start = cursor.headersEnd;
    }
  }

  #gatherAll(batch: Uint8Array): void {
    this.#forget();
    this.#cursor.open(batch);
    let start = batchCompression(batch, 0) === COMPRESSION_NONE ? BATCH_HEADER_BYTES : 0;
    while (this.#cursor.next()) {
      this.#keep(this.#cursor.bytes, start, this.#cursor.headersEnd);
      start = this.#cursor.headersEnd;
    }
  }

  #forget(): void {
    if (this.#kept.length > RETAINED_BYTES) this.#kept = new Uint8Array(4096);
    this.#keptBytes = 0;
    this.#keptCount = 0;
    this.#maxTimestampMs = -1;
    this.#hasTombstones = false;
  }

  #keep(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (this.#keptBytes + length > this.#kept.length) {
      const grown = new Uint8Array(Math.max(this.#kept.length * 2, this.#keptBytes + length));
      grown.set(this.#kept.subarray(0, this.#keptBytes));
      this.#kept = grown;
    }
    this.#kept.set(bytes.subarray(start, end), this.#keptBytes);
    this.#keptBytes += length;
    this.#keptCount += 1;
    if (this.#cursor.timestampMs > this.#maxTimestampMs) this.#maxTimestampMs = this.#cursor.timestampMs;
  }

  /** The kept records under the batch's header: their deltas are to the same base. */
  #withKept(batch: Uint8Array): Uint8Array {
    return this.#join(batch, this.#kept.subarray(0, this.#keptBytes), {
      attributes: batchAttributes(batch, 0),
      baseTimestampMs: batchBaseTimestampMs(batch, 0),
      maxTimestampMs: this.#maxTimestampOf(batch),
      recordCount: this.#keptCount,
    });
  }

  /** The kept records with a delete horizon in the place of the base timestamp, to which their deltas are then. */
  #withHorizon(batch: Uint8Array): Uint8Array {
    const { nowMs, deleteRetentionMs } = this.#options;
    const horizonMs = Math.min(nowMs + deleteRetentionMs, Number.MAX_SAFE_INTEGER);
    const plain = new Uint8Array(BATCH_HEADER_BYTES + this.#keptBytes);
    plain.set(this.#kept.subarray(0, this.#keptBytes), BATCH_HEADER_BYTES);
    writeHeader(plain, batch, {
      attributes: batchAttributes(batch, 0) & ~COMPRESSION_MASK,
      baseTimestampMs: batchBaseTimestampMs(batch, 0),
      maxTimestampMs: this.#maxTimestampOf(batch),
      recordCount: this.#keptCount,
    });
    const baseOffset = batchBaseOffset(batch, 0);
    const isLogAppendTime = batchIsLogAppendTime(batch, 0);
    const rebuilt = this.#rebuilt;
    rebuilt.reset(horizonMs);
    const cursor = new RecordCursor();
    cursor.open(plain);
    while (cursor.next()) {
      // Records of a batch with the broker's time have a delta that nobody reads.
      const timestampMs = isLogAppendTime ? horizonMs : cursor.timestampMs;
      rebuilt.appendAt(
        cursor.offset - baseOffset,
        timestampMs,
        cursor.key(),
        cursor.value(),
        cursor.encodedHeaders(),
      );
    }
    return this.#join(batch, rebuilt.recordBytes(), {
      attributes: batchAttributes(batch, 0) | DELETE_HORIZON_BIT,
      baseTimestampMs: horizonMs,
      maxTimestampMs: this.#maxTimestampOf(batch),
      recordCount: this.#keptCount,
    });
  }

  #maxTimestampOf(batch: Uint8Array): number {
    return batchIsLogAppendTime(batch, 0) ? batchMaxTimestampMs(batch, 0) : this.#maxTimestampMs;
  }

  #join(batch: Uint8Array, records: Uint8Array, fields: ChangedFields): Uint8Array {
    const body = compress(batchCompression(batch, 0), records);
    const joined = new Uint8Array(BATCH_HEADER_BYTES + body.length);
    joined.set(body, BATCH_HEADER_BYTES);
    writeHeader(joined, batch, fields);
    return joined;
  }
}

interface ChangedFields {
  readonly attributes: number;
  readonly baseTimestampMs: number;
  readonly maxTimestampMs: number;
  readonly recordCount: number;
}

/** Writes the header of what a batch has become: what its offsets and its producer are told by stays. */
function writeHeader(bytes: Uint8Array, batch: Uint8Array, changed: ChangedFields): void {
  writeBatchHeader(bytes, 0, {
    ...changed,
    baseOffset: batchBaseOffset(batch, 0),
    sizeBytes: bytes.length,
    leaderEpoch: batchLeaderEpoch(batch, 0),
    lastOffsetDelta: batchLastOffsetDelta(batch, 0),
    producerId: batchProducerId(batch, 0),
    producerEpoch: batchProducerEpoch(batch, 0),
    baseSequence: batchBaseSequence(batch, 0),
  });
}
