import type { MachineReading } from "../io/machine-time.ts";
import {
  type ClockPeriod,
  NOTE_KNOWN_MS,
  NOTE_UNKNOWN_MS,
  offsetOf,
  type Periods,
  type Quality,
} from "./periods.ts";

/** When a wall clock is believed; see `clock.trust` of the settings. */
export type ClockTrust = "auto" | "synchronised" | "always";

export interface ClockRules {
  readonly trust: ClockTrust;
  /** When the program was built: no clock that is right shows less. */
  readonly buildMs: number;
  /** So far a clock may be behind the newest time that was seen, and be believed. */
  readonly toleranceMs: number;
  /** Without one a clock goes on after a start of the machine from where it was, however long that was off. */
  readonly hasBatteryClock: boolean;
  /** Deliberate bugs, for tests of the tests. */
  readonly flaw?: ClockFlaw;
}

export type ClockFlaw =
  | "steps are overlooked"
  | "a restart forgets"
  | "only backwards"
  | "any clock is right";

/** What has to be written down after a look at the clock. */
export interface ClockChange {
  /** `step`: the clock was set. `quality`: it is believed more than before. */
  readonly kind: "start" | "step" | "quality" | "moment";
  readonly period: ClockPeriod;
  /** By how much the clock was set; 0 where it was not. */
  readonly stepMs: number;
  /** Periods of earlier boots that this one shows to have been ahead: they are not believed any more. */
  readonly overruled: readonly ClockPeriod[];
}

/** A wall clock that is this far from where it should be was set; less is how exactly two clocks can be read. */
export const STEP_MS = 100;
/** A machine without a battery whose clock went on less than this over its start: as if it had not been off. */
const RESUMED_MS = 15 * 60_000;

/**
 * Tells whether the wall clock is right, and when it was set. Pure: it is shown the clocks, and says what is to be
 * written down; `periods` is what was, so that a start goes on from it.
 */
export class TimeKeeper {
  readonly periods: Periods;
  readonly #rules: ClockRules;
  readonly #boot: string;
  /** The newest time of periods that are forgotten. */
  #floorMs: number;

  constructor(rules: ClockRules, boot: string, periods: Periods, floorMs: number) {
    this.#rules = rules;
    this.#boot = boot;
    this.periods = periods;
    this.#floorMs = floorMs;
  }

  /** Whether the wall clock is believed. False before the first look. */
  get isKnown(): boolean {
    const { current } = this.periods;
    return current !== null && current.boot === this.#boot && current.quality !== "unknown";
  }

  /** The newest time of periods that are forgotten, for the ledger. */
  get floorMs(): number {
    return this.#floorMs;
  }

  /** No clock that is right shows less, but for the tolerance; -1 for nothing. */
  get newestSeenMs(): number {
    return Math.max(this.#floorMs, this.periods.newestSeenMs(this.#boot));
  }

  /** The true time of this reading, as far as anybody can tell by now; null where nobody can. */
  trueTimeOf({ bootMs }: MachineReading): number | null {
    const found = this.periods.trueTime(this.#boot, bootMs);
    return found === null || found.isEstimate ? null : found.timeMs;
  }

  /** Takes a look at the clocks. Returns what has changed, or null. */
  see(reading: MachineReading, synchronised: boolean | null): ClockChange | null {
    const { current } = this.periods;
    if (current === null || current.boot !== this.#boot)
      return this.#begin("start", reading, synchronised, 0);
    const stepMs = offsetOf(reading) - current.offsetMs;
    if (this.#isStep(stepMs)) return this.#begin("step", reading, synchronised, stepMs);
    return this.#goOn(current, reading, synchronised);
  }

  /** Forgets a period; what it has seen stays known. */
  forget(period: ClockPeriod): void {
    this.#floorMs = this.newestSeenMs;
    this.periods.remove(period);
  }

  #isStep(stepMs: number): boolean {
    if (this.#rules.flaw === "steps are overlooked") return false;
    if (this.#rules.flaw === "only backwards") return stepMs < -STEP_MS;
    return Math.abs(stepMs) > STEP_MS;
  }

  #begin(
    kind: "start" | "step",
    reading: MachineReading,
    synchronised: boolean | null,
    stepMs: number,
  ): ClockChange {
    const quality = this.#judge(reading, synchronised, kind === "start");
    const { current } = this.periods;
    const period: ClockPeriod = {
      id: this.periods.nextId,
      boot: this.#boot,
      offsetMs: offsetOf(reading),
      startBootMs: reading.bootMs,
      lastBootMs: reading.bootMs,
      quality,
      confirmedBootMs: quality === "confirmed" ? reading.bootMs : -1,
    };
    if (kind === "step" && current !== null)
      current.lastBootMs = Math.max(current.lastBootMs, reading.bootMs);
    const overruled = this.#overrule(period, reading);
    this.periods.add(period);
    return { kind, period, stepMs, overruled };
  }

  #goOn(period: ClockPeriod, reading: MachineReading, synchronised: boolean | null): ClockChange | null {
    const isConfirmed = this.#judge(reading, synchronised, false) === "confirmed";
    const isBetter = isConfirmed && period.quality !== "confirmed";
    if (isConfirmed) {
      period.quality = "confirmed";
      period.confirmedBootMs = Math.max(period.confirmedBootMs, reading.bootMs);
    }
    const overruled = isBetter ? this.#overrule(period, reading) : [];
    const dueMs = period.lastBootMs + (this.isKnown ? NOTE_KNOWN_MS : NOTE_UNKNOWN_MS);
    if (!isBetter && reading.bootMs < dueMs) return null;
    period.lastBootMs = Math.max(period.lastBootMs, reading.bootMs);
    return { kind: isBetter ? "quality" : "moment", period, stepMs: 0, overruled };
  }

  /** Where somebody keeps this clock right, what earlier boots took for a later time never was. */
  #overrule(period: ClockPeriod, { wallMs }: MachineReading): readonly ClockPeriod[] {
    if (period.quality !== "confirmed") return [];
    const latestMs = wallMs + this.#rules.toleranceMs;
    if (this.#floorMs > latestMs) this.#floorMs = wallMs;
    const ahead = this.periods.all.filter(
      ({ boot, quality, lastBootMs, offsetMs }) =>
        boot !== this.#boot && quality !== "unknown" && lastBootMs + offsetMs > latestMs,
    );
    for (const one of ahead) {
      one.quality = "unknown";
      one.confirmedBootMs = -1;
    }
    return ahead;
  }

  #judge({ wallMs, bootMs }: MachineReading, synchronised: boolean | null, isStart: boolean): Quality {
    const { trust, buildMs, toleranceMs, hasBatteryClock, flaw } = this.#rules;
    if (trust === "always" || synchronised === true) return "confirmed";
    if (flaw === "any clock is right") return "plausible";
    if (trust === "synchronised" || wallMs < buildMs) return "unknown";
    const { newestSeenMs } = this;
    if (newestSeenMs < 0) return "plausible";
    if (wallMs < newestSeenMs - toleranceMs) return "unknown";
    // Saved when it was switched off, and set at the start by what was saved.
    const { current } = this.periods;
    const shownMs = current === null ? -1 : current.lastBootMs + current.offsetMs;
    const wentOnMs = wallMs - bootMs - Math.max(newestSeenMs, shownMs);
    return isStart && !hasBatteryClock && wentOnMs < RESUMED_MS ? "unknown" : "plausible";
  }
}
