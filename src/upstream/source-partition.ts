import type { RunStart } from "../broker/lineages.ts";
import { type Account, forwardedOf } from "./account.ts";
import type { OriginHeaders } from "./central-batch.ts";
import { type Branch, lineageBelow } from "./lineage.ts";
import type { Shortage } from "./link/governor.ts";
import type { Selection } from "./selection.ts";
import type { TopicRoute } from "./topic-route.ts";

/** One partition of a local log and how far it is. */
export class SourcePartition {
  readonly route: TopicRoute;
  readonly index: number;
  /** Of the history in force. */
  origin: OriginHeaders;
  /** Which records go up; null for all. */
  readonly selection: Selection | null;
  /** Which of the partition's histories at the centre is in force, and the others: see lineage.ts. */
  epoch = 0;
  others: readonly Branch[] = [];
  /** The log's runs, as last seen. */
  lineage: readonly RunStart[] = [];
  /** Next offset to read; -1 while the position is not known. */
  next = -1;
  /** Next offset to forward that a finished round vouches for; -1 while not known. */
  committed = -1;
  /** Records below this are read only for the selection's sake: they were dealt with before. */
  resumeAt = 0;
  /** What became of the offsets from `firstOffset` on that finished rounds moved over, of this process or before it. */
  readonly tally = new Tally();
  /** Where the tally begins; -1 while not known. */
  firstOffset = -1;
  /** Of a round whose outcome nobody knows yet: where it would have moved the position, and over what. */
  pending: { readonly next: number; readonly tally: Tally } | null = null;
  /** Gaps below this have been told of in this attempt. */
  toldTo = 0;
  /** End of the log as last seen, for the lag. */
  highWatermark = 0;
  /** Where it ended when its topic was deleted; -1 where it was not. */
  goneEnd = -1;
  /** Why its next record may not go up yet; looked at again now and then. Null where it may. */
  hold: string | null = null;
  /** Waits in the ring of partitions with something to read. */
  queued = false;
  /** No budget had room for its next record: else what others have would use up the next one, too, before it. */
  goesFirst = false;
  /** The record that a budget had no room for last, and since when it waits. */
  short: { readonly offset: number; readonly since: Shortage } | null = null;
  /** Records below these offsets, by central partition, are at the centre already. Null where there are none. */
  alreadyThere: AlreadyThere | null = null;
  /** The offset after the last record that was ever found at the centre by a look, not by its acknowledgement. */
  foundEnd = 0;
  /** Offsets of records that the centre will never take, until the position is past them. */
  readonly refused = new Set<number>();
  /** How often the centre refused a record for its time, by offset, until the position is past it. */
  readonly untimely = new Map<number, number>();

  constructor(route: TopicRoute, index: number, origin: OriginHeaders, selection: Selection | null) {
    this.route = route;
    this.index = index;
    this.origin = origin;
    this.selection = selection;
  }

  /** Records carry this epoch from now on. */
  setEpoch(epoch: number, origin: OriginHeaders): void {
    this.epoch = epoch;
    this.origin = origin;
  }

  /** Its histories, the one in force first, as they are to stand at the centre. */
  branches(next: number, depth: number): readonly Branch[] {
    const own = { next, epoch: this.epoch, lineage: lineageBelow(this.lineage, next, depth) };
    if (depth === 0) return [own];
    return [own, ...this.others.map((branch) => ({ ...branch, lineage: branch.lineage.slice(-depth) }))];
  }

  /** Everything below `position` is dealt with, as `account` says where that is known. The log begins at `logStartOffset`. */
  begin(position: number, logStartOffset: number, account: Account | null = null): void {
    this.skipTo(position, logStartOffset);
    this.#account(position, account);
    this.committed = position;
  }

  /** What became of the offsets below the position, once what a round moved over is `added`; null where that is not known. */
  account(added: Tally | null = null): Account | null {
    const { firstOffset, tally } = this;
    if (firstOffset < 0) return null;
    return {
      firstOffset,
      filtered: tally.filtered + (added?.filtered ?? 0),
      gapped: tally.gapped + (added?.gapped ?? 0),
      empty: tally.empty + (added?.empty ?? 0),
    };
  }

  /** A finished round vouches for everything below `next`. */
  finished(next: number): void {
    this.committed = next;
    for (const offset of this.refused) if (offset < next) this.refused.delete(offset);
    for (const offset of this.untimely.keys()) if (offset < next) this.untimely.delete(offset);
  }

  /** Goes on at `position`, which nobody vouches for yet. */
  skipTo(position: number, logStartOffset: number): void {
    const from = this.selection?.begin(position) ?? position;
    this.next = Math.min(position, Math.max(from, logStartOffset));
    this.resumeAt = position;
    this.toldTo = 0;
  }

  #account(position: number, account: Account | null): void {
    const forwarded = account === null ? -1 : forwardedOf(account, position);
    if (account !== null && forwarded >= 0) {
      this.firstOffset = account.firstOffset;
      this.tally.reset();
      this.tally.add({ ...account, forwarded });
    } else if (this.pending?.next === position) this.tally.add(this.pending.tally);
    else if (this.firstOffset < 0 || position !== this.committed) {
      // The log, or what the centre holds, went another way: what was counted says nothing about it.
      this.firstOffset = position;
      this.tally.reset();
    }
    this.pending = null;
  }
}

/**
 * What became of a partition's offsets, one by one: `position = firstOffset + forwarded + filtered + gapped + empty`
 * whenever no round is on its way.
 */
export class Tally {
  /** At the centre. */
  forwarded = 0;
  /** Left out by the route. */
  filtered = 0;
  /** Records that will never be at the centre: gaps, each of them told. */
  gapped = 0;
  /** Without a record for the centre: compacted, of aborted transactions, or marks of the log itself. */
  empty = 0;

  reset(): void {
    this.forwarded = this.filtered = this.gapped = this.empty = 0;
  }

  add(other: Readonly<Record<"forwarded" | "filtered" | "gapped" | "empty", number>>): void {
    this.forwarded += other.forwarded;
    this.filtered += other.filtered;
    this.gapped += other.gapped;
    this.empty += other.empty;
  }
}

/**
 * What a look at the centre found after a crash. Records of one source partition reach one central partition in
 * order, so the last one there vouches for those before it.
 */
export interface AlreadyThere {
  /** Count of central partitions when they were sent: the key's partition under it decides. */
  readonly partitionCount: number;
  /** By central partition: the offset after the last record found, 0 for none. */
  readonly next: readonly number[];
  /** The largest of `next`: from there on there is nothing to skip. */
  readonly end: number;
}
