/**
 * MQTT topic filters as rights need them: whether one takes a topic, takes all that another one takes, or anything
 * that another one takes (MQTT 5, 4.7). A filter is a list of levels.
 */
export type Level =
  /** `#`: this level, all below it, and the level above. Only the last can be it. */
  | { readonly kind: "rest" }
  /** `+` */
  | { readonly kind: "any" }
  | { readonly kind: "text"; readonly text: string }
  /** One level of a choice that can't be written as a filter. */
  | { readonly kind: "one-of"; readonly takes: (level: string) => boolean };

export type Filter = readonly Level[];

const REST: Level = { kind: "rest" };
const ANY: Level = { kind: "any" };

/** The levels of a filter that was found well formed. */
export function parseFilter(text: string): Filter {
  return text.split("/").map(parseLevel);
}

export function parseLevel(text: string): Level {
  if (text === "#") return REST;
  return text === "+" ? ANY : { kind: "text", text };
}

/** Says why a filter is malformed, or null (MQTT-4.7.1-1, MQTT-4.7.1-2, MQTT-4.7.3-1). */
export function filterFault(text: string): string | null {
  if (text === "") return "it is empty";
  const levels = text.split("/");
  for (const [index, level] of levels.entries()) {
    if (level.length > 1 && /[#+]/.test(level))
      return `${JSON.stringify(level)}: a wildcard is a whole level`;
    if (level === "#" && index < levels.length - 1) return "'#' is not the last level";
  }
  return null;
}

/** Whether the filter takes the topic, given by its levels. */
export function matches(filter: Filter, topic: readonly string[]): boolean {
  for (const [index, level] of filter.entries()) {
    if (level.kind === "rest") return index > 0 || !isHidden(topic[0]);
    const text = topic[index];
    if (text === undefined || !takes(level, text, index)) return false;
  }
  return topic.length === filter.length;
}

/** Whether `outer` takes every topic that `inner` takes. May say no of a few that a closer look would find covered. */
export function covers(outer: Filter, inner: Filter): boolean {
  for (const [index, level] of outer.entries()) {
    const other = inner[index];
    if (level.kind === "rest") return index > 0 || !startsHidden(inner);
    if (other === undefined || other.kind === "rest") return false;
    if (other.kind === "text") {
      if (!takes(level, other.text, index)) return false;
    } else if (level.kind !== "any") return false;
  }
  return inner.length === outer.length;
}

/** Whether there may be a topic that both take. */
export function overlaps(one: Filter, two: Filter): boolean {
  const length = Math.max(one.length, two.length);
  for (let index = 0; index < length; index++) {
    const [a, b] = [one[index], two[index]];
    if (a?.kind === "rest" || b?.kind === "rest") {
      return index > 0 || !(a?.kind === "rest" ? startsHidden(two) : startsHidden(one));
    }
    if (a === undefined || b === undefined) return false;
    if (a.kind === "text" && !takes(b, a.text, index)) return false;
    if (b.kind === "text" && !takes(a, b.text, index)) return false;
  }
  return true;
}

function takes(level: Level, text: string, index: number): boolean {
  switch (level.kind) {
    case "text":
      return level.text === text;
    case "one-of":
      return !(index === 0 && isHidden(text)) && level.takes(text);
    case "any":
      return !(index === 0 && isHidden(text));
    case "rest":
      return true;
  }
}

/** MQTT-4.7.2-1: no wildcard at the front takes these. */
function isHidden(firstLevel: string | undefined): boolean {
  return firstLevel?.startsWith("$") === true;
}

function startsHidden([first]: Filter): boolean {
  return first?.kind === "text" && isHidden(first.text);
}
