import {
  BATCH_HEADER_BYTES,
  batchBaseOffset,
  batchNextOffset,
  batchSizeBytes,
  completeBatchSizeBytes,
} from "../records/batch.ts";
import { entryBatches, type JournalEntry } from "./journal.ts";

/** A journal entry with batches that may be missing in their segment, and the offset after its last batch. */
export interface Refill {
  readonly entry: JournalEntry;
  readonly endOffset: number;
}

/** Those of one log, by offset. */
export function refillsOf(entries: readonly JournalEntry[]): readonly Refill[] {
  return entries
    .filter(({ kind }) => kind === "batches")
    .map((entry) => ({ entry, endOffset: endOffsetOf(entry) }))
    .sort((a, b) => a.entry.offset - b.entry.offset);
}

/** Below it everything was acknowledged, or is in the journal: what is missing there is damage. */
export function acknowledgedEnd(entries: readonly JournalEntry[], refills: readonly Refill[]): number {
  let endOffset = 0;
  for (const { kind, offset } of entries) if (kind === "synced") endOffset = Math.max(endOffset, offset);
  for (const refill of refills) endOffset = Math.max(endOffset, refill.endOffset);
  return endOffset;
}

/** Copies of the batches with offsets within [fromOffset, toOffset), rising. */
export function batchesWithin(
  refills: readonly Refill[],
  fromOffset: number,
  toOffset: number,
): readonly Uint8Array[] {
  const found: Uint8Array[] = [];
  let expected = fromOffset;
  for (const { entry, endOffset } of refills) {
    if (endOffset <= expected || entry.offset >= toOffset) continue;
    const batches = entryBatches(entry).slice();
    let sizeBytes = 0;
    for (let at = 0; at < batches.length; at += sizeBytes) {
      sizeBytes = completeBatchSizeBytes(batches, at, batches.length);
      if (sizeBytes === 0) break;
      if (batchBaseOffset(batches, at) < expected || batchNextOffset(batches, at) > toOffset) continue;
      found.push(batches.subarray(at, at + sizeBytes));
      expected = batchNextOffset(batches, at);
    }
  }
  return found;
}

/** -1 for an entry that holds no batch. */
function endOffsetOf(entry: JournalEntry): number {
  if (entry.sizeBytes < BATCH_HEADER_BYTES) return -1;
  const bytes = entryBatches(entry);
  let endOffset = -1;
  for (let at = 0; completeBatchSizeBytes(bytes, at, bytes.length) > 0; at += batchSizeBytes(bytes, at)) {
    endOffset = batchNextOffset(bytes, at);
  }
  return endOffset;
}
