import type { PartitionLog } from "./partition-log.ts";

/**
 * What is known of times that were stamped by a clock which may have been wrong. Records keep what they were stamped
 * with; what judges them by age asks here.
 */
export interface LogTimes {
  /** The true time where the wall clock shows `wallMs`; null while nobody can tell: nothing is too old then. */
  nowMs(wallMs: number): number | null;
  /**
   * By what time records [baseOffset, nextOffset) are judged, whose latest timestamp is `stampedMs`; null while
   * nobody can tell.
   */
  ageTime(
    log: Pick<PartitionLog, "topicId" | "partition">,
    baseOffset: number,
    nextOffset: number,
    stampedMs: number,
  ): number | null;
  /** The earliest time that is known by which all records below `endOffset` had come; null where none is. */
  seenBy(log: Pick<PartitionLog, "topicId" | "partition">, endOffset: number): number | null;
  /**
   * Records up to `aheadEnd` have timestamps that are ahead of the time: it is to be kept in mind, over restarts, that
   * what the log has now had come by now; again where `stepMs` have passed and there are new ones.
   */
  see(log: PartitionLog, aheadEnd: number, stepMs: number): void;
}

/** A clock that is always right. */
export const TIMES_AS_STAMPED: LogTimes = {
  nowMs: (wallMs) => wallMs,
  ageTime: (_log, _baseOffset, _nextOffset, stampedMs) => stampedMs,
  seenBy: () => null,
  see: () => {},
};
