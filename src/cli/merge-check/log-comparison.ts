import { explain, type GapEntry } from "../replay/gap-entries.ts";
import { type ChunkBudget, type OffsetRange, OffsetSet } from "../replay/offset-set.ts";
import { type PendingBudget, PendingRecords } from "./pending-records.ts";

/** Findings of one kind that are listed; all are counted. */
const MAX_LISTED = 100;

/** Something at the centre that should not be there, or not so. */
export interface CentralFinding {
  readonly offset: number;
  readonly centralPartition: number;
  readonly centralOffset: number;
}

export interface Counted<Item> {
  readonly count: number;
  /** The first of them. */
  readonly listed: readonly Item[];
}

/** What a comparison of one partition's log has brought. */
export interface ComparisonReport {
  readonly partition: number;
  /** Records that the gateway has: there, waiting, missing or in the ledger. */
  readonly records: number;
  /** Of those, the ones that are at the centre. */
  readonly there: number;
  /** Records that wait to be forwarded. */
  readonly waiting: number;
  readonly known: readonly GapEntry[];
  readonly knownCount: number;
  readonly missing: Counted<OffsetRange>;
  readonly twice: Counted<CentralFinding>;
  readonly outOfOrder: Counted<CentralFinding>;
  readonly otherContent: Counted<CentralFinding>;
  readonly otherTime: Counted<CentralFinding>;
  /** At the centre under an offset at which the gateway has no record. */
  readonly extra: Counted<CentralFinding>;
  /** At the centre in a history of this log that is not in force, since a copy of it went on by itself; or in two. */
  readonly otherHistories: number;
  /** At the centre, and older than what the gateway keeps: not compared. */
  readonly older: number;
  /** Offsets between those that are not at the centre, and in no ledger. */
  readonly olderMissing: Counted<OffsetRange>;
  /** As many of the missing ones as the route has left out; null where the centre has no account of that. */
  readonly leftOut: number | null;
  /** As many of the missing ones may be left out, too: the uplink was moved back, and what lies below it has not counted since. */
  readonly uncounted: number;
}

export interface Budgets {
  readonly pending: PendingBudget;
  readonly offsets: ChunkBudget;
}

/**
 * Compares the log of one partition of a gateway with what of it is at the centre. The gateway's records have to be
 * given before those of the centre that have their offsets; the centre's in the order of each of its partitions.
 */
export class LogComparison {
  readonly partition: number;
  /** The gateway's log, as it was when the comparison began; its start moves on where retention does meanwhile. */
  start: number;
  readonly end: number;
  /** The first offset at or above `end` that the centre has; infinite where there is none. */
  readonly pending: PendingRecords;
  readonly #atGateway: OffsetSet;
  /** What of it has come, and what is older. */
  readonly #atCentre: OffsetSet;
  readonly #histories = new Map<number, History>();
  readonly #budgets: Budgets;
  readonly #twice = new Findings();
  readonly #outOfOrder = new Findings();
  readonly #otherTime = new Findings();
  #records = 0;
  #waiting = 0;
  #there = 0;
  #older = 0;
  /** Records that another history has brought, too. */
  #inOther = 0;

  constructor(partition: number, start: number, end: number, budgets: Budgets) {
    this.partition = partition;
    this.start = start;
    this.end = end;
    this.pending = new PendingRecords(budgets.pending);
    this.#budgets = budgets;
    this.#atGateway = new OffsetSet(budgets.offsets);
    this.#atCentre = new OffsetSet(budgets.offsets);
  }

  /** A record of the gateway. One that is not `awaited` any more is missing unless it has come. */
  atGateway(offset: number, hash: number, timeMs: number, awaited: boolean): void {
    this.#records += 1;
    this.#atGateway.add(offset);
    if (awaited) this.pending.add(offset, hash, timeMs);
  }

  /** A record of the gateway that nobody has to have yet. */
  waits(): void {
    this.#waiting += 1;
  }

