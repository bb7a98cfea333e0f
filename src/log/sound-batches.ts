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

/** What a segment is put together from: bytes of the damaged file, or batches from elsewhere. */
export type SoundPiece = SoundRange | Uint8Array;

/** Gives sound batches that are known from elsewhere, of offsets within [fromOffset, toOffset) and rising. */
export type Refill = (fromOffset: number, toOffset: number) => readonly Uint8Array[];

/** Puts batches from elsewhere where some are lost. `lost` is what stays so. */
export function refillLost(
  { sound, lost, endOffset }: SoundBatches,
  refill: Refill,
): { readonly pieces: SoundPiece[]; readonly lost: LostRange[]; readonly endOffset: number } {
  const pieces: SoundPiece[] = [];
  const left: LostRange[] = [];
  const ranges = [...sound];
  let end = endOffset;
  for (const hole of lost) {
    while (ranges[0] !== undefined && ranges[0].start < hole.start) pieces.push(ranges.shift() as SoundRange);
    let expected = hole.fromOffset;
    for (const batch of refill(hole.fromOffset, hole.toOffset)) {
      const baseOffset = batchBaseOffset(batch, 0);
      if (baseOffset > expected) left.push({ ...hole, fromOffset: expected, toOffset: baseOffset });
      pieces.push(batch);
      expected = batchNextOffset(batch, 0);
      end = Math.max(end, expected);
    }
    if (expected < hole.toOffset) left.push({ ...hole, fromOffset: expected });
  }
  return { pieces: [...pieces, ...ranges], lost: left, endOffset: end };
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

/** Whole batches that stand anywhere in these bytes. */
export interface StrayBatches {
  readonly batches: number;
  /** Of the first and after the last; -1 where there are none. */
  readonly fromOffset: number;
  readonly toOffset: number;
  /** Up to the end of the last. */
  readonly sizeBytes: number;
}

/** Looks for whole batches with offsets in [minOffset, limitOffset), each later than the one before. */
export function findStray(
  bytes: Uint8Array,
  minOffset: number,
  limitOffset = Number.MAX_SAFE_INTEGER,
): StrayBatches {
  const anywhere = { baseOffset: minOffset, nextOffset: limitOffset, sizeBytes: 0 };
  let [batches, fromOffset, toOffset] = [0, -1, -1];
  for (let position = 0; ; ) {
    const start = findBatch(bytes, position, Math.max(minOffset, toOffset), anywhere, anywhere.nextOffset);
    if (start < 0) return { batches, fromOffset, toOffset, sizeBytes: position };
    if (batches === 0) fromOffset = batchBaseOffset(bytes, start);
    batches += 1;
    toOffset = batchNextOffset(bytes, start);
    position = start + batchSizeBytes(bytes, start);
  }
}

/** Those behind a hole at a segment's known end, `nextOffset`, of which nothing tells that they were acknowledged. */
export function strayBehind(
  file: DiskFile,
  found: SoundBatches,
  nextOffset: number,
  limitOffset: number,
): StrayBatches {
  const start = found.sound.at(-1)?.end ?? 0;
  const minOffset = Math.max(nextOffset, found.endOffset);
  return findStray(file.view(start, file.sizeBytes - start), minOffset, limitOffset);
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
