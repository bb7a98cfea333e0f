import { parseIsoTimeMs } from "../base/iso-time.ts";
import { findCborValue } from "./cbor-path.ts";

/** Where in a payload the time of a reading stands. */
export interface TimestampRule {
  /** Field names and array positions from the payload's top. */
  readonly path: readonly string[];
  /** "auto" tells JSON from CBOR by the payload's first byte. */
  readonly format: "auto" | "json" | "cbor";
}

/** A payload beyond this is not looked into: its record gets the time of arrival. */
export const MAX_INSPECTED_BYTES = 65_536;

/** Times before this come from a clock that was never set. */
const EARLIEST_MS = Date.UTC(2000, 0, 1);
/** How far ahead of the gateway's clock a device's may be. */
const MAX_AHEAD_MS = 24 * 3_600_000;
/** A gateway's clock before this was never set either, and says nothing about a device's. */
const NEVER_SET_MS = Date.UTC(2025, 0, 1);

// A number tells its unit by its size: until the year 5138 seconds stay below the first bound, and milliseconds
// from 1973 on are above it; and so on.
const SECONDS_BELOW = 1e11;
const MILLISECONDS_BELOW = 1e14;
const MICROSECONDS_BELOW = 1e17;

/**
 * The time of a reading in milliseconds since 1970, out of its payload: a number of seconds, milliseconds,
 * microseconds or nanoseconds, or an ISO 8601 text (UTC where it names no zone). NaN where there is none, where
 * it is not plausible beside `nowMs`, or where the payload can't be read.
 */
export function payloadTimestampMs(payload: Uint8Array, rule: TimestampRule, nowMs: number): number {
  if (payload.length === 0 || payload.length > MAX_INSPECTED_BYTES) return Number.NaN;
  const isCbor = rule.format === "cbor" || (rule.format === "auto" && looksLikeCbor(payload[0] ?? 0));
  return plausibleTimeMs(
    isCbor ? findCborValue(payload, rule.path) : findJsonValue(payload, rule.path),
    nowMs,
  );
}

/** A number or text out of a payload as a time, by the same rules; NaN where it is none. */
export function plausibleTimeMs(found: unknown, nowMs: number): number {
  const timeMs = toMilliseconds(typeof found === "bigint" ? Number(found) : found);
  const latestMs = nowMs < NEVER_SET_MS ? Number.MAX_SAFE_INTEGER : nowMs + MAX_AHEAD_MS;
  return timeMs >= EARLIEST_MS && timeMs <= latestMs ? timeMs : Number.NaN;
}

/** No JSON text starts with a byte of CBOR's arrays, maps or tags (RFC 8949, 3.1). */
function looksLikeCbor(first: number): boolean {
  return first >= 0x80;
}

const decoder = new TextDecoder();

function findJsonValue(payload: Uint8Array, path: readonly string[]): unknown {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(payload));
  } catch {
    return undefined;
  }
  return valueAt(value, path);
}

/** What stands in a decoded value under these names and array positions; undefined where nothing does. */
export function valueAt(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const name of path) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, name)) return undefined;
    found = Reflect.get(found, name);
  }
  return found;
}

function toMilliseconds(value: unknown): number {
  if (typeof value === "string") return isoToMilliseconds(value);
  if (typeof value !== "number" || !(value > 0)) return Number.NaN;
  if (value < SECONDS_BELOW) return Math.round(value * 1_000);
  if (value < MILLISECONDS_BELOW) return Math.round(value);
  return Math.round(value < MICROSECONDS_BELOW ? value / 1_000 : value / 1_000_000);
}

const ISO = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?$/;

function isoToMilliseconds(text: string): number {
  const match = ISO.exec(text);
  if (match === null) return Number.NaN;
  const standard = text.replace(" ", "T").replace(",", ".");
  return parseIsoTimeMs(match[3] === undefined ? `${standard}Z` : standard);
}
