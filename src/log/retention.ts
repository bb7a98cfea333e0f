import type { DeletionReason, LogConfig } from "./log-config.ts";

/** What retention looks at, oldest segment first; the last is the active one. */
export interface RetainedSegment {
  readonly sizeBytes: number;
  readonly nextOffset: number;
  /** Latest timestamp of its records; -1 where none has one. */
  readonly maxTimestampMs: number;
  /** When its first append was, for records without timestamps; null where it had none in this process. */
  readonly firstAppendMs: number | null;
}

export interface RetentionDecision {
  /** The log start offset to move to. */
  readonly logStartOffset: number;
  readonly reason: DeletionReason;
  /** Whether the active segment goes too, so that a new one has to be started first. */
  readonly rollFirst: boolean;
}

/**
 * What a log may let go, as Kafka decides it: by time every segment whose latest record is older than the limit,
 * the active one included; by size the oldest segments, as long as what is left is at least the limit, never the
 * active one. Nothing that readers have not seen yet (above the high watermark) goes. Without a time only the size
 * counts.
 */
export function decideRetention<Kept extends RetainedSegment>(
  segments: readonly Kept[],
  config: LogConfig,
  highWatermark: number,
  nowMs: number | null,
  trueTime: TrueTime<Kept> = asStamped,
): RetentionDecision | null {
  const old = nowMs === null ? null : byTime(segments, config, highWatermark, nowMs, trueTime);
  return old ?? bySize(segments, config, highWatermark);
}

/** What the latest stamp of a segment really was; null while nobody can tell: then it is not too old. */
export type TrueTime<Kept extends RetainedSegment> = (segment: Kept, stampedMs: number) => number | null;

function asStamped(_segment: RetainedSegment, stampedMs: number): number {
  return stampedMs;
}

function byTime<Kept extends RetainedSegment>(
  segments: readonly Kept[],
  config: LogConfig,
  highWatermark: number,
  nowMs: number,
  trueTime: TrueTime<Kept>,
): RetentionDecision | null {
  if (config.retentionMs < 0) return null;
  let logStartOffset = -1;
  let rollFirst = false;
  for (const [i, segment] of segments.entries()) {
    if (segment.sizeBytes === 0 || segment.nextOffset > highWatermark) break;
    const stampedMs = segment.maxTimestampMs >= 0 ? segment.maxTimestampMs : (segment.firstAppendMs ?? nowMs);
    const latestMs = trueTime(segment, stampedMs);
    if (latestMs === null || nowMs - latestMs <= config.retentionMs) break;
    logStartOffset = segment.nextOffset;
    rollFirst = i === segments.length - 1;
  }
  return logStartOffset < 0 ? null : { logStartOffset, reason: "retention.ms", rollFirst };
}

function bySize(
  segments: readonly RetainedSegment[],
  config: LogConfig,
  highWatermark: number,
): RetentionDecision | null {
  if (config.retentionBytes < 0) return null;
  let excess = -config.retentionBytes;
  for (const segment of segments) excess += segment.sizeBytes;
  let logStartOffset = -1;
  for (const segment of segments.slice(0, -1)) {
    if (segment.nextOffset > highWatermark || excess - segment.sizeBytes < 0) break;
    excess -= segment.sizeBytes;
    logStartOffset = segment.nextOffset;
  }
  return logStartOffset < 0 ? null : { logStartOffset, reason: "retention.bytes", rollFirst: false };
}

/**
 * Whether the active segment is old enough to be sealed, full or not. Compaction never touches the active one, so
 * it is sealed in time for `max.compaction.lag.ms`. `nowMs` and `trueTime` as in `decideRetention`.
 */
export function isDueToRoll<Kept extends RetainedSegment>(
  active: Kept,
  config: LogConfig,
  nowMs: number,
  trueTime: TrueTime<Kept> = asStamped,
): boolean {
  if (active.sizeBytes === 0 || active.firstAppendMs === null) return false;
  const firstMs = trueTime(active, active.firstAppendMs);
  if (firstMs === null) return false;
  const limitMs = config.compact ? Math.min(config.segmentMs, config.maxCompactionLagMs) : config.segmentMs;
  return nowMs - firstMs >= limitMs;
}
