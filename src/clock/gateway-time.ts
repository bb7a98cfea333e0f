import type { MachineReading, MachineTime } from "../io/machine-time.ts";
import { ClockLedger, type LedgerStore, nothingSaved } from "./clock-ledger.ts";
import { Marks, SETTLED_PERIOD, STAMP } from "./marks.ts";
import { type ClockPeriod, isRash, type Truth } from "./periods.ts";
import { Sightings } from "./sightings.ts";
import { type ClockChange, type ClockRules, TimeKeeper } from "./time-keeper.ts";

/** Periods that are kept; a clock that is set without end loses its oldest. */
export const MAX_PERIODS = 512;
/** Clocks are read one after the other, and true times of an earlier boot are as exact as that one's last step. */
const AHEAD_MS = 60_000;

/** A partition's log, as far as clocks are concerned. */
export interface MarkedLog {
  readonly topicId: string;
  readonly partition: number;
  readonly logStartOffset: number;
  readonly logEndOffset: number;
}

export interface ClockReports {
  /** The clock was set, is believed from now on, or a start found it as it is. */
  onChange(change: ClockChange): void;
  /** The ledger can't be written. */
  onFailure(error: unknown): void;
}

/** For status and metrics. */
export interface ClockStatus {
  /** Whether the wall clock is believed. */
  readonly known: boolean;
  readonly quality: "unknown" | "plausible" | "confirmed";
  readonly boot: string;
  /** How often it was set since the machine started. */
  readonly steps: number;
  /** By how much it was set last; null where it was not. */
  readonly lastStepMs: number | null;
  /** Since when it is as it is now, in true time; null where that is not known. */
  readonly sinceMs: number | null;
}

/** A time that was stamped, put right. */
export interface RepairedTime {
  readonly timeMs: number;
  readonly isEstimate: boolean;
}

/**
 * The gateway's own idea of time: whether its wall clock can be believed, and what the times that it has stamped
 * really were. Records' bytes stay as they are; the ledger says which of them came when.
 */
export class GatewayTime {
  readonly #machine: MachineTime;
  readonly #keeper: TimeKeeper;
  readonly #ledger: ClockLedger;
  readonly #marks: Map<string, Marks>;
  readonly #sightings: Map<string, Sightings>;
  readonly #reports: ClockReports;
  #synchronised: boolean | null = null;
  #steps = 0;
  #lastStepMs: number | null = null;

  /** Reads the ledger and takes a first look: what is appended from now on is in a period that is written down. */
  constructor(machine: MachineTime, rules: ClockRules, store: LedgerStore, reports: ClockReports) {
    this.#machine = machine;
    this.#reports = reports;
    this.#ledger = new ClockLedger(store, (error) => reports.onFailure(error));
    const saved = rules.flaw === "a restart forgets" ? nothingSaved() : this.#ledger.load();
    this.#marks = saved.marks;
    this.#sightings = saved.sightings;
    this.#keeper = new TimeKeeper(rules, machine.bootId, saved.periods, saved.floorMs);
    this.look();
  }

  /** Whether the wall clock is believed. */
  get isKnown(): boolean {
    return this.#keeper.isKnown;
  }

  /** The true time in whole milliseconds, as far as anybody can tell; null where nobody can. */
  trueNowMs(): number | null {
    const nowMs = this.#keeper.trueTimeOf(this.#machine.read());
    return nowMs === null ? null : Math.round(nowMs);
  }

  /**
   * The time to judge by what may be deleted; null while that would be rash: nobody can tell the time, or somebody
   * has set the clock well ahead, and nothing but that speaks for it yet.
   */
  get settledNowMs(): number | null {
    const { current } = this.#keeper.periods;
    const nowMs = this.trueNowMs();
    if (nowMs === null || current === null || current.quality === "confirmed") return nowMs;
    const before = this.#keeper.periods.before(current);
    return before?.boot === current.boot && isRash(before, current) ? null : nowMs;
  }

