import { HeadwaterError, hasCode } from "../base/errors.ts";
import {
  batchBaseOffset,
  batchIsControl,
  batchIsTransactional,
  batchLastOffset,
  batchProducerId,
} from "../records/batch.ts";
import { markerOf } from "../records/transaction-marker.ts";
import type { Segment } from "./segment.ts";
import type { TransactionLists } from "./segment-transactions.ts";
import type { AbortedTransaction, OpenTransaction } from "./transaction-state.ts";

/**
 * Aborted transactions with records in [fromOffset, toOffset), all of which is below the last stable offset, in the
 * order of their markers. A marker may stand behind the range, in a later segment: each entry says up to where
 * everything was decided once it was written, which ends the search. Throws LOG_CORRUPT or DISK_IO.
 */
export function findAborted(
  segments: readonly Segment[],
  first: number,
  fromOffset: number,
  toOffset: number,
): AbortedTransaction[] {
  const found: AbortedTransaction[] = [];
  for (let i = first; i < segments.length; i++) {
    const segment = segments[i] as Segment;
    if (segment.baseOffset >= toOffset && segment.transactions.openCount === 0) break;
    if (segment.transactions.abortedCount === 0) continue;
    for (const aborted of transactionsOf(segments, i).aborted) {
      if (aborted.lastOffset >= fromOffset && aborted.firstOffset < toOffset) found.push(aborted);
      if (aborted.lastStableOffset >= toOffset) return found;
    }
  }
  return found;
}

/** A segment's transactions, the last one's by default: from memory, its index file, or a walk. Throws as above. */
export function transactionsOf(
  segments: readonly Segment[],
  index: number = segments.length - 1,
): TransactionLists {
  const segment = segments[index] as Segment;
  const lists = segment.loadTransactions();
  if (lists !== null) return lists;
  const built = walk(segment, openAt(segments, index));
  segment.takeTransactions({ open: built.open, aborted: built.aborted });
  return segment.transactions.lists ?? built;
}

/**
 * Transactions open at the base of a segment: found from the nearest one before it that is known. Records before
 * the first segment can't be read, so that no transaction has to begin there.
 */
function openAt(segments: readonly Segment[], index: number): readonly OpenTransaction[] {
  let known = index;
  while (known > 0 && (segments[known] as Segment).transactions.openCount !== 0) {
    if (known !== index && (segments[known] as Segment).loadTransactions() !== null) break;
    known -= 1;
  }
  let open = (segments[known] as Segment).loadTransactions()?.open ?? [];
  for (let i = known; i < index; i++) open = walk(segments[i] as Segment, open).openAfter;
  return open;
}

interface Walked extends TransactionLists {
  readonly openAfter: readonly OpenTransaction[];
}

function walk(segment: Segment, open: readonly OpenTransaction[]): Walked {
  const running = new Map(open.map(({ producerId, firstOffset }) => [producerId, firstOffset]));
  const aborted: AbortedTransaction[] = [];
  if (segment.sizeBytes > 0) {
    const batches = segment.walk(0);
    while (batches.next()) {
      const { bytes, at } = batches;
      if (!batchIsTransactional(bytes, at)) continue;
      const producerId = batchProducerId(bytes, at);
      if (!batchIsControl(bytes, at)) {
        if (!running.has(producerId)) running.set(producerId, batchBaseOffset(bytes, at));
        continue;
      }
      const lastOffset = batchLastOffset(bytes, at);
      const marker = markerOf(segment.open().view(batches.position, batches.sizeBytes), 0);
      const firstOffset = running.get(producerId);
      running.delete(producerId);
      if (marker?.outcome !== "abort" || firstOffset === undefined) continue;
      const lastStableOffset = Math.min(...running.values(), lastOffset + 1);
      aborted.push({ producerId, firstOffset, lastOffset, lastStableOffset });
    }
    if (batches.broken) {
      const { path } = segment;
      throw new HeadwaterError("LOG_CORRUPT", `${path}: there is no batch where one should start`, { path });
    }
  }
  const openAfter = [...running].map(([producerId, firstOffset]) => ({ producerId, firstOffset }));
  return { open, aborted, openAfter };
}

/** The segment that an error says can't be read as it should; null where it is none of them. Throws other errors. */
export function damagedBy(error: unknown, segments: readonly Segment[]): Segment | null {
  if (!(error instanceof HeadwaterError) || !isDamage(error)) throw error;
  return segments.find(({ path }) => path === error.path) ?? null;
}

/** Whether an error says that a segment can't be read as it should. */
export function isDamage(error: unknown): boolean {
  return hasCode(error, "LOG_CORRUPT") || hasCode(error, "DISK_IO");
}
