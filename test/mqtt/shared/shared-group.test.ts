import { describe, expect, test } from "bun:test";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { DEFAULT_MQTT_LIMITS } from "../../../src/mqtt/limits.ts";
import type { Readiness } from "../../../src/mqtt/sessions/outbound.ts";
import { Session } from "../../../src/mqtt/sessions/session.ts";
import { SubscriptionTrie } from "../../../src/mqtt/sessions/subscription-trie.ts";
import type { Subscription } from "../../../src/mqtt/sessions/targets.ts";
import { TransientOutbound } from "../../../src/mqtt/sessions/transient-outbound.ts";
import { SharedGroup } from "../../../src/mqtt/shared/shared-group.ts";
import { newStats } from "../../../src/mqtt/stats.ts";
import { splitShared, subscriptionFault } from "../../../src/mqtt/topics.ts";

const stats = newStats();

class Standing extends TransientOutbound {
  stands: Readiness = "ready";

  override readiness(): Readiness {
    return this.stands;
  }
}

function member(clientId: string, stands: Readiness = "ready"): Session {
  const outbound = new Standing(DEFAULT_MQTT_LIMITS, stats);
  outbound.stands = stands;
  return new Session(clientId, DEFAULT_MQTT_LIMITS, stats, undefined, outbound);
}

function subscription(filter: string, qos: 0 | 1 | 2 = 1): Subscription {
  return { filter, qos, noLocal: false, retainAsPublished: false, identifier: 0 };
}

function groupOf(...sessions: readonly Session[]): SharedGroup {
  const group = new SharedGroup([]);
  for (const session of sessions) group.add(session, subscription("$share/g/t"));
  return group;
}

function picks(group: SharedGroup, count: number): string {
  return Array.from({ length: count }, () => group.pick(1, () => true)?.session.clientId ?? "-").join("");
}

describe("a message goes to", () => {
  test("each in turn", () => {
    expect(picks(groupOf(member("a"), member("b"), member("c")), 7)).toBe("abcabca");
  });

  test("those with room before those that are busy, and to them before those that are away", () => {
    expect(picks(groupOf(member("a", "busy"), member("b"), member("c", "away")), 3)).toBe("bbb");
    expect(picks(groupOf(member("a", "away"), member("b", "busy"), member("c", "busy")), 4)).toBe("bcbc");
    expect(picks(groupOf(member("a", "away"), member("b", "ended"), member("c", "away")), 3)).toBe("aca");
    expect(picks(groupOf(member("a", "ended")), 2)).toBe("--");
  });

  test("nobody who may not have it", () => {
    const group = groupOf(member("a"), member("b"));
    expect(group.pick(1, ({ session }) => session.clientId === "b")?.session.clientId).toBe("b");
    expect(group.pick(1, () => false)).toBeNull();
  });

  test("the others when one goes, without anybody's turn being lost", () => {
    const all = ["a", "b", "c", "d"].map((name) => member(name));
    const [a, b] = all;
    const group = groupOf(...all);
    expect(picks(group, 2)).toBe("ab");
    if (a === undefined || b === undefined) throw new Error("no members");
    expect([group.remove(a), group.remove(a)]).toEqual([true, false]);
    expect(picks(group, 3)).toBe("cdb");
    expect(group.remove(b)).toBe(true);
    expect(picks(group, 3)).toBe("cdc");
    expect(group.add(a, subscription("x"))).toBe(true);
    expect(group.add(a, subscription("x", 2))).toBe(false);
    expect(group.size).toBe(3);
  });

  test("few are looked at where thousands are busy", () => {
    let looked = 0;
    class Counting extends TransientOutbound {
      override readiness(): Readiness {
        looked++;
        return "busy";
      }
    }
    const group = new SharedGroup([]);
    for (let n = 0; n < 5_000; n++) {
      const outbound = new Counting(DEFAULT_MQTT_LIMITS, stats);
      group.add(new Session(`s${n}`, DEFAULT_MQTT_LIMITS, stats, undefined, outbound), subscription("x"));
    }
    for (let n = 0; n < 10; n++) expect(group.pick(1, () => true)).not.toBeNull();
    expect(looked).toBeLessThan(1_000);
  });
});

describe("the trie of subscriptions", () => {
  test("keeps groups by name and filter, beside what sessions subscribe to for themselves", () => {
    const trie = new SubscriptionTrie();
    const [a, b] = [member("a"), member("b")];
    for (const filter of ["$share/g/x/+", "$share/h/x/+", "$share/g/x/#", "x/+"])
      trie.add(a, subscription(filter));
    trie.add(b, subscription("$share/g/x/+"));
    expect([trie.count, trie.sharedCount]).toEqual([5, 4]);
    expect(trie.match("x/1").map(({ session }) => session.clientId)).toEqual(["a"]);
    expect(
      trie
        .matchShared("x/1")
        .map(({ size }) => size)
        .sort(),
    ).toEqual([1, 1, 2]);
    expect(trie.matchShared("x/1/2").map(({ size }) => size)).toEqual([1]);
    expect(trie.remove(b, "$share/h/x/+")).toBe(false);
    expect(trie.remove(b, "$share/g/x/+")).toBe(true);
    for (const filter of ["$share/g/x/+", "$share/h/x/+", "$share/g/x/#"])
      expect(trie.remove(a, filter)).toBe(true);
    expect([trie.count, trie.sharedCount, trie.matchShared("x/1")]).toEqual([1, 0, []]);
    expect(trie.remove(a, "x/+")).toBe(true);
    expect(trie.mayMatchBelow("x")).toBe(false);
  });

  test("finds for shared filters what it finds for the same filters alone", () => {
    const random = new SeededRandom(3);
    const level = () => random.pick(["a", "b", "+", "", "$s"]);
    for (let round = 0; round < 300; round++) {
      const trie = new SubscriptionTrie();
      const filters = new Set<string>();
      for (let n = 0; n < 8; n++) {
        const levels = Array.from({ length: 1 + random.below(3) }, level);
        filters.add([...levels, ...(random.chance(0.3) ? ["#"] : [])].join("/"));
      }
      for (const filter of filters) {
        trie.add(member(`own ${filter}`), subscription(filter));
        trie.add(member(`shared ${filter}`), subscription(`$share/g/${filter}`));
      }
      const topic = Array.from({ length: 1 + random.below(3) }, () => random.pick(["a", "b", "", "$s"])).join(
        "/",
      );
      const own = trie.match(topic).map(({ session }) => session.clientId.slice(4));
      const shared = trie
        .matchShared(topic)
        .map((group) => group.pick(1, () => true)?.session.clientId.slice(7));
      expect(shared.sort()).toEqual(own.sort());
    }
  });
});

test("a shared filter's name and filter", () => {
  expect(splitShared("$share/g/a/b")).toEqual({ name: "g", filter: "a/b" });
  expect(splitShared("$share/g//")).toEqual({ name: "g", filter: "/" });
  expect(splitShared("$share/g")).toBeNull();
  for (const bad of ["$share/", "$share/g", "$share//a", "$share/g/", "$share/+/a", "$share/g#/a"]) {
    expect(subscriptionFault(bad)).toMatchObject({ reason: 0x81 });
  }
  for (const bad of ["$share/g/a+", "$share/g/#/a", ""]) expect(subscriptionFault(bad)?.reason).toBe(0x81);
  for (const good of ["$share/g/a", "$share/g/#", "$share/g/$SYS/#", "$share", "$shared/a", "share/g/a"]) {
    expect(subscriptionFault(good)).toBeNull();
  }
});
