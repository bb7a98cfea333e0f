import type { BudgetPeriod } from "./budget.ts";

const DAY_MS = 86_400_000;
const PERIOD_MS: Readonly<Record<BudgetPeriod, number>> = { day: DAY_MS, month: 30 * DAY_MS };
const REMEMBERED_ROUNDS = 16;
const SECOND_MS = 1_000;

/** A budget that ends what goes up. */
export interface BudgetLeft {
  readonly period: BudgetPeriod;
  readonly leftBytes: number;
  /** What one period lets pass. */
  readonly wholeBytes: number;
  /** When it begins anew; null where the time is not known. */
  readonly resetsInMs: number | null;
}

/** How long what waits will take: by the pace of the last rounds, by what may pass a second, and by what the budget has left. */
export class Eta {
  readonly #rounds: { readonly endedMs: number; readonly records: number; readonly wireBytes: number }[] = [];

  /** `wireBytes`: all that had passed the link by then. */
  roundEnded(records: number, wireBytes: number, nowMs: number): void {
    this.#rounds.push({ endedMs: nowMs, records, wireBytes });
    if (this.#rounds.length > REMEMBERED_ROUNDS) this.#rounds.shift();
  }

  /** Milliseconds; null while nobody can say. `bytesPerSecond` is infinite where all may pass. */
  of(lagRecords: number, bytesPerSecond: number, budget: BudgetLeft | null, nowMs: number): number | null {
    if (lagRecords === 0) return 0;
    const [first, ...others] = this.#rounds;
    const records = others.reduce((sum, round) => sum + round.records, 0);
    const last = others.at(-1);
    if (lagRecords < 0 || first === undefined || last === undefined || records === 0) return null;
    const neededBytes = (lagRecords * (last.wireBytes - first.wireBytes)) / records;
    const paceMs = (lagRecords * (nowMs - first.endedMs)) / records;
    const flowMs = Math.max(paceMs, (neededBytes * SECOND_MS) / bytesPerSecond);
    if (budget === null || neededBytes <= budget.leftBytes) return Math.round(flowMs);
    if (budget.resetsInMs === null) return null;
    const restBytes = neededBytes - budget.leftBytes;
    const wholePeriods = Math.ceil(restBytes / budget.wholeBytes) - 1;
    const lastBytes = restBytes - wholePeriods * budget.wholeBytes;
    const waitMs = budget.resetsInMs + wholePeriods * PERIOD_MS[budget.period];
    return Math.round(waitMs + (flowMs * lastBytes) / neededBytes);
  }
}
