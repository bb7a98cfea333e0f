import type { LogLevel } from "../base/logger.ts";

/** As syslog has them: error, warning, informational, debug. */
export const PRIORITIES: Readonly<Record<LogLevel, number>> = { error: 3, warn: 4, info: 6, debug: 7 };

const PREFIX = "HEADWATER_";
/** The field that has a line's message alone, which is the same for all lines of its kind. */
export const EVENT_FIELD = `${PREFIX}EVENT`;
const MAX_NAME_LENGTH = 64;
const LENGTH_BYTES = 8;
const NEWLINE = 0x0a;

/** Name and value of each field of a line. */
export type Fields = readonly (readonly [string, unknown])[];

/**
 * A log line in the form that journald takes (systemd.io/JOURNAL_NATIVE_PROTOCOL): `NAME=value` and a line break a
 * field, or where the value has line breaks `NAME`, a line break, its length as a little-endian 64-bit number, the
 * value and a line break. MESSAGE is `text`, for people; the fields are apart, too: remoteAddress is HEADWATER_REMOTE_ADDRESS.
 */
export function journalEntry(level: LogLevel, message: string, fields: Fields, text: string): Uint8Array {
  return Buffer.concat([
    ...field("MESSAGE", text),
    ...field("PRIORITY", String(PRIORITIES[level])),
    ...field("SYSLOG_IDENTIFIER", "headwater"),
    ...field(EVENT_FIELD, message),
    ...fields.flatMap(([name, value]) => field(journalName(name), journalValue(value))),
  ]);
}

/** The name in the journal: capitals, digits and underscores, 64 at most. */
function journalName(name: string): string {
  const words = name.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").replaceAll(/[^A-Za-z0-9]/g, "_");
  const made = `${PREFIX}${words.toUpperCase()}`.slice(0, MAX_NAME_LENGTH);
  return made === EVENT_FIELD ? `${made}_` : made;
}

/** A text as it is, all else as JSON; a text that would be taken for JSON is quoted, so that one finds out which it was. */
function journalValue(value: unknown): string {
  return typeof value === "string" && !isJson(value) ? value : (JSON.stringify(value) ?? "null");
}

/** Name and value of a field of the journal as they were in the log line; null for a field that is not ours. */
export function logField(name: string, value: string): readonly [string, unknown] | null {
  if (!name.startsWith(PREFIX)) return null;
  const words = name.slice(PREFIX.length).toLowerCase();
  const camel = words.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return [camel, isJson(value) ? JSON.parse(value) : value];
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function field(name: string, value: string): readonly Uint8Array[] {
  const bytes = Buffer.from(value);
  if (!bytes.includes(NEWLINE)) return [Buffer.from(`${name}=`), bytes, Buffer.of(NEWLINE)];
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeBigUInt64LE(BigInt(bytes.length));
  return [Buffer.from(`${name}\n`), length, bytes, Buffer.of(NEWLINE)];
}
