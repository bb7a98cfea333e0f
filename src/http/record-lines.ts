import { decodeHeaders, type RecordCursor } from "../records/reader.ts";

/** What one answer has at most; a link says where it goes on. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** How values are written. */
export const FORMS = ["auto", "json", "text", "base64", "cbor", "senml", "sparkplug"] as const;
export type Form = (typeof FORMS)[number];

/** What gives a value as JSON, by the form that it is in; null for what is in another. A form without one is as `auto`. */
export type Decoders = Readonly<Partial<Record<Form, (value: Uint8Array) => string | null>>>;
export const NO_DECODERS: Decoders = {};

/** The lines of an answer, one a record. */
export class RecordLines {
  readonly #form: Form;
  readonly #decoders: Decoders;
  readonly #limit: number;
  readonly #withKeys: boolean;
  readonly #lines: string[] = [];
  #bytes = 0;

  /** `withKeys`: whether lines have the records' keys, which is pointless where all are one device's. */
  constructor(form: Form, limit: number, decoders: Decoders, withKeys = false) {
    this.#form = form;
    this.#decoders = decoders;
    this.#limit = limit;
    this.#withKeys = withKeys;
  }

  get count(): number {
    return this.#lines.length;
  }

  get sizeBytes(): number {
    return this.#bytes;
  }

  text(): string {
    return this.#lines.join("");
  }

  /** False where there is no room for it. */
  take(record: RecordCursor, partition: number): boolean {
    if (this.count >= this.#limit) return false;
    const line = recordLine(record, partition, this.#form, this.#decoders, this.#withKeys);
    if (this.count > 0 && this.#bytes + line.length > MAX_BODY_BYTES) return false;
    this.#lines.push(line);
    this.#bytes += line.length;
    return true;
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A record as JSON, with a line's end: partition, offset, timestamp, key, value, headers. */
export function recordLine(
  record: RecordCursor,
  partition: number,
  form: Form,
  decoders: Decoders,
  withKey: boolean,
): string {
  const { offset, timestampMs: timestamp } = record;
  const head = JSON.stringify({ partition, offset, timestamp }).slice(0, -1);
  const headers = record.headerCount === 0 ? "" : `,"headers":[${headersOf(record).join(",")}]`;
  const key = withKey ? `${keyField(record.key())},` : "";
  return `${head},${key}${valueField(record.value(), form, decoders)}${headers}}\n`;
}

/** `"key": ...` or `"keyBase64": ...`. */
function keyField(key: Uint8Array | null): string {
  if (key === null) return '"key":null';
  const text = textOf(key);
  return text === null ? `"keyBase64":"${key.toBase64()}"` : `"key":${JSON.stringify(text)}`;
}

/** `"value": ...` or `"valueBase64": ...`. */
function valueField(value: Uint8Array | null, form: Form, decoders: Decoders = NO_DECODERS): string {
  if (value === null) return '"value":null';
  const decoded = decoders[form]?.(value) ?? null;
  if (decoded !== null) return `"value":${decoded}`;
  const text = form === "base64" ? null : textOf(value);
  if (text === null) return `"valueBase64":"${value.toBase64()}"`;
  if (form !== "text" && isJson(text)) {
    // Outside of strings a line's end is a space, and in strings it stands escaped.
    return `"value":${text.replace(/[\r\n]/g, " ")}`;
  }
  return form === "json" ? `"valueBase64":"${value.toBase64()}"` : `"value":${JSON.stringify(text)}`;
}

function headersOf(record: RecordCursor): readonly string[] {
  const found: string[] = [];
  for (const { key, value } of decodeHeaders(record)) {
    found.push(`{"key":${JSON.stringify(key)},${valueField(value, "text")}}`);
  }
  return found;
}

/** UTF-8 as text; null where it is none. */
export function textOf(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
