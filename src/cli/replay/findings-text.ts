/** Findings that people are shown; JSON has more, and all counts. */
export const MAX_LINES = 20;

/** A line about something that was found. */
export interface FindingLine {
  readonly text: string;
  /** Records that it tells of, as they are counted; 0 where it is an entry of the ledger, or a note. */
  readonly records: number;
}

/**
 * The first of the lines, and how much more there is. `records` is how many records were found in all: reports list
 * the first of them only, so there may be more than there are lines of.
 */
export function findingsText(lines: readonly FindingLine[], records: number): string {
  const shown = lines.slice(0, MAX_LINES);
  const moreRecords = records - shown.reduce((sum, line) => sum + line.records, 0);
  const moreLines = lines.slice(MAX_LINES).filter((line) => line.records === 0).length;
  const more = [
    ...(moreRecords > 0 ? [`${moreRecords} more`] : []),
    ...(moreLines > 0
      ? [`${moreLines} more ${moreLines === 1 ? "entry or note" : "entries and notes"}`]
      : []),
  ];
  return [
    ...shown.map(({ text }) => `${text}\n`),
    more.length > 0 ? `and ${more.join(", and ")}\n` : "",
  ].join("");
}
