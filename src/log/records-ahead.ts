import type { LogTimes } from "./log-times.ts";
import type { PartitionLog } from "./partition-log.ts";

/** Records that are further ahead than this are told of. */
const TELL_MS = 24 * 3600 * 1000;
/** Topics that were told of; after so many it begins anew. */
const MAX_TOLD = 1024;
/** By what share of `retention.ms` records live too long at most, be it that they are ahead, or seen late. */
const SHARE = 1 / 32;
const MIN_STEP_MS = 60_000;

/**
 * Records whose timestamps are ahead of the time, as of a device with a wrong clock: by these alone they would keep their
 * partition for ever. Where there are any, it is written down from time to time by when which records had come.
 */
export class RecordsAhead {
  readonly #warn: (message: string) => void;
  readonly #told = new Set<string>();

  constructor(warn: (message: string) => void) {
    this.#warn = warn;
  }

  /** Looks at a log at a time that can be believed. */
  look(log: PartitionLog, nowMs: number, times: LogTimes): void {
    const { retentionMs } = log.config;
    const stepMs = Math.max(MIN_STEP_MS, retentionMs * SHARE);
    let aheadEnd = -1;
    let latestMs = nowMs;
    for (const { maxTimestampMs, baseOffset, nextOffset } of log.segments) {
      if (maxTimestampMs <= nowMs + MIN_STEP_MS) continue;
      const timeMs = times.ageTime(log, baseOffset, nextOffset, maxTimestampMs);
      if (timeMs === null) continue;
      if (timeMs > nowMs + stepMs) aheadEnd = nextOffset;
      latestMs = Math.max(latestMs, timeMs);
    }
    if (latestMs > nowMs + TELL_MS) this.#tell(log, latestMs);
    if (retentionMs >= 0 && aheadEnd >= 0) times.see(log, aheadEnd, stepMs);
  }

  #tell({ topic, topicId, partition }: PartitionLog, latestMs: number): void {
    if (this.#told.has(topicId)) return;
    if (this.#told.size >= MAX_TOLD) this.#told.clear();
    this.#told.add(topicId);
    const latest = latestMs <= 8.64e15 ? new Date(latestMs).toISOString() : `${latestMs} ms`;
    this.#warn(
      `${topic}-${partition} has records stamped as late as ${latest}, more than a day ahead: retention takes them by when they came; see message.timestamp.after.max.ms`,
    );
  }
}
