/** How far a value may move before it counts as changed: in its own unit, or in percent of the last one. */
export interface DeadbandWidth {
  /** 0 for any change. */
  readonly width: number;
  readonly isPercent: boolean;
}

/** What "0.5", "2%" or "change" says, or a sentence about what is wrong with it. */
export function parseDeadband(text: string): DeadbandWidth | string {
  const tidy = text.trim();
  if (tidy === "change") return { width: 0, isPercent: false };
  const match = /^(\d+(?:\.\d+)?(?:e[+-]?\d{1,3})?) ?(%?)$/i.exec(tidy);
  const width = Number(match?.[1]);
  if (match === null || !Number.isFinite(width)) return "it is no width like 0.5, 2% or change";
  return { width, isPercent: match[2] === "%" };
}
