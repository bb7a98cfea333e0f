import type { WallClock } from "./settings.ts";

export type BudgetPeriod = "day" | "month";

/** What is known of a budget beyond this process: written down, and read at a start. */
export interface BudgetRecord {
  /** When the period began that the bytes are of, local milliseconds since 1970; -1 while the time is not known. */
  readonly startMs: number;
  readonly usedBytes: number;
}

/** A clock that is set back by less than this stays in the period that it was in. */
const SMALL_STEP_MS = 24 * 3600_000;

/**
 * Bytes of a calendar day or month. It begins anew when the calendar does. A clock that is set back over midnight does
 * not give the day's bytes a second time; one that was far ahead is followed back, with what is used. While the time is
 * not known, bytes count for the period before.
 */
export class Budget {
  readonly period: BudgetPeriod;
  /** 0 where there is no limit; bytes are counted all the same. */
  limitBytes: number;
  #startMs = -1;
  #usedBytes = 0;
  #starts = 0;

  constructor(period: BudgetPeriod, limitBytes: number) {
    this.period = period;
    this.limitBytes = limitBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Bytes that are left, Infinity without a limit. */
  get leftBytes(): number {
    return this.limitBytes === 0 ? Number.POSITIVE_INFINITY : Math.max(0, this.limitBytes - this.#usedBytes);
  }

  /** How often it began anew in this process. */
  get starts(): number {
    return this.#starts;
  }

  get record(): BudgetRecord {
    return { startMs: this.#startMs, usedBytes: this.#usedBytes };
  }

  restore({ startMs, usedBytes }: BudgetRecord): void {
    this.#startMs = startMs;
    this.#usedBytes += usedBytes;
  }

  count(bytes: number): void {
    this.#usedBytes += bytes;
  }

  /** Follows the calendar. Returns whether the period began anew. */
  advance(wall: WallClock): boolean {
    const nowMs = wall.nowMs();
    if (nowMs === null) return false;
    const local = nowMs + wall.offsetMs(nowMs);
    const startMs = startOf(this.period, local);
    if (this.#startMs < 0) this.#startMs = startMs;
    if (startMs > this.#startMs) {
      this.#startMs = startMs;
      this.#usedBytes = 0;
      this.#starts += 1;
      return true;
    }
    if (local < this.#startMs - SMALL_STEP_MS) this.#startMs = startMs;
    return false;
  }

  /** Milliseconds until it begins anew, null while the time is not known. */
  resetsInMs(wall: WallClock): number | null {
    const nowMs = wall.nowMs();
    if (nowMs === null) return null;
    const local = nowMs + wall.offsetMs(nowMs);
    return startAfter(this.period, Math.max(this.#startMs, startOf(this.period, local))) - local;
  }
}

function startOf(period: BudgetPeriod, localMs: number): number {
  const date = new Date(localMs);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), period === "day" ? date.getUTCDate() : 1);
}

function startAfter(period: BudgetPeriod, startMs: number): number {
  const date = new Date(startMs);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  return period === "day" ? Date.UTC(year, month, day + 1) : Date.UTC(year, month + 1, 1);
}
