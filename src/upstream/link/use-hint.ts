import { crc32c } from "../../base/crc32c.ts";
import type { BudgetRecord } from "./budget.ts";

/**
 * A place that keeps a small text over the end of the process, however that comes, as long as the machine goes on: it is never
 * synced, and costs the disk next to nothing.
 */
export interface HintPlace {
  /** What was written last since the machine started; null for nothing. */
  read(): string | null;
  write(text: string): void;
}

/**
 * What was used of the budgets, nearly exactly. The store counts use ahead of time, by a step and what is on its way, so that a
 * power cut never gives bytes twice; after a mere crash of the process this says how much of that was used in fact.
 */
export interface UseHint {
  readonly day: BudgetRecord;
  readonly month: BudgetRecord;
  /** What the store said when it was written: it counts for nothing else. */
  readonly storedDayBytes: number;
  readonly storedMonthBytes: number;
}

/** A sum and JSON: a store into a mapped file may be cut in the middle. */
export function encodeUseHint(hint: UseHint): string {
  const text = JSON.stringify(hint);
  return `${sumOf(text)} ${text}`;
}

/** Null for what is none. */
export function decodeUseHint(text: string | null): UseHint | null {
  const [sum = "", ...rest] = (text ?? "").split(" ");
  const body = rest.join(" ");
  if (sum === "" || sum !== sumOf(body)) return null;
  return JSON.parse(body) as UseHint;
}

/** The store's records as the hint knows them better. */
export function hinted(
  day: BudgetRecord,
  month: BudgetRecord,
  hint: UseHint | null,
): readonly [day: BudgetRecord, month: BudgetRecord] {
  if (hint === null || hint.storedDayBytes !== day.usedBytes || hint.storedMonthBytes !== month.usedBytes)
    return [day, month];
  return [nearer(day, hint.day), nearer(month, hint.month)];
}

/** Of the same period, and never more than was stored. */
function nearer(stored: BudgetRecord, known: BudgetRecord): BudgetRecord {
  return stored.startMs === known.startMs && known.usedBytes <= stored.usedBytes ? known : stored;
}

function sumOf(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return (crc32c(bytes, 0, bytes.length) >>> 0).toString(16);
}
