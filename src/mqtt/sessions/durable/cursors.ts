import type { PendingBatch } from "../../../broker/ingest.ts";

/**
 * Positions of those who read a log and make messages of it (downlinks, bridges), durable in the same log as the
 * messages of durable sessions.
 */
export interface Cursors {
  /** What stands under a name, as of the latest `set`, durable or not; null for nothing. Not to be written to. */
  get(name: string): Uint8Array | null;
  /** Puts a value (null: nothing) under a name. The batch settles once that is durable; refused, the old one counts. */
  set(name: string, value: Uint8Array | null): PendingBatch;
  /**
   * Runs `change` at once. The messages for durable sessions and the cursors that it puts down are durable together or
   * not at all: published messages and the position behind them, so that none comes twice or never. To be called with
   * no more than some 4 MiB of messages.
   */
  together(change: () => void): void;
}
