import type { Round } from "./round.ts";

/** What an uplink did since the process began. */
export class Totals {
  recordsForwarded = 0;
  /** Of record batches as they were sent, without repetitions. */
  bytesForwarded = 0;
  transactions = 0;
  /** Attempts that failed and began again. */
  restarts = 0;
  /** Timestamp of the newest record forwarded, milliseconds since 1970; -1 before the first. */
  newestTimestampMs = -1;

  /** All of a round is at the centre. What is stamped ahead of the time counts as of now, where that is known. */
  completed({ records, sentBytes, newestTimestampMs }: Round, wallMs: number | null): void {
    this.recordsForwarded += records;
    this.bytesForwarded += sentBytes;
    const newestMs = Math.min(newestTimestampMs, wallMs ?? newestTimestampMs);
    this.newestTimestampMs = Math.max(this.newestTimestampMs, newestMs);
  }
}
