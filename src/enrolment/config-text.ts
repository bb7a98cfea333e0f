import { isDeepStrictEqual } from "node:util";
import { HeadwaterError } from "../base/errors.ts";

/**
 * A configuration file that has parts of several hands: what a person wrote, and what an enrolment brought, between two
 * comments each. Settings without a table have to stand before the first table, so that a part has two pieces.
 */

/** Of a TOML text, what stands before its first table, and the rest. */
interface Pieces {
  readonly head: string;
  readonly tables: string;
}

type Toml = Readonly<Record<string, unknown>>;

/** The text with this part in place of the one of its name that it may have. Throws CONFIG_INVALID where both say something of one setting. */
export function withPart(text: string, name: string, part: string): string {
  const rest = withoutPart(text, name);
  const [own, brought] = [toml(rest), toml(part)];
  const added = new Set(settingsOf(brought, ""));
  const twice = settingsOf(own, "").filter((key) => added.has(key));
  if (twice.length > 0) throw conflict(twice.join(", "));
  if (Object.keys(own).length === 0) return fenced(name, part);
  const [before, after] = [pieces(rest), pieces(part)];
  const whole = [fenced(name, after.head), before.head, before.tables, fenced(name, after.tables)]
    .filter((piece) => piece.trim() !== "")
    .map((piece) => `${piece.replace(/^\n+|\s+$/g, "")}\n`)
    .join("\n");
  // What stands in two places, a table for example, is no TOML; and a line that went to another table is seen by this.
  if (!parses(whole) || !isDeepStrictEqual(sorted(toml(whole)), sorted(merged(own, brought)))) {
    throw conflict(`parts of ${Object.keys(brought).filter((key) => key in own)}`);
  }
  return whole;
}

/** The text without this part, or as it is. */
export function withoutPart(text: string, name: string): string {
  const [begin, end] = fence(name);
  let kept = text;
  for (let from = kept.indexOf(begin); from >= 0; from = kept.indexOf(begin)) {
    const to = kept.indexOf(end, from);
    if (to < 0) {
      throw new HeadwaterError(
        "CONFIG_INVALID",
        `the configuration has "${begin}" without "${end}"; put it back`,
      );
    }
    kept = kept.slice(0, from) + kept.slice(to + end.length).replace(/^\n+/, "");
  }
  return kept;
}

/** Whether a text has this part. Throws CONFIG_INVALID where only its beginning is there. */
export function hasPart(text: string, name: string): boolean {
  return withoutPart(text, name) !== text;
}

/** Dotted names of all that a text sets; none for what is no TOML. */
export function settingNames(text: string): readonly string[] {
  return parses(text) ? settingsOf(toml(text), "").filter((name) => name !== "") : [];
}

/** Whether a text says nothing but where the records are, as the packaged one does. Throws CONFIG_INVALID for what is no TOML. */
export function saysNothing(text: string): boolean {
  return Object.keys(toml(text)).every((key) => key === "data");
}

/** The folder of the records that a text names, or null. Throws CONFIG_INVALID for what is no TOML. */
export function dataIn(text: string): string | null {
  const { data } = toml(text);
  return typeof data === "string" ? data : null;
}

function fence(name: string): readonly [string, string] {
  return [`# >>> ${name}: do not edit, the next one replaces it`, `# <<< ${name}`];
}

function fenced(name: string, text: string): string {
  const [begin, end] = fence(name);
  return text.trim() === "" ? "" : `${begin}\n${text.trim()}\n${end}\n`;
}

function toml(text: string): Toml {
  try {
    return Bun.TOML.parse(text) as Toml;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new HeadwaterError("CONFIG_INVALID", `the configuration is no TOML: ${why}; correct it`, { cause });
  }
}

function parses(text: string): boolean {
  try {
    Bun.TOML.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** At the first line that looks like a table's name where what stands before it is whole. */
function pieces(text: string): Pieces {
  for (const { index } of text.matchAll(/^[ \t]*\[\[?[^\]\n=,]+\]\]?[ \t]*(?:#.*)?$/gm)) {
    const head = text.slice(0, index);
    if (!parses(head)) continue;
    // Comments right above a table are about it.
    const comments = /(?:(?<=^|\n)#[^\n]*\n)+$/.exec(head)?.[0].length ?? 0;
    return { head: head.slice(0, head.length - comments), tables: text.slice(head.length - comments) };
  }
  return { head: text, tables: "" };
}

/** Dotted names of all values; lists of tables are one value each. */
function settingsOf(value: unknown, name: string): readonly string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [name];
  return Object.entries(value).flatMap(([key, inner]) =>
    settingsOf(inner, name === "" ? key : `${name}.${key}`),
  );
}

function merged(a: Toml, b: Toml): Toml {
  const result: Record<string, unknown> = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const other = result[key];
    result[key] = isTable(other) && isTable(value) ? merged(other, value) : value;
  }
  return result;
}

function isTable(value: unknown): value is Toml {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** With keys in one order: two texts may have them in two. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isTable(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

function conflict(key: string): HeadwaterError {
  const remedy =
    "take that out of the configuration, or out of what the centre gives; --replace-config drops the configuration that is there";
  return new HeadwaterError("CONFIG_INVALID", `both set ${key}; ${remedy}`);
}
