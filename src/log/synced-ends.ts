import { uuidBytes } from "../base/ids.ts";
import { type Journal, MAX_ENDS_AHEAD, type SyncedEnd } from "./journal.ts";
import type { LogBug } from "./log-config.ts";
import type { PartitionLog } from "./partition-log.ts";

/**
 * Tells recovery how far logs are durable that commit rounds make so by syncing their segments. The journal has no
 * records of those, and until the next checkpoint nothing else would tell a hole in them, which is damage, from the
 * end of what had reached the disk when power went: pages that were not synced get there in any order.
 *
 * Costs no sync and next to no writes. An end goes along with the next round that is written to the journal anyway. Until
 * then it stands, in one block that is written over and over, where that round will go, with those of MAX_ENDS_AHEAD logs
 * at most: so it is there after the process was killed, whenever that was, and after a power cut as the kernel had last
 * written it out, seconds before.
 */
export class SyncedEnds {
  readonly #journal: Journal;
  /** Logs whose end no round of the journal has, the latest last. */
  readonly #waiting = new Set<PartitionLog>();

  readonly #bugs: ReadonlySet<LogBug>;
  /** Whether something was noted that is not written ahead. */
  #isNews = false;

  constructor(journal: Journal, bugs: ReadonlySet<LogBug>) {
    this.#journal = journal;
    this.#bugs = bugs;
  }

  /** At most so many are added by `carry`. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Adds what is waiting to the round that the journal is building, and which is written in this turn: it takes the place of
   * what stands ahead, so that all of that has to be in it.
   */
  carry(): void {
    for (const log of [...this.#waiting].reverse()) {
      if (!this.#journal.fitsEnd) break;
      if (!log.deleted) this.#journal.addSynced(this.#endOf(log));
      this.#waiting.delete(log);
    }
    this.#isNews = this.#waiting.size > 0;
  }

  /** The segments of these logs were synced, or they were born: in either case the journal alone would not say so. */
  note(logs: readonly PartitionLog[]): void {
    for (const log of logs) {
      if (log.fault !== null || log.deleted) continue;
      this.#waiting.delete(log);
      this.#waiting.add(log);
      this.#isNews = true;
    }
  }

  /**
   * Writes what was noted. Only while no round of the journal is in flight: what follows a round says that it was durable. Throws
   * DISK_IO.
   */
  writeAhead(): void {
    if (!this.#isNews) return;
    this.#isNews = false;
    const latest = [...this.#waiting].slice(-MAX_ENDS_AHEAD);
    this.#journal.writeAhead(latest.map((log) => this.#endOf(log)));
  }

  #endOf(log: PartitionLog): SyncedEnd {
    const isEarly = this.#bugs.has("note-ends-early");
    const endOffset = isEarly ? log.logEndOffset : log.durableEndOffset;
    return { topicId: uuidBytes(log.topicId), partition: log.partition, endOffset };
  }
}
