import { HeadwaterError } from "../base/errors.ts";
import type { Offset } from "../base/ids.ts";
import {
  batchBaseOffset,
  batchLastOffset,
  batchMaxTimestampMs,
  batchNextOffset,
  batchRecordCount,
  NO_TIMESTAMP,
} from "../records/batch.ts";
import { RecordCursor } from "../records/reader.ts";
import type { BatchWalk } from "./batch-walk.ts";
import type { PartitionLog } from "./partition-log.ts";
import type { Segment } from "./segment.ts";

export interface TimestampedOffset {
  readonly offset: Offset;
  readonly timestampMs: number;
}

/** What readers see: [log start offset, high watermark). */
interface Range {
  readonly start: number;
  readonly end: number;
}

const cursor = new RecordCursor();

/** The first visible record of the log at `timestampMs` or later. Throws LOG_CORRUPT or DISK_IO. */
export function findTimestamp(log: PartitionLog, timestampMs: number): TimestampedOffset | null {
  const range: Range = { start: log.logStartOffset, end: log.highWatermark };
  for (const segment of log.segments) {
    if (segment.maxTimestampMs < timestampMs || segment.nextOffset <= range.start) continue;
    if (segment.baseOffset >= range.end) return null;
    const found = searchFrom(segment, segment.positionBeforeTime(timestampMs), timestampMs, range);
    if (found !== null) return found;
  }
  return null;
}

/** The first of the visible records with the latest timestamp. Throws LOG_CORRUPT or DISK_IO. */
export function findMaxTimestamp(log: PartitionLog): TimestampedOffset | null {
  const range: Range = { start: log.logStartOffset, end: log.highWatermark };
  let latestMs = NO_TIMESTAMP;
  for (const segment of log.segments) latestMs = Math.max(latestMs, maxTimestampIn(segment, range));
  if (latestMs === NO_TIMESTAMP) return null;
  const found = findTimestamp(log, latestMs);
  if (found !== null) return found;
  // The latest is that of a batch which compaction emptied: what is left is looked at batch by batch.
  latestMs = NO_TIMESTAMP;
  for (const segment of log.segments) latestMs = Math.max(latestMs, walkForMaxTimestamp(segment, range));
  return latestMs === NO_TIMESTAMP ? null : findTimestamp(log, latestMs);
}

function searchFrom(
  segment: Segment,
  start: number,
  timestampMs: number,
  range: Range,
): TimestampedOffset | null {
  const walk = segment.walk(start);
  while (walk.next()) {
    if (batchNextOffset(walk.bytes, walk.at) <= range.start) continue;
    if (batchBaseOffset(walk.bytes, walk.at) >= range.end) return null;
    if (batchMaxTimestampMs(walk.bytes, walk.at) < timestampMs) continue;
    const found = searchBatch(segment, walk, timestampMs, range);
    if (found !== null) return found;
  }
  if (walk.broken)
    throw new HeadwaterError("LOG_CORRUPT", `${segment.path} has no batch at byte ${walk.position}`);
  return null;
}

function searchBatch(
  segment: Segment,
  walk: BatchWalk,
  timestampMs: number,
  range: Range,
): TimestampedOffset | null {
  const bytes = segment.open().view(walk.position, walk.sizeBytes);
  cursor.open(bytes);
  try {
    while (cursor.next()) {
      if (cursor.timestampMs < timestampMs || cursor.offset < range.start) continue;
      return { offset: cursor.offset as Offset, timestampMs: cursor.timestampMs };
    }
    return null;
  } catch (error) {
    if (!(error instanceof HeadwaterError)) throw error;
    // Records that can't be read are still found by what their batch says.
    const offset = Math.max(batchBaseOffset(bytes, 0), range.start);
    return { offset: offset as Offset, timestampMs: batchMaxTimestampMs(bytes, 0) };
  } finally {
    cursor.open(NO_BYTES);
  }
}

/** Latest timestamp of a segment's visible batches. */
function maxTimestampIn(segment: Segment, range: Range): number {
  if (segment.nextOffset <= range.start || segment.baseOffset >= range.end) return NO_TIMESTAMP;
  const batch = segment.maxTimestampBatch;
  if (batch >= range.start && batch < range.end) return segment.maxTimestampMs;
  // The latest is out of sight: the segment is walked for the latest of what is left.
  return walkForMaxTimestamp(segment, range);
}

/** Latest timestamp of a segment's visible batches that have records. */
function walkForMaxTimestamp(segment: Segment, range: Range): number {
  let latestMs = NO_TIMESTAMP;
  if (segment.nextOffset <= range.start || segment.baseOffset >= range.end) return latestMs;
  const walk = segment.walk(0);
  while (walk.next()) {
    if (batchLastOffset(walk.bytes, walk.at) < range.start) continue;
    if (batchBaseOffset(walk.bytes, walk.at) >= range.end) break;
    if (batchRecordCount(walk.bytes, walk.at) === 0) continue;
    latestMs = Math.max(latestMs, batchMaxTimestampMs(walk.bytes, walk.at));
  }
  return latestMs;
}

const NO_BYTES = new Uint8Array(0);
