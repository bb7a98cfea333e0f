import { HeadwaterError } from "../../base/errors.ts";
import { offset } from "../../base/ids.ts";
import { ERROR } from "../../kafka/wire/generated/errors.ts";
import {
  batchBaseOffset,
  batchCompression,
  batchIsTransactional,
  COMPRESSION_NONE,
} from "../../records/batch.ts";
import { RecordCursor } from "../../records/reader.ts";
import type { Partition } from "../partition.ts";
import {
  COMPRESSED_COST,
  isAborted,
  MIN_COST_BYTES,
  READ_BYTES,
  type ScanBudget,
  type ScanState,
} from "./key-scan.ts";

/** Every scan's: a step opens it and lets go of it. */
const cursor = new RecordCursor({ verifyCrc: true });

/**
 * Goes through one partition's committed records from an offset on, in slices: a step looks at a bounded part of the log.
 * Markers and aborted transactions are left out.
 */
export class RecordScan {
  readonly partition: Partition;
  /** Nothing below it is left to look at. */
  position: number;
  /** False where the record is to be the first of the next step. */
  readonly #take: (record: RecordCursor) => boolean;

  constructor(partition: Partition, fromOffset: number, take: (record: RecordCursor) => boolean) {
    this.partition = partition;
    this.position = fromOffset;
    this.#take = take;
  }

  /** Where careful readers see the log end. */
  get endOffset(): number {
    return this.partition.log.lastStableOffset;
  }

  /** Goes on until the budget is used up, the taker has enough, or the end is reached for now. */
  step(budget: ScanBudget): ScanState {
    while (budget.bytes > 0) {
      const state = this.#look(budget);
      if (state !== "more") return state;
    }
    return "more";
  }

  #look(budget: ScanBudget): ScanState {
    const { log } = this.partition;
    if (this.partition.deleted) return { error: ERROR.UNKNOWN_TOPIC_OR_PARTITION };
    // Retention may have gone past it meanwhile.
    this.position = Math.max(this.position, log.logStartOffset);
    const end = this.endOffset;
    if (this.position >= end) return "end";
    const read = log.read(offset(this.position), READ_BYTES, { minOneBatch: true, until: offset(end) });
    if (!("nextOffset" in read)) return { error: read.error };
    const { bytes } = read;
    if (bytes.length === 0) {
      this.position = end;
      return "end";
    }
    const isPlain = batchCompression(bytes, 0) === COMPRESSION_NONE;
    budget.bytes -= Math.max(MIN_COST_BYTES, bytes.length * (isPlain ? 1 : COMPRESSED_COST));
    const from = batchBaseOffset(bytes, 0);
    const aborted = log.abortedTransactions(from, Math.max(from, Math.min(read.nextOffset, end)));
    if (aborted === null) return { error: ERROR.KAFKA_STORAGE_ERROR };
    return this.#takeFrom(bytes, aborted, read.nextOffset);
  }

  #takeFrom(bytes: Uint8Array, aborted: Parameters<typeof isAborted>[1], nextOffset: number): ScanState {
    let batch = -1;
    let skipped = false;
    try {
      cursor.open(bytes);
      while (cursor.next()) {
        if (cursor.batchPosition !== batch) {
          batch = cursor.batchPosition;
          const header = bytes.subarray(batch);
          skipped = cursor.isControl || (batchIsTransactional(header, 0) && isAborted(header, aborted));
        }
        if (skipped || cursor.offset < this.position) continue;
        if (!this.#take(cursor)) {
          this.position = cursor.offset;
          return "full";
        }
        this.position = cursor.offset + 1;
      }
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      return { error: ERROR.CORRUPT_MESSAGE };
    } finally {
      cursor.close();
    }
    this.position = Math.max(this.position, nextOffset);
    return "more";
  }
}
