/** Bytes as a script writes them: hex, text in quotes, and symbols for what is the broker's to choose. */

/** A part of a pattern. */
type Part =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  /** Any bytes, so many of them; with a name they have to be the same wherever it stands again. */
  | { readonly kind: "any"; readonly count: number; readonly name: string | null }
  /** A two-byte length and so many bytes. */
  | { readonly kind: "field"; readonly name: string }
  /** The bytes that a name stands for. */
  | { readonly kind: "symbol"; readonly name: string }
  /** Any bytes, however many. */
  | { readonly kind: "gap" };

export type Pattern = readonly Part[];

/** What names stand for, over the whole of a script. */
export type Symbols = Map<string, Uint8Array>;

const TOKEN =
  /\s*(?:"((?:[^"\\]|\\.)*)"|(\?\?)|(\.\.\.)|\$([a-z]+)\[(\d*)\]|\$([a-z]+)|([0-9a-f]{2})(?:\*(\d+))?)\s*/y;

/**
 * Reads a pattern: `0a`, `"text"` (with \r and \n), `61*300` for a byte so often, `??` for any byte, `...` for any bytes,
 * `$name[2]` for two that get a name, `$name[]` for a length of two bytes and what it counts, `$name` for either again.
 */
export function parsePattern(text: string, place: string): Pattern {
  const parts: Part[] = [];
  const token = new RegExp(TOKEN);
  while (token.lastIndex < text.length) {
    const at = token.lastIndex;
    const match = token.exec(text);
    if (match === null) throw new Error(`${place}: neither hex nor text: ${text.slice(at)}`);
    parts.push(partOf(match));
  }
  if (parts.length === 0) throw new Error(`${place}: no bytes`);
  return parts;
}

function partOf(match: RegExpExecArray): Part {
  const [, quoted, any, gap, named, size, symbol, byte, times] = match;
  if (quoted !== undefined) {
    const text = quoted.replace(/\\(.)/g, (_, letter) => ESCAPES[letter] ?? letter);
    return { kind: "bytes", bytes: new TextEncoder().encode(text) };
  }
  if (any !== undefined) return { kind: "any", count: 1, name: null };
  if (gap !== undefined) return { kind: "gap" };
  if (named !== undefined) {
    return size === "" ? { kind: "field", name: named } : { kind: "any", count: Number(size), name: named };
  }
  if (symbol !== undefined) return { kind: "symbol", name: symbol };
  return { kind: "bytes", bytes: new Uint8Array(Number(times ?? 1)).fill(Number.parseInt(byte ?? "", 16)) };
}

const ESCAPES: Readonly<Record<string, string>> = { r: "\r", n: "\n" };

/** The bytes of a pattern that leaves nothing open. */
export function bytesOf(pattern: Pattern, symbols: Symbols, place: string): Uint8Array {
  const parts = pattern.map((part) => {
    if (part.kind === "bytes") return part.bytes;
    const known = part.kind === "symbol" ? symbols.get(part.name) : undefined;
    if (known === undefined) throw new Error(`${place}: what is sent has to be known`);
    return known;
  });
  return Buffer.concat(parts);
}

/** How many bytes a pattern takes, or null where that is open. */
export function sizeOf(pattern: Pattern): number | null {
  let size = 0;
  for (const part of pattern) {
    if (part.kind === "bytes") size += part.bytes.length;
    else if (part.kind === "any") size += part.count;
    else return null;
  }
  return size;
}

/** Whether bytes are what a pattern says, from their first to their last; if so, its names are kept in `symbols`. */
export function matches(pattern: Pattern, bytes: Uint8Array, symbols: Symbols): boolean {
  const found = new Map(symbols);
  if (!matchFrom(pattern, 0, bytes, 0, found)) return false;
  for (const [name, value] of found) symbols.set(name, value);
  return true;
}

function matchFrom(pattern: Pattern, index: number, bytes: Uint8Array, at: number, found: Symbols): boolean {
  const part = pattern[index];
  if (part === undefined) return at === bytes.length;
  if (part.kind === "gap") {
    for (let next = at; next <= bytes.length; next++) {
      if (matchFrom(pattern, index + 1, bytes, next, found)) return true;
    }
    return false;
  }
  const size = partSize(part, bytes, at, found);
  if (size === null || at + size > bytes.length) return false;
  const value = bytes.slice(at, at + size);
  if (part.kind === "bytes" && Buffer.compare(value, part.bytes) !== 0) return false;
  if (part.kind === "symbol") {
    const known = found.get(part.name);
    if (known === undefined || Buffer.compare(value, known) !== 0) return false;
  }
  if (part.kind === "field" || (part.kind === "any" && part.name !== null)) {
    found.set(part.name ?? "", value);
  }
  return matchFrom(pattern, index + 1, bytes, at + size, found);
}

function partSize(
  part: Exclude<Part, { kind: "gap" }>,
  bytes: Uint8Array,
  at: number,
  found: Symbols,
): number | null {
  switch (part.kind) {
    case "bytes":
      return part.bytes.length;
    case "any":
      return part.count;
    case "symbol":
      return found.get(part.name)?.length ?? null;
    case "field":
      return at + 2 > bytes.length ? null : 2 + (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0));
  }
}
