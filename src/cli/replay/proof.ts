import { HeadwaterError } from "../../base/errors.ts";
import { explain, type GapEntries, type GapEntry, touches, withLosses } from "./gap-entries.ts";
import { type ChunkBudget, type OffsetRange, OffsetSet } from "./offset-set.ts";
import type { OriginReader } from "./origin.ts";

/**
 * What is proved. `device`: no record of these devices is there twice or out of order; a record of theirs that is
 * missing can't be seen, since offsets between theirs are of others. `log`: moreover, that of the gateways' logs that
 * they are in every record is there, or stands in the ledger.
 */
export type ProofLevel = "device" | "log";

/** Logs that are told apart. */
const MAX_LOGS = 100_000;
/** Findings of one kind that a report lists; all are counted. */
const MAX_LISTED = 100;

/** Something that is wrong at an offset of a source log. */
export interface Finding {
  readonly offset: number;
  readonly centralPartition: number;
  readonly centralOffset: number;
}

export interface LogReport {
  readonly gateway: string;
  readonly log: string;
  /** Which of the log's histories, where a copy of it went on by itself; the first is 0. */
  readonly epoch: number;
  /** First and last offset that anything is said of. */
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly records: number;
  /** Whether there is a record before the time span, and behind it, or the log begins there: none can be missing at that edge. */
  readonly closedBegin: boolean;
  readonly closedEnd: boolean;
  readonly known: readonly GapEntry[];
  readonly knownCount: number;
  /** The first of what is missing without a word in the ledger. */
  readonly missing: readonly OffsetRange[];
  readonly missingCount: number;
  /** As many of them as routes may have left out, `uncounted` ones too: which of them, offsets alone don't say. */
  readonly leftOut: number;
  /** Those of `leftOut` that nobody has counted: they lie below where the uplink was moved back to. */
  readonly uncounted: number;
  readonly twice: readonly Finding[];
  readonly twiceCount: number;
  readonly outOfOrder: readonly Finding[];
  readonly outOfOrderCount: number;
}

type LogName = Pick<OriginReader, "gateway" | "log" | "epoch">;

/** What of the logs is looked at. */
export interface ProofSpan {
  readonly fromMs: number;
  readonly toMs: number;
  /** Names of the devices that were asked for. */
  readonly devices: ReadonlySet<string>;
  /** The only gateway that was asked for. */
  readonly gateway: string | null;
}

interface SourceLog extends Readonly<LogName> {
  readonly seen: OffsetSet;
  /** Offsets of records within the time span. */
  first: number;
  last: number;
  /** The last offset of a record before the span, and the first of one behind it. */
  before: number;
  behind: number;
  /** Has records of a device that was asked for. */
  asked: boolean;
  /** By what was read: a device's view has an order of its own. */
  readonly lastBySource: Map<string, number>;
  readonly twice: Findings;
  readonly outOfOrder: Findings;
  /** Offsets that have to be there, once that is settled. */
  range: OffsetRange | null;
}

class Findings {
  readonly listed: Finding[] = [];
  count = 0;

  add(finding: Finding): void {
    this.count += 1;
    if (this.listed.length < MAX_LISTED) this.listed.push(finding);
  }
}

/** Gathers what has come of each source log, and says what of it is as it should be. */
export class Proof {
  /** Records without the headers of an uplink: nothing can be said of them. */
  withoutOrigin = 0;
  readonly #logs = new Map<string, SourceLog>();
  readonly #budget: ChunkBudget = { open: 0 };
  readonly #span: ProofSpan;
  #fromStart = false;

  constructor(span: ProofSpan) {
    this.#span = span;
  }

  /** Says that the broker has deleted nothing: logs are looked at from offset 0 on where no time to begin with was asked for. */
  expectStart(): void {
    this.#fromStart = this.#span.fromMs === Number.NEGATIVE_INFINITY;
  }

