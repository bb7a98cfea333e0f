import { describe, expect, test } from "bun:test";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { DEFAULT_MQTT_LIMITS } from "../../../src/mqtt/limits.ts";
import { Session } from "../../../src/mqtt/sessions/session.ts";
import { SubscriptionTrie } from "../../../src/mqtt/sessions/subscription-trie.ts";
import { newStats } from "../../../src/mqtt/stats.ts";
import { withCpuMs } from "../../support/cpu-time.ts";

function session(id: string): Session {
  return new Session(id, DEFAULT_MQTT_LIMITS, newStats());
}

function subscription(filter: string) {
  return { filter, qos: 0, noLocal: false, retainAsPublished: false, identifier: 0 } as const;
}

function matches(filter: string, topic: string): boolean {
  const trie = new SubscriptionTrie();
  trie.add(session("s"), subscription(filter));
  return trie.match(topic).length === 1;
}

/** MQTT's rule, word for word: the model for the trie. */
function matchesByRule(filter: string, topic: string): boolean {
  if (topic.startsWith("$") && (filter.startsWith("#") || filter.startsWith("+"))) return false;
  const pattern = filter
    .split("/")
    .map((level) => (level === "#" ? ".*" : level === "+" ? "[^/]*" : level.replaceAll("$", "\\$")))
    .join("/")
    .replace(/(^|\/)\.\*$/, (_, slash: string) => (slash === "" ? ".*" : "(/.*)?"));
  return new RegExp(`^${pattern}$`).test(topic);
}

describe("subscriptions", () => {
  test.each([
    ["sport/tennis/player1/#", "sport/tennis/player1", true],
    ["sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true],
    ["sport/#", "sport", true],
    ["#", "a/b/c", true],
    ["#", "/", true],
    ["sport/tennis/+", "sport/tennis/player1", true],
    ["sport/tennis/+", "sport/tennis/player1/ranking", false],
    ["sport/+", "sport", false],
    ["sport/+", "sport/", true],
    ["+/+", "/finance", true],
    ["/+", "/finance", true],
    ["+", "/finance", false],
    ["+/#", "a", true],
    ["#", "$SYS/uptime", false],
    ["+/uptime", "$SYS/uptime", false],
    ["$SYS/#", "$SYS/uptime", true],
    ["$SYS/+", "$SYS/uptime", true],
    ["a/+/#", "a/$b/c", true],
    ["A", "a", false],
    ["a/b", "a/b/", false],
  ])("[MQTT-4.7.1-2] %s and %s: %p", (filter, topic, expected) => {
    expect(matches(filter, topic)).toBe(expected);
    expect(matchesByRule(filter, topic)).toBe(expected);
  });

  test("hold what the rule says through thousands of changes, and leave nothing behind", () => {
    const random = new SeededRandom(11);
    const trie = new SubscriptionTrie();
    const sessions = Array.from({ length: 8 }, (_, n) => session(`s${n}`));
    const model = new Map<Session, Set<string>>(sessions.map((one) => [one, new Set()]));
    const level = () => random.pick(["a", "b", "", "$x", "+"]);
    const name = (wildcards: boolean) => {
      const levels = Array.from({ length: 1 + random.below(4) }, level);
      if (!wildcards) return levels.map((one) => (one === "+" ? "c" : one)).join("/") || "a";
      if (random.chance(0.3)) levels.push("#");
      return levels.join("/") || "+";
    };
    for (let step = 0; step < 5_000; step++) {
      const one = random.pick(sessions);
      const filters = model.get(one) ?? new Set();
      const filter = name(true);
      if (random.chance(0.55)) {
        trie.add(one, subscription(filter));
        filters.add(filter);
      } else {
        expect(trie.remove(one, filter)).toBe(filters.delete(filter));
      }
      const topic = name(false);
      const expected = sessions.filter((each) =>
        [...(model.get(each) ?? [])].some((mine) => matchesByRule(mine, topic)),
      );
      const found = trie.match(topic).map((target) => target.session);
      expect(new Set(found)).toEqual(new Set(expected));
      expect(found).toHaveLength(expected.length);
    }
    for (const [one, filters] of model)
      for (const filter of filters) expect(trie.remove(one, filter)).toBe(true);
    expect(trie.count).toBe(0);
    expect(trie.match("a/b")).toEqual([]);
  }, 60_000);

  test("the worst filters of a session cost a match no more than their nodes", () => {
    const trie = new SubscriptionTrie();
    const one = session("s");
    for (let n = 0; n < 1_024; n++) {
      const levels = Array.from({ length: 10 }, (_, bit) => ((n & (1 << bit)) === 0 ? "a" : "+"));
      trie.add(one, subscription([...levels, ...new Array<string>(54).fill("+")].join("/")));
    }
    const topic = new Array<string>(64).fill("a").join("/");
    const [[target], spentMs] = withCpuMs(() => trie.match(topic));
    expect(target?.subscriptions).toHaveLength(1_024);
    expect(spentMs).toBeLessThan(200);
  });
});
