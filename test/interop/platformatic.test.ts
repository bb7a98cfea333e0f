import { afterAll, beforeAll, expect } from "bun:test";
import { Admin, Consumer, Producer, stringDeserializers, stringSerializers } from "@platformatic/kafka";
import { Results } from "./results.ts";
import { startTarget, type Target } from "./target.ts";

// The newer of the clients for Node.js, unmodified, in this very process.

const CLIENT = "@platformatic/kafka";
const TOPIC = "platform";
const START_MS = 120_000;

const results = new Results("platformatic");
let target: Target;

beforeAll(async () => {
  target = await startTarget({ doors: ["kafka"], settings: { "group.initial.rebalance.delay.ms": "0" } });
}, START_MS);
afterAll(() => target?.stop(), START_MS);

const common = (clientId: string) => ({ clientId, bootstrapBrokers: [target.kafka] });

results.test(CLIENT, "admin", null, async () => {
  const admin = new Admin(common("admin"));
  try {
    await admin.createTopics({ topics: [TOPIC, "gone"], partitions: 3, replicas: 1 });
    expect((await admin.listTopics()).toSorted()).toEqual(["gone", TOPIC]);
    await admin.createPartitions({ topics: [{ name: TOPIC, count: 4 }] });
    await admin.deleteTopics({ topics: ["gone"] });
    expect(await admin.listTopics()).toEqual([TOPIC]);
    const { topics } = await admin.metadata({ topics: [TOPIC], forceUpdate: true });
    expect(topics.get(TOPIC)?.partitionsCount).toBe(4);
    const refused = await admin.createTopics({ topics: ["a/b"], partitions: 1, replicas: 1 }).catch(String);
    expect(refused).toContain("Error");
  } finally {
    await admin.close();
  }
});

async function write(count: number, from: number, compression: "none" | "gzip" | "snappy" | "lz4" | "zstd") {
  const producer = new Producer({ ...common("producer"), serializers: stringSerializers, idempotent: true });
  const messages = Array.from({ length: count }, (_, index) => ({
    topic: TOPIC,
    key: `key-${index % 7}`,
    value: `value ${from + index}`,
    headers: { place: "here" },
  }));
  await producer.send({ messages, acks: -1, compression });
  await producer.close();
}

/** Reads until so many have come, as a member of the group, and commits what it read. */
async function read(groupId: string, count: number, isolationLevel = 1): Promise<string[]> {
  const consumer = new Consumer({ ...common("consumer"), groupId, deserializers: stringDeserializers });
  const found: string[] = [];
  try {
    const stream = await consumer.consume({
      topics: [TOPIC],
      autocommit: true,
      isolationLevel,
      sessionTimeout: 10_000,
      heartbeatInterval: 500,
      maxWaitTime: 100,
      mode: "committed",
      fallbackMode: "earliest",
    });
    for await (const message of stream) {
      expect(message.headers.get("place")).toBe("here");
      found.push(String(message.value));
      if (found.length === count) break;
    }
    await stream.close();
  } finally {
    await consumer.close(true);
  }
  return found;
}

const values = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `value ${from + index}`);

results.test(CLIENT, "produce and consume in a group", null, async () => {
  let written = 0;
  for (const compression of ["none", "gzip", "snappy", "lz4", "zstd"] as const) {
    await write(40, written, compression);
    written += 40;
  }
  expect((await read("first", 200)).toSorted()).toEqual(values(0, 200).toSorted());
  // The group goes on where it stopped.
  await write(30, 200, "none");
  expect((await read("first", 30)).toSorted()).toEqual(values(200, 30).toSorted());
});

results.test(CLIENT, "transactions", null, async () => {
  const producer = new Producer({
    ...common("transactional"),
    serializers: stringSerializers,
    idempotent: true,
    transactionalId: "platform-transactions",
  });
  const message = (value: string) => ({ topic: TOPIC, key: "k", value, headers: { place: "here" } });
  const lost = await producer.beginTransaction();
  await lost.send({ messages: [message("taken back")], acks: -1 });
  await lost.abort();
  const kept = await producer.beginTransaction();
  await kept.send({ messages: [message("kept")], acks: -1 });
  await kept.commit();
  await producer.close();
  const committed = await read("committed", 231);
  expect(committed).toContain("kept");
  expect(committed).not.toContain("taken back");
});
