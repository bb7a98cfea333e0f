import type { TopicsView } from "../group-part.ts";

/** What a regular expression of a group's members matches. */
export interface ResolvedRegex {
  /** Sorted. */
  readonly topics: ReadonlySet<string>;
  /** Counts comings and goings of topics since the start; only for those who read the record. */
  readonly version: number;
  /** Wall time. */
  readonly timestampMs: number;
}

/** An expression is compiled at every refresh: what takes longer to read than this is refused. */
const MAX_REGEX_CHARS = 2048;

/** Kafka's own internal topics, which an expression finds there too; ours of other names stay unseen. */
const VISIBLE_INTERNAL: ReadonlySet<string> = new Set([
  "__consumer_offsets",
  "__transaction_state",
  "__share_group_state",
]);

let engine: typeof import("re2js") | null = null;

/** The engine's tables take 10 MB, so it is loaded with the first expression: most gateways never see one. */
function compile(regex: string) {
  engine ??= require("re2js") as typeof import("re2js");
  return engine.RE2JS.compile(regex);
}

/** Says why this is no expression of RE2's syntax, or null. */
export function regexFault(regex: string): string | null {
  if (regex.length > MAX_REGEX_CHARS) return `it is longer than ${MAX_REGEX_CHARS} characters`;
  try {
    compile(regex);
    return null;
  } catch (error) {
    return faultOf(error);
  }
}

/**
 * The topics whose whole name each expression matches. Linear in the length of names, whatever the expression: the
 * engine is RE2's, as in Kafka. An expression that can't be compiled matches nothing.
 */
export function resolveRegexes(
  regexes: Iterable<string>,
  topics: TopicsView,
  at: { readonly version: number; readonly nowMs: number },
): Map<string, ResolvedRegex> {
  const names = Array.from(topics.all(), ({ name }) => name)
    .filter(isVisible)
    .sort();
  const resolved = new Map<string, ResolvedRegex>();
  for (const regex of regexes) {
    const matching = matchAll(regex, names);
    resolved.set(regex, { topics: new Set(matching), version: at.version, timestampMs: at.nowMs });
  }
  return resolved;
}

function matchAll(regex: string, names: readonly string[]): readonly string[] {
  if (regexFault(regex) !== null) return [];
  const compiled = compile(regex);
  return names.filter((name) => compiled.matches(name));
}

function isVisible(name: string): boolean {
  return !name.startsWith("__") || VISIBLE_INTERNAL.has(name);
}

/** The library has error classes of its own, all of them for what is wrong with the expression. */
function faultOf(error: unknown): string {
  if (!(error instanceof Error)) throw error;
  return error.message.replace(/^error parsing regexp: /, "");
}
