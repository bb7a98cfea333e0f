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
  readonly config: Pick<LogConfig, "fullPolicy" | "priority" | "keepUnforwarded" | "deletes" | "usesReserve">;
  readonly segments: readonly DroppableSegment[];
  readonly highWatermark: number;
  /** Below it everybody who carries the log elsewhere has done so; null where nobody carries it. */
  readonly forwardedEnd: number | null;
  /** Up to where records are going already; null where none are. Until they are gone no more of the log can go. */
  readonly goingTo: number | null;
  /** Whether its active segment stays for now. */
  readonly keepsActive: boolean;
}

export interface Drop<Log> {
  readonly log: Log;
  /** The log start offset to move to. */
  readonly logStartOffset: number;
  /** Whether the active segment goes too, so that a new one has to be started first. */
  readonly rollFirst: boolean;
  readonly bytes: number;
}

export interface DropChoice<Log> {
  readonly drops: readonly Drop<Log>[];
  /**
   * Logs whose records would go next, and can't yet: some of theirs are going already, or these are not durable. Nobody's who is
   * more important go in their place. `active`: they are in the active segment.
   */
  readonly waiting: readonly { readonly log: Log; readonly active: boolean }[];
}

/** How far the choice has come in one log. */
interface Head<Log> {
  readonly from: DroppableLog<Log>;
  next: number;
  bytes: number;
  /** The first segment that goes, and the first that would and can't yet. */
  readonly first: number;
  waitsFrom: number | null;
}

/**
 * Which records make room for new ones: first those that were forwarded already, which are lost to nobody; then, and
 * among those, the least important topics' before the others', and the oldest segments first. Nothing goes of topics that refuse
 * what is new instead, that are only compacted (their old segments hold what is in force), or above the high
 * watermark, which is waited for; nor what was not forwarded where the topic says so.
 */
export function chooseDrops<Log>(logs: Iterable<DroppableLog<Log>>, neededBytes: number): DropChoice<Log> {
  const heads: Head<Log>[] = [];
  for (const from of logs) {
    if (from.config.fullPolicy !== "drop-oldest" || !from.config.deletes) continue;
    const { goingTo, segments } = from;
    const left = goingTo === null ? 0 : segments.findIndex(({ nextOffset }) => nextOffset > goingTo);
    const first = left < 0 ? segments.length : left;
    heads.push({ from, first, next: first, bytes: 0, waitsFrom: null });
  }
  let left = neededBytes;
  while (left > 0) {
    let best: Head<Log> | null = null;
    for (const head of heads) {
      if (mayGo(head) && (best === null || goesBefore(head, best))) best = head;
    }
    if (best === null) break;
    const sizeBytes = segmentOf(best)?.sizeBytes ?? 0;
    if (mustWait(best)) best.waitsFrom ??= best.next;
    else best.bytes += sizeBytes;
    best.next += 1;
    left -= sizeBytes;
  }
  return {
    drops: heads.filter(({ first, next, waitsFrom }) => (waitsFrom ?? next) > first).map(dropOf),
    waiting: heads.flatMap(({ from, waitsFrom }) =>
      waitsFrom === null ? [] : [{ log: from.log, active: waitsFrom === from.segments.length - 1 }],
    ),
  };
}

function dropOf<Log>({ from, next, waitsFrom, bytes }: Head<Log>): Drop<Log> {
  const end = waitsFrom ?? next;
  const logStartOffset = from.segments[end - 1]?.nextOffset ?? 0;
  return { log: from.log, logStartOffset, rollFirst: end === from.segments.length, bytes };
}

function mustWait<Log>(head: Head<Log>): boolean {
  const { goingTo, highWatermark } = head.from;
  return head.waitsFrom !== null || goingTo !== null || (segmentOf(head)?.nextOffset ?? 0) > highWatermark;
}

function segmentOf<Log>({ from, next }: Head<Log>): DroppableSegment | undefined {
  return from.segments[next];
}

function mayGo<Log>(head: Head<Log>): boolean {
  const segment = segmentOf(head);
  if (segment === undefined || segment.sizeBytes === 0) return false;
  if (head.from.keepsActive && isActive(head)) return false;
  // What the ledger is writing would be a loss for the ledger to write, and so on.
  if (head.from.config.usesReserve && isActive(head) && isLoss(head)) return false;
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
