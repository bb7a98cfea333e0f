import type { DiskFile } from "../io/disk.ts";
import {
  BATCH_HEADER_BYTES,
  BATCH_MAGIC,
  batchBaseOffset,
  batchMagic,
  batchNextOffset,
  batchSizeBytes,
  checkBatch,
} from "../records/batch.ts";
import { isSafeInt64At } from "../records/big-endian.ts";

/** What is known of a segment whose file is gone through. */
export interface SuspectSegment {
  readonly baseOffset: number;
  /** After the last batch that was in it at least. */
  readonly nextOffset: number;
  /** Bytes of those batches. */
  readonly sizeBytes: number;
}

/** A run of sound batches in a damaged file: bytes [start, end). */
export interface SoundRange {
  readonly start: number;
  readonly end: number;
}

/** Offsets [fromOffset, toOffset) that nothing sound has, and the bytes [start, end) that stand in their place. */
export interface LostRange {
  readonly fromOffset: number;
  readonly toOffset: number;
  readonly start: number;
  readonly end: number;
}

/** What is in a segment's file. */
export interface SoundBatches {
  readonly sound: SoundRange[];
  readonly lost: LostRange[];
  /** After the last sound batch. */
  readonly endOffset: number;
}

/** Of a segment whose file is missing. */
export function nothingOf({ baseOffset, nextOffset }: SuspectSegment): SoundBatches {
  const whole = { fromOffset: baseOffset, toOffset: nextOffset, start: 0, end: 0 };
  return { sound: [], lost: [whole], endOffset: baseOffset };
}

/** The sound batches of a segment's file up to `limitOffset`, and the offsets that are missing between them. Throws DISK_IO. */
export function findSound(file: DiskFile, segment: SuspectSegment, limitOffset: number): SoundBatches {
  const bytes = file.view(0, file.sizeBytes);
  const sound: SoundRange[] = [];
  const lost: LostRange[] = [];
  let expected = segment.baseOffset;
  let position = 0;
  while (position < bytes.length) {
    const start = findBatch(bytes, position, expected, segment, limitOffset);
    if (start < 0) break;
    const baseOffset = batchBaseOffset(bytes, start);
    if (start > position)
      lost.push({ fromOffset: expected, toOffset: baseOffset, start: position, end: start });
    position = start + batchSizeBytes(bytes, start);
    expected = batchNextOffset(bytes, start);
    const last = sound.at(-1);
    if (last !== undefined && last.end === start)
      sound[sound.length - 1] = { start: last.start, end: position };
    else sound.push({ start, end: position });
  }
  if (expected < segment.nextOffset) {
    const end = Math.max(position, Math.min(bytes.length, segment.sizeBytes));
    lost.push({ fromOffset: expected, toOffset: segment.nextOffset, start: position, end });
  }
  return { sound, lost, endOffset: expected };
}

/**
 * Position of the next sound batch from the expected offset on, or -1. Beyond the segment's known end a batch
 * counts only where one has to start: what a crash left behind a hole there was never acknowledged.
 */
function findBatch(
  bytes: Uint8Array,
  from: number,
  expected: number,
  segment: SuspectSegment,
  limitOffset: number,
): number {
  for (let at = from; at + BATCH_HEADER_BYTES <= bytes.length; at++) {
    if (batchMagic(bytes, at) !== BATCH_MAGIC || !isSafeInt64At(bytes, at)) continue;
    const baseOffset = batchBaseOffset(bytes, at);
    const limit = at === from || at === segment.sizeBytes ? limitOffset : segment.nextOffset;
    if (baseOffset < expected || baseOffset >= limit) continue;
    if (checkBatch(bytes, at, bytes.length) === null && batchNextOffset(bytes, at) <= limit) return at;
  }
  return -1;
}
