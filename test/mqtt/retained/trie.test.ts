import { describe, expect, test } from "bun:test";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { type RetainedNode, RetainedTrie, RetainedWalk } from "../../../src/mqtt/retained/trie.ts";

/** A trie of topics whose offsets are their places in the list. */
function trieOf(topics: readonly string[]): RetainedTrie {
  const trie = new RetainedTrie();
  topics.forEach((topic, offset) => {
    trie.place(topic).offset = offset;
  });
  return trie;
}

function matches(trie: RetainedTrie, topics: readonly string[], filter: string, max = 1000): string[] {
  const walk = new RetainedWalk(trie, filter);
  const found: string[] = [];
  for (let more = true; more; ) {
    const some: RetainedNode[] = [];
    more = walk.collect(some, max, 1000);
    expect(some.length).toBeLessThanOrEqual(max);
    found.push(...some.map(({ offset }) => topics[offset] ?? ""));
  }
  return found.sort();
}

/** MQTT 5, 4.7, said in another way. */
function takes(filter: string, topic: string): boolean {
  if (/^[+#]/.test(filter) && topic.startsWith("$")) return false;
  const pattern = filter
    .split("/")
    .map((level) => (level === "+" ? "[^/]*" : level === "#" ? "#" : level.replace(/\$/g, "\\$")))
    .join("/")
    .replace(/^#$/, ".*")
    .replace(/\/#$/, "(/.*)?");
  return new RegExp(`^${pattern}$`, "s").test(topic);
}

const TOPICS = ["a", "a/b", "a/b/c", "a/c", "/a", "a/", "b", "$x/b", "$x", "a//b", "/", "b/b/b"];

describe("a walk", () => {
  test.each([
    "#",
    "+",
    "a/#",
    "a/b/#",
    "+/b",
    "+/+",
    "/+",
    "+/#",
    "a/+/c",
    "a",
    "a/b",
    "$x/#",
    "$x/+",
    "c/#",
  ])("of %s finds what the filter takes, each once, however few are asked for at a time", (filter) => {
    const trie = trieOf(TOPICS);
    const expected = TOPICS.filter((topic) => takes(filter, topic)).sort();
    for (const max of [1, 2, 1000]) expect(matches(trie, TOPICS, filter, max)).toEqual(expected);
  });

  test("of random filters over random topics that come and go agrees with the definition", () => {
    const random = new SeededRandom(7);
    const levels = ["a", "b", "", "$s", "c"];
    const topic = () => Array.from({ length: 1 + random.below(4) }, () => random.pick(levels)).join("/");
    let found = 0;
    for (let round = 0; round < 300; round++) {
      const trie = new RetainedTrie();
      const names: string[] = [];
      for (let step = 0; step < 40; step++) {
        const name = topic();
        if (random.chance(0.3)) {
          trie.remove(name);
          const at = names.indexOf(name);
          if (at >= 0) names[at] = "";
        } else if (!names.includes(name)) {
          trie.place(name).offset = names.push(name) - 1;
        }
      }
      const kept = names.filter((name, at) => name !== "" || trie.find("")?.offset === at);
      const filter = topic()
        .split("/")
        .map((level) => (random.chance(0.4) ? "+" : level))
        .concat(random.chance(0.4) ? ["#"] : [])
        .join("/");
      const expected = kept.filter((name) => takes(filter, name)).sort();
      expect(matches(trie, names, filter, 1 + random.below(5))).toEqual(expected);
      found += expected.length;
    }
    expect(found).toBeGreaterThan(500);
  });

  test("visits what the filter's levels can reach, not all there is", () => {
    const topics = Array.from({ length: 5_000 }, (_, n) => `site/${n % 50}/device-${n}/state`);
    const trie = trieOf(topics);
    const visits = (filter: string): number => {
      const walk = new RetainedWalk(trie, filter);
      while (walk.collect([], 100, 100)) {}
      return walk.visited;
    };
    expect(visits("site/7/device-7/state")).toBeLessThan(10);
    expect(visits("other/#")).toBeLessThan(3);
    expect(visits("site/7/#")).toBeLessThan(250);
    expect(visits("+/7/+/state")).toBeLessThan(250);
    expect(visits("#")).toBeGreaterThan(10_000);
  });

  test("looks at no more than it is allowed to, and goes on where it stopped", () => {
    const topics = Array.from({ length: 1_000 }, (_, n) => `d/${n}/x`);
    const walk = new RetainedWalk(trieOf(topics), "+/+/nothing");
    let rounds = 0;
    const some: RetainedNode[] = [];
    for (let more = true; more; rounds++) {
      const before = walk.visited;
      more = walk.collect(some, 10, 100);
      expect(walk.visited - before).toBeLessThan(110);
    }
    expect(some).toEqual([]);
    expect(rounds).toBeGreaterThan(5);
  });

  test("leaves out what went while it was under way", () => {
    const topics = Array.from({ length: 10 }, (_, n) => `d/${n}`);
    const trie = trieOf(topics);
    const walk = new RetainedWalk(trie, "d/+");
    const found: RetainedNode[] = [];
    expect(walk.collect(found, 3, 100)).toBe(true);
    for (const topic of topics.slice(5)) trie.remove(topic);
    while (walk.collect(found, 100, 100)) {}
    expect(found.map(({ offset }) => offset).filter((offset) => offset >= 0)).toEqual([0, 1, 2, 3, 4]);
  });
});

test("branches that nobody needs any more go", () => {
  const trie = trieOf(["a/b/c", "a/b"]);
  trie.remove("a/b/c");
  trie.remove("nothing/there");
  expect(trie.find("a/b")?.children).toBeNull();
  trie.remove("a/b");
  expect(trie.root.children).toBeNull();
});
