import { ERROR } from "../kafka/wire/generated/errors.ts";
import type { AppendResult } from "../log/append-read.ts";
import { BATCH_HEADER_BYTES, batchLastOffsetDelta, completeBatchSizeBytes } from "../records/batch.ts";
import type { Partition } from "./partition.ts";

/** Who is told of what happens to partitions. */
export class PartitionHooks {
  /** The first append since the start is about to happen. */
  onBegun: (partition: Partition) => void = () => {};
  /** Records were refused for want of space. */
  onFull: (topic: string, partition: number, records: number, bytes: number) => void = () => {};
}

/** Records of one partition since it was opened: `offered = stored + refused + duplicates`. */
export class PartitionCounters {
  offered = 0;
  stored = 0;
  /** Of them nothing is in the log; who sent them may send them again. */
  refused = 0;
  /** Sent again by an idempotent producer, and there already. */
  duplicates = 0;
  /** Of transactions, made by the broker; they take an offset each. */
  markers = 0;
  readonly #endAtStart: number;

  constructor(logEndOffset: number) {
    this.#endAtStart = logEndOffset;
  }

  /** Notes the outcome of an append. Gives the records that found no space. */
  note(batches: Uint8Array, start: number, end: number, result: AppendResult): number {
    const records = recordsIn(batches, start, end);
    this.offered += records;
    if ("message" in result) {
      this.refused += records;
      return result.error === ERROR.KAFKA_STORAGE_ERROR && result.diskFull === true ? records : 0;
    }
    if (result.duplicate) this.duplicates += records;
    else this.stored += records;
    return 0;
  }

  /** Whether the log has as many more offsets as were counted. */
  reconcile(logEndOffset: number): boolean {
    const sum = this.stored + this.refused + this.duplicates;
    return this.offered === sum && logEndOffset - this.#endAtStart === this.stored + this.markers;
  }
}

/** What the batches say, whether they are sound or not. */
function recordsIn(batches: Uint8Array, start: number, end: number): number {
  let records = 0;
  for (let at = start; end - at >= BATCH_HEADER_BYTES; ) {
    const sizeBytes = completeBatchSizeBytes(batches, at, end);
    if (sizeBytes === 0) break;
    records += Math.max(0, batchLastOffsetDelta(batches, at) + 1);
    at += sizeBytes;
  }
  return records;
}
