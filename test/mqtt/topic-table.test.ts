import { expect, test } from "bun:test";
import { SeededRandom } from "../../src/io/simulated/random.ts";
import { DEFAULT_ROUTES, RouteTable } from "../../src/mqtt/routes.ts";
import { hashOf, TopicEntry, TopicTable } from "../../src/mqtt/topic-table.ts";

function table(entries: number): TopicTable {
  return new TopicTable(new RouteTable(DEFAULT_ROUTES), 64, entries, 12_345);
}

function find(topics: TopicTable, topic: string): TopicEntry {
  const bytes = Buffer.from(`..${topic}..`);
  const entry = topics.find(bytes, 2, bytes.length - 2);
  if (!(entry instanceof TopicEntry)) throw new Error(entry.what);
  return entry;
}

test("a topic that is used is found again, one that is not is forgotten", () => {
  const topics = table(100);
  const used = find(topics, "devices/used/t");
  const unused = find(topics, "devices/unused/t");
  expect(used.text).toBe("devices/used/t");
  for (let n = 0; n < 1_000; n++) {
    expect(find(topics, `devices/d${n}/t`).text).toBe(`devices/d${n}/t`);
    if (n % 20 === 0) expect(find(topics, "devices/used/t")).toBe(used);
  }
  expect(find(topics, "devices/unused/t")).not.toBe(unused);
});

test("entries own their bytes", () => {
  const topics = table(10);
  const bytes = Buffer.from("devices/a/t");
  const entry = topics.find(bytes, 0, bytes.length);
  bytes.fill(0);
  expect(find(topics, "devices/a/t")).toBe(entry as TopicEntry);
});

test("long topics are resolved and not kept", () => {
  const topics = table(10);
  const long = `devices/${"x".repeat(600)}/t`;
  const entry = find(topics, long);
  expect(Buffer.from(entry.destination?.key ?? []).toString()).toBe("x".repeat(600));
  expect(find(topics, long)).not.toBe(entry);
});

test("topics of one hash are told apart", () => {
  const topics = table(100);
  const random = new SeededRandom(5);
  const byHash = new Map<number, string>();
  const pairs: [string, string][] = [];
  for (let n = 0; pairs.length < 3 && n < 400_000; n++) {
    const topic = `d/${random.below(2 ** 32)}/${random.below(2 ** 32)}`;
    const bytes = Buffer.from(topic);
    const hash = hashOf(bytes, 0, bytes.length, 12_345);
    const other = byHash.get(hash);
    if (other !== undefined) pairs.push([other, topic]);
    byHash.set(hash, topic);
  }
  expect(pairs).toHaveLength(3);
  for (const [one, other] of pairs) {
    const first = find(topics, one);
    const second = find(topics, other);
    expect([first.text, second.text]).toEqual([one, other]);
    expect(find(topics, one)).toBe(first);
    expect(find(topics, other)).toBe(second);
  }
});
