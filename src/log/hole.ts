import { BATCH_HEADER_BYTES, NO_SEQUENCE, NO_TIMESTAMP, writeBatchHeader } from "../records/batch.ts";

/** Offsets that one batch can span: its last offset delta is an int32. */
const MAX_BATCH_OFFSETS = 2 ** 31;

/**
 * Batches without records over the offsets [fromOffset, toOffset), as compaction leaves them: they lead a reader
 * over a hole that nothing follows, where it would wait for ever. No bytes where there is no hole.
 */
export function fillHole(fromOffset: number, toOffset: number): Uint8Array {
  const count = Math.max(0, Math.ceil((toOffset - fromOffset) / MAX_BATCH_OFFSETS));
  const bytes = new Uint8Array(count * BATCH_HEADER_BYTES);
  for (let i = 0; i < count; i++) {
    const baseOffset = fromOffset + i * MAX_BATCH_OFFSETS;
    writeBatchHeader(bytes, i * BATCH_HEADER_BYTES, {
      baseOffset,
      sizeBytes: BATCH_HEADER_BYTES,
      leaderEpoch: -1,
      attributes: 0,
      lastOffsetDelta: Math.min(MAX_BATCH_OFFSETS, toOffset - baseOffset) - 1,
      baseTimestampMs: NO_TIMESTAMP,
      maxTimestampMs: NO_TIMESTAMP,
      producerId: -1,
      producerEpoch: -1,
      baseSequence: NO_SEQUENCE,
      recordCount: 0,
    });
  }
  return bytes;
}
