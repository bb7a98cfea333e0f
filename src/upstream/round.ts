import type { Lane } from "./lane.ts";
import type { UplinkReports } from "./reports.ts";
import { type SourcePartition, Tally } from "./source-partition.ts";
import type { TopicRoute } from "./topic-route.ts";

/** Positions that an operator has chosen, by partition. `done` hears whether they are at the centre. */
export interface Rewind {
  readonly route: TopicRoute;
  readonly positions: ReadonlyMap<number, number>;
  readonly done: (ok: boolean) => void;
}

/**
 * What goes up as one: a transaction, or, without transactions, what the position moves over at once. A round is
 * filled, then closed; it ends once all its batches are acknowledged and, with transactions, committed. At most
 * one round is being filled while the one before it ends.
 */
export class Round {
  readonly startedMs: number;
  records = 0;
  /** Before compression. */
  sizeBytes = 0;
  /** After it, of batches acknowledged. */
  sentBytes = 0;
  /** The next offset of each source partition that this round moved over. */
  readonly next = new Map<SourcePartition, number>();
  /** What became of the offsets that it moved over. */
  readonly tallies = new Map<SourcePartition, Tally>();
  /** Records that it moved over without sending them. */
  filteredRecords = 0;
  /** Lanes with a batch of this round that is still open. */
  readonly open = new Set<Lane>();
  /** All lanes that this round has records for. */
  readonly lanes = new Set<Lane>();
  /** Sealed batches without an acknowledgement. */
  outstanding = 0;
  /** Where central partitions end behind this round's records, as far as they are acknowledged. */
  readonly ends = new Map<Lane, number>();
  newestTimestampMs = -1;
  /** The budget has no room for the next record besides these. */
  isFull = false;
  /** No more records come. */
  closedMs: number | null = null;
  /** It has records of a topic with a priority. */
  hasPriority = false;
  /** Positions of everything are committed, moved or not: says that this forwarder is the one at work. */
  claims = false;
  /** When something of it was sent first, or null: from then on the centre may have an open transaction. */
  begunMs: number | null = null;
  /** Protocol 1: lanes whose partitions the coordinator knows. */
  readonly added = new Set<Lane>();
  /** It moves positions as an operator said, and nothing else. */
  rewind: Rewind | null = null;
  /** What became of offsets that it has forwarded anew: no account will tell of that any more. */
  readonly closed = new Tally();
  offsetsAdded = false;
  offsetsCommitted = false;
  commitAsked = false;

  constructor(startedMs: number) {
    this.startedMs = startedMs;
  }

  tallyOf(partition: SourcePartition): Tally {
    let tally = this.tallies.get(partition);
    if (tally === undefined) {
      tally = new Tally();
      this.tallies.set(partition, tally);
    }
    return tally;
  }
}

/** Whether a power cut would take what is known of a gap that this round moved over. */
export function hasOpenGaps({ next }: Round, reports: UplinkReports): boolean {
  if (reports.areGapsWritten === undefined) return false;
  for (const [{ route, index }, end] of next)
    if (!reports.areGapsWritten(route.topic, index, end)) return true;
  return false;
}
