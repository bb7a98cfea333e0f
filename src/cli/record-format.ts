import type { RecordHeader } from "../records/builder.ts";
import type { DecodedRecord } from "../records/reader.ts";
import { UsageError } from "./exit-codes.ts";

/** A record with where it was. */
export interface LocatedRecord extends DecodedRecord {
  readonly topic: string;
  readonly partition: number;
}

/** Writes a record as bytes, its end of line included. */
export type RecordFormat = (record: LocatedRecord) => Uint8Array;

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true });
const NULL_TEXT = "NULL";

/** The first line of the format `csv`. */
export const CSV_HEAD = "topic,partition,offset,time,key,value,headers\r\n";

/** A format by name, or made of a template. Throws UsageError. */
export function recordFormat(name: string): RecordFormat {
  if (name === "plain") return template("%s\\n");
  if (name === "json") return (record) => encoder.encode(`${JSON.stringify(jsonRecord(record))}\n`);
  if (name === "hex") return (record) => encoder.encode(hexRecord(record));
  if (name === "csv") return (record) => encoder.encode(csvRecord(record));
  if (name.includes("%")) return template(name);
  throw new UsageError(
    `--format ${name}: write plain, json, csv, hex or a template with %s, as in '%k: %s\\n'`,
  );
}

/** What a template may hold, as kcat has it. */
export const TEMPLATE_DOC =
  "Templates: %s value, %k key, %t topic, %p partition, %o offset, %T timestamp in milliseconds, %h headers, %S and %K lengths of value and key (-1 for null), %% a percent sign; \\n, \\t, \\r, \\0 and \\xHH as usual.";

type Piece = (record: LocatedRecord) => Uint8Array;

const PIECES: Readonly<Record<string, Piece>> = {
  s: ({ value }) => value ?? encoder.encode(""),
  k: ({ key }) => key ?? encoder.encode(""),
  t: ({ topic }) => encoder.encode(topic),
  p: ({ partition }) => encoder.encode(String(partition)),
  o: ({ offset }) => encoder.encode(String(offset)),
  T: ({ timestampMs }) => encoder.encode(String(timestampMs)),
  h: ({ headers }) => encoder.encode(headers.map(headerText).join(",")),
  S: ({ value }) => encoder.encode(String(value?.length ?? -1)),
  K: ({ key }) => encoder.encode(String(key?.length ?? -1)),
  "%": () => encoder.encode("%"),
};

function template(text: string): RecordFormat {
  const pieces: Piece[] = [];
  for (const [token] of text.matchAll(/%.?|\\x[0-9a-fA-F]{2}|\\.?|[^%\\]+/gs)) {
    if (token.startsWith("%")) {
      const piece = PIECES[token.slice(1)];
      if (piece === undefined) throw new UsageError(`--format: ${token} is not known. ${TEMPLATE_DOC}`);
      pieces.push(piece);
    } else {
      const bytes = token.startsWith("\\") ? escaped(token) : encoder.encode(token);
      pieces.push(() => bytes);
    }
  }
  return (record) => Buffer.concat(pieces.map((piece) => piece(record)));
}

function escaped(token: string): Uint8Array {
  const plain: Readonly<Record<string, string>> = {
    "\\n": "\n",
    "\\t": "\t",
    "\\r": "\r",
    "\\0": "\0",
    "\\\\": "\\",
  };
  const text = plain[token];
  if (text !== undefined) return encoder.encode(text);
  if (token.startsWith("\\x")) return Uint8Array.of(Number.parseInt(token.slice(2), 16));
  throw new UsageError(`--format: ${token} is not known. ${TEMPLATE_DOC}`);
}

/** As one JSON object. Bytes that are not UTF-8 text stand under another name, in base64. */
function jsonRecord(record: LocatedRecord): object {
  const { topic, partition, offset, timestampMs, key, value, headers } = record;
  return {
    topic,
    partition,
    offset,
    timestampMs,
    ...bytesField("key", key),
    ...bytesField("value", value),
    ...(headers.length > 0 && {
      headers: headers.map((header) => ({ name: header.key, ...bytesField("value", header.value) })),
    }),
  };
}

function bytesField(name: string, bytes: Uint8Array | null): Readonly<Record<string, string | null>> {
  if (bytes === null) return { [name]: null };
  const text = utf8(bytes);
  return text === null ? { [`${name}Base64`]: bytes.toBase64() } : { [name]: text };
}

function hexRecord(record: LocatedRecord): string {
  const { topic, partition, offset, timestampMs, key, value, headers } = record;
  const hex = (bytes: Uint8Array | null) => (bytes === null ? NULL_TEXT : bytes.toHex());
  const lines = [
    `${topic}-${partition} ${offset} ${timeText(timestampMs)}`,
    `  key   ${hex(key)}`,
    `  value ${hex(value)}`,
    ...headers.map((header) => `  ${header.key}: ${hex(header.value)}`),
  ];
  return `${lines.join("\n")}\n`;
}

/** As RFC 4180 has it. Bytes that are not UTF-8 text stand in base64, behind `base64:`. */
function csvRecord({ topic, partition, offset, timestampMs, key, value, headers }: LocatedRecord): string {
  const text = (bytes: Uint8Array | null) =>
    bytes === null ? "" : (utf8(bytes) ?? `base64:${bytes.toBase64()}`);
  const pairs = headers.map((header) => `${header.key}=${text(header.value)}`).join(";");
  const fields = [
    topic,
    String(partition),
    String(offset),
    timeText(timestampMs),
    text(key),
    text(value),
    pairs,
  ];
  const quoted = fields.map((field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field));
  return `${quoted.join(",")}\r\n`;
}

/** ISO 8601, or the number where no date has it. */
function timeText(timestampMs: number): string {
  return timestampMs < 0 || timestampMs > MAX_DATE_MS
    ? String(timestampMs)
    : new Date(timestampMs).toISOString();
}

/** The last time that a Date holds. */
const MAX_DATE_MS = 8.64e15;

function headerText({ key, value }: RecordHeader): string {
  return `${key}=${value === null ? NULL_TEXT : (utf8(value) ?? value.toHex())}`;
}

function utf8(bytes: Uint8Array): string | null {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return null;
  }
}
