import type { BudgetRecord } from "./budget.ts";

/** What the operator asked for: to carry records, to carry none, or to carry what there is and then none. */
export type LinkMode = "flowing" | "paused" | "draining";

/** What of a link outlives the process. */
export interface LinkRecord {
  readonly mode: LinkMode;
  /** What the operator lets pass a second at most; left out: as configured. */
  readonly capBytesPerSecond?: number;
  readonly day: BudgetRecord;
  readonly month: BudgetRecord;
}

/** With less, connecting alone would take minutes. */
export const MIN_CAP_BYTES_PER_SECOND = 1_024;

const MODES: readonly string[] = ["flowing", "paused", "draining"] satisfies readonly LinkMode[];

/** As JSON, for the local store. */
export function encodeLinkRecord(record: LinkRecord): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(record));
}

/** Null for what is none: a store that is empty, or of a version that is not known. */
export function decodeLinkRecord(bytes: Uint8Array | null): LinkRecord | null {
  if (bytes === null) return null;
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof value !== "object" || value === null) return null;
    const { mode, capBytesPerSecond = null, day, month } = value as Partial<Record<string, unknown>>;
    if (!MODES.includes(String(mode)) || !isBudget(day) || !isBudget(month)) return null;
    if (capBytesPerSecond !== null && !isCap(capBytesPerSecond)) return null;
    const cap = capBytesPerSecond === null ? {} : { capBytesPerSecond };
    return { mode: mode as LinkMode, ...cap, day, month };
  } catch {
    return null;
  }
}

/** Whether a cap is one that something passes under. */
export function isCap(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= MIN_CAP_BYTES_PER_SECOND;
}

function isBudget(value: unknown): value is BudgetRecord {
  if (typeof value !== "object" || value === null) return false;
  const { startMs, usedBytes } = value as Partial<Record<string, unknown>>;
  return Number.isSafeInteger(startMs) && Number.isSafeInteger(usedBytes);
}