  /** Names the run of the machine, and the time of it. */
  get bootTime(): { readonly boot: string; readonly bootMs: number } {
    return { boot: this.#machine.bootId, bootMs: this.#machine.read().bootMs };
  }

  get status(): ClockStatus {
    const { current } = this.#keeper.periods;
    return {
      known: this.isKnown,
      quality: current?.quality ?? "unknown",
      boot: this.#machine.bootId,
      steps: this.#steps,
      lastStepMs: this.#lastStepMs,
      sinceMs:
        current === null
          ? null
          : this.#keeper.trueTimeOf({
              bootMs: current.startBootMs,
              wallMs: current.startBootMs + current.offsetMs,
            }),
    };
  }

  /** Looks at the clocks: now and then, and whenever the wall clock seems to have been set. */
  look(): void {
    this.#ledger.writeAgain();
    this.#synchronised = this.#machine.isSynchronised();
    this.#take(this.#machine.read());
  }

  /**
   * A partition takes records with such timestamps (see STAMP) from its end on. Called for the first of a kind in
   * each period; says in which period that is.
   */
  stamped(log: MarkedLog, kinds: number): void {
    const { current } = this.#keeper.periods;
    if (current === null) return;
    const key = keyOf(log);
    let marks = this.#marks.get(key);
    if (marks === undefined) {
      marks = new Marks([]);
      this.#marks.set(key, marks);
    }
    marks.add({ offset: log.logEndOffset, period: current.id, kinds });
    this.#ledger.saveMarks(key, marks);
    const sightings = this.#sightings.get(key);
    if (sightings?.cut(log.logEndOffset)) this.#ledger.saveSightings(key, sightings);
  }

  /**
   * Writes down that the records of the log below `durableEnd` had come by now, where some of those below `aheadEnd`
   * are not covered yet, and `stepMs` have passed since the last time. Not while the clock can't be believed.
   */
  see(
    log: Pick<MarkedLog, "topicId" | "partition">,
    durableEnd: number,
    aheadEnd: number,
    stepMs: number,
  ): void {
    const { current } = this.#keeper.periods;
    const nowMs = this.settledNowMs;
    if (current === null || nowMs === null) return;
    const key = keyOf(log);
    const sightings = this.#sightings.get(key) ?? new Sightings([]);
    const last = sightings.all.at(-1);
    if (last !== undefined) {
      if (last.offset >= aheadEnd || last.offset >= durableEnd) return;
      const lastMs = this.seenBy(log, last.offset);
      if (lastMs !== null && lastMs <= nowMs && nowMs - lastMs < stepMs) return;
    }
    sightings.add({ offset: durableEnd, period: current.id, shownMs: this.#shownMs(current) });
    this.#sightings.set(key, sightings);
    this.#ledger.saveSightings(key, sightings);
  }

  /**
   * The earliest time that is known by which the records below `endOffset` had come; null where none is, or nobody
   * can tell what the clock of then was worth.
   */
  seenBy(log: Pick<MarkedLog, "topicId" | "partition">, endOffset: number): number | null {
    const found = this.#sightings.get(keyOf(log))?.after(endOffset) ?? null;
    if (found === null) return null;
    const period = this.#keeper.periods.get(found.period);
    if (period === null) return found.shownMs;
    return repaired(this.#truth(period, found.shownMs), found.shownMs)?.timeMs ?? null;
  }

  /** What the wall clock of the period shows now. */
  #shownMs({ offsetMs }: ClockPeriod): number {
    return Math.round(this.#machine.read().bootMs + offsetMs);
  }

  /** Whether what was stamped in the log from this offset on may be something else than the truth, as far as is known. */
  isDoubtful(log: Pick<MarkedLog, "topicId" | "partition">, fromOffset: number): boolean {
    const marks = this.#marks.get(keyOf(log));
    if (marks === undefined) return false;
    const { periods } = this.#keeper;
    for (let index = Math.max(0, marks.indexAt(fromOffset)); index < marks.all.length; index += 1) {
      const period = periods.get(marks.all[index]?.period ?? SETTLED_PERIOD);
      if (period !== null && !periods.isRight(period)) return true;
    }
    return false;
  }

  /**
   * What the time of arrival of the record at `offset`, stamped by us as `stampedMs`, really was: as stamped where
   * it is the sender's own, or right. Null where it was wrong and nobody can tell by how much yet.
   */
  trueTime(
    log: Pick<MarkedLog, "topicId" | "partition">,
    offset: number,
    stampedMs: number,
  ): RepairedTime | null {
    const marks = this.#marks.get(keyOf(log));
    const index = marks?.indexAt(offset) ?? -1;
    const mark = marks?.all[index];
    if (marks === undefined || mark === undefined || mark.kinds !== STAMP.arrival)
      return asStamped(stampedMs);
    const period = this.#keeper.periods.get(mark.period);
    if (period === null) return asStamped(stampedMs);
    const found = repaired(this.#truth(this.#periodOf(period, stampedMs), stampedMs), stampedMs);
    return found !== null && this.#isToCome(found.timeMs) && !this.#isToCome(stampedMs)
      ? asStamped(stampedMs)
      : found;
  }

  /**
   * A record that would have come after now was stamped by another clock than the ledger says: what it has of that
   * one was lost, and the stamp is the better guess.
   */
  #isToCome(timeMs: number): boolean {
    const nowMs = this.trueNowMs();
    return nowMs !== null && timeMs > nowMs + AHEAD_MS;
  }

  /**
   * The same for a record that says itself at what time of which boot it came. A boot that is forgotten had the
   * right time in the end, and what it stamped stays.
   */
  timeOfBoot(boot: string, bootMs: number, stampedMs: number): RepairedTime | null {
    const { periods } = this.#keeper;
    return periods.knows(boot) ? whole(periods.trueTime(boot, bootMs)) : asStamped(stampedMs);
  }

  /**
   * By what time a run of records is to be judged for its age, whose latest stamp is `stampedMs`: their own where
   * a clock that was right can have given it, or no clock of ours. Null where nobody can tell yet: then it is too early.
   */
  ageTime(
    log: Pick<MarkedLog, "topicId" | "partition">,
    baseOffset: number,
    nextOffset: number,
    stampedMs: number,
  ): number | null {
    const doubtful = this.#periodsOf(log, baseOffset, nextOffset);
    const { periods } = this.#keeper;
    const from = doubtful.find((period) => periods.covers(period, stampedMs));
    const own = from === undefined ? asStamped(stampedMs) : repaired(this.#truth(from, stampedMs), stampedMs);
    const anyWrong = doubtful.some((period) => {
      const shownMs = period.startBootMs + period.offsetMs;
      return this.#truth(period, shownMs)?.correctionMs !== 0;
    });
    let latestMs = own?.timeMs ?? null;
    for (const period of doubtful) {
      const start = periods.trueTime(period.boot, period.startBootMs);
      if (start === null || latestMs === null) return null;
      // Whatever the stamps, records came in this period: the run is no older than its beginning.
      if (anyWrong) latestMs = Math.max(latestMs, start.timeMs);
    }
    return latestMs;
  }

  /** Forgets what is of no use any more. `logOf` gives the log of a key, or null where it is gone. */
  prune(logStartOf: (topicId: string, partition: number) => number | null): void {
    const { periods } = this.#keeper;
    const isSettled = (id: number): boolean => {
      const period = periods.get(id);
      return period === null || periods.isSettled(period);
    };
    let oldest = this.#pruneSightings(logStartOf, isSettled);
    for (const [key, marks] of this.#marks) {
      const [topicId = "", partition = ""] = key.split("/");
      const startOffset = logStartOf(topicId, Number(partition));
      const changed = startOffset === null || marks.shorten(startOffset, isSettled);
      if (startOffset === null || marks.all.length === 0) {
        this.#marks.delete(key);
        this.#ledger.saveMarks(key, new Marks([]));
        continue;
      }
      if (changed) this.#ledger.saveMarks(key, marks);
      for (const { period } of marks.all) if (period !== SETTLED_PERIOD) oldest = Math.min(oldest, period);
    }
    const boots = new Set([this.#machine.bootId]);
    for (const { boot, id } of periods.all) if (id >= oldest) boots.add(boot);
    const old = periods.all.filter(({ boot }) => !boots.has(boot));
    this.#forget(old);
  }

  /** Gives the oldest period that sightings still need. */
  #pruneSightings(
    logStartOf: (topicId: string, partition: number) => number | null,
    isSettled: (id: number) => boolean,
  ): number {
    let oldest = Number.POSITIVE_INFINITY;
    for (const [key, sightings] of this.#sightings) {
      const [topicId = "", partition = ""] = key.split("/");
      const startOffset = logStartOf(topicId, Number(partition));
      const changed = sightings.shorten(startOffset ?? Number.POSITIVE_INFINITY, isSettled);
      if (changed) this.#ledger.saveSightings(key, sightings);
      if (sightings.all.length === 0) this.#sightings.delete(key);
      for (const { period } of sightings.all)
        if (period !== SETTLED_PERIOD) oldest = Math.min(oldest, period);
    }
    return oldest;
  }

  /** A stamp lies in the period of its offset; or, given just before the clock was set, in the one before. */
  #periodOf(period: ClockPeriod, stampedMs: number): ClockPeriod {
    const { periods } = this.#keeper;
    if (periods.covers(period, stampedMs)) return period;
    const before = periods.before(period);
    return before !== null && periods.covers(before, stampedMs) ? before : period;
  }

  #truth(period: ClockPeriod, stampedMs: number): Truth | null {
    return this.#keeper.periods.truth(period, stampedMs);
  }

  /** Periods that records of a run came in, as far as they are not settled; oldest first. */
  #periodsOf(
    log: Pick<MarkedLog, "topicId" | "partition">,
    baseOffset: number,
    nextOffset: number,
  ): readonly ClockPeriod[] {
    const marks = this.#marks.get(keyOf(log));
    const found: ClockPeriod[] = [];
    if (marks === undefined) return found;
    for (let index = marks.indexAt(nextOffset - 1); index >= 0; index -= 1) {
      const mark = marks.all[index];
      const period = mark === undefined ? null : this.#keeper.periods.get(mark.period);
      if (period !== null && !found.includes(period)) found.unshift(period);
      if (mark === undefined || mark.offset <= baseOffset) break;
    }
    return found;
  }

  #take(reading: MachineReading): void {
    const change = this.#keeper.see(reading, this.#synchronised);
    if (change === null) return;
    const { period, kind, stepMs, overruled } = change;
    if (kind === "step") {
      this.#steps += 1;
      this.#lastStepMs = stepMs;
    }
    for (const one of overruled) this.#ledger.savePeriod(one);
    if (kind === "moment") this.#ledger.saveMoment(period);
    else this.#ledger.savePeriod(period);
    if (kind === "step" || kind === "start") {
      const { periods } = this.#keeper;
      const before = periods.before(period);
      if (before !== null) this.#ledger.savePeriod(before);
      const excess = periods.all.length - MAX_PERIODS;
      if (excess > 0) this.#forget(periods.all.slice(0, excess));
    }
    if (kind !== "moment") this.#reports.onChange(change);
  }

  #forget(old: readonly ClockPeriod[]): void {
    if (old.length === 0) return;
    for (const period of old) {
      this.#keeper.forget(period);
      this.#ledger.forgetPeriod(period);
    }
    this.#ledger.saveFloor(this.#keeper.floorMs);
  }
}

function asStamped(stampedMs: number): RepairedTime {
  return { timeMs: stampedMs, isEstimate: false };
}

function repaired(truth: Truth | null, stampedMs: number): RepairedTime | null {
  if (truth === null) return null;
  return whole({ timeMs: stampedMs + truth.correctionMs, isEstimate: truth.isEstimate });
}

/** The machine's clocks show fractions of a millisecond; times of records have none. */
function whole(time: RepairedTime | null): RepairedTime | null {
  return time === null ? null : { timeMs: Math.round(time.timeMs), isEstimate: time.isEstimate };
}

function keyOf({ topicId, partition }: Pick<MarkedLog, "topicId" | "partition">): string {
  return `${topicId}/${partition}`;
}
