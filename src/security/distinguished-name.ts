import { type DerValue, derValues, Tag } from "./der.ts";

/** Attribute types that RFC 2253 has short names for, by their identifiers as they lie in DER. */
const KEYWORDS: ReadonlyMap<string, string> = new Map([
  ["550403", "CN"],
  ["550406", "C"],
  ["550407", "L"],
  ["550408", "ST"],
  ["550409", "STREET"],
  ["55040a", "O"],
  ["55040b", "OU"],
  ["0992268993f22c640119", "DC"],
  ["0992268993f22c640101", "UID"],
]);
const TEXTS: readonly number[] = [Tag.UTF8_STRING, Tag.PRINTABLE_STRING, Tag.IA5_STRING];

/**
 * A name in DER as RFC 2253 writes it, last part first, which is what Kafka's rules are matched against:
 * `CN=pump-1,OU=press shop,O=Plant`. Types without a short name are numbers, and their values `#` and DER in
 * hexadecimal. Null where it is no name.
 */
export function formatDistinguishedName(der: Uint8Array): string | null {
  const [name] = derValues(der) ?? [];
  if (name?.tag !== Tag.SEQUENCE) return null;
  const parts: string[] = [];
  for (const set of derValues(name.content) ?? []) {
    const pairs: string[] = [];
    for (const pair of derValues(set.content) ?? []) {
      const [type, value] = derValues(pair.content) ?? [];
      if (type?.tag !== Tag.OBJECT_IDENTIFIER || value === undefined) return null;
      const keyword = KEYWORDS.get(type.content.toHex());
      const text = keyword === undefined ? null : textOf(value);
      const shown = text === null ? `#${value.whole.toHex()}` : escaped(text);
      pairs.push(`${keyword ?? dotted(type.content)}=${shown}`);
    }
    parts.push(pairs.join("+"));
  }
  return parts.reverse().join(",");
}

function textOf({ tag, content }: DerValue): string | null {
  if (!TEXTS.includes(tag)) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    return null;
  }
}

function escaped(text: string): string {
  return text
    .replaceAll(/[,+"\\<>;]/g, (character) => `\\${character}`)
    .replace(/^[# ]/, (character) => `\\${character}`)
    .replace(/(?<!\\) $/, "\\ ");
}

/** An object identifier's numbers (X.690, 8.19). */
function dotted(content: Uint8Array): string {
  const numbers: number[] = [];
  let value = 0;
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      numbers.push(value);
      value = 0;
    }
  }
  const [first = 0, ...rest] = numbers;
  const top = Math.min(2, Math.floor(first / 40));
  return [top, first - 40 * top, ...rest].join(".");
}
