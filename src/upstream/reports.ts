import type { RecreatedTopics } from "./settings.ts";

/**
 * What took records that will not reach the centre, or are not there any more: the log deleted them first, damage did, the
 * centre will never take them, an operator skipped them, or they were deleted at the centre with their topic.
 */
export type GapCause = "deleted" | "damaged" | "refused" | "skipped" | "centre-deleted";

/** A record that the centre refuses. */
export interface RefusedRecord {
  readonly key: Uint8Array | null;
  /** Of key and value. */
  readonly bytes: number;
  /** As the local log has it. */
  readonly timestampMs: number;
}

/** What an uplink has to tell while it works. Calls come in the turn of the event loop in which it happened. */
export interface UplinkReports {
  /**
   * Records [fromOffset, toOffset) of a source partition will not reach the centre. After a crash a gap may be
   * reported once more, if its round had not been committed. `record` is the one that is refused.
   */
  onGap(
    topic: string,
    partition: number,
    fromOffset: number,
    toOffset: number,
    reason: string,
    cause: GapCause,
    record?: RefusedRecord,
  ): void;
  /**
   * Whether the gaps of a source partition that begin below an offset and were told of, here or by the log, are written
   * down where no power cut takes them. The position, at the centre and in the local store, moves over a gap only
   * then. Without this function they are at once.
   */
  areGapsWritten?(topic: string, partition: number, endOffset: number): boolean;
  /** The same of what the log is about to let go: what was read of that before goes up, and nothing steps over the rest. */
  areDeletionsWritten?(topic: string, partition: number, endOffset: number): boolean;
  /** A local topic was deleted and made again: its records are forwarded from the new log's start. */
  onRecreated(topic: string): void;
  /**
   * A topic was deleted at the centre and made again: of `records` that had been forwarded, what is stored goes up again, or,
   * to "continue", nothing.
   */
  onCentreRecreated?(topic: string, centralTopic: string, decision: RecreatedTopics, records: number): void;
  /**
   * The centre has records [fromOffset, toOffset) of another history of this partition: the data folder is an older copy, or
   * another one. Records from there on are sent under a new epoch.
   */
  onDiverged?(topic: string, partition: number, fromOffset: number, toOffset: number, epoch: number): void;
  /** The uplink changed its state: connected, backing off, fenced, failed. One line for the log. */
  onState(level: "info" | "warn" | "error", message: string): void;
  /** All is well again after failures that began this long ago. */
  onRecovered?(troubleMs: number): void;
  /** Something is wrong that the uplink works around. */
  onTrouble(message: string, error: Error | null): void;
}
