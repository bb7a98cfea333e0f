import { expect, test } from "bun:test";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { TopicFilter } from "../../../src/mqtt/history/topic-filter.ts";
import { DEFAULT_MQTT_LIMITS } from "../../../src/mqtt/limits.ts";
import { Session } from "../../../src/mqtt/sessions/session.ts";
import { SubscriptionTrie } from "../../../src/mqtt/sessions/subscription-trie.ts";
import { newStats } from "../../../src/mqtt/stats.ts";
import { filterFault, topicFault } from "../../../src/mqtt/topics.ts";

const LEVELS = ["a", "b", "", "$x", "+", "#"];

function sentence(random: SeededRandom): string {
  const count = 1 + ((random.bytes(1)[0] ?? 0) % 4);
  return Array.from({ length: count }, () => LEVELS[(random.bytes(1)[0] ?? 0) % LEVELS.length] ?? "").join(
    "/",
  );
}

test("a filter takes the topics that a subscription to it takes", () => {
  const random = new SeededRandom(7);
  let taken = 0;
  let left = 0;
  for (let round = 0; round < 20_000; round++) {
    const [filter, topic] = [sentence(random), sentence(random)];
    if (filterFault(filter) !== null || topicFault(topic) !== null) continue;
    const trie = new SubscriptionTrie();
    const subscription = { filter, qos: 0, noLocal: false, retainAsPublished: false, identifier: 0 } as const;
    trie.add(new Session("s", DEFAULT_MQTT_LIMITS, newStats()), subscription);
    const wanted = trie.match(topic).length > 0;
    expect([filter, topic, new TopicFilter(filter).matches(topic)]).toEqual([filter, topic, wanted]);
    if (wanted) taken++;
    else left++;
  }
  expect(Math.min(taken, left)).toBeGreaterThan(500);
});
