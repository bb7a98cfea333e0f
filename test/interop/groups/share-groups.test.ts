import { afterAll, beforeAll, describe, expect } from "bun:test";
import { Kafkajs } from "../clients/kafkajs.ts";
import {
  begin,
  configure,
  consoleShareConsumer,
  type Delivery,
  SHARE_CLIENTS,
  type ShareClient,
  shareDriverMissing,
  shareGroups,
  transact,
} from "../clients/share-driver.ts";
import { Results } from "../results.ts";
import { REFERENCE, startTarget, type Target } from "../target.ts";
import { required } from "../tools.ts";

/** Clients that speak of share groups, and Kafka's tools for them. */
const START_MS = 120_000;
const LOCK_MS = 4000;
const results = new Results("share-groups");
const missing = required(shareDriverMissing());
const [java] = SHARE_CLIENTS as [ShareClient];
const writer = new Kafkajs();
let target: Target;
let number = 0;

beforeAll(async () => {
  const bounds = {
    "group.share.min.record.lock.duration.ms": "1000",
    "group.share.min.heartbeat.interval.ms": "500",
  };
  target = await startTarget({
    doors: ["kafka"],
    settings: {
      "group.share.record.lock.duration.ms": String(LOCK_MS),
      "group.share.heartbeat.interval.ms": REFERENCE ? "500" : "500ms",
      ...(REFERENCE ? bounds : {}),
    },
  });
}, START_MS);
afterAll(() => target?.stop(), START_MS);

/** A topic with this many records, and a group that begins at the first of them. */
async function queue(recordCount: number, partitions = 1): Promise<{ topic: string; group: string }> {
  number += 1;
  const names = { topic: `queue-${number}`, group: `workers-${number}` };
  const place = { bootstrap: target.kafka, topic: names.topic };
  await writer.createTopic?.({ ...place, partitions, configs: {} });
  await write(names.topic, recordCount, partitions);
  await begin(target.kafka, names.group, names.topic);
  return names;
}

async function write(topic: string, recordCount: number, partitions: number): Promise<void> {
  if (recordCount === 0) return;
  const records = Array.from({ length: recordCount }, (_, index) => ({
    partition: index % partitions,
    key: null,
    value: `job ${index}`,
    headers: [],
    timestampMs: null,
  }));
  await writer.produce({ bootstrap: target.kafka, topic, records });
}

function places(deliveries: readonly Delivery[]): string[] {
  return deliveries.map(({ place }) => place).sort();
}

function counts(deliveries: readonly Delivery[]): number[] {
  return deliveries.map(({ deliveryCount }) => deliveryCount);
}

describe("members of share groups", () => {
  for (const client of SHARE_CLIENTS) {
    const reason = required(shareDriverMissing() ?? client.missing());
    results.test(client.name, "share group: every record goes to one member", reason, async () => {
      const { topic, group } = await queue(200, 2);
      const settings = { idle: 5000, "max.poll.records": 10 };
      const members = await Promise.all(
        [1, 2].map(() => client.consume(target.kafka, group, topic, settings)),
      );
      const all = members.flatMap(({ deliveries }) => deliveries);
      expect(all).toHaveLength(200);
      expect(new Set(places(all)).size).toBe(200);
      expect(members.flatMap(({ failures }) => failures)).toEqual([]);
      expect(await shareGroups(target.kafka, "--describe", "--group", group)).toMatch(
        new RegExp(`${group}\\s+${topic}\\s+0\\s+\\d+\\s+0\\s`),
      );
    });

    results.test(client.name, "share group: what is released comes again and counts", reason, async () => {
      const { topic, group } = await queue(3);
      const { deliveries, done } = await client.consume(target.kafka, group, topic, {
        plan: "release,accept",
        count: 3,
      });
      expect(counts(deliveries)).toEqual([1, 1, 1, 2, 2, 2]);
      expect(done).toBe(3);
    });

    results.test(client.name, "share group: a record is given up after five deliveries", reason, async () => {
      const { topic, group } = await queue(1);
      const { deliveries } = await client.consume(target.kafka, group, topic, {
        plan: "release",
        idle: 4000,
      });
      expect(counts(deliveries)).toEqual([1, 2, 3, 4, 5]);
    });

    results.test(client.name, "share group: what is rejected is not delivered again", reason, async () => {
      const { topic, group } = await queue(2);
      expect((await client.consume(target.kafka, group, topic, { plan: "reject", count: 2 })).done).toBe(2);
      expect((await client.consume(target.kafka, group, topic, { idle: 4000 })).deliveries).toEqual([]);
    });

    results.test(
      client.name,
      "share group: records of a member that dies go to another",
      reason,
      async () => {
        const { topic, group } = await queue(3);
        const died = await client.consume(target.kafka, group, topic, { plan: "hold", die: "true" });
        expect([counts(died.deliveries), died.done]).toEqual([[1, 1, 1], -1]);
        const { deliveries } = await client.consume(target.kafka, group, topic, { count: 3 });
        expect(counts(deliveries)).toEqual([2, 2, 2]);
      },
    );

    const limited = async (): Promise<void> => {
      const { topic, group } = await queue(30);
      const settings = {
        "share.acquire.mode": "record_limit",
        "max.poll.records": 7,
        plan: "hold",
        die: "true",
      };
      const { deliveries } = await client.consume(target.kafka, group, topic, settings);
      expect(deliveries).toHaveLength(7);
    };
    // Not every client has such a mode.
    if (client.isStrict) {
      results.test(client.name, "share group: no more records than asked for", reason, limited);
    }

    results.test(
      client.name,
      "share group: answered acknowledgements outlive a crash of the broker",
      reason,
      async () => {
        const { topic, group } = await queue(10);
        for (let batches = 1; batches < 4; batches++) await write(topic, 10, 1);
        const first = await client.consume(target.kafka, group, topic, { count: 20, "max.poll.records": 10 });
        await target.crash();
        const second = await client.consume(target.kafka, group, topic, {
          count: 40 - first.done,
          idle: 15_000,
        });
        expect(places([...first.deliveries, ...second.deliveries])).toHaveLength(40);
        expect(new Set(places([...first.deliveries, ...second.deliveries])).size).toBe(40);
      },
    );

    // Kafka has dead letter topics of share groups from 4.4 on.
    const noDeadLetters =
      reason ?? (REFERENCE ? "Kafka 4.3 has no dead letter topics of share groups" : null);
    results.test(client.name, "share group: dead letters", noDeadLetters, async () => {
      const { topic, group } = await queue(4);
      const dead = `dlq.${topic}`;
      await configure(target.kafka, group, {
        "errors.deadletterqueue.topic.name": dead,
        "share.delivery.count.limit": 2,
      });
      await client.consume(target.kafka, group, topic, { plan: "release,release", idle: 4000 });
      await begin(target.kafka, `${group}-dead`, dead);
      const { deliveries } = await client.consume(target.kafka, `${group}-dead`, dead, { count: 4 });
      expect(deliveries).toHaveLength(4);
    });
  }
});

