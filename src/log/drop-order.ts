import type { LogConfig } from "./log-config.ts";

/** A segment as the choice sees it. */
export interface DroppableSegment {
  readonly sizeBytes: number;
  readonly nextOffset: number;
  /** -1 where none of its records has a time. */
  readonly maxTimestampMs: number;
}

/** A log that may have to make room; the last of its segments is the active one. */
export interface DroppableLog<Log> {
  readonly log: Log;
  readonly config: Pick<LogConfig, "fullPolicy" | "priority" | "keepUnforwarded" | "deletes">;
  readonly segments: readonly DroppableSegment[];
  readonly highWatermark: number;
  /** Below it everybody who carries the log elsewhere has done so; null where nobody carries it. */
  readonly forwardedEnd: number | null;
}

export interface Drop<Log> {
  readonly log: Log;
  /** The log start offset to move to. */
  readonly logStartOffset: number;
  /** Whether the active segment goes too, so that a new one has to be started first. */
  readonly rollFirst: boolean;
  readonly bytes: number;
}

/** How far the choice has come in one log. */
interface Head<Log> {
  readonly from: DroppableLog<Log>;
  next: number;
  bytes: number;
}

/**
 * Which records make room for new ones: first those that were forwarded already, which are lost to nobody; then, and
 * among those, the least important topics' before the others', and the oldest segments first. Nothing goes of topics that refuse
 * what is new instead, that are only compacted (their old segments hold what is in force), or above the high
 * watermark; nor what was not forwarded where the topic says so.
 */
export function chooseDrops<Log>(logs: Iterable<DroppableLog<Log>>, neededBytes: number): Drop<Log>[] {
  const heads: Head<Log>[] = [];
  for (const from of logs) {
    if (from.config.fullPolicy === "drop-oldest" && from.config.deletes)
      heads.push({ from, next: 0, bytes: 0 });
  }
  let left = neededBytes;
  while (left > 0) {
    let best: Head<Log> | null = null;
    for (const head of heads) {
      if (mayGo(head) && (best === null || goesBefore(head, best))) best = head;
    }
    if (best === null) break;
    const sizeBytes = segmentOf(best)?.sizeBytes ?? 0;
    best.next += 1;
    best.bytes += sizeBytes;
    left -= sizeBytes;
  }
  return heads.filter(({ next }) => next > 0).map(dropOf);
}

function dropOf<Log>({ from, next, bytes }: Head<Log>): Drop<Log> {
  const logStartOffset = from.segments[next - 1]?.nextOffset ?? 0;
  return { log: from.log, logStartOffset, rollFirst: next === from.segments.length, bytes };
}

function segmentOf<Log>({ from, next }: Head<Log>): DroppableSegment | undefined {
  return from.segments[next];
}

function mayGo<Log>(head: Head<Log>): boolean {
  const segment = segmentOf(head);
  if (segment === undefined || segment.sizeBytes === 0) return false;
  if (segment.nextOffset > head.from.highWatermark) return false;
  return !head.from.config.keepUnforwarded || head.from.forwardedEnd === null || !isLoss(head);
}

/** Whether somebody loses these records. */
function isLoss<Log>(head: Head<Log>): boolean {
  const { forwardedEnd } = head.from;
  return forwardedEnd === null || (segmentOf(head)?.nextOffset ?? 0) > forwardedEnd;
}

function goesBefore<Log>(a: Head<Log>, b: Head<Log>): boolean {
  if (isLoss(a) !== isLoss(b)) return !isLoss(a);
  if (a.from.config.priority !== b.from.config.priority)
    return a.from.config.priority > b.from.config.priority;
  if (isActive(a) !== isActive(b)) return isActive(b);
  return (segmentOf(a)?.maxTimestampMs ?? 0) < (segmentOf(b)?.maxTimestampMs ?? 0);
}

function isActive<Log>({ from, next }: Head<Log>): boolean {
  return next === from.segments.length - 1;
}