  /** A record of a topic or a view, in each partition's order. `asked`: it is of a device that was asked for. */
  take(origin: OriginReader, topic: string, partition: number, centralOffset: number, asked: boolean): void {
    if (origin.offset < 0 || origin.log === "") {
      this.withoutOrigin += 1;
      return;
    }
    const log = this.#log(origin);
    const { offset, timeMs } = origin;
    const isNew = log.seen.add(offset);
    const source = `${topic}-${partition}`;
    const last = log.lastBySource.get(source) ?? -1;
    if (!isNew) log.twice.add({ offset, centralPartition: partition, centralOffset });
    else if (offset < last) log.outOfOrder.add({ offset, centralPartition: partition, centralOffset });
    if (offset > last) log.lastBySource.set(source, offset);
    log.asked ||= asked;
    if (timeMs < this.#span.fromMs) log.before = Math.max(log.before, offset);
    else if (timeMs >= this.#span.toMs) log.behind = Math.min(log.behind, offset);
    else {
      log.first = Math.min(log.first, offset);
      log.last = Math.max(log.last, offset);
    }
  }

  /** From now on records only fill holes. Returns how many offsets are missing in the logs that matter. */
  freeze(ledger: GapEntries): number {
    let holes = 0;
    for (const log of this.#relevant(ledger)) {
      log.range = this.#rangeOf(log, this.#lossesOf(log, ledger));
      if (log.range === null) continue;
      for (const { start, end } of log.seen.missing(log.range.start, log.range.end)) holes += end - start;
    }
    return holes;
  }

  /** A record from beyond what was to be read, in no order. True where it fills a hole. */
  fill(origin: OriginReader, partition: number, centralOffset: number): boolean {
    const log = this.#logs.get(keyOf(origin));
    const { offset } = origin;
    if (log?.range == null || offset < log.range.start || offset >= log.range.end) return false;
    if (log.seen.add(offset)) return true;
    log.twice.add({ offset, centralPartition: partition, centralOffset });
    return false;
  }

  report(level: ProofLevel, ledger: GapEntries): readonly LogReport[] {
    if (level === "log") this.#takeLogsOf(ledger);
    return this.#relevant(ledger).flatMap((log) => {
      const range = level === "log" ? this.#rangeOf(log, this.#lossesOf(log, ledger)) : rangeOf(log);
      return range === null ? [] : [this.#reportOf(log, range, level, ledger)];
    });
  }

  /** How many of a reported log's missing offsets lie below an offset. */
  missingBelow(report: LogReport, offset: number, ledger: GapEntries): number {
    const end = Math.min(offset, report.lastOffset + 1);
    const log = this.#logs.get(keyOf(report));
    if (log === undefined || end <= report.firstOffset) return 0;
    const missing = log.seen.missing(report.firstOffset, end);
    return Math.min(report.missingCount, explain(missing, ledger.ofLog(log.gateway, log.log)).unknownCount);
  }

  /** Logs with records of a device that was asked for, or losses of it; all of them where there are none: any may have lost it. */
  #relevant(ledger: GapEntries): readonly SourceLog[] {
    const logs = [...this.#logs.values()];
    const lost = (log: SourceLog): boolean =>
      this.#lossesOf(log, ledger).some(({ device }) => device !== null && this.#span.devices.has(device));
    const asked = logs.filter((log) => log.asked || lost(log));
    return asked.length > 0 ? asked : logs;
  }

  /** What the ledger says that the log lost in the time span. */
  #lossesOf({ gateway, log }: SourceLog, ledger: GapEntries): readonly GapEntry[] {
    const { fromMs, toMs } = this.#span;
    return ledger.ofLog(gateway, log).filter((entry) => touches(entry, fromMs, toMs));
  }

