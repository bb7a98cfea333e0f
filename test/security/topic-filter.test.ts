import { describe, expect, test } from "bun:test";
import { covers, filterFault, matches, overlaps, parseFilter } from "../../src/security/topic-filter.ts";

/** Every filter and topic of up to three levels out of a few texts: small enough to try all of them. */
const TEXTS = ["a", "b", "", "$x"];

function all(levels: readonly string[], last: readonly string[], length: number): string[][] {
  if (length === 0) return [[]];
  const tails = all(levels, last, length - 1);
  if (length === 1) return last.map((text) => [text]);
  return levels.flatMap((text) => tails.map((tail) => [text, ...tail]));
}

function upTo(length: number, levels: readonly string[], last: readonly string[]): string[] {
  const lengths = Array.from({ length }, (_, index) => index + 1);
  return lengths.flatMap((count) => all(levels, last, count).map((parts) => parts.join("/")));
}

// The empty topic, which nobody can publish to, is the level above `/#`.
const TOPICS = upTo(4, TEXTS, TEXTS);
const FILTERS = upTo(3, [...TEXTS, "+"], [...TEXTS, "+", "#"]).filter((filter) => filter !== "");

/** A second way to say what a filter takes: by a regular expression. */
function byExpression(filter: string): RegExp {
  const levels = filter.split("/");
  let source = "";
  for (const [index, level] of levels.entries()) {
    const notHidden = index === 0 ? "(?!\\$)" : "";
    if (level === "#") {
      source += index === 0 ? `${notHidden}.*` : "(?:/.*)?";
      break;
    }
    const text = level === "+" ? `${notHidden}[^/]*` : level.replaceAll("$", "\\$");
    source += index === 0 ? text : `/${text}`;
  }
  return new RegExp(`^${source}$`, "s");
}

const TAKEN = new Map(
  FILTERS.map((filter) => [filter, new Set(TOPICS.filter((topic) => byExpression(filter).test(topic)))]),
);

test("a filter takes what the specification says, for every small filter and topic", () => {
  expect(FILTERS.length * TOPICS.length).toBeGreaterThan(50_000);
  for (const filter of FILTERS) {
    const parsed = parseFilter(filter);
    for (const topic of TOPICS) {
      const expected = TAKEN.get(filter)?.has(topic) ?? false;
      if (matches(parsed, topic.split("/")) !== expected)
        throw new Error(`${filter} and ${topic}: not ${expected}`);
    }
  }
});

test("one covers another only if it takes all of its topics, and overlaps it if it takes one", () => {
  let tried = 0;
  let covered = 0;
  for (const outer of FILTERS) {
    const outerTopics = TAKEN.get(outer) ?? new Set();
    const parsed = parseFilter(outer);
    for (const inner of FILTERS) {
      const innerTopics = TAKEN.get(inner) ?? new Set();
      const all = innerTopics.isSubsetOf(outerTopics);
      const some = !innerTopics.isDisjointFrom(outerTopics);
      const says = covers(parsed, parseFilter(inner));
      // It may say no where only a closer look would find it covered, never yes where it is not.
      if (says && !all) throw new Error(`${outer} does not cover ${inner}`);
      if (overlaps(parsed, parseFilter(inner)) !== some)
        throw new Error(`${outer} and ${inner}: not ${some}`);
      tried++;
      if (says) covered++;
    }
  }
  expect(tried).toBeGreaterThan(10_000);
  expect(covered).toBeGreaterThan(FILTERS.length);
});

describe("what covers what, by example", () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ["#", "a/b", true],
    ["#", "+/+", true],
    ["#", "$SYS/#", false],
    ["+/#", "$SYS/a", false],
    ["$SYS/#", "$SYS/a/+", true],
    ["a/#", "a", true],
    ["a/#", "a/#", true],
    ["a/+", "a/#", false],
    ["a/+", "+/b", false],
    ["a/+/c", "a/b/c", true],
    ["a", "a/", false],
  ];
  for (const [outer, inner, expected] of cases) {
    test(`${outer} ${expected ? "covers" : "does not cover"} ${inner}`, () => {
      expect(covers(parseFilter(outer), parseFilter(inner))).toBe(expected);
    });
  }
});

test("malformed filters", () => {
  expect(["a+", "a/#/b", "a#", "", "+a/b"].map(filterFault).filter((fault) => fault === null)).toEqual([]);
  expect(["a", "/", "+", "#", "a/+/#", "$SYS/#"].map(filterFault)).toEqual([
    null,
    null,
    null,
    null,
    null,
    null,
  ]);
});
