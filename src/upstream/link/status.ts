import type { LinkMode } from "./link-record.ts";
import type { BudgetEnd } from "./settings.ts";

/** How an uplink uses its link: plain data, made when asked for. Delays count from now. */
export interface LinkStatus {
  readonly mode: LinkMode;
  /** Why nothing may go up now, or null. */
  readonly heldBecause: string | null;
  /** Why nothing but topics with a priority may go up now, or null. */
  readonly othersHeldBecause: string | null;
  /** When either may be over; null where somebody has to say so, or nobody knows. */
  readonly heldForMs: number | null;
  /** Null where there are no windows; `changesInMs` is null where the time is not known. */
  readonly window: { readonly open: boolean; readonly changesInMs: number | null } | null;
  /** What the operator lets pass a second at most; null: as configured. */
  readonly capBytesPerSecond: number | null;
  /** What may pass a second now, null for all. */
  readonly rateBytesPerSecond: number | null;
  /** Over the sockets to the centre, everything included, since the start of the process. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** What went up in the best of the last rounds; null before the first. */
  readonly goodputBytesPerSecond: number | null;
  /** The shortest that was seen. */
  readonly roundTripMs: number | null;
  /** Sizes in force, before compression. */
  readonly roundBytes: number;
  readonly batchBytes: number;
  /** Sent bytes for each byte of records. */
  readonly compressionRatio: number;
  /** Until what waits is at the centre, by the pace of the last rounds; null where that is not known. */
  readonly etaMs: number | null;
  /** Topics that the last drain could not send, each with why. */
  readonly leftBehind: readonly string[];
  /** Whether it is paused because a drain was done, and not because somebody said so. */
  readonly drained: boolean;
}

export interface BudgetStatus {
  readonly day: PeriodStatus | null;
  readonly month: PeriodStatus | null;
  readonly atEnd: BudgetEnd;
  readonly spent: boolean;
  /** Of the first record that went up in this period though no budget had room for it; null where none did. */
  readonly oversizedBytes: number | null;
}

export interface PeriodStatus {
  readonly limitBytes: number;
  readonly usedBytes: number;
  /** Null while the time is not known. */
  readonly resetsInMs: number | null;
}
