import { offset } from "../../base/ids.ts";
import type { Partition } from "../../broker/partition.ts";
import { ERROR } from "../../kafka/wire/generated/errors.ts";
import {
  batchBaseOffset,
  batchIsControl,
  batchIsTransactional,
  batchLastOffset,
  batchProducerId,
  batchSizeBytes,
} from "../../records/batch.ts";
import type { AcquiredRange, BatchSpan } from "./share-partition.ts";

/** Whole batches as they lie in the log, and what may be delivered of them. A view, good for this turn. */
export interface ShareRead {
  readonly error: 0;
  readonly bytes: Uint8Array;
  readonly spans: readonly BatchSpan[];
}

export interface ShareReadFault {
  readonly error: number;
}

const NO_BYTES = new Uint8Array(0);

/**
 * Reads from the batch that holds `from`. Markers are never delivered; with `readCommitted` neither are records
 * of aborted transactions, and those of open ones are not read.
 */
export function readForShare(
  partition: Partition,
  from: number,
  maxBytes: number,
  minOneBatch: boolean,
  readCommitted: boolean,
): ShareRead | ShareReadFault {
  const { log } = partition;
  const until = readCommitted ? partition.lastStableOffset : log.highWatermark;
  if (from >= until) return { error: 0, bytes: NO_BYTES, spans: [] };
  const read = log.read(offset(from), maxBytes, { minOneBatch, until });
  if (read.error !== 0 || !("nextOffset" in read)) return { error: read.error };
  const { bytes } = read;
  if (bytes.length === 0) return { error: 0, bytes, spans: [] };
  const first = batchBaseOffset(bytes, 0);
  const aborted = readCommitted ? log.abortedTransactions(first, read.nextOffset) : [];
  if (aborted === null) return { error: ERROR.KAFKA_STORAGE_ERROR };
  const spans: BatchSpan[] = [];
  for (let at = 0; at < bytes.length; at += batchSizeBytes(bytes, at)) {
    const firstOffset = batchBaseOffset(bytes, at);
    const lastOffset = batchLastOffset(bytes, at);
    const producerId = batchProducerId(bytes, at);
    const isAborted =
      batchIsTransactional(bytes, at) &&
      aborted.some(
        (transaction) =>
          transaction.producerId === producerId &&
          transaction.firstOffset <= lastOffset &&
          firstOffset <= transaction.lastOffset,
      );
    spans.push({ firstOffset, lastOffset, deliverable: !batchIsControl(bytes, at) && !isAborted });
  }
  return { error: 0, bytes, spans };
}

/** The batches that hold what was acquired: those before and after it are cut off. */
export function bytesOf(bytes: Uint8Array, ranges: readonly AcquiredRange[]): Uint8Array {
  const first = ranges[0]?.firstOffset;
  const last = ranges.at(-1)?.lastOffset;
  if (first === undefined || last === undefined) return NO_BYTES;
  let start = 0;
  let end = 0;
  for (let at = 0; at < bytes.length; ) {
    const sizeBytes = batchSizeBytes(bytes, at);
    if (batchLastOffset(bytes, at) < first) start = at + sizeBytes;
    if (batchBaseOffset(bytes, at) > last) break;
    at += sizeBytes;
    end = at;
  }
  return bytes.subarray(start, end);
}