  /** Logs of which the ledger is all that has come. */
  #takeLogsOf({ entries }: GapEntries): void {
    for (const { gateway, topicId, partition, firstOffset } of entries) {
      if (gateway === "" || topicId === null || partition < 0 || firstOffset < 0) continue;
      if (this.#span.gateway === null || this.#span.gateway === gateway)
        this.#log({ gateway, log: `${topicId}/${partition}`, epoch: 0 });
    }
  }

  /** Offsets that have to be there, or in the ledger; null where the log has nothing to say of the time span. */
  #rangeOf(log: SourceLog, losses: readonly GapEntry[]): OffsetRange | null {
    if (log.range !== null) return log.range;
    const seen = rangeOf(log);
    const whole = this.#fromStart && log.epoch === 0 && seen !== null;
    return withLosses(whole ? { start: 0, end: seen.end } : seen, losses)?.range ?? seen;
  }

  #reportOf(log: SourceLog, range: OffsetRange, level: ProofLevel, ledger: GapEntries): LogReport {
    const { gateway, seen, first, last, twice, outOfOrder } = log;
    const losses = level === "log" ? this.#lossesOf(log, ledger) : [];
    const missing = level === "log" ? seen.missing(range.start, range.end) : [];
    const { entries, knownCount, unknown, unknownCount } = explain(missing, ledger.ofLog(gateway, log.log));
    const { apart, apartCount } = withLosses(range, losses) ?? { apart: [], apartCount: 0 };
    const before = seen.previous(first);
    const isBetween = last < 0 && log.before >= 0 && Number.isFinite(log.behind);
    return {
      ...{ gateway, log: log.log, epoch: log.epoch, firstOffset: range.start, lastOffset: range.end - 1 },
      records: level === "log" ? range.end - range.start - knownCount - unknownCount : seen.count,
      closedBegin: isBetween || range.start === 0 || (last >= 0 && before >= 0),
      closedEnd: isBetween || (last >= 0 && seen.next(last) >= 0),
      ...{ known: [...entries, ...apart], knownCount: knownCount + apartCount },
      ...{ missing: unknown, missingCount: unknownCount, leftOut: 0, uncounted: 0 },
      ...{ twice: twice.listed, twiceCount: twice.count },
      ...{ outOfOrder: outOfOrder.listed, outOfOrderCount: outOfOrder.count },
    };
  }

  #log(origin: LogName): SourceLog {
    const key = keyOf(origin);
    const known = this.#logs.get(key);
    if (known !== undefined) return known;
    if (this.#logs.size >= MAX_LOGS) {
      throw new HeadwaterError(
        "UNSUPPORTED",
        `more than ${MAX_LOGS} logs of gateways; ask for one --gateway`,
      );
    }
    const made: SourceLog = {
      ...{ gateway: origin.gateway, log: origin.log, epoch: origin.epoch, seen: new OffsetSet(this.#budget) },
      ...{ first: Number.POSITIVE_INFINITY, last: -1, before: -1, behind: Number.POSITIVE_INFINITY },
      ...{ asked: false, lastBySource: new Map(), twice: new Findings(), outOfOrder: new Findings() },
      range: null,
    };
    this.#logs.set(key, made);
    return made;
  }
}

/** Histories of one log, which have the same offsets, are logs of their own. */
function keyOf({ gateway, log, epoch }: LogName): string {
  return epoch === 0 ? `${gateway} ${log}` : `${gateway} ${log} ${epoch}`;
}

/** The offsets of the span that have come, with a neighbour at each end; null where none has. */
function rangeOf({ seen, first, last, before, behind }: SourceLog): OffsetRange | null {
  if (last < 0) {
    // Nothing of the span itself: all of it may be missing between its neighbours.
    return before >= 0 && behind > before && Number.isFinite(behind)
      ? { start: before, end: behind + 1 }
      : null;
  }
  const previous = seen.previous(first);
  const next = seen.next(last);
  return { start: previous < 0 ? first : previous, end: (next < 0 ? last : next) + 1 };
}
