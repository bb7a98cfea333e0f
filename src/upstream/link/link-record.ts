import type { BudgetRecord } from "./budget.ts";

/** What the operator asked for: to carry records, to carry none, or to carry what there is and then none. */
export type LinkMode = "flowing" | "paused" | "draining";

/** What of a link outlives the process. */
export interface LinkRecord {
  readonly mode: LinkMode;
  readonly day: BudgetRecord;
  readonly month: BudgetRecord;
}

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
    const { mode, day, month } = value as Partial<Record<string, unknown>>;
    if (!MODES.includes(String(mode)) || !isBudget(day) || !isBudget(month)) return null;
    return { mode: mode as LinkMode, day, month };
  } catch {
    return null;
  }
}

function isBudget(value: unknown): value is BudgetRecord {
  if (typeof value !== "object" || value === null) return false;
  const { startMs, usedBytes } = value as Partial<Record<string, unknown>>;
  return Number.isSafeInteger(startMs) && Number.isSafeInteger(usedBytes);
}
