import type { CanaryStatus } from "./flow/status.ts";
import type { BudgetStatus, LinkStatus } from "./link/status.ts";
import type { StoredTally } from "./positions.ts";
import type { RecreatedTopics } from "./settings.ts";
import type { TimesStatus } from "./times/settings.ts";

/** What an uplink is doing. Times are in milliseconds from now, so that no clock is needed to read them. */
export type UplinkState =
  | { readonly kind: "connecting" }
  /** Connected; looking for topics and positions. */
  | { readonly kind: "resolving" }
  | { readonly kind: "forwarding" }
  | { readonly kind: "backing off"; readonly reason: string; readonly retryInMs: number }
  /** Another gateway with the same id is at work. */
  | { readonly kind: "fenced"; readonly reason: string; readonly retryInMs: number }
  /** Somebody has to change the centre or the settings; it is tried again now and then. */
  | { readonly kind: "failed"; readonly reason: string; readonly retryInMs: number }
  /** The link may not be used: paused, outside its windows, or the budget is used up. */
  | { readonly kind: "held"; readonly reason: string; readonly retryInMs: number }
  | { readonly kind: "stopped" };

/** For HTTP, the command line and metrics: plain data, made when asked for. */
export interface UplinkStatus {
  readonly name: string;
  readonly state: UplinkState;
  readonly clusterId: string | null;
  readonly lastError: string | null;
  /** Null before the first. */
  readonly lastErrorAgoMs: number | null;
  /** Whether records have gone up since, or there were none to send. True before the first, too. */
  readonly lastErrorOver: boolean;
  readonly topics: readonly UplinkTopicStatus[];
  /** What became of offsets that no topic tells of any more: it was deleted, or its position was moved back. */
  readonly closed: StoredTally;
  /** Whether what was counted before this process is known; until then counters begin at 0. */
  readonly countersKnown: boolean;
  /** Since the start of the process. */
  readonly recordsForwarded: number;
  /** Of record batches as they were sent, without repetitions. */
  readonly bytesForwarded: number;
  readonly transactions: number;
  /** Attempts that failed and began again. */
  readonly restarts: number;
  /** Timestamp of the newest record forwarded, milliseconds since 1970; -1 before the first. */
  readonly newestTimestampMs: number;
  /** Bytes of records held in memory. */
  readonly bufferedBytes: number;
  /**
   * Records that the centre does not have; -1 while the position of any partition is not known. Until the centre has
   * told its own, the one that was stored locally counts, which may be behind.
   */
  readonly lagRecords: number;
  readonly link: LinkStatus;
  /** Null where there is none. */
  readonly budget: BudgetStatus | null;
  readonly times: TimesStatus;
  readonly canary: CanaryStatus;
}

export interface UplinkTopicStatus {
  readonly topic: string;
  /** Its name at the centre. */
  readonly centralTopic: string;
  readonly state: "resolving" | "missing" | "blocked" | "forwarding";
  /** Why it is missing or blocked. */
  readonly reason: string | null;
  /** What was done when it was made again at the centre last, and when; null where it was not, in this process. */
  readonly madeAgain: { readonly decision: RecreatedTopics; readonly agoMs: number } | null;
  /** Why the link is not for it now; null where it is. */
  readonly heldBecause: string | null;
  readonly centralPartitions: number;
  readonly partitions: readonly UplinkPartitionStatus[];
}

export interface UplinkPartitionStatus {
  readonly partition: number;
  /** Next offset to forward, -1 while it is not known; as stored locally while the centre was not asked. */
  readonly position: number;
  readonly highWatermark: number;
  /** Records up to the high watermark that the centre does not have; -1 while that is not known. */
  readonly lagRecords: number;
  /** Why its next record may not go up yet; null where it may. */
  readonly hold: string | null;
  /** Where the tally begins: 0, but where what became of earlier offsets is not known. -1 while that itself is not known. */
  readonly firstOffset: number;
  /**
   * What became of the offsets from there on: `position = firstOffset + forwarded + filtered + gapped + empty`, exactly.
   * Empty ones have no record: compacted, of aborted transactions, marks of the log.
   */
  readonly tally: {
    readonly forwarded: number;
    readonly filtered: number;
    readonly gapped: number;
    readonly empty: number;
  };
}
