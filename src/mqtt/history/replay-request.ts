import { parseDurationMs } from "../../config/units.ts";
import { filterFault, isReserved, isShared } from "../topics.ts";

const REPLAY = "$replay";
const FORM = "$replay/{from}/{filter}";

/** Where a replay begins in every partition: at an offset, or at the first record of that time or later. */
export type ReplayFrom =
  | { readonly kind: "offset"; readonly offset: number }
  | { readonly kind: "time"; readonly timestampMs: number };

export interface ReplayRequest {
  readonly from: ReplayFrom;
  /** A valid topic filter. */
  readonly filter: string;
}

/** Whether a filter asks for what was published before. */
export function isReplay(filter: string): boolean {
  return filter === REPLAY || filter.startsWith(`${REPLAY}/`);
}

/**
 * What `$replay/{from}/{filter}` asks for, or why it can't be had. `from` is an offset; a time in ISO 8601, UTC where
 * it names no zone; or how far back: 24h, 90m, 7d, 1d12h, PT24H, P7D. A `+` in a zone is no part of a valid filter.
 */
export function readReplay(text: string, nowMs: number): ReplayRequest | string {
  const [, from, ...levels] = text.split("/");
  if (from === undefined || levels.length === 0) return `a replay is written ${FORM}`;
  const filter = levels.join("/");
  const fault = filterFault(filter);
  if (fault !== null) return `a replay of ${fault}`;
  if (isShared(filter)) return "a replay is no shared subscription";
  if (isReserved(filter) || isReplay(filter))
    return `${levels[0] ?? ""} is not kept, so that it can't be replayed`;
  const begins = readFrom(from, nowMs);
  if (begins === null) {
    return `${JSON.stringify(from.slice(0, MAX_SHOWN))} is no offset, no ISO 8601 time and no duration such as 24h or P7D`;
  }
  return { from: begins, filter };
}

const MAX_SHOWN = 40;
const DAY_MS = 86_400_000;
const UNIT_MS = { W: 7 * DAY_MS, D: DAY_MS, H: 3_600_000, M: 60_000, S: 1_000 } as const;
/** The date needs all its parts; hours, minutes and seconds may be left out from the end. */
const ISO_TIME =
  /^\d{4}-\d{2}-\d{2}(?:[Tt]\d{2}(?::?\d{2}(?::?\d{2}(?:[.,]\d{1,9})?)?)?(?:[Zz]|-\d{2}:?\d{2})?)?$/;
const ISO_DURATION = /^P(?!$)(?:(\d+)W)?(?:(\d+)D)?(?:T(?!$)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/i;

function readFrom(text: string, nowMs: number): ReplayFrom | null {
  if (/^\d+$/.test(text)) {
    const offset = Number(text);
    return Number.isSafeInteger(offset) ? { kind: "offset", offset } : null;
  }
  if (ISO_TIME.test(text)) {
    const timestampMs = isoTimeMs(text);
    return Number.isNaN(timestampMs) ? null : { kind: "time", timestampMs };
  }
  const backMs = ISO_DURATION.test(text) ? isoDurationMs(text) : spelledDurationMs(text);
  // What is longer ago than the time of 1970 is all there is.
  return backMs === null ? null : { kind: "time", timestampMs: Math.max(0, Math.floor(nowMs - backMs)) };
}

function spelledDurationMs(text: string): number | null {
  // Without a unit it would be an offset; spaces are no part of how people write topics.
  return /^\d/.test(text) && !/\s/.test(text) && /[a-z]$/i.test(text) ? parseDurationMs(text) : null;
}

function isoDurationMs(text: string): number | null {
  const [, weeks = "0", days = "0", hours = "0", minutes = "0", seconds = "0"] =
    ISO_DURATION.exec(text) ?? [];
  const total =
    Number(weeks) * UNIT_MS.W +
    Number(days) * UNIT_MS.D +
    Number(hours) * UNIT_MS.H +
    Number(minutes) * UNIT_MS.M +
    Number(seconds) * UNIT_MS.S;
  return Number.isSafeInteger(Math.round(total)) ? Math.round(total) : null;
}

/** NaN where there is no such day or hour. */
function isoTimeMs(text: string): number {
  const [date = "", rest = ""] = text.toUpperCase().split("T");
  const zoneAt = rest.search(/[Z-]/);
  const time = zoneAt < 0 ? rest : rest.slice(0, zoneAt);
  const zone = zoneAt < 0 ? "Z" : rest.slice(zoneAt);
  const [, hours = "00", minutes = "00", seconds = "00", fraction = "0"] =
    /^(\d{2})(?::?(\d{2})(?::?(\d{2})(?:[.,](\d+))?)?)?$/.exec(time) ?? [];
  const shownZone = zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone;
  const day = new Date(`${date}T00:00:00Z`);
  // Date takes the 30th of February for a day in March.
  if (Number.isNaN(day.getTime()) || day.toISOString().slice(0, 10) !== date) return Number.NaN;
  return Date.parse(
    `${date}T${hours}:${minutes}:${seconds}.${fraction.slice(0, 3).padEnd(3, "0")}${shownZone}`,
  );
}
