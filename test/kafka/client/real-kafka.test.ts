import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { SystemClock } from "../../../src/io/bun/clock.ts";
import { SystemNetwork } from "../../../src/io/bun/network.ts";
import { SystemRandom } from "../../../src/io/bun/random.ts";
import { KafkaAdmin } from "../../../src/kafka/client/admin.ts";
import { clusterOptions, KafkaCluster } from "../../../src/kafka/client/cluster.ts";
import { PartitionConsumer } from "../../../src/kafka/client/consumer.ts";
import type { CallOutcome } from "../../../src/kafka/client/coordinator-call.ts";
import { LIST_OFFSET, listOffsets } from "../../../src/kafka/client/offsets.ts";
import { type BatchOutcome, produce } from "../../../src/kafka/client/produce.ts";
import {
  addOffsetsToTransaction,
  addPartitionsToTransaction,
  commitOffsetsInTransaction,
  committedOffsets,
  endTransaction,
  initProducerId,
  type TransactionIdentity,
} from "../../../src/kafka/client/transactions.ts";
import { API_KEY } from "../../../src/kafka/wire/generated/apis.ts";
import { ERROR } from "../../../src/kafka/wire/generated/errors.ts";
import { BatchBuilder } from "../../../src/records/builder.ts";
import { type RealKafka, realKafkaMissing, startRealKafka } from "../../support/kafka/real-kafka.ts";

const missing = realKafkaMissing();
if (missing !== null) console.log(`skipped: the Kafka client on a real Kafka (${missing})`);
const TIMEOUT_MS = 60_000;
const clock = new SystemClock();
const seams = { clock, network: new SystemNetwork(clock), random: new SystemRandom() };
const NOBODY = { producerId: -1, producerEpoch: -1 };

/** What Kafka 4.3 serves of the APIs that this client speaks. */
const SERVED: readonly (readonly [api: keyof typeof API_KEY, lowest: number, highest: number])[] = [
  ["PRODUCE", 3, 13],
  ["FETCH", 4, 18],
  ["LIST_OFFSETS", 1, 11],
  ["METADATA", 0, 13],
  ["CREATE_TOPICS", 4, 7],
  ["DELETE_TOPICS", 1, 6],
  ["DESCRIBE_CONFIGS", 1, 4],
  ["FIND_COORDINATOR", 1, 6],
  ["INIT_PRODUCER_ID", 0, 5],
  ["ADD_PARTITIONS_TO_TXN", 0, 3],
  ["ADD_OFFSETS_TO_TXN", 0, 4],
  ["END_TXN", 0, 4],
  ["TXN_OFFSET_COMMIT", 0, 4],
  ["OFFSET_FETCH", 1, 9],
];

describe.skipIf(missing !== null)("the client on a real Kafka", () => {
  let kafka: RealKafka;
  beforeAll(async () => {
    kafka = await startRealKafka();
  }, TIMEOUT_MS);
  afterAll(() => kafka?.stop(), TIMEOUT_MS);

  function connect(maxVersions: ReadonlyMap<number, number> = new Map()): KafkaCluster {
    const bootstrap = kafka.nodes.map(({ host, port }) => ({ host, port }));
    return new KafkaCluster(seams, clusterOptions(bootstrap, { connection: { maxVersions } }));
  }

  test(
    "every version of every API makes the same round",
    async () => {
      for (const [api, lowest, highest] of SERVED) {
        for (let version = lowest; version <= highest; version += 1) {
          const cluster = connect(new Map([[API_KEY[api], version]]));
          const seen = await round(cluster, `round-${api.toLowerCase()}-${version}`).catch((error) => error);
          cluster.close();
          expect({ api, version, seen }).toEqual({ api, version, seen: EXPECTED });
        }
      }
    },
    TIMEOUT_MS * 2,
  );

  test(
    "all lowest versions together",
    async () => {
      const cluster = connect(new Map(SERVED.map(([api, lowest]) => [API_KEY[api], lowest])));
      expect(await round(cluster, "lowest")).toEqual(EXPECTED);
      cluster.close();
    },
    TIMEOUT_MS,
  );

  test(
    "says what the cluster is, and what a topic is set to",
    async () => {
      const cluster = connect();
      const admin = new KafkaAdmin(cluster);
      const description = await admin.describeCluster();
      expect(description).toMatchObject({ controllerId: 1, transactionVersion: 2 });
      expect(description.clusterId).toHaveLength(22);
      const configs = { "retention.ms": "1000" };
      await admin.createTopic({ name: "described", partitions: 2, replicationFactor: 1, configs });
      const described = await admin.describeConfigs("topic", "described", ["retention.ms", "segment.ms"]);
      expect(described.configs).toEqual([
        { name: "retention.ms", value: "1000", readOnly: false, isDefault: false },
        { name: "segment.ms", value: "604800000", readOnly: false, isDefault: true },
      ]);
      const [there, missingTopic] = await admin.topics(["described", "nowhere"]);
      expect(there).toMatchObject({ error: 0, internal: false });
      expect(there?.partitions.map(({ leader }) => leader)).toEqual([1, 1]);
      expect(missingTopic?.error).toBe(3);
      cluster.close();
    },
    TIMEOUT_MS,
  );
});

