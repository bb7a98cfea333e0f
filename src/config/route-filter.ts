/**
 * Filter of a route: an MQTT topic filter (MQTT-4.7) in which a level may also be `{name}`: it matches any
 * one level, as `+` does, and gives it a name for the route's topic, key and headers.
 */
export type FilterLevel =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "any" }
  | { readonly kind: "named"; readonly name: string }
  | { readonly kind: "rest" };

/** The placeholder that every route knows: the whole MQTT topic. */
export const WHOLE_TOPIC = "topic";

const MAX_LENGTH_BYTES = 65_535;

/** The levels of a filter, or a sentence that says what is wrong. */
export function parseRouteFilter(filter: string): readonly FilterLevel[] | string {
  if (filter === "") return "the filter is empty";
  if (filter.includes("\0")) return "the filter holds a zero character";
  if (Buffer.byteLength(filter) > MAX_LENGTH_BYTES)
    return `the filter is longer than ${MAX_LENGTH_BYTES} bytes`;
  const parts = filter.split("/");
  if (parts[0] === "$share") return "a route is no shared subscription";
  const levels: FilterLevel[] = [];
  const names = new Set<string>();
  for (const [index, part] of parts.entries()) {
    const level = parseLevel(part, index === parts.length - 1);
    if (typeof level === "string") return level;
    if (level.kind === "named") {
      if (names.has(level.name)) return `{${level.name}} is there twice`;
      if (level.name === WHOLE_TOPIC) return "{topic} is the whole MQTT topic and no level's name";
      names.add(level.name);
    }
    levels.push(level);
  }
  return levels;
}

/** Names of the named levels, in order. */
export function namedLevels(levels: readonly FilterLevel[]): readonly string[] {
  return levels.flatMap((level) => (level.kind === "named" ? [level.name] : []));
}

function parseLevel(part: string, last: boolean): FilterLevel | string {
  if (part === "#") return last ? { kind: "rest" } : "# may only be the last level";
  if (part === "+") return { kind: "any" };
  const name = /^\{([A-Za-z]\w*)\}$/.exec(part)?.[1];
  if (name !== undefined) return { kind: "named", name };
  if (/[+#]/.test(part)) return "+ and # have to be whole levels";
  if (/[{}]/.test(part)) return `${JSON.stringify(part)} is neither a level nor a {name}`;
  return { kind: "literal", text: part };
}
