/** Where a value came from. */
export type Source =
  | { readonly kind: "default" }
  | { readonly kind: "file"; readonly path: string; readonly line: number | null }
  | { readonly kind: "env"; readonly name: string }
  | { readonly kind: "set" }
  | { readonly kind: "flag"; readonly name: string };

/** Something in the configuration that is not right: which key and value, where, why and what to do. */
export interface ConfigProblem {
  /** Empty where the problem is none of a key's (a file that is not TOML). */
  readonly key: string;
  /** As written, cut to a bound; null where there is none. */
  readonly value: string | null;
  readonly source: Source;
  readonly fault: string;
  readonly remedy: string;
}

const MAX_VALUE_LENGTH = 80;

/** One line: `gateway.toml:12: kafka.listen = "foo": no port in it; write host:port, ...`. */
export function formatProblem(problem: ConfigProblem): string {
  const { key, value, source, fault, remedy } = problem;
  const name = source.kind === "env" ? source.name : source.kind === "flag" ? `--${source.name}` : key;
  const subject = name === "" ? "" : `${name}${value === null ? "" : ` = ${value}`}: `;
  return `${place(source)}${subject}${fault}; ${remedy}`;
}

/** "file gateway.toml:12", "environment HEADWATER_DATA", "--kafka", "--set", "default". */
export function formatSource(source: Source): string {
  switch (source.kind) {
    case "file":
      return `${source.path}${source.line === null ? "" : `:${source.line}`}`;
    case "env":
      return `environment ${source.name}`;
    case "flag":
      return `--${source.name}`;
    case "set":
      return "--set";
    case "default":
      return "default";
  }
}

/** A raw value as a message shows it: quoted texts, cut to a bound. */
export function excerpt(raw: unknown): string {
  const text =
    typeof raw === "object" && raw !== null ? Bun.inspect(raw, { compact: true }) : JSON.stringify(raw);
  const line = (text ?? String(raw)).replaceAll(/\s+/g, " ");
  return line.length > MAX_VALUE_LENGTH ? `${line.slice(0, MAX_VALUE_LENGTH)}…` : line;
}

/** The candidate that `word` is most likely a slip of, or null where none is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string | null {
  const wanted = word.toLowerCase().replaceAll("_", ".");
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.floor(wanted.length / 4)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(wanted, candidate.toLowerCase().replaceAll("_", "."), bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Levenshtein's distance, or `limit` where it is that or more. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const substitution = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(substitution, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return Math.min(previous[b.length] ?? limit, limit);
}

function place(source: Source): string {
  switch (source.kind) {
    case "file":
      return `${formatSource(source)}: `;
    case "env":
      return "environment: ";
    case "set":
      return "--set: ";
    case "flag":
    case "default":
      return "";
  }
}
