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

/** Longer expressions, and those that compile to more steps, are refused: they hold up everybody else. */
const MAX_REGEX_CHARS = 2048;
const MAX_REGEX_STEPS = 5000;
/** Expressions whose matches are remembered while no topic comes or goes. */
const MAX_REMEMBERED = 1000;

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
    const steps = compile(regex).programSize();
    return steps > MAX_REGEX_STEPS ? "it is too large" : null;
  } catch (error) {
    return faultOf(error);
  }
}

/**
 * Finds the topics whose whole name an expression matches. Linear in the length of names, whatever the expression:
 * the engine is RE2's, as in Kafka. Many groups have the same one, so that it is matched once for all of them.
 */
export class RegexResolver {
  readonly #topics: TopicsView;
  readonly #remembered = new Map<string, ReadonlySet<string>>();
  #names: readonly string[] = [];
  #version = -1;

  constructor(topics: TopicsView) {
    this.#topics = topics;
  }

  /** What these match as of this version of the topics. One that can't be compiled matches nothing. */
  resolve(
    regexes: Iterable<string>,
    at: { readonly version: number; readonly nowMs: number },
  ): Map<string, ResolvedRegex> {
    const resolved = new Map<string, ResolvedRegex>();
    for (const regex of regexes) {
      const topics = this.#match(regex, at.version);
      resolved.set(regex, { topics, version: at.version, timestampMs: at.nowMs });
    }
    return resolved;
  }

  #match(regex: string, version: number): ReadonlySet<string> {
    if (version !== this.#version) {
      this.#names = Array.from(this.#topics.all(), ({ name }) => name)
        .filter(isVisible)
        .sort();
      this.#version = version;
      this.#remembered.clear();
    }
    const known = this.#remembered.get(regex);
    if (known !== undefined) return known;
    const matching = new Set(regexFault(regex) === null ? this.#matching(regex) : []);
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(regex, matching);
    return matching;
  }

  #matching(regex: string): readonly string[] {
    const compiled = compile(regex);
    return this.#names.filter((name) => compiled.matches(name));
  }
}

function isVisible(name: string): boolean {
  return !name.startsWith("__") || VISIBLE_INTERNAL.has(name);
}

/** The library has error classes of its own, all of them for what is wrong with the expression. */
function faultOf(error: unknown): string {
  if (!(error instanceof Error)) throw error;
  return error.message.replace(/^error parsing regexp: /, "");
}