const EXPECTED = {
  created: 0,
  configs: 0,
  committed: ["k1=v1", "k4=v4"],
  all: ["k1=v1", "k3=v3", "k4=v4"],
  earliest: 0,
  // The marker of the first transaction, which has the broker's time.
  byTime: 1,
  offsets: [{ topic: "", partition: 0, offset: 42, metadata: "m" }],
  deleted: 0,
};

/** Three transactions, one of them aborted, and all there is to ask about them. */
async function round(cluster: KafkaCluster, topic: string): Promise<unknown> {
  const admin = new KafkaAdmin(cluster);
  const { error: created } = await admin.createTopic({ name: topic, partitions: 1, replicationFactor: -1 });
  await until(async () => {
    await cluster.refresh([topic]);
    return cluster.leaderOf(topic, 0) !== null;
  });
  const granted = await done(() => initProducerId(cluster, topic, 60_000, NOBODY));
  const who: TransactionIdentity = { transactionalId: topic, ...granted, protocol: 1 };
  await transaction(cluster, who, topic, 0, 1, true);
  await transaction(cluster, who, topic, 1, 3, false);
  await transaction(cluster, who, topic, 2, 4, true);
  const find = async (timestampMs: number): Promise<number | undefined> => {
    const [found] = await listOffsets(cluster, [{ topic, partition: 0, timestampMs }], "read_committed");
    return found?.offset;
  };
  // Once the last record is readable, so is where it is.
  const committed = await read(cluster, topic, "read_committed");
  const offsets = await done(() => committedOffsets(cluster, `group-${topic}`, [{ topic, partitions: 1 }]));
  const result = {
    created,
    configs: (await admin.describeConfigs("topic", topic)).error,
    committed,
    all: await read(cluster, topic, "read_uncommitted"),
    earliest: await find(LIST_OFFSET.earliest),
    byTime: await find(4_000),
    offsets: offsets.map((committed) => ({ ...committed, topic: "" })),
  };
  const { error: deleted } = await admin.deleteTopic(topic);
  return { ...result, deleted };
}

async function transaction(
  cluster: KafkaCluster,
  who: TransactionIdentity,
  topic: string,
  sequence: number,
  number: number,
  commit: boolean,
): Promise<void> {
  const builder = new BatchBuilder();
  const text = (value: string): Uint8Array => new TextEncoder().encode(value);
  builder.append(number * 1_000, text(`k${number}`), text(`v${number}`), null);
  const batch = builder.build({ ...who, baseSequence: sequence, transactional: true });
  const group = `group-${topic}`;
  const offsets = [{ topic, partition: 0, offset: commit ? 42 : 13, metadata: "m" }];
  await done(() => addPartitionsToTransaction(cluster, who, [{ topic, partition: 0 }]));
  await done(() => addOffsetsToTransaction(cluster, who, group));
  const leader = cluster.leaderOf(topic, 0);
  if (leader === null) throw new Error("no leader");
  const options = {
    transactionalId: who.transactionalId,
    transactionProtocol: 1,
    timeoutMs: 10_000,
  } as const;
  let outcome: BatchOutcome | undefined;
  await until(async () => {
    [outcome] = await produce(cluster, leader, [{ topic, partition: 0, batch }], options);
    // A leader that was told of its topic a moment ago may not have it yet.
    return outcome?.kind === "answered" && outcome.error !== ERROR.NOT_LEADER_OR_FOLLOWER;
  });
  expect(outcome).toMatchObject({ kind: "answered", error: 0, baseOffset: sequence * 2 });
  await done(() => commitOffsetsInTransaction(cluster, who, group, offsets));
  await done(() => endTransaction(cluster, who, commit));
}

async function read(
  cluster: KafkaCluster,
  topic: string,
  isolation: "read_committed" | "read_uncommitted",
): Promise<readonly string[]> {
  const seen: string[] = [];
  const consumer = new PartitionConsumer(cluster, { isolation, maxWaitMs: 10 });
  await consumer.assignTopic(topic, "earliest");
  await until(async () => {
    await consumer.poll((_topic, _partition, record) => {
      const [key, value] = [record.key(), record.value()].map((bytes) =>
        new TextDecoder().decode(bytes ?? undefined),
      );
      seen.push(`${key}=${value}`);
    });
    return consumer.atEnd && (consumer.positions()[0]?.offset ?? 0) >= 6;
  });
  return seen;
}

/** Repeats what the coordinator is not ready for. */
async function done<Value>(call: () => Promise<CallOutcome<Value>>): Promise<Value> {
  for (let tries = 0; ; tries += 1) {
    const outcome = await call();
    if (outcome.kind === "done") return outcome.value;
    if (tries > 200 || outcome.kind === "lost") throw new Error(JSON.stringify(outcome));
    await Bun.sleep(20);
  }
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await condition()); tries += 1) {
    if (tries > 200) throw new Error("it did not come about");
    await Bun.sleep(10);
  }
}
