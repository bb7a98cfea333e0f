import type { MachineReading } from "../io/machine-time.ts";

/**
 * How far a wall clock can be believed: `unknown` not at all; `plausible`, as nothing speaks against it; `confirmed`,
 * as the machine says that somebody keeps it right.
 */
export type Quality = "unknown" | "plausible" | "confirmed";

/** A time in which nobody set the wall clock: it was ahead of the machine's own time by the same all along. */
export interface ClockPeriod {
  /** Grows with every period of this data folder. */
  readonly id: number;
  readonly boot: string;
  /** Wall clock less boot time: what the wall clock would have shown when the kernel started. */
  readonly offsetMs: number;
  readonly startBootMs: number;
  /** The newest moment of it that is noted. */
  lastBootMs: number;
  quality: Quality;
  /** The newest moment at which the clock was confirmed, in boot time; -1 where it never was. */
  confirmedBootMs: number;
}

/** What a wall clock should have shown. */
export interface Truth {
  /** To be added to what it did show, in milliseconds. */
  readonly correctionMs: number;
  /**
   * Whether that is only the latest it can have been: the machine was switched off before it ever knew the time, and
   * nobody knows for how long.
   */
  readonly isEstimate: boolean;
}

/** The newest moment is written down so often: by it a clock is told that is behind, and how long a boot lasted. */
export const NOTE_KNOWN_MS = 10 * 60_000;
export const NOTE_UNKNOWN_MS = 60_000;
/** A clock that was believed and is set ahead by more than this has to go on so for a while before it counts. */
const RASH_STEP_MS = 3_600_000;
const PROBATION_MS = 24 * 3_600_000;
/** A message is stored a little after its arrival: a stamp can be older than the period that it is stored in. */
const SLACK_MS = 2_000;
const AS_IT_IS: Truth = { correctionMs: 0, isEstimate: false };
/** A clock that nobody keeps strays by so much at most, as a share of the time passed: the kernel's own bound. */
const MAX_DRIFT = 500e-6;

/** The periods of a data folder, oldest first, and what each tells of the others. */
export class Periods {
  readonly all: ClockPeriod[] = [];
  readonly #byId = new Map<number, ClockPeriod>();
  readonly #byBoot = new Map<string, ClockPeriod[]>();
  #lastId = 0;

  get current(): ClockPeriod | null {
    return this.all.at(-1) ?? null;
  }

  get(id: number): ClockPeriod | null {
    return this.#byId.get(id) ?? null;
  }

  /** Of the next period: one that nothing which was ever written down means. */
  get nextId(): number {
    return this.#lastId + 1;
  }

  /** Something that is written down means a period of this id, whether that is there or lost. */
  noteId(id: number): void {
    this.#lastId = Math.max(this.#lastId, id);
  }

  /** The one that ended when this one began, in the same boot or an earlier one; null for the oldest. */
  before(period: ClockPeriod): ClockPeriod | null {
    return this.all[this.all.indexOf(period) - 1] ?? null;
  }

  knows(boot: string): boolean {
    return this.#byBoot.has(boot);
  }

  add(period: ClockPeriod): void {
    this.noteId(period.id);
    this.all.push(period);
    this.#byId.set(period.id, period);
    const periods = this.#byBoot.get(period.boot);
    if (periods === undefined) this.#byBoot.set(period.boot, [period]);
    else periods.push(period);
  }

  remove(period: ClockPeriod): void {
    this.all.splice(this.all.indexOf(period), 1);
    this.#byId.delete(period.id);
    const periods = this.#byBoot.get(period.boot) ?? [];
    periods.splice(periods.indexOf(period), 1);
    if (periods.length === 0) this.#byBoot.delete(period.boot);
  }

  /**
   * What a wall clock that showed `wallMs` in this period should have shown; null where nobody can tell yet. What
   * is known only later counts: a clock that was set is right from then on, and all before it in the same boot was
   * as far off as it was set by.
   */
  truth(period: ClockPeriod, wallMs: number): Truth | null {
    const bootMs = wallMs - period.offsetMs;
    if (period.quality === "confirmed" && bootMs <= period.confirmedBootMs) return AS_IT_IS;
    const judge = this.#judgeOf(period);
    if (judge === period) return AS_IT_IS;
    if (judge !== null) return { correctionMs: correctionBy(judge, period, bootMs), isEstimate: false };
    const offsetMs = this.#latestOffset(period.boot);
    return offsetMs === null ? null : { correctionMs: offsetMs - period.offsetMs, isEstimate: true };
  }

  /** The same for a moment of a boot that is known by its boot time alone: what the true wall clock showed then. */
  trueTime(boot: string, bootMs: number): { readonly timeMs: number; readonly isEstimate: boolean } | null {
    const periods = this.#ofBoot(boot);
    const period = periods.findLast(({ startBootMs }) => startBootMs <= bootMs) ?? periods[0];
    if (period === undefined) return null;
    const wallMs = bootMs + period.offsetMs;
    const truth = this.truth(period, wallMs);
    return truth === null ? null : { timeMs: wallMs + truth.correctionMs, isEstimate: truth.isEstimate };
  }

