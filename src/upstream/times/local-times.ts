/**
 * What the gateway knows of the times that its records were stamped with; see `clock`. Every call is answered from
 * memory.
 */
export interface LocalTimes {
  /** The true time, in milliseconds since 1970; null while nobody can tell. */
  nowMs(): number | null;
  /** Whether records of this log from the offset on may have been stamped by a clock that was wrong. */
  isDoubtful(log: SourceLog, fromOffset: number): boolean;
  /** What a stamp really was: as it is where it is its sender's own, null where nobody can tell yet. */
  trueTime(log: SourceLog, offset: number, stampedMs: number): TrueTime | null;
  /** The same for a record that says at what time of which boot it came. */
  timeOfBoot(boot: string, bootMs: number, stampedMs: number): TrueTime | null;
}

export interface SourceLog {
  readonly topicId: string;
  readonly partition: number;
}

export interface TrueTime {
  readonly timeMs: number;
  /** The latest that it can have been. */
  readonly isEstimate: boolean;
}

/** A gateway whose clock is nobody's business: nothing is repaired, and nothing is old. */
export const NO_LOCAL_TIMES: LocalTimes = {
  nowMs: () => null,
  isDoubtful: () => false,
  trueTime: (_log, _offset, timeMs) => ({ timeMs, isEstimate: false }),
  timeOfBoot: (_boot, _bootMs, timeMs) => ({ timeMs, isEstimate: false }),
};
