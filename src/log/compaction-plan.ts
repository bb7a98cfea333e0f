import type { LogConfig } from "./log-config.ts";

/** What the choice of a log to compact looks at, oldest segment first. */
export interface CompactableSegment {
  readonly baseOffset: number;
  readonly nextOffset: number;
  readonly sizeBytes: number;
  /** Latest timestamp of its records; -1 where none has one. */
  readonly maxTimestampMs: number;
  /** Timestamp of its first batch; -1 where it has none. Looked up only where `max.compaction.lag.ms` is set. */
  firstTimestampMs(): number;
}

export interface CompactionBounds {
  /** Records below were compacted before. */
  readonly cleanedOffset: number;
  /** Nothing at or above may be touched: the active segment, and what is not stable. */
  readonly endOffset: number;
}

/** A part of a log that may be compacted. */
export interface CompactionPlan {
  /** Records from here on make others superseded; those below only are. */
  readonly firstDirtyOffset: number;
  /** The segments that end at or below it are gone through. */
  readonly endOffset: number;
  /** Share of their bytes that was not compacted before, 0 to 1. */
  readonly dirtyRatio: number;
  /** Whether the ratio, or the age of records, says that it is time. */
  readonly due: boolean;
}

/**
 * What may be compacted of a log, and whether it is time, as Kafka decides it (LogCleanerManager): more than
 * `min.cleanable.dirty.ratio` of the bytes are dirty, or dirty records are older than `max.compaction.lag.ms`;
 * never what is younger than `min.compaction.lag.ms`. Null where nothing is dirty.
 */
export function planCompaction(
  segments: readonly CompactableSegment[],
  config: LogConfig,
  bounds: CompactionBounds,
  nowMs: number,
): CompactionPlan | null {
  const firstDirtyOffset = bounds.cleanedOffset;
  let cleanBytes = 0;
  let dirtyBytes = 0;
  let endOffset = firstDirtyOffset;
  let overdue = false;
  for (const segment of segments) {
    if (segment.nextOffset > bounds.endOffset) break;
    if (segment.nextOffset <= firstDirtyOffset) {
      cleanBytes += segment.sizeBytes;
      continue;
    }
    if (config.minCompactionLagMs > 0 && segment.maxTimestampMs > nowMs - config.minCompactionLagMs) break;
    dirtyBytes += segment.sizeBytes;
    endOffset = segment.nextOffset;
    if (config.maxCompactionLagMs < Number.MAX_SAFE_INTEGER && !overdue) {
      const firstMs = segment.firstTimestampMs();
      overdue = firstMs > 0 && firstMs < nowMs - config.maxCompactionLagMs;
    }
  }
  if (dirtyBytes === 0) return null;
  const dirtyRatio = dirtyBytes / (cleanBytes + dirtyBytes);
  return {
    firstDirtyOffset,
    endOffset,
    dirtyRatio,
    due: overdue || dirtyRatio > config.minCleanableDirtyRatio,
  };
}

/**
 * Runs of segments, each to become one: small ones are joined, up to the size of a segment and to what relative
 * offsets can tell apart.
 */
export function groupSegments<Segment extends Omit<CompactableSegment, "firstTimestampMs">>(
  segments: readonly Segment[],
  maxBytes: number,
  maxOffsets: number,
): Segment[][] {
  const groups: Segment[][] = [];
  let bytes = 0;
  for (const segment of segments) {
    const group = groups.at(-1);
    const first = group?.[0];
    const fits =
      group !== undefined &&
      first !== undefined &&
      bytes + segment.sizeBytes <= maxBytes &&
      segment.nextOffset - first.baseOffset <= maxOffsets;
    if (fits) {
      group.push(segment);
      bytes += segment.sizeBytes;
    } else {
      groups.push([segment]);
      bytes = segment.sizeBytes;
    }
  }
  return groups;
}
