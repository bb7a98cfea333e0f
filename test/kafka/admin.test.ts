import { describe, expect, test } from "bun:test";
import { type Uuid, ZERO_UUID } from "../../src/base/ids.ts";
import type { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import { ALTER_CLIENT_QUOTAS_REQUEST } from "../../src/kafka/wire/generated/alter-client-quotas-request.ts";
import { ALTER_CLIENT_QUOTAS_RESPONSE } from "../../src/kafka/wire/generated/alter-client-quotas-response.ts";
import { API_VERSIONS_REQUEST } from "../../src/kafka/wire/generated/api-versions-request.ts";
import { API_VERSIONS_RESPONSE } from "../../src/kafka/wire/generated/api-versions-response.ts";
import { CREATE_PARTITIONS_REQUEST } from "../../src/kafka/wire/generated/create-partitions-request.ts";
import { CREATE_PARTITIONS_RESPONSE } from "../../src/kafka/wire/generated/create-partitions-response.ts";
import {
  CREATE_TOPICS_REQUEST,
  type CreateTopicsRequest,
  DEFAULT_CREATABLE_TOPIC,
} from "../../src/kafka/wire/generated/create-topics-request.ts";
import { CREATE_TOPICS_RESPONSE } from "../../src/kafka/wire/generated/create-topics-response.ts";
import { DELETE_RECORDS_REQUEST } from "../../src/kafka/wire/generated/delete-records-request.ts";
import { DELETE_RECORDS_RESPONSE } from "../../src/kafka/wire/generated/delete-records-response.ts";
import { DELETE_TOPICS_REQUEST } from "../../src/kafka/wire/generated/delete-topics-request.ts";
import { DELETE_TOPICS_RESPONSE } from "../../src/kafka/wire/generated/delete-topics-response.ts";
import { DESCRIBE_CLIENT_QUOTAS_REQUEST } from "../../src/kafka/wire/generated/describe-client-quotas-request.ts";
import { DESCRIBE_CLIENT_QUOTAS_RESPONSE } from "../../src/kafka/wire/generated/describe-client-quotas-response.ts";
import { DESCRIBE_LOG_DIRS_REQUEST } from "../../src/kafka/wire/generated/describe-log-dirs-request.ts";
import { DESCRIBE_LOG_DIRS_RESPONSE } from "../../src/kafka/wire/generated/describe-log-dirs-response.ts";
import { DESCRIBE_QUORUM_REQUEST } from "../../src/kafka/wire/generated/describe-quorum-request.ts";
import { DESCRIBE_QUORUM_RESPONSE } from "../../src/kafka/wire/generated/describe-quorum-response.ts";
import { DESCRIBE_TOPIC_PARTITIONS_REQUEST } from "../../src/kafka/wire/generated/describe-topic-partitions-request.ts";
import { DESCRIBE_TOPIC_PARTITIONS_RESPONSE } from "../../src/kafka/wire/generated/describe-topic-partitions-response.ts";
import { ERROR } from "../../src/kafka/wire/generated/errors.ts";
import {
  DEFAULT_METADATA_REQUEST,
  METADATA_REQUEST,
} from "../../src/kafka/wire/generated/metadata-request.ts";
import { METADATA_RESPONSE } from "../../src/kafka/wire/generated/metadata-response.ts";
import { UPDATE_FEATURES_REQUEST } from "../../src/kafka/wire/generated/update-features-request.ts";
import { UPDATE_FEATURES_RESPONSE } from "../../src/kafka/wire/generated/update-features-response.ts";
import { batchOf, Gateway, type TestClient } from "./support/door.ts";

type Creatable = CreateTopicsRequest["topics"][number];

async function opened(disk?: SimulatedDisk) {
  const gateway = await Gateway.open(disk === undefined ? {} : { disk });
  return { gateway, client: await gateway.connect() };
}

/** Goes on with the same disk. */
async function reopened(gateway: Gateway) {
  await gateway.close();
  return opened(gateway.disk);
}

async function create(client: TestClient, topics: readonly Partial<Creatable>[], validateOnly = false) {
  const request = {
    topics: topics.map((topic) => ({
      ...DEFAULT_CREATABLE_TOPIC,
      numPartitions: -1,
      replicationFactor: -1,
      ...topic,
    })),
    timeoutMs: 1000,
    validateOnly,
  };
  const answer = await client.ask(CREATE_TOPICS_REQUEST, CREATE_TOPICS_RESPONSE, request, 7);
  return answer.topics;
}

async function grow(
  client: TestClient,
  topics: readonly {
    name: string;
    count: number;
    assignments?: readonly { brokerIds: readonly number[] }[];
  }[],
  validateOnly = false,
) {
  const request = {
    topics: topics.map((topic) => ({ assignments: null, ...topic })),
    timeoutMs: 1000,
    validateOnly,
  };
  const answer = await client.ask(CREATE_PARTITIONS_REQUEST, CREATE_PARTITIONS_RESPONSE, request, 3);
  return answer.results;
}

async function partitionsOf(client: TestClient, name: string): Promise<number | undefined> {
  const request = { ...DEFAULT_METADATA_REQUEST, topics: [{ name, topicId: ZERO_UUID }] };
  const answer = await client.ask(METADATA_REQUEST, METADATA_RESPONSE, request, 12);
  return answer.topics[0]?.partitions.length;
}

describe("CreateTopics", () => {
  test.each([
    [
      "a replication factor of two",
      { replicationFactor: 2, numPartitions: 1 },
      ERROR.INVALID_REPLICATION_FACTOR,
    ],
    [
      "a replication factor of none",
      { replicationFactor: 0, numPartitions: 1 },
      ERROR.INVALID_REPLICATION_FACTOR,
    ],
    ["no partitions", { numPartitions: 0 }, ERROR.INVALID_PARTITIONS],
    [
      "a broker that is not there",
      { assignments: [{ partitionIndex: 0, brokerIds: [2] }] },
      ERROR.INVALID_REPLICA_ASSIGNMENT,
    ],
    ["no broker", { assignments: [{ partitionIndex: 0, brokerIds: [] }] }, ERROR.INVALID_REPLICA_ASSIGNMENT],
    [
      "the broker twice",
      { assignments: [{ partitionIndex: 0, brokerIds: [1, 1] }] },
      ERROR.INVALID_REPLICA_ASSIGNMENT,
    ],
    ["a gap", { assignments: [{ partitionIndex: 1, brokerIds: [1] }] }, ERROR.INVALID_REPLICA_ASSIGNMENT],
    [
      "a count and assignments",
      { numPartitions: 1, assignments: [{ partitionIndex: 0, brokerIds: [1] }] },
      ERROR.INVALID_REQUEST,
    ],
    ["a name of the broker's own", { name: "__consumer_offsets" }, ERROR.INVALID_REQUEST],
    ["a setting without a value", { configs: [{ name: "retention.ms", value: null }] }, ERROR.INVALID_CONFIG],
  ])("refuses %s", async (_, topic, errorCode) => {
    const { client } = await opened();
    const [result] = await create(client, [{ name: "t", ...topic }]);
    expect(result).toMatchObject({ errorCode, numPartitions: -1, replicationFactor: -1 });
    expect(result?.errorMessage).toBeString();
  });

  test("answers a name that came twice once, and makes the others", async () => {
    const { client, gateway } = await opened();
    const results = await create(client, [{ name: "a" }, { name: "b" }, { name: "a" }]);
    expect(results.map(({ name, errorCode }) => [name, errorCode])).toEqual([
      ["a", ERROR.INVALID_REQUEST],
      ["b", ERROR.NONE],
    ]);
    expect(gateway.broker.topics.get("a")).toBeNull();
  });

  test("says what was made, with every setting and where it is from", async () => {
    const { client } = await opened();
    const configs = [{ name: "retention.ms", value: "1000" }];
    const assignments = [0, 1].map((partitionIndex) => ({ partitionIndex, brokerIds: [1] }));
    const [result] = await create(client, [{ name: "t", assignments, configs }]);
    expect(result).toMatchObject({ errorCode: 0, numPartitions: 2, replicationFactor: 1 });
    const retention = result?.configs?.find(({ name }) => name === "retention.ms");
    expect(retention).toMatchObject({ value: "1000", configSource: 1, readOnly: false });
    const policy = result?.configs?.find(({ name }) => name === "cleanup.policy");
    expect(policy).toMatchObject({ value: "delete", configSource: 5 });
  });

  test("only validates where asked", async () => {
    const { client, gateway } = await opened();
    const results = await create(client, [{ name: "t", numPartitions: 3 }, { name: "bad name" }], true);
    expect(results.map(({ errorCode }) => errorCode)).toEqual([0, ERROR.INVALID_TOPIC_EXCEPTION]);
    expect(gateway.broker.topics.get("t")).toBeNull();
  });

  test("refuses more partitions than one request may make, all of them", async () => {
    const { client } = await opened();
    const results = await create(client, [
      { name: "a", numPartitions: 10_000 },
      { name: "b", numPartitions: 1 },
    ]);
    expect(results.map(({ errorCode }) => errorCode)).toEqual([
      ERROR.POLICY_VIOLATION,
      ERROR.POLICY_VIOLATION,
    ]);
  });
});

describe("DeleteTopics", () => {
  test("by name and by id, each once", async () => {
    const { client, gateway } = await opened();
    await create(client, [{ name: "a" }, { name: "b" }, { name: "c" }]);
    const id = (name: string): Uuid => gateway.broker.topics.get(name)?.id ?? ZERO_UUID;
    const wanted = [
      { name: "a", topicId: ZERO_UUID },
      { name: null, topicId: id("b") },
      { name: "c", topicId: ZERO_UUID },
      { name: null, topicId: id("c") },
      { name: "nowhere", topicId: ZERO_UUID },
      { name: null, topicId: "AAAAAAAAAAAAAAAAAAAAZQ" as Uuid },
      { name: null, topicId: ZERO_UUID },
      { name: "a", topicId: id("a") },
    ];
    const request = { topics: wanted, topicNames: [], timeoutMs: 1000 };
    const { responses } = await client.ask(DELETE_TOPICS_REQUEST, DELETE_TOPICS_RESPONSE, request, 6);
    expect(responses.map(({ name, errorCode }) => [name, errorCode])).toEqual([
      ["a", 0],
      ["b", 0],
      ["c", ERROR.INVALID_REQUEST],
      ["nowhere", ERROR.UNKNOWN_TOPIC_OR_PARTITION],
      [null, ERROR.UNKNOWN_TOPIC_ID],
      [null, ERROR.INVALID_REQUEST],
      ["a", ERROR.INVALID_REQUEST],
    ]);
    expect(Array.from(gateway.broker.topics.all(), ({ name }) => name)).toEqual(["c"]);
  });

  test("leaves the topic that tells of losses, and the broker's own", async () => {
    const { client, gateway } = await opened();
    await create(client, [{ name: "headwater.gaps" }]);
    gateway.broker.openState("__headwater_losses");
    const names = ["headwater.gaps", "__headwater_losses"];
    const topics = names.map((name) => ({ name, topicId: ZERO_UUID }));
    const request = { topics, topicNames: [], timeoutMs: 1000 };
    const { responses } = await client.ask(DELETE_TOPICS_REQUEST, DELETE_TOPICS_RESPONSE, request, 6);
    expect(responses.map(({ errorCode }) => errorCode)).toEqual([
      ERROR.INVALID_TOPIC_EXCEPTION,
      ERROR.INVALID_TOPIC_EXCEPTION,
    ]);
    const deletion = {
      topics: names.map((name) => ({ name, partitions: [{ partitionIndex: 0, offset: 0 }] })),
      timeoutMs: 1000,
    };
    const answer = await client.ask(DELETE_RECORDS_REQUEST, DELETE_RECORDS_RESPONSE, deletion, 2);
    expect(answer.topics.map(({ partitions }) => partitions[0]?.errorCode)).toEqual([
      ERROR.INVALID_TOPIC_EXCEPTION,
      ERROR.INVALID_TOPIC_EXCEPTION,
    ]);
    expect(Array.from(gateway.broker.topics.all(), ({ name }) => name)).toEqual(names);
  });

  test("nobody makes a topic under a name of the broker's own", async () => {
    const { client } = await opened();
    const [result] = await create(client, [{ name: "__headwater_losses" }]);
    expect(result?.errorCode).toBe(ERROR.INVALID_REQUEST);
  });
});

describe("CreatePartitions", () => {
  test("adds what is there at once, and after a restart", async () => {
    const first = await opened();
    await create(first.client, [{ name: "t", numPartitions: 2 }]);
    const told: [string, number][] = [];
    first.gateway.broker.onAppended((topic, partition) => told.push([topic, partition]));
    expect(await grow(first.client, [{ name: "t", count: 5 }])).toEqual([
      { name: "t", errorCode: 0, errorMessage: null },
    ]);
    expect(told).toContainEqual(["t", -1]);
    expect(await partitionsOf(first.client, "t")).toBe(5);
    const second = await reopened(first.gateway);
    expect(await partitionsOf(second.client, "t")).toBe(5);
    expect(second.gateway.broker.topics.partitionCount).toBe(5);
  });

  test("a topic that was kept sees its new partitions", async () => {
    const { client, gateway } = await opened();
    await create(client, [{ name: "t" }]);
    const topic = gateway.broker.topics.get("t");
    await grow(client, [{ name: "t", count: 2 }]);
    expect(topic?.partitions).toHaveLength(2);
    expect(gateway.broker.partition("t", 1)).toBe(topic?.partitions[1] ?? null);
  });

  test.each([
    ["as many as there are", { count: 2 }, ERROR.INVALID_PARTITIONS],
    ["fewer", { count: 1 }, ERROR.INVALID_PARTITIONS],
    [
      "too few assignments",
      { count: 4, assignments: [{ brokerIds: [1] }] },
      ERROR.INVALID_REPLICA_ASSIGNMENT,
    ],
    [
      "a broker that is not there",
      { count: 3, assignments: [{ brokerIds: [9] }] },
      ERROR.INVALID_REPLICA_ASSIGNMENT,
    ],
    ["more than the broker may have", { count: 5000 }, ERROR.POLICY_VIOLATION],
    ["an unknown topic", { name: "nowhere", count: 9 }, ERROR.UNKNOWN_TOPIC_OR_PARTITION],
  ])("refuses %s", async (_, wanted, errorCode) => {
    const { client } = await opened();
    await create(client, [{ name: "t", numPartitions: 2 }]);
    const [result] = await grow(client, [{ name: "t", ...wanted }]);
    expect(result?.errorCode).toBe(errorCode);
    expect(await partitionsOf(client, "t")).toBe(2);
  });

  test("only validates where asked, and takes no topic twice", async () => {
    const { client } = await opened();
    await create(client, [{ name: "t", numPartitions: 2 }]);
    expect((await grow(client, [{ name: "t", count: 4 }], true))[0]?.errorCode).toBe(0);
    const twice = await grow(client, [
      { name: "t", count: 4 },
      { name: "t", count: 5 },
    ]);
    expect(twice.map(({ errorCode }) => errorCode)).toEqual([ERROR.INVALID_REQUEST]);
    expect(await partitionsOf(client, "t")).toBe(2);
  });
});

describe("DescribeTopicPartitions", () => {
  async function pages(client: TestClient, names: readonly string[], limit: number) {
    const seen: [string | null, number[]][][] = [];
    let cursor: { topicName: string; partitionIndex: number } | null = null;
    do {
      const request = { topics: names.map((name) => ({ name })), responsePartitionLimit: limit, cursor };
      const answer = await client.ask(
        DESCRIBE_TOPIC_PARTITIONS_REQUEST,
        DESCRIBE_TOPIC_PARTITIONS_RESPONSE,
        request,
        0,
      );
      seen.push(
        answer.topics.map(({ name, partitions }) => [
          name,
          partitions.map(({ partitionIndex }) => partitionIndex),
        ]),
      );
      cursor = answer.nextCursor as typeof cursor;
    } while (cursor !== null);
    return seen;
  }

  test("goes through topics by name, as many partitions at a time as asked for", async () => {
    const { client } = await opened();
    await create(client, [
      { name: "b", numPartitions: 3 },
      { name: "a", numPartitions: 2 },
    ]);
    const whole = [
      ["a", [0, 1]],
      ["b", [0, 1, 2]],
    ];
    expect(await pages(client, [], 100)).toEqual([whole] as never);
    expect(await pages(client, ["b", "a", "c"], 3)).toEqual([
      [
        ["a", [0, 1]],
        ["b", [0]],
      ],
      [
        ["b", [1, 2]],
        ["c", []],
      ],
    ]);
    expect(await pages(client, [], 0)).toEqual([
      [["a", [0]]],
      [["a", [1]]],
      [["b", [0]]],
      [["b", [1]]],
      [["b", [2]]],
    ]);
  });

  test("refuses a cursor that is in no listed topic", async () => {
    const { client } = await opened();
    const request = {
      topics: [{ name: "a" }],
      responsePartitionLimit: 10,
      cursor: { topicName: "b", partitionIndex: 0 },
    };
    const answer = await client.ask(
      DESCRIBE_TOPIC_PARTITIONS_REQUEST,
      DESCRIBE_TOPIC_PARTITIONS_RESPONSE,
      request,
      0,
    );
    expect(answer.topics).toMatchObject([{ name: "a", errorCode: ERROR.INVALID_REQUEST }]);
  });
});

describe("the cluster", () => {
  test("log dirs: one folder, its file system, and the bytes of partitions", async () => {
    const { client, gateway } = await opened();
    await create(client, [{ name: "t", numPartitions: 2 }]);
    const partition = gateway.broker.partition("t", 1);
    const batch = batchOf(["a"], gateway.clock.nowMs());
    partition?.append(batch, 0, batch.length, gateway.clock.nowMs(), "client");
    for (const version of [1, 2, 3, 4, 5]) {
      const request = { topics: [{ topic: "t", partitions: [1, 7] }] };
      const answer = await client.ask(
        DESCRIBE_LOG_DIRS_REQUEST,
        DESCRIBE_LOG_DIRS_RESPONSE,
        request,
        version,
      );
      const [dir] = answer.results;
      expect(dir?.logDir).toBe("/data");
      expect(dir?.topics).toMatchObject([
        { name: "t", partitions: [{ partitionIndex: 1, partitionSize: batch.length, offsetLag: 0 }] },
      ]);
      expect(Number(dir?.totalBytes) > 0).toBe(version >= 4);
      expect(Number(dir?.usableBytes) > 0).toBe(version >= 4);
    }
  });

  test("quorum: one voter, whose log is the metadata's", async () => {
    const { client } = await opened();
    const highWatermark = async (version: number) => {
      const request = { topics: [{ topicName: "__cluster_metadata", partitions: [{ partitionIndex: 0 }] }] };
      const answer = await client.ask(DESCRIBE_QUORUM_REQUEST, DESCRIBE_QUORUM_RESPONSE, request, version);
      const partition = answer.topics[0]?.partitions[0];
      expect(partition?.currentVoters).toMatchObject([
        { replicaId: 1, logEndOffset: partition?.highWatermark },
      ]);
      return Number(partition?.highWatermark);
    };
    const before = await highWatermark(2);
    await create(client, [{ name: "t" }]);
    expect(await highWatermark(0)).toBeGreaterThan(before);
    expect(await highWatermark(1)).toBe(await highWatermark(2));
  });

  test("features: what was lowered stays so over a restart, and is told to who connects", async () => {
    const first = await opened();
    const level = async (client: TestClient) => {
      const hello = { clientSoftwareName: "t", clientSoftwareVersion: "1", clusterId: null, nodeId: -1 };
      const answer = await client.ask(API_VERSIONS_REQUEST, API_VERSIONS_RESPONSE, hello, 4);
      const found = answer.finalizedFeatures.find(({ name }) => name === "transaction.version");
      return { level: found?.maxVersionLevel, epoch: Number(answer.finalizedFeaturesEpoch) };
    };
    const change = async (upgradeType: number, validateOnly: boolean) => {
      const update = {
        feature: "transaction.version",
        maxVersionLevel: 1,
        allowDowngrade: false,
        upgradeType,
      };
      const request = { timeoutMs: 1000, featureUpdates: [update], validateOnly };
      return await first.client.ask(UPDATE_FEATURES_REQUEST, UPDATE_FEATURES_RESPONSE, request, 2);
    };
    const before = await level(first.client);
    expect(before.level).toBe(2);
    expect((await change(1, false)).errorCode).toBe(ERROR.INVALID_UPDATE_VERSION);
    expect((await change(2, true)).errorCode).toBe(0);
    expect((await level(first.client)).level).toBe(2);
    expect((await change(2, false)).errorCode).toBe(0);
    const after = await level(first.client);
    expect(after.level).toBe(1);
    expect(after.epoch).toBeGreaterThan(before.epoch);
    const second = await reopened(first.gateway);
    expect(await level(second.client)).toEqual(after);
  });

  test("quotas: each entity is changed whole or not at all, and kept", async () => {
    const first = await opened();
    const entry = (user: string | null, key: string, value: number | null) => ({
      entity: [{ entityType: "user", entityName: user }],
      ops: [{ key, value: value ?? 0, remove: value === null }],
    });
    const twice = { ...entry("c", "producer_byte_rate", 1) };
    const request = {
      entries: [entry("a", "producer_byte_rate", 1000), entry(null, "nonsense", 1), twice, twice],
      validateOnly: false,
    };
    const altered = await first.client.ask(
      ALTER_CLIENT_QUOTAS_REQUEST,
      ALTER_CLIENT_QUOTAS_RESPONSE,
      request,
      1,
    );
    expect(altered.entries.map(({ errorCode }) => errorCode)).toEqual([
      0,
      ERROR.INVALID_REQUEST,
      ERROR.INVALID_REQUEST,
    ]);
    const second = await reopened(first.gateway);
    const all = { components: [], strict: false };
    const described = await second.client.ask(
      DESCRIBE_CLIENT_QUOTAS_REQUEST,
      DESCRIBE_CLIENT_QUOTAS_RESPONSE,
      all,
      1,
    );
    expect(described.entries).toEqual([
      {
        entity: [{ entityType: "user", entityName: "a" }],
        values: [{ key: "producer_byte_rate", value: 1000 }],
      },
    ]);
  });

  test("are not more than the limit, though one request asks for them", async () => {
    const { client } = await opened();
    const entries = Array.from({ length: 10_002 }, (_, index) => ({
      entity: [{ entityType: "user", entityName: `u${index}` }],
      ops: [{ key: "producer_byte_rate", value: 1, remove: false }],
    }));
    const request = { entries, validateOnly: false };
    const altered = await client.ask(ALTER_CLIENT_QUOTAS_REQUEST, ALTER_CLIENT_QUOTAS_RESPONSE, request, 1);
    const refused = altered.entries.filter(({ errorCode }) => errorCode !== 0);
    expect(refused.map(({ errorCode }) => errorCode)).toEqual([ERROR.INVALID_REQUEST, ERROR.INVALID_REQUEST]);
  });

  test.each([
    [
      { entityType: "ip", matchType: 2, match: null },
      { entityType: "user", matchType: 2, match: null },
      ERROR.INVALID_REQUEST,
    ],
    [{ entityType: "user", matchType: 0, match: null }, null, ERROR.INVALID_REQUEST],
    [{ entityType: "user", matchType: 1, match: "x" }, null, ERROR.INVALID_REQUEST],
    [{ entityType: "user", matchType: 9, match: null }, null, ERROR.INVALID_REQUEST],
    [{ entityType: "", matchType: 2, match: null }, null, ERROR.INVALID_REQUEST],
    [{ entityType: "host", matchType: 2, match: null }, null, ERROR.UNSUPPORTED_VERSION],
  ])("a filter for quotas that makes no sense is refused: %p", async (one, other, errorCode) => {
    const { client } = await opened();
    const components = other === null ? [one] : [one, other];
    const answer = await client.ask(
      DESCRIBE_CLIENT_QUOTAS_REQUEST,
      DESCRIBE_CLIENT_QUOTAS_RESPONSE,
      { components, strict: false },
      1,
    );
    expect(answer).toMatchObject({ errorCode, entries: null });
  });
});

describe("Metadata", () => {
  test("with an id, is answered by ids alone; without ids each name once", async () => {
    const { client, gateway } = await opened();
    await create(client, [{ name: "a" }, { name: "b" }]);
    const id = gateway.broker.topics.get("b")?.id ?? ZERO_UUID;
    const ask = async (topics: readonly { name: string | null; topicId: Uuid }[]) => {
      const request = { ...DEFAULT_METADATA_REQUEST, topics, allowAutoTopicCreation: false };
      const answer = await client.ask(METADATA_REQUEST, METADATA_RESPONSE, request, 12);
      return answer.topics.map(({ name, errorCode }) => [name, errorCode]);
    };
    const both = [
      { name: "a", topicId: ZERO_UUID },
      { name: null, topicId: id },
    ];
    expect(await ask(both)).toEqual([["b", 0]]);
    const names = ["a", "a", "c", "bad name"].map((name) => ({ name, topicId: ZERO_UUID }));
    expect(await ask(names)).toEqual([
      ["a", 0],
      ["c", ERROR.UNKNOWN_TOPIC_OR_PARTITION],
      ["bad name", ERROR.INVALID_TOPIC_EXCEPTION],
    ]);
    expect(await ask([])).toEqual([]);
  });

  test("creates none of the broker's own topics", async () => {
    const { client, gateway } = await opened();
    expect(await partitionsOf(client, "__transaction_state")).toBe(0);
    expect(gateway.broker.topics.get("__transaction_state")).toBeNull();
  });
});
