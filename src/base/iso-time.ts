const DATE = /^(\d{4})-(\d\d)-(\d\d)(?!\d)/;

/**
 * Milliseconds since 1970 of a time that begins with a date of ISO 8601, as 2026-01-31T12:00Z; NaN for what is none.
 * JavaScript's own parser takes the 30th of February for a day in March: here it is no time.
 */
export function parseIsoTimeMs(text: string): number {
  const [, year, month, day] = DATE.exec(text) ?? [];
  if (year === undefined || month === undefined || day === undefined) return Number.NaN;
  const daysInMonth = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  return Number(day) > daysInMonth ? Number.NaN : Date.parse(text);
}
