/** What a check found: ok, worth knowing, likely to bite, or something that must be changed. */
export type Verdict = "ok" | "note" | "warning" | "problem";

export interface Finding {
  readonly check: string;
  readonly verdict: Verdict;
  /** What was measured, in words. */
  readonly value: string;
  /** What it means for a gateway. */
  readonly meaning: string;
  /** What to do about it; null where nothing has to be done. */
  readonly remedy: string | null;
  /** The same in numbers, for programs. */
  readonly data: Readonly<Record<string, unknown>>;
}