  /** The largest offset at the centre, or -1. */
  get lastAtCentre(): number {
    return Math.max(-1, ...[...this.#histories.values()].map(({ seen }) => seen.max));
  }

  /** The last offset that came in a central partition, or -1. */
  lastIn(centralPartition: number): number {
    const lasts = [...this.#histories.values()].map(({ lastByPartition }) =>
      lastByPartition.get(centralPartition),
    );
    return Math.max(-1, ...lasts.map((last) => last ?? -1));
  }

  /** A record of the centre; `epoch` is which of the log's histories it is of. */
  atCentre(
    offset: number,
    hash: number,
    timeMs: number,
    centralPartition: number,
    centralOffset: number,
    epoch = 0,
  ): void {
    const history = this.#history(epoch);
    if (offset >= this.end) {
      history.lastNewer = Math.max(history.lastNewer, offset);
      history.newer += 1;
      return;
    }
    const finding = { offset, centralPartition, centralOffset };
    const isNew = history.seen.add(offset);
    const last = history.lastByPartition.get(centralPartition) ?? -1;
    if (offset > last) history.lastByPartition.set(centralPartition, offset);
    if (!isNew) {
      this.#twice.add(finding);
      return;
    }
    if (offset < last) this.#outOfOrder.add(finding);
    if (offset < this.start) {
      if (this.#atCentre.add(offset)) this.#older += 1;
      else this.#inOther += 1;
    } else if (!this.#atGateway.has(offset)) history.extra.add(finding);
    else this.#match(history, finding, hash, timeMs);
  }

  #match(history: History, finding: CentralFinding, hash: number, timeMs: number): void {
    const { offset } = finding;
    const differs = this.pending.match(offset, hash, timeMs);
    if (differs === "content") {
      history.otherContent.add(finding);
      history.different.add(offset);
      return;
    }
    // Null where it was given up to come: then its disorder has been told of. Or another history has brought it.
    if (!this.#atCentre.add(offset)) {
      this.#inOther += 1;
      return;
    }
    this.#there += 1;
    if (differs === "time") this.#otherTime.add(finding);
  }

  #history(epoch: number): History {
    let history = this.#histories.get(epoch);
    if (history === undefined) {
      history = new History(this.#budgets.offsets);
      this.#histories.set(epoch, history);
    }
    return history;
  }

  /**
   * `position` is the offset that the uplink says it has forwarded up to, in the history `epoch`; records from there on wait.
   * Where it is not known, those behind the last one at the centre do, and the newest history is in force. `filtered`: records
   * that the uplink says its route has left out, null where it does not say; `countedFrom`: it has counted none below.
   */
  report(
    position: number | null,
    ledger: readonly GapEntry[],
    currentEnd: number,
    epoch: number | null = null,
    filtered: number | null = null,
    countedFrom = 0,
  ): ComparisonReport {
    const newest = Math.max(0, ...this.#histories.keys());
    const inForce = this.#history(epoch ?? newest);
    const others = [...this.#histories.values()].filter((history) => history !== inForce);
    // What is there in other words is not missing; in another history it is another record.
    this.#there += inForce.settle(this.#atCentre, currentEnd);
    const due = Math.min(position ?? this.lastAtCentre + 1, this.end);
    const { entries, knownCount, unknown, unknownCount } = explain(this.#missing(this.start, due), ledger);
    const late = count(this.#missing(due, this.end));
    const first = this.#atCentre.min;
    const olderHoles = first < this.start ? this.#atCentre.missing(first, Math.min(this.start, due)) : [];
    const older = explain(olderHoles, ledger);
    const absentCount = unknownCount + older.unknownCount;
    const uncounted = Math.min(absentCount, this.#unknownBelow(Math.min(countedFrom, due), ledger));
    return {
      partition: this.partition,
      ...{ records: this.#records + this.#waiting, there: this.#there, waiting: this.#waiting + late },
      ...{ known: [...entries, ...older.entries], knownCount: knownCount + older.knownCount },
      missing: { count: unknownCount, listed: unknown },
      ...{ twice: this.#twice, outOfOrder: this.#outOfOrder, extra: inForce.extra },
      ...{ otherContent: inForce.otherContent, otherTime: this.#otherTime, older: this.#older },
      otherHistories: others.reduce(
        (sum, { extra, otherContent, newer }) => sum + extra.count + otherContent.count + newer,
        this.#inOther,
      ),
      olderMissing: { count: older.unknownCount, listed: older.unknown },
      leftOut: filtered === null ? null : Math.min(filtered, absentCount - uncounted),
      uncounted,
    };
  }

  /** How many of those that are missing, or gone from the gateway and missing, lie below an offset. */
  #unknownBelow(offset: number, ledger: readonly GapEntry[]): number {
    if (offset <= 0) return 0;
    const first = this.#atCentre.min;
    const olderEnd = Math.min(this.start, offset);
    const older =
      first < olderEnd ? explain(this.#atCentre.missing(first, olderEnd), ledger).unknownCount : 0;
    if (offset <= this.start) return older;
    return older + explain(this.#missing(this.start, offset), ledger).unknownCount;
  }

  /** Offsets of records that the gateway has and the centre has not. */
  *#missing(start: number, end: number): Generator<OffsetRange> {
    for (const range of this.#atCentre.missing(start, end)) {
      let from = -1;
      for (let offset = range.start; offset < range.end; offset += 1) {
        const isRecord = this.#atGateway.has(offset);
        if (isRecord && from < 0) from = offset;
        else if (!isRecord && from >= 0) {
          yield { start: from, end: offset };
          from = -1;
        }
      }
      if (from >= 0) yield { start: from, end: range.end };
    }
  }
}

/** Records at the centre that carry one epoch. */
class History {
  readonly seen: OffsetSet;
  /** Offsets at which the gateway has a record with another content. */
  readonly different: OffsetSet;
  readonly lastByPartition = new Map<number, number>();
  readonly otherContent = new Findings();
  readonly extra = new Findings();
  /** The last offset behind the gateway's log as it was, or -1. */
  lastNewer = -1;
  /** Records there. Of another history they are all its own: the log here never was as long. */
  newer = 0;

  constructor(budget: ChunkBudget) {
    this.seen = new OffsetSet(budget);
    this.different = new OffsetSet(budget);
  }

  /** This history is the one in force: how many records are there though they differ. */
  settle(atCentre: OffsetSet, currentEnd: number): number {
    let settled = 0;
    for (let offset = this.different.next(-1); offset >= 0; offset = this.different.next(offset)) {
      if (atCentre.add(offset)) settled += 1;
    }
    if (this.lastNewer >= currentEnd) {
      this.extra.add({ offset: this.lastNewer, centralPartition: -1, centralOffset: -1 });
    }
    return settled;
  }
}

function count(ranges: Iterable<OffsetRange>): number {
  let sum = 0;
  for (const { start, end } of ranges) sum += end - start;
  return sum;
}

class Findings implements Counted<CentralFinding> {
  readonly listed: CentralFinding[] = [];
  count = 0;

  add(finding: CentralFinding): void {
    this.count += 1;
    if (this.listed.length < MAX_LISTED) this.listed.push(finding);
  }

  toJSON(): Counted<CentralFinding> {
    return { count: this.count, listed: this.listed };
  }
}
