import { afterAll, beforeAll, describe, expect } from "bun:test";
import { Kafka, logLevel } from "kafkajs";
import { kafkaTool, realKafkaMissing } from "../support/kafka/real-kafka.ts";
import { runWell } from "./clients/run.ts";
import { leaveOpen, TRANSACTING_CLIENTS, type TransactRequest } from "./clients/transacting.ts";
import { Results } from "./results.ts";
import { startTarget, type Target } from "./target.ts";
import { programsMissing, pythonClientsMissing, required } from "./tools.ts";

/** Every client that has transactions consumes, transforms and produces; what comes out is counted by kcat. */
const RECORDS = 60;
const PARTITIONS = 2;
const START_MS = 120_000;
const TIMEOUT_MS = 60_000;
const TOOLS = "org.apache.kafka.tools";

const kcatMissing = required(programsMissing("kcat"));
const results = new Results("transactions");
let target: Target;

beforeAll(async () => {
  target = await startTarget({ doors: ["kafka"] });
}, START_MS);
afterAll(() => target?.stop(), START_MS);

describe("consume, transform and produce", () => {
  for (const client of TRANSACTING_CLIENTS) {
    const reason = required(client.missing()) ?? kcatMissing;
    results.test(client.name, "transactions", reason, async () => {
      const name = client.name.replaceAll(/[^a-z0-9]/g, "");
      const ask = request(`in-${name}`, `out-${name}`, name);
      await makeTopics(ask.input, ask.output);
      await fill(ask.input);
      const { commits, aborts } = await client.transact(ask);
      expect(commits).toBeGreaterThan(2);
      expect(aborts).toBeGreaterThan(0);
      const wanted = Array.from({ length: RECORDS }, (_, index) => `out:${index}`).sort();
      const committed = await read(ask.output, "read_committed");
      expect(committed.sort()).toEqual(wanted);
      // What was aborted is there, for those who ask for it.
      expect((await read(ask.output, "read_uncommitted")).length).toBeGreaterThan(RECORDS);
      expect(await committedOffsets(ask.group, ask.input)).toBe(RECORDS);
    });
  }
});

describe("kafka-transactions.sh", () => {
  const reason = required(realKafkaMissing()) ?? required(pythonClientsMissing()) ?? kcatMissing;
  results.test("java", "transactions by operators", reason, async () => {
    const ask = request("unused", "held-back", "stuck");
    await makeTopics(ask.output);
    await leaveOpen(ask);
    await fill(ask.output);
    // Of the partitions, the one that has the open transaction is held back.
    expect((await read(ask.output, "read_committed")).length).toBeLessThan(RECORDS);
    expect(await transactions("list")).toMatch(/stuck\s+1\s+\d+\s+Ongoing/);
    const described = await transactions("describe", "--transactional-id", "stuck");
    const partition = /held-back-(\d)/.exec(described)?.[1] ?? "none";
    expect(described).toMatch(/stuck\s+\d+\s+\d+\s+Ongoing\s+600000/);
    const place = ["--topic", ask.output, "--partition", partition];
    expect(await transactions("describe-producers", ...place)).toMatch(/\d+\s+\d+\s+(-1|0)\s+0\s+\d+\s+0/);
    expect(await transactions("find-hanging", "--topic", ask.output)).not.toContain("held-back");
    await transactions("abort", ...place, "--start-offset", "0");
    const committed = await read(ask.output, "read_committed");
    expect(committed).toHaveLength(RECORDS);
    expect(committed).not.toContain("left open");
  });

  results.test("java", "transactions ended by force", reason, async () => {
    const ask = request("unused", "forced", "forced");
    await makeTopics(ask.output);
    await leaveOpen(ask);
    await transactions("forceTerminateTransaction", "--transactionalId", "forced");
    expect(await transactions("list")).toMatch(/forced\s+\d+\s+\d+\s+(Empty|CompleteAbort)/);
    expect(await read(ask.output, "read_committed")).toEqual([]);
  });
});

describe("kafka-producer-perf-test.sh", () => {
  results.test(
    "java",
    "transactions one after the other",
    required(realKafkaMissing()) ?? kcatMissing,
    async () => {
      await makeTopics("perf");
      await runWell([
        ...kafkaTool(`${TOOLS}.ProducerPerformance`),
        ...["--bootstrap-server", target.kafka, "--topic", "perf", "--transactional-id", "perf"],
        ...["--num-records", "3000", "--record-size", "50", "--throughput", "-1"],
        ...["--transaction-duration-ms", "20"],
      ]);
      expect(await read("perf", "read_committed")).toHaveLength(3000);
    },
  );
});

function request(input: string, output: string, name: string): TransactRequest {
  const bootstrap = target.kafka;
  return { bootstrap, input, output, group: name, id: name, count: RECORDS, timeoutMs: TIMEOUT_MS };
}

function kafka(): Kafka {
  return new Kafka({ brokers: [target.kafka], logLevel: logLevel.NOTHING });
}

async function makeTopics(...topics: readonly string[]): Promise<void> {
  const admin = kafka().admin();
  await admin.connect();
  await admin.createTopics({
    topics: topics.map((topic) => ({ topic, numPartitions: PARTITIONS, replicationFactor: 1 })),
  });
  await admin.disconnect();
}

async function fill(topic: string): Promise<void> {
  const producer = kafka().producer();
  await producer.connect();
  const messages = Array.from({ length: RECORDS }, (_, index) => ({
    key: String(index),
    value: String(index),
    partition: index % PARTITIONS,
  }));
  await producer.send({ topic, messages });
  await producer.disconnect();
}

async function read(topic: string, isolation: string): Promise<string[]> {
  const output = await runWell([
    "kcat",
    ...["-C", "-q", "-e", "-b", target.kafka, "-t", topic, "-o", "beginning"],
    ...["-X", `isolation.level=${isolation}`, "-f", "%s\n"],
  ]);
  return output.split("\n").filter((line) => line !== "");
}

async function committedOffsets(groupId: string, topic: string): Promise<number> {
  const admin = kafka().admin();
  await admin.connect();
  const offsets = await admin.fetchOffsets({ groupId, topics: [topic] });
  await admin.disconnect();
  return offsets.flatMap(({ partitions }) => partitions).reduce((sum, { offset }) => sum + Number(offset), 0);
}

async function transactions(...args: readonly string[]): Promise<string> {
  const tool = kafkaTool(`${TOOLS}.TransactionsCommand`);
  return await runWell([...tool, "--bootstrap-server", target.kafka, ...args]);
}