  /** Whether the wall clock can have shown this in the period. */
  covers(period: ClockPeriod, wallMs: number): boolean {
    const bootMs = wallMs - period.offsetMs;
    if (bootMs < period.startBootMs - SLACK_MS) return false;
    const periods = this.#ofBoot(period.boot);
    const next = periods[periods.indexOf(period) + 1];
    if (next !== undefined) return bootMs <= next.startBootMs + SLACK_MS;
    return period === this.current || bootMs <= period.lastBootMs + NOTE_KNOWN_MS + SLACK_MS;
  }

  /** Whether what a wall clock showed in this period was right, as far as is known. */
  isRight(period: ClockPeriod): boolean {
    return period.quality !== "unknown" && this.#judgeOf(period) === period;
  }

  /** Whether what a wall clock showed in this period was right, and nothing that comes will change that. */
  isSettled(period: ClockPeriod): boolean {
    return period.boot !== this.current?.boot && this.isRight(period);
  }

  /** The newest true time that any boot but `exceptBoot` has seen, and what was confirmed in that; -1 for none. */
  newestSeenMs(exceptBoot: string | null): number {
    let newestMs = -1;
    for (const period of this.all) {
      const lastBootMs = period.boot === exceptBoot ? period.confirmedBootMs : period.lastBootMs;
      if (period.quality === "unknown" || lastBootMs < 0) continue;
      const truth = this.truth(period, lastBootMs + period.offsetMs);
      if (truth === null || truth.isEstimate) continue;
      newestMs = Math.max(newestMs, lastBootMs + period.offsetMs + truth.correctionMs);
    }
    return newestMs;
  }

  /** Whose word counts for the end of this period; null where nobody in its boot ever knew the time. */
  #judgeOf(period: ClockPeriod): ClockPeriod | null {
    const others = this.#ofBoot(period.boot);
    const later = others.slice(others.indexOf(period) + 1);
    const confirmed = later.find(({ quality }) => quality === "confirmed");
    if (confirmed !== undefined) return confirmed;
    if (period.quality === "confirmed") return period;
    const known = later.findLast((other) => other.quality !== "unknown" && !isRash(period, other));
    if (known !== undefined) return known;
    if (period.quality !== "unknown") return period;
    return (
      others.findLast(({ quality }) => quality === "confirmed") ??
      others.findLast(({ quality }) => quality !== "unknown") ??
      null
    );
  }

  /**
   * The latest that a boot can have begun which never knew the time: so that it ended when the next one started. -
   * What is too late by the time that the machine was off is better than what looks older than it is.
   */
  #latestOffset(boot: string): number | null {
    const boots = [...this.#byBoot.keys()];
    const from = boots.indexOf(boot);
    for (let i = from + 1; i < boots.length; i += 1) {
      const next = boots[i] as string;
      const periods = this.#ofBoot(next);
      const known = periods.find(({ quality }) => quality !== "unknown");
      const first = periods[0] as ClockPeriod;
      if (known === undefined) continue;
      const truth = this.truth(first, first.startBootMs + first.offsetMs);
      if (truth === null) continue;
      let startMs = first.offsetMs + truth.correctionMs;
      // Boots between the two, which did not know the time either, take their own time off.
      for (let j = i - 1; j >= from; j -= 1) startMs -= this.#durationMs(boots[j] as string);
      return startMs;
    }
    return null;
  }

  /** From the start of the kernel to the newest moment that was noted. */
  #durationMs(boot: string): number {
    return Math.max(...this.#ofBoot(boot).map(({ lastBootMs }) => lastBootMs));
  }

  #ofBoot(boot: string): readonly ClockPeriod[] {
    return this.#byBoot.get(boot) ?? [];
  }
}

/**
 * Whether a clock that was believed was set well ahead since, and has not gone on so for long: nothing but that speaks
 * for it, and what was stamped before must not follow a jump that somebody will undo.
 */
export function isRash(before: ClockPeriod, after: ClockPeriod): boolean {
  if (before.quality === "unknown" || after.quality === "confirmed") return false;
  const lastedMs = after.lastBootMs - after.startBootMs;
  return after.offsetMs - before.offsetMs > RASH_STEP_MS && lastedMs < PROBATION_MS;
}

/** What a reading shows beyond the boot time. */
export function offsetOf({ wallMs, bootMs }: MachineReading): number {
  return wallMs - bootMs;
}

/**
 * A clock that was right once and is set by little later has strayed bit by bit in between; else it was off by the
 * same all along.
 */
function correctionBy(judge: ClockPeriod, period: ClockPeriod, bootMs: number): number {
  const correctionMs = judge.offsetMs - period.offsetMs;
  const sinceMs = period.confirmedBootMs;
  const passedMs = judge.startBootMs - sinceMs;
  const strayed =
    sinceMs >= 0 && judge.startBootMs > sinceMs && Math.abs(correctionMs) <= passedMs * MAX_DRIFT;
  if (!strayed) return correctionMs;
  return (correctionMs * Math.min(passedMs, bootMs - sinceMs)) / passedMs;
}