describe("java share consumer", () => {
  results.test("java", "share group: a renewed lock outlasts its time", missing, async () => {
    const { topic, group } = await queue(1);
    const started = Date.now();
    const renewing = java.consume(target.kafka, group, topic, {
      plan: "renew",
      renewals: 3,
      count: 1,
      idle: 15_000,
    });
    const other = await java.consume(target.kafka, group, topic, { idle: 9000 });
    const { done, failures } = await renewing;
    const held = Date.now() - started > LOCK_MS;
    // Whoever of the two got it kept it.
    expect([Math.max(done, 0) + other.done, failures, held]).toEqual([1, [], true]);
  });

  results.test("java", "share group: read_committed", missing, async () => {
    const { topic, group } = await queue(0);
    await configure(target.kafka, group, { "share.isolation.level": "read_committed" });
    await transact(target.kafka, topic);
    const { deliveries } = await java.consume(target.kafka, group, topic, { count: 6, idle: 6000 });
    expect(deliveries.map(({ value }) => value).sort()).toEqual(
      ["kept", "kept-too"].flatMap((name) => [0, 1, 2].map((index) => `${name}-${index}`)).sort(),
    );
  });

  results.test("java", "share group: settings of the group", missing, async () => {
    const { topic, group } = await queue(1);
    await configure(target.kafka, group, { "share.delivery.count.limit": 3 });
    const { deliveries } = await java.consume(target.kafka, group, topic, { plan: "release", idle: 4000 });
    expect(counts(deliveries)).toEqual([1, 2, 3]);
  });
});

describe("java tools for share groups", () => {
  results.test("java", "kafka-console-share-consumer", missing, async () => {
    const { topic, group } = await queue(10);
    const read = await consoleShareConsumer(target.kafka, group, topic, 10);
    expect(read).toHaveLength(10);
    expect(read.every((line) => line.startsWith("Delivery:1"))).toBe(true);
  });

  results.test("java", "kafka-share-groups", missing, async () => {
    const { topic, group } = await queue(5);
    expect(await shareGroups(target.kafka, "--list", "--state")).toMatch(new RegExp(`${group}\\s+Empty`));
    await java.consume(target.kafka, group, topic, { count: 5 });
    const to = ["--reset-offsets", "--group", group, "--topic", topic, "--to-earliest"];
    expect(await shareGroups(target.kafka, ...to, "--execute")).toMatch(new RegExp(`${topic}\\s+0\\s+0`));
    expect((await java.consume(target.kafka, group, topic, { count: 5 })).deliveries).toHaveLength(5);
    await shareGroups(target.kafka, "--delete-offsets", "--group", group, "--topic", topic);
    await shareGroups(target.kafka, "--delete", "--group", group);
    expect(await shareGroups(target.kafka, "--list")).not.toContain(`${group}\n`);
  });

  results.test("java", "kafka-share-groups: members", missing, async () => {
    const { topic, group } = await queue(1);
    const holding = java.consume(target.kafka, group, topic, { plan: "hold", idle: 8000 });
    let members = "";
    for (let tries = 0; tries < 5 && !members.includes(topic); tries++) {
      members = await shareGroups(target.kafka, "--describe", "--group", group, "--members");
    }
    expect(members).toMatch(new RegExp(`${group}\\s+\\S+\\s+/127.0.0.1\\s`));
    expect(await shareGroups(target.kafka, "--describe", "--group", group, "--state")).toContain("Stable");
    await holding;
  });
});
