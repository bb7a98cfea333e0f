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
  /** At the centre, and older than what the gateway keeps: not compared. */
  readonly older: number;
  /** Offsets between those that are not at the centre, and in no ledger. */
  readonly olderMissing: Counted<OffsetRange>;
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
  /** The last offset at or above `end` that the centre has, or -1. */
  lastNewer = -1;
  readonly pending: PendingRecords;
  readonly #atGateway: OffsetSet;
  readonly #atCentre: OffsetSet;
  readonly #lastByPartition = new Map<number, number>();
  readonly #twice = new Findings();
  readonly #outOfOrder = new Findings();
  readonly #otherContent = new Findings();
  readonly #otherTime = new Findings();
  readonly #extra = new Findings();
  #records = 0;
  #waiting = 0;
  #there = 0;
  #older = 0;

  constructor(partition: number, start: number, end: number, budgets: Budgets) {
    this.partition = partition;
    this.start = start;
    this.end = end;
    this.pending = new PendingRecords(budgets.pending);
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
    return this.#atCentre.max;
  }

  /** The last offset that came in a central partition, or -1. */
  lastIn(centralPartition: number): number {
    return this.#lastByPartition.get(centralPartition) ?? -1;
  }

  atCentre(
    offset: number,
    hash: number,
    timeMs: number,
    centralPartition: number,
    centralOffset: number,
  ): void {
    if (offset >= this.end) {
      this.lastNewer = Math.max(this.lastNewer, offset);
      return;
    }
    const finding = { offset, centralPartition, centralOffset };
    const isNew = this.#atCentre.add(offset);
    const last = this.lastIn(centralPartition);
    if (offset > last) this.#lastByPartition.set(centralPartition, offset);
    if (!isNew) {
      this.#twice.add(finding);
      return;
    }
    if (offset < last) this.#outOfOrder.add(finding);
    if (offset < this.start) {
      this.#older += 1;
      return;
    }
    if (!this.#atGateway.has(offset)) {
      this.#extra.add(finding);
      return;
    }
    this.#there += 1;
    // Null where it was given up to come: then its disorder has been told of.
    const differs = this.pending.match(offset, hash, timeMs);
    if (differs === "content") this.#otherContent.add(finding);
    else if (differs === "time") this.#otherTime.add(finding);
  }

  /**
   * `position` is the offset that the uplink says it has forwarded up to; records from there on wait. Where it is not
   * known, those behind the last one at the centre do.
   */
  report(position: number | null, ledger: readonly GapEntry[], currentEnd: number): ComparisonReport {
    const due = Math.min(position ?? this.lastAtCentre + 1, this.end);
    const { entries, knownCount, unknown, unknownCount } = explain(this.#missing(this.start, due), ledger);
    const late = count(this.#missing(due, this.end));
    const first = this.#atCentre.min;
    const olderHoles = first < this.start ? this.#atCentre.missing(first, Math.min(this.start, due)) : [];
    const older = explain(olderHoles, ledger);
    if (this.lastNewer >= currentEnd) {
      this.#extra.add({ offset: this.lastNewer, centralPartition: -1, centralOffset: -1 });
    }
    return {
      ...{
        partition: this.partition,
        records: this.#records + this.#waiting,
        there: this.#there,
        waiting: this.#waiting + late,
      },
      ...{ known: [...entries, ...older.entries], knownCount: knownCount + older.knownCount },
      missing: { count: unknownCount, listed: unknown },
      ...{ twice: this.#twice, outOfOrder: this.#outOfOrder, extra: this.#extra },
      ...{ otherContent: this.#otherContent, otherTime: this.#otherTime, older: this.#older },
      olderMissing: { count: older.unknownCount, listed: older.unknown },
    };
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
