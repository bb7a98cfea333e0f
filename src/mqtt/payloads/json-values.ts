import { ExactNumber, rawInteger } from "./exact-number.ts";
import { PayloadFault } from "./fault.ts";
import { MAX_DECODED_BYTES, MAX_DEPTH, MAX_ITEMS } from "./limits.ts";

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Integers of more digits than this are read as a double, as all fractions are. */
const MAX_EXACT_DIGITS = 80;
/** Only a text with one of these can have an integer that a double does not hold, or a number beyond all doubles. */
const LONG_NUMBER = /\d{16}|[eE]\+?\d{3}/;
/** Only a text with one of these can have a number that would be written with other digits than it came with. */
const UNUSUAL_NUMBER = /[\d.]{16}|\d[eE]|\.\d*0(?!\d)|\.0{6}|-0/;
const INTEGER = /^-?\d+$/;

const strictText = new TextDecoder("utf-8", { fatal: true });

/** JSON gives revivers the source of a number, which the compiler's library does not know yet. */
type Reviver = (key: string, value: unknown) => unknown;

/**
 * The value of a JSON payload (RFC 8259, UTF-8). Integers beyond 53 bits are bigint, so that `jsonText` writes them
 * as they were; with `digits` that is so of all numbers, for a payload that is written anew. Nesting and count are
 * looked at before anything is parsed.
 */
export function jsonValue(payload: Uint8Array, digits: boolean): { readonly value: unknown } | PayloadFault {
  if (payload.length > MAX_DECODED_BYTES) {
    return new PayloadFault(`${payload.length} bytes are more than ${MAX_DECODED_BYTES}`);
  }
  // RFC 8259, 8.1: nobody may send one, and records are the payload's bytes.
  if (payload[0] === 0xef && payload[1] === 0xbb && payload[2] === 0xbf) {
    return new PayloadFault("not JSON: it begins with a byte order mark");
  }
  const fault = shapeFault(payload);
  if (fault !== null) return new PayloadFault(fault);
  let text: string;
  try {
    text = strictText.decode(payload);
  } catch {
    return new PayloadFault("not JSON: the text is not UTF-8");
  }
  try {
    const unusual = digits ? UNUSUAL_NUMBER : LONG_NUMBER;
    return unusual.test(text) ? exactValue(text, digits) : { value: JSON.parse(text) };
  } catch {
    return new PayloadFault("not JSON");
  }
}

/** A value as JSON text: numbers with all their digits, byte strings as base64url (RFC 8949, 6.1). */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, writable);
}

function writable(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return rawInteger(value);
  return value instanceof Uint8Array ? value.toBase64({ alphabet: "base64url", omitPadding: true }) : value;
}

function exactValue(text: string, digits: boolean): { readonly value: unknown } | PayloadFault {
  let beyond = false;
  const revive = (_key: string, value: unknown, context: { readonly source?: string }): unknown => {
    if (typeof value !== "number") return value;
    const source = context.source ?? "";
    const isWhole = INTEGER.test(source);
    if (String(value) === source && (!isWhole || Number.isSafeInteger(value))) return value;
    if (!Number.isFinite(value)) beyond = true;
    else if (Number.isSafeInteger(value)) return digits ? new ExactNumber(source, value) : value;
    if (isWhole && source.length <= MAX_EXACT_DIGITS) return BigInt(source);
    return digits && Number.isFinite(value) ? new ExactNumber(source, value) : value;
  };
  const value: unknown = JSON.parse(text, revive as Reviver);
  return beyond ? new PayloadFault("a number beyond all doubles") : { value };
}

/** Depth and number of values, from the punctuation outside of texts. */
function shapeFault(bytes: Uint8Array): string | null {
  let depth = 0;
  let items = 1;
  for (let at = 0; at < bytes.length; at++) {
    switch (bytes[at]) {
      case QUOTE:
        at = endOfText(bytes, at + 1);
        break;
      case OPEN_BRACE:
      case OPEN_BRACKET:
        if (++depth > MAX_DEPTH) return `nested deeper than ${MAX_DEPTH}`;
        items++;
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        depth--;
        break;
      case COMMA:
      case COLON:
        items++;
        break;
    }
    if (items > MAX_ITEMS) return `more than ${MAX_ITEMS} values`;
  }
  return null;
}

/** Position of the quote that ends a text. */
function endOfText(bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}
