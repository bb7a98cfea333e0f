/** An expression for transactional ids, whose matching takes linear time, since it comes from clients. */
export interface IdPattern {
  /** What a character costs at most. */
  readonly steps: number;
  /** Whether the whole text matches. */
  matches(text: string): boolean;
}

/** Longer expressions, and those that compile to more steps, are refused: they hold up everybody else. */
const MAX_PATTERN_CHARS = 2048;
const MAX_PATTERN_STEPS = 5000;

let engine: typeof import("re2js") | null = null;

/** Compiles an expression of RE2's syntax; null where it is none, or too large. */
export function compileIdPattern(text: string): IdPattern | null {
  if (text.length > MAX_PATTERN_CHARS) return null;
  // Its tables take 10 MB, and hardly any gateway is ever asked.
  engine ??= require("re2js") as typeof import("re2js");
  const { RE2JS, RE2JSException } = engine;
  try {
    const compiled = RE2JS.compile(text);
    const steps = compiled.programSize();
    return steps > MAX_PATTERN_STEPS ? null : { steps, matches: (id) => compiled.matches(id) };
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    return null;
  }
}
