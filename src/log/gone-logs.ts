import type { JournalEntry } from "./journal.ts";
import type { LogIdentity, LogReport } from "./log-config.ts";
import type { PartitionLog } from "./partition-log.ts";
import { acknowledgedEnd, refillsOf } from "./refills.ts";

interface GoneLog {
  readonly logStartOffset: number;
  readonly endOffset: number;
}

/** Names a log for good: no other topic ever has this id. */
export function logKey({ topicId, partition }: Omit<LogIdentity, "topic">): string {
  return `${topicId}:${partition}`;
}

/**
 * Logs that had records when the store was opened, and no folder: they were deleted, or it is lost. It was lost where
 * somebody makes them anew, since nobody makes a deleted log: then this is told, and offsets go on behind it.
 */
export class GoneLogs {
  readonly #logs = new Map<string, GoneLog>();

  note(key: string, logStartOffset: number, endOffset: number): void {
    const known = this.#logs.get(key);
    const start = Math.max(known?.logStartOffset ?? 0, logStartOffset);
    const end = Math.max(known?.endOffset ?? 0, endOffset);
    if (end > 0) this.#logs.set(key, { logStartOffset: start, endOffset: end });
  }

  /** What the journal is certain of. */
  noteEntries(key: string, entries: readonly JournalEntry[]): void {
    const starts = entries.filter(({ kind }) => kind === "log-start").map(({ offset }) => offset);
    this.note(key, Math.max(0, ...starts), acknowledgedEnd(entries, refillsOf(entries)));
  }

  has(log: LogIdentity): boolean {
    return this.#logs.has(logKey(log));
  }

  /** Where a log begins that is made. */
  endOf(log: LogIdentity): number {
    return this.#logs.get(logKey(log))?.endOffset ?? 0;
  }

  /** The log was made. */
  tell(log: PartitionLog, report: LogReport): void {
    const gone = this.#logs.get(logKey(log));
    this.#logs.delete(logKey(log));
    if (gone === undefined || gone.logStartOffset >= gone.endOffset) return;
    const { logStartOffset, endOffset } = gone;
    report.quarantined?.(log, log.folder, logStartOffset, endOffset, "the partition's folder was lost");
    report.deleted?.(log, logStartOffset, endOffset, "corruption");
  }
}
