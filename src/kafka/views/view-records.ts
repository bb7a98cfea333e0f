import type { RecordTaker } from "../../broker/views/key-scan.ts";
import {
  BATCH_HEADER_BYTES,
  batchIsLogAppendTime,
  batchMaxTimestampMs,
  NO_SEQUENCE,
  NO_TIMESTAMP,
  writeBatchHeader,
} from "../../records/batch.ts";
import { BatchBuilder, maxRecordSizeBytes } from "../../records/builder.ts";
import type { RecordCursor } from "../../records/reader.ts";

/** A batch of a view does not grow beyond this, as those of producers don't. */
const MAX_BATCH_BYTES = 512 * 1024;
const MAX_OFFSET_DELTA = 0x7fffffff;

/** What several readers may collect together, and have collected. */
export interface Room {
  /** Whether a record of this size may be taken: the first always may. */
  fits(sizeBytes: number): boolean;
  take(sizeBytes: number): void;
}

/**
 * Collects records of a view into batches of their own: uncompressed, of no producer, with the offsets and times that
 * the records have in their log. What was left out between them are gaps in the offsets, as after compaction.
 */
export class ViewRecords implements RecordTaker {
  readonly #room: Room;
  readonly #maxBytes: number;
  readonly #leaderEpoch: number;
  readonly #done: Uint8Array[] = [];
  #doneBytes = 0;
  #builder: BatchBuilder | null = null;
  #baseOffset = 0;
  /** Of the batch that records come from: the broker's time for all of them, null where they have their own. */
  #appendTimeMs: number | null = null;
  /** The same of the batch that is being built. */
  #builtTimeMs: number | null = null;
  #nextOffset = -1;

  constructor(room: Room, maxBytes: number, leaderEpoch: number) {
    this.#room = room;
    this.#maxBytes = maxBytes;
    this.#leaderEpoch = leaderEpoch;
  }

  /** Behind the last record; -1 without any. */
  get nextOffset(): number {
    return this.#nextOffset;
  }

  get sizeBytes(): number {
    return (
      this.#doneBytes + (this.#builder === null || this.#builder.count === 0 ? 0 : this.#builder.sizeBytes)
    );
  }

  open(batch: Uint8Array): void {
    this.#appendTimeMs = batchIsLogAppendTime(batch, 0) ? batchMaxTimestampMs(batch, 0) : null;
  }

  take(record: RecordCursor): boolean {
    const { bytes, fieldsStart, headersEnd } = record;
    const recordBytes = maxRecordSizeBytes(0, 0, headersEnd - fieldsStart);
    const sizeBytes = recordBytes + BATCH_HEADER_BYTES;
    if (!this.#room.fits(sizeBytes)) return false;
    const isFirst = this.#nextOffset < 0;
    if (!isFirst && this.sizeBytes + sizeBytes > this.#maxBytes) return false;
    const builder = this.#builderFor(record.offset, recordBytes);
    const before = builder.sizeBytes;
    const offsetDelta = record.offset - this.#baseOffset;
    builder.appendFields(offsetDelta, record.timestampMs, bytes, fieldsStart, headersEnd);
    this.#room.take(builder.sizeBytes - before + (builder.count === 1 ? BATCH_HEADER_BYTES : 0));
    this.#nextOffset = record.offset + 1;
    return true;
  }

  /**
   * The batches, up to `endOffset`: nothing between the last record and there is of the view. So who has read them, or
   * one without records where there is none, stands there. `fromOffset` is where the reader was.
   */
  finish(fromOffset: number, endOffset: number): Uint8Array {
    this.#endBatch(Math.max(endOffset, this.#nextOffset));
    if (endOffset > Math.max(fromOffset, this.#nextOffset))
      this.#push(emptyBatch(endOffset, this.#leaderEpoch));
    const [only] = this.#done;
    if (this.#done.length === 1 && only !== undefined) return only;
    const all = new Uint8Array(this.#doneBytes);
    let at = 0;
    for (const batch of this.#done) {
      all.set(batch, at);
      at += batch.length;
    }
    return all;
  }

  #builderFor(offset: number, sizeBytes: number): BatchBuilder {
    const builder = this.#builder;
    const continues =
      builder !== null &&
      builder.count > 0 &&
      this.#builtTimeMs === this.#appendTimeMs &&
      offset - this.#baseOffset <= MAX_OFFSET_DELTA &&
      builder.sizeBytes + sizeBytes <= MAX_BATCH_BYTES;
    if (continues) return builder;
    this.#endBatch(this.#nextOffset);
    this.#baseOffset = offset;
    this.#builtTimeMs = this.#appendTimeMs;
    this.#builder ??= new BatchBuilder();
    this.#builder.reset();
    return this.#builder;
  }

  #endBatch(endOffset: number): void {
    const builder = this.#builder;
    if (builder === null || builder.count === 0) return;
    const lastOffsetDelta = endOffset - 1 - this.#baseOffset;
    const reaches = lastOffsetDelta <= MAX_OFFSET_DELTA;
    const batch = builder.build({
      baseOffset: this.#baseOffset,
      leaderEpoch: this.#leaderEpoch,
      ...(reaches ? { lastOffsetDelta } : {}),
      ...(this.#builtTimeMs === null ? {} : { logAppendTimeMs: this.#builtTimeMs }),
    });
    if (reaches) this.#nextOffset = endOffset;
    builder.reset();
    this.#push(batch);
  }

  #push(batch: Uint8Array): void {
    this.#done.push(batch);
    this.#doneBytes += batch.length;
  }
}

/** A batch without records that ends where `endOffset` begins, as compaction leaves them. */
export function emptyBatch(endOffset: number, leaderEpoch: number): Uint8Array {
  const batch = new Uint8Array(BATCH_HEADER_BYTES);
  writeBatchHeader(batch, 0, {
    baseOffset: endOffset - 1,
    sizeBytes: BATCH_HEADER_BYTES,
    leaderEpoch,
    attributes: 0,
    lastOffsetDelta: 0,
    baseTimestampMs: NO_TIMESTAMP,
    maxTimestampMs: NO_TIMESTAMP,
    producerId: -1,
    producerEpoch: -1,
    baseSequence: NO_SEQUENCE,
    recordCount: 0,
  });
  return batch;
}
