import { fromBase64, hexDump, textOf } from "./bytes.ts";
import { decodeCbor } from "./cbor.ts";
import { resolveSenml } from "./senml.ts";
import { decodeSparkplug } from "./sparkplug.ts";

/** How a record's value may be read. */
export const FORMS = [
  ["auto", "As it seems"],
  ["json", "JSON"],
  ["text", "Text"],
  ["cbor", "CBOR"],
  ["senml", "SenML"],
  ["sparkplug", "Sparkplug B"],
  ["hex", "Hex"],
] as const;

export type Form = (typeof FORMS)[number][0];

/** A value as it is shown. */
export interface Shown {
  /** On one line. */
  readonly line: string;
  /** Over several. */
  readonly whole: string;
  /** What it was read as; null for a value that can't be read so. */
  readonly form: string | null;
}

/** The bytes of a value as the gateway has sent it; null for a tombstone. */
export function bytesOf(record: {
  readonly value?: unknown;
  readonly valueBase64?: string;
}): Uint8Array | null {
  if (record.valueBase64 !== undefined) return fromBase64(record.valueBase64);
  if (record.value === null || record.value === undefined) return null;
  const text = typeof record.value === "string" ? record.value : JSON.stringify(record.value);
  return new TextEncoder().encode(text);
}

/** Shows bytes by a form. */
export function show(bytes: Uint8Array | null, form: Form): Shown {
  if (bytes === null) return { line: "deleted (tombstone)", whole: "", form: "tombstone" };
  if (bytes.length === 0) return { line: "empty", whole: "", form: "empty" };
  if (form === "auto") return automatic(bytes);
  if (form === "hex") return hex(bytes, "hex");
  const text = textOf(bytes);
  if (form === "text") return text === null ? hex(bytes, null) : { line: text, whole: text, form };
  const read = readAs(bytes, text, form);
  return read === null ? hex(bytes, null) : { ...read, form };
}

function automatic(bytes: Uint8Array): Shown {
  const text = textOf(bytes);
  const json = readAs(bytes, text, "json");
  if (json !== null) return { ...json, form: "json" };
  if (text !== null && isPrintable(text)) return { line: text, whole: text, form: "text" };
  const cbor = readAs(bytes, text, "cbor");
  if (cbor !== null) return { ...cbor, form: "cbor" };
  const sparkplug = readAs(bytes, text, "sparkplug");
  return sparkplug === null ? hex(bytes, "hex") : { ...sparkplug, form: "sparkplug" };
}

function readAs(
  bytes: Uint8Array,
  text: string | null,
  form: "json" | "cbor" | "senml" | "sparkplug",
): Pick<Shown, "line" | "whole"> | null {
  const value = parsedAs(bytes, text, form);
  if (value === undefined || value === null)
    return form === "json" && text?.trim() === "null" ? json(null) : null;
  return json(value);
}

function parsedAs(
  bytes: Uint8Array,
  text: string | null,
  form: "json" | "cbor" | "senml" | "sparkplug",
): unknown {
  if (form === "cbor") return decodeCbor(bytes)?.value;
  if (form === "sparkplug") return decodeSparkplug(bytes);
  const parsed = text === null ? undefined : parse(text);
  return form === "json" ? parsed : resolveSenml(parsed ?? decodeCbor(bytes)?.value);
}

/** What of a value a plot can use: JSON, or CBOR where it is that. */
export function plotValue(record: { readonly value?: unknown; readonly valueBase64?: string }): unknown {
  if (record.valueBase64 === undefined) return record.value;
  const bytes = fromBase64(record.valueBase64);
  const text = textOf(bytes);
  return (text === null ? undefined : parse(text)) ?? decodeCbor(bytes)?.value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function json(value: unknown): Pick<Shown, "line" | "whole"> {
  return { line: JSON.stringify(value), whole: JSON.stringify(value, null, 2) };
}

function hex(bytes: Uint8Array, form: string | null): Shown {
  const whole = hexDump(bytes);
  const line = Array.from(bytes.subarray(0, 64), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return { line, whole, form };
}

function isPrintable(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for
  return !/[\x00-\x08\x0e-\x1f\x7f]/.test(text);
}
