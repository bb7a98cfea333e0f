import { describe, expect, test } from "bun:test";
import { type Uuid, ZERO_UUID } from "../../src/base/ids.ts";
import { SERVED_VERSIONS } from "../../src/kafka/dispatch.ts";
import { API_VERSIONS_REQUEST } from "../../src/kafka/wire/generated/api-versions-request.ts";
import { API_VERSIONS_RESPONSE } from "../../src/kafka/wire/generated/api-versions-response.ts";
import { CREATE_TOPICS_REQUEST } from "../../src/kafka/wire/generated/create-topics-request.ts";
import { CREATE_TOPICS_RESPONSE } from "../../src/kafka/wire/generated/create-topics-response.ts";
import { ERROR } from "../../src/kafka/wire/generated/errors.ts";
import {
  DEFAULT_FETCH_PARTITION,
  DEFAULT_FETCH_REQUEST,
  FETCH_REQUEST,
} from "../../src/kafka/wire/generated/fetch-request.ts";
import { FETCH_RESPONSE } from "../../src/kafka/wire/generated/fetch-response.ts";
import {
  DEFAULT_METADATA_REQUEST,
  METADATA_REQUEST,
} from "../../src/kafka/wire/generated/metadata-request.ts";
import { METADATA_RESPONSE } from "../../src/kafka/wire/generated/metadata-response.ts";
import { PRODUCE_REQUEST, type ProduceRequest } from "../../src/kafka/wire/generated/produce-request.ts";
import { PRODUCE_RESPONSE } from "../../src/kafka/wire/generated/produce-response.ts";
import { Writer } from "../../src/kafka/wire/writer.ts";
import { decodeRecords } from "../../src/records/reader.ts";
import { batchOf, encodeRequest, Gateway, type TestClient } from "./support/door.ts";

const V = { produce: 9, fetch: 12, metadata: 9 } as const;

function produceRequest(topic: string, values: readonly string[], acks = -1): ProduceRequest {
  return {
    transactionalId: null,
    acks,
    timeoutMs: 1000,
    topicData: [{ name: topic, topicId: ZERO_UUID, partitionData: [{ index: 0, records: batchOf(values) }] }],
  };
}

function fetchRequest(
  topic: string,
  fetchOffset: number,
  options: { minBytes?: number; maxWaitMs?: number } = {},
) {
  return {
    ...DEFAULT_FETCH_REQUEST,
    maxWaitMs: options.maxWaitMs ?? 500,
    minBytes: options.minBytes ?? 1,
    topics: [
      {
        topic,
        topicId: ZERO_UUID,
        partitions: [{ ...DEFAULT_FETCH_PARTITION, partition: 0, fetchOffset, partitionMaxBytes: 1 << 20 }],
      },
    ],
    rackId: "",
  };
}

async function make(client: TestClient, topic: string): Promise<void> {
  const topics = [{ topicId: ZERO_UUID, name: topic }];
  await client.ask(METADATA_REQUEST, METADATA_RESPONSE, { ...DEFAULT_METADATA_REQUEST, topics }, V.metadata);
}

function values(records: Uint8Array | null): string[] {
  return decodeRecords(records ?? new Uint8Array(0)).map(({ value }) =>
    new TextDecoder().decode(value ?? undefined),
  );
}

/** Syncs that end when the test says so, once it says `hold`. */
function heldSyncs() {
  const syncs = {
    hold: false,
    held: [] as (() => void)[],
    schedule: (finish: () => void): void => {
      if (syncs.hold) syncs.held.push(finish);
      else queueMicrotask(finish);
    },
  };
  return syncs;
}

describe("ApiVersions", () => {
  test("announces what is served, in every version", async () => {
    const gateway = await Gateway.open();
    const client = await gateway.connect();
    for (let version = 0; version <= 4; version += 1) {
      const request = {
        clientSoftwareName: "test",
        clientSoftwareVersion: "1.0",
        clusterId: null,
        nodeId: -1,
      };
      const answer = await client.ask(API_VERSIONS_REQUEST, API_VERSIONS_RESPONSE, request, version);
      expect(answer.errorCode).toBe(ERROR.NONE);
      expect(answer.apiKeys).toEqual([...SERVED_VERSIONS]);
    }
  });

  test("answers an unknown version with version 0, error 35 and the versions there are, and goes on", async () => {
    const gateway = await Gateway.open();
    const client = await gateway.connect();
    // Version 99, whose header and body nobody knows yet.
    client.raw(Uint8Array.of(0, 0, 0, 12, 0, 18, 0, 99, 0, 0, 0, 77, 1, 2, 3, 4));
    await gateway.clock.settleAll();
    const answer = client.take(API_VERSIONS_RESPONSE, 0, 77);
    expect(answer.errorCode).toBe(ERROR.UNSUPPORTED_VERSION);
    expect(answer.apiKeys).toEqual([{ apiKey: 18, minVersion: 0, maxVersion: 4 }]);
    await make(client, "t");
    expect(gateway.broker.topics.get("t")).not.toBeNull();
  });
});

describe("produce and fetch", () => {
  test("what is produced is read back, the same bytes but for offset and epoch", async () => {
    const gateway = await Gateway.open();
    const client = await gateway.connect();
    await make(client, "t");
    const produced = await client.ask(
      PRODUCE_REQUEST,
      PRODUCE_RESPONSE,
      produceRequest("t", ["a", "b"]),
      V.produce,
    );
    expect(produced.responses[0]?.partitionResponses[0]).toMatchObject({ errorCode: 0, baseOffset: 0 });
    const fetched = await client.ask(FETCH_REQUEST, FETCH_RESPONSE, fetchRequest("t", 0), V.fetch);
    const partition = fetched.responses[0]?.partitions[0];
    expect(partition).toMatchObject({ errorCode: 0, highWatermark: 2, logStartOffset: 0 });
    expect(values(partition?.records ?? null)).toEqual(["a", "b"]);
  });

  test("an ack waits for the sync, and nobody reads what is not durable", async () => {
    const syncs = heldSyncs();
    const gateway = await Gateway.open({ diskOptions: { syncs: syncs.schedule } });
    syncs.hold = true;
    const topic = gateway.broker.createTopic({ name: "t", partitionCount: 1, configs: new Map() }, () => {});
    expect("error" in topic).toBe(false);
    const client = await gateway.connect();
    const produceId = client.send(PRODUCE_REQUEST, produceRequest("t", ["a"]), V.produce);
    const reader = await gateway.connect();
    const fetchId = reader.send(FETCH_REQUEST, fetchRequest("t", 0), V.fetch);
    await gateway.clock.settleAll();
    expect(gateway.broker.partition("t", 0)?.log.logEndOffset).toBe(1 as never);
    expect(client.frames).toHaveLength(0);
    expect(reader.frames).toHaveLength(0);
    while (client.frames.length === 0) {
      expect(syncs.held.length).toBeGreaterThan(0);
      for (const finish of syncs.held.splice(0)) finish();
      await gateway.clock.settleAll();
    }
    client.take(PRODUCE_RESPONSE, V.produce, produceId);
    expect(
      values(reader.take(FETCH_RESPONSE, V.fetch, fetchId).responses[0]?.partitions[0]?.records ?? null),
    ).toEqual(["a"]);
  });

  test("durability=memory is acknowledged without a sync", async () => {
    const syncs = heldSyncs();
    const gateway = await Gateway.open({ diskOptions: { syncs: syncs.schedule } });
    syncs.hold = true;
    gateway.broker.createTopic(
      { name: "t", partitionCount: 1, configs: new Map([["durability", "memory"]]) },
      () => {},
    );
    const client = await gateway.connect();
    const answer = await client.ask(PRODUCE_REQUEST, PRODUCE_RESPONSE, produceRequest("t", ["a"]), V.produce);
    expect(answer.responses[0]?.partitionResponses[0]?.errorCode).toBe(0);
  });

  test("several produce requests share a sync, and are answered in their order", async () => {
    const gateway = await Gateway.open();
    const client = await gateway.connect();
    await make(client, "t");
    const before = gateway.store.status().rounds;
    const ids = Array.from({ length: 20 }, (_, index) =>
      client.send(PRODUCE_REQUEST, produceRequest("t", [`v${index}`]), V.produce),
    );
    await gateway.clock.settleAll();
    for (const [index, id] of ids.entries()) {
      const answer = client.take(PRODUCE_RESPONSE, V.produce, id);
      expect(answer.responses[0]?.partitionResponses[0]?.baseOffset).toBe(index);
    }
    expect(gateway.store.status().rounds - before).toBeLessThan(20);
  });

  test("a long poll waits for minBytes or its time, and holds back what comes after it", async () => {
    const gateway = await Gateway.open();
    const client = await gateway.connect();
    await make(client, "t");
    const fetchId = client.send(
      FETCH_REQUEST,
      fetchRequest("t", 0, { minBytes: 1, maxWaitMs: 300 }),
      V.fetch,
    );
    const metadataId = client.send(
      METADATA_REQUEST,
      { ...DEFAULT_METADATA_REQUEST, topics: null },
      V.metadata,
    );
    await gateway.clock.settleAll();
    gateway.clock.advance(299);
    await gateway.clock.settleAll();
    expect(client.frames).toHaveLength(0);
    gateway.clock.advance(1);
    await gateway.clock.settleAll();
    expect(client.take(FETCH_RESPONSE, V.fetch, fetchId).responses[0]?.partitions[0]?.records?.length).toBe(
      0,
    );
    client.take(METADATA_RESPONSE, V.metadata, metadataId);
  });

  test("a long poll ends as soon as there is enough", async () => {
    const gateway = await Gateway.open();
    const [reader, writer] = [await gateway.connect(), await gateway.connect()];
    await make(reader, "t");
    const fetchId = reader.send(
      FETCH_REQUEST,
      fetchRequest("t", 0, { minBytes: 100, maxWaitMs: 10_000 }),
      V.fetch,
    );
    await writer.ask(PRODUCE_REQUEST, PRODUCE_RESPONSE, produceRequest("t", ["a"]), V.produce);
    expect(reader.frames).toHaveLength(0);
    await writer.ask(PRODUCE_REQUEST, PRODUCE_RESPONSE, produceRequest("t", ["b"]), V.produce);
    const fetched = reader.take(FETCH_RESPONSE, V.fetch, fetchId);
    expect(values(fetched.responses[0]?.partitions[0]?.records ?? null)).toEqual(["a", "b"]);
  });

  test("a deleted topic ends the poll on it", async () => {
    const gateway = await Gateway.open();
    const client = await gateway.connect();
    await make(client, "t");
    const fetchId = client.send(FETCH_REQUEST, fetchRequest("t", 0, { maxWaitMs: 10_000 }), V.fetch);
    await gateway.clock.settleAll();
    gateway.broker.deleteTopic("t", () => {});
    await gateway.clock.settleAll();
    const fetched = client.take(FETCH_RESPONSE, V.fetch, fetchId);
    expect(fetched.responses[0]?.partitions[0]?.errorCode).toBe(ERROR.UNKNOWN_TOPIC_OR_PARTITION);
  });

  test("a response is bounded, and its first batch comes however large it is", async () => {
    const gateway = await Gateway.open({ maxFetchBytes: 10 });
    const client = await gateway.connect();
    await make(client, "t");
    for (const value of ["a", "b"]) {
      await client.ask(PRODUCE_REQUEST, PRODUCE_RESPONSE, produceRequest("t", [value]), V.produce);
    }
    const fetched = await client.ask(FETCH_REQUEST, FETCH_RESPONSE, fetchRequest("t", 0), V.fetch);
    expect(values(fetched.responses[0]?.partitions[0]?.records ?? null)).toEqual(["a"]);
  });

  test.each([
    ["below the log start", -1, ERROR.OFFSET_OUT_OF_RANGE],
    ["beyond the log end", 2, ERROR.OFFSET_OUT_OF_RANGE],
    ["at the log end", 1, ERROR.NONE],
  ])("a fetch %s", async (_, offset, errorCode) => {
    const gateway = await Gateway.open();
    const client = await gateway.connect();
    await make(client, "t");
    await client.ask(PRODUCE_REQUEST, PRODUCE_RESPONSE, produceRequest("t", ["a"]), V.produce);
    const fetched = await client.ask(
      FETCH_REQUEST,
      FETCH_RESPONSE,
      fetchRequest("t", offset, { maxWaitMs: 0 }),
      V.fetch,
    );
    expect(fetched.responses[0]?.partitions[0]?.errorCode).toBe(errorCode);
  });

  test("acks=0 is not answered, and ends the connection where the records are refused", async () => {
    const gateway = await Gateway.open();
    const client = await gateway.connect();
    await make(client, "t");
    client.send(PRODUCE_REQUEST, produceRequest("t", ["a"], 0), V.produce);
    await gateway.clock.settleAll();
    expect(client.frames).toHaveLength(0);
    expect(gateway.broker.partition("t", 0)?.log.highWatermark).toBe(1 as never);
    client.send(PRODUCE_REQUEST, produceRequest("nobody-made-this", ["a"], 0), V.produce);
    await gateway.clock.settleAll();
    expect(client.closedByPeer).toBe(true);
  });

  test("acks of 2 are refused", async () => {
    const gateway = await Gateway.open();
    const client = await gateway.connect();
    await make(client, "t");
    const request = { ...produceRequest("t", ["a"]), acks: 2 };
    const answer = await client.ask(PRODUCE_REQUEST, PRODUCE_RESPONSE, request, V.produce);
    expect(answer.responses[0]?.partitionResponses[0]?.errorCode).toBe(ERROR.INVALID_REQUIRED_ACKS);
    expect(gateway.broker.partition("t", 0)?.log.logEndOffset).toBe(0 as never);
  });

  test("records by topic id are those by name, and an unknown id has its own error", async () => {
    const gateway = await Gateway.open();
    const client = await gateway.connect();
    await make(client, "t");
    const topicId = gateway.broker.topics.get("t")?.id ?? ZERO_UUID;
    const byId = (id: typeof topicId) => {
      const request = produceRequest("", ["a"]);
      return { ...request, topicData: request.topicData.map((data) => ({ ...data, topicId: id })) };
    };
    const known = await client.ask(PRODUCE_REQUEST, PRODUCE_RESPONSE, byId(topicId), 13);
    expect(known.responses[0]?.partitionResponses[0]?.errorCode).toBe(ERROR.NONE);
    const strange = await client.ask(
      PRODUCE_REQUEST,
      PRODUCE_RESPONSE,
      byId("AAAAAAAAAAAAAAAAAAAAZw" as never),
      13,
    );
    expect(strange.responses[0]?.partitionResponses[0]?.errorCode).toBe(ERROR.UNKNOWN_TOPIC_ID);
  });
});

describe("topics", () => {
  const topic = (name: string, change: object = {}) => ({
    name,
    numPartitions: 3,
    replicationFactor: -1,
    assignments: [],
    configs: [],
    ...change,
  });

  async function create(client: TestClient, ...topics: ReturnType<typeof topic>[]) {
    const request = { topics, timeoutMs: 1000, validateOnly: false };
    const answer = await client.ask(CREATE_TOPICS_REQUEST, CREATE_TOPICS_RESPONSE, request, 7);
    return answer.topics.map(({ name, errorCode }) => [name, errorCode]);
  }

  test.each([
    ["a good one", topic("t"), ERROR.NONE],
    ["an illegal name", topic("a b"), ERROR.INVALID_TOPIC_EXCEPTION],
    ["no partitions", topic("t", { numPartitions: 0 }), ERROR.INVALID_PARTITIONS],
    ["more partitions than there may be", topic("t", { numPartitions: 1001 }), ERROR.POLICY_VIOLATION],
    ["two replicas", topic("t", { replicationFactor: 2 }), ERROR.INVALID_REPLICATION_FACTOR],
    ["a bad setting", topic("t", { configs: [{ name: "retention.ms", value: "x" }] }), ERROR.INVALID_CONFIG],
    [
      "an assignment to another broker",
      topic("t", { numPartitions: -1, assignments: [{ partitionIndex: 0, brokerIds: [2] }] }),
      ERROR.INVALID_REPLICA_ASSIGNMENT,
    ],
    [
      "an assignment to this broker",
      topic("t", { numPartitions: -1, assignments: [{ partitionIndex: 0, brokerIds: [1] }] }),
      ERROR.NONE,
    ],
  ])("create: %s", async (_, wanted, errorCode) => {
    const gateway = await Gateway.open();
    const client = await gateway.connect();
    expect(await create(client, wanted)).toEqual([[wanted.name, errorCode]]);
    expect(gateway.broker.topics.get(wanted.name) !== null).toBe(errorCode === ERROR.NONE);
  });

  test("a topic that is there, and one whose name collides with it", async () => {
    const gateway = await Gateway.open();
    const client = await gateway.connect();
    await create(client, topic("a.b"));
    expect(await create(client, topic("a.b"), topic("a_b"))).toEqual([
      ["a.b", ERROR.TOPIC_ALREADY_EXISTS],
      ["a_b", ERROR.INVALID_TOPIC_EXCEPTION],
    ]);
  });

  test("what was announced is there after a power cut, settings and producer ids included", async () => {
    const gateway = await Gateway.open();
    const client = await gateway.connect();
    await create(client, topic("t", { configs: [{ name: "retention.ms", value: "5000" }] }));
    await client.ask(PRODUCE_REQUEST, PRODUCE_RESPONSE, produceRequest("t", ["a"]), V.produce);
    let firstId = -1;
    gateway.broker.newProducerId((_, id) => {
      firstId = id;
    });
    await gateway.clock.settleAll();
    const after = await Gateway.open({ disk: gateway.disk.crash("nothing") });
    expect(after.broker.topics.get("t")?.partitions).toHaveLength(3);
    expect(after.broker.partition("t", 0)?.log.config.retentionMs).toBe(5000);
    expect(after.broker.partition("t", 0)?.log.highWatermark).toBe(1 as never);
    let secondId = -1;
    after.broker.newProducerId((_, id) => {
      secondId = id;
    });
    await after.clock.settleAll();
    expect(firstId).toBeGreaterThanOrEqual(0);
    expect(secondId).toBeGreaterThan(firstId);
  });

  test("a deleted topic stays deleted after a power cut", async () => {
    const gateway = await Gateway.open();
    const client = await gateway.connect();
    await create(client, topic("t"));
    let deleted = -1;
    gateway.broker.deleteTopic("t", (error) => {
      deleted = error;
    });
    await gateway.clock.settleAll();
    expect(deleted).toBe(0);
    const after = await Gateway.open({ disk: gateway.disk.crash("nothing") });
    expect(after.broker.topics.get("t")).toBeNull();
    expect([...after.store.logs()].map((log) => log.topic)).not.toContain("t");
  });
});

describe("garbage", () => {
  const request = encodeRequest(
    METADATA_REQUEST,
    { ...DEFAULT_METADATA_REQUEST, topics: null },
    V.metadata,
    1,
  );
  const cut = request.slice(0, request.length - 1);
  new DataView(cut.buffer).setInt32(0, cut.length - 4);

  test.each([
    ["a length of 2 GB", Uint8Array.of(0x7f, 0xff, 0xff, 0xff, 0, 0), "2147483647"],
    ["a TLS hello", Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01), "TLS"],
    ["an unknown api", Uint8Array.of(0, 0, 0, 8, 0x7f, 0, 0, 0, 0, 0, 0, 1), "unknown api key"],
    ["an api that is not served", Uint8Array.of(0, 0, 0, 8, 0, 80, 0, 0, 0, 0, 0, 1), "AddRaftVoter"],
    [
      "a version that is not served",
      Uint8Array.of(0, 0, 0, 8, 0, 3, 0, 99, 0, 0, 0, 1),
      "Metadata version 99",
    ],
    ["a request that is cut short", cut, "malformed Metadata"],
  ])("%s ends its connection with one line that says why, and no other", async (_, bytes, words) => {
    const gateway = await Gateway.open();
    const [stranger, bystander] = [await gateway.connect(), await gateway.connect()];
    stranger.raw(bytes);
    await gateway.clock.settleAll();
    expect(stranger.closedByPeer).toBe(true);
    expect(gateway.refusals).toHaveLength(1);
    expect(gateway.refusals[0]).toContain(words);
    await make(bystander, "t");
    expect(gateway.broker.topics.get("t")).not.toBeNull();
    expect(bystander.closedByPeer).toBe(false);
  });

  test("seeded mutations of a produce request do no harm to the next client", async () => {
    const gateway = await Gateway.open({ broker: { maxPartitions: 50 } });
    const good = encodeRequest(PRODUCE_REQUEST, produceRequest("t", ["a", "b", "c"]), V.produce, 1);
    let state = 12345;
    const random = (below: number) => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return state % below;
    };
    const first = await gateway.connect();
    await make(first, "t");
    first.connection?.abort();
    for (let round = 0; round < 300; round += 1) {
      const bytes = good.slice();
      for (let flips = 0; flips <= random(3); flips += 1) bytes[4 + random(bytes.length - 4)] = random(256);
      const client = await gateway.connect();
      client.raw(bytes);
      await gateway.clock.settleAll();
      client.connection?.abort();
      await gateway.clock.settleAll();
    }
    const client = await gateway.connect();
    const answer = await client.ask(PRODUCE_REQUEST, PRODUCE_RESPONSE, produceRequest("t", ["z"]), V.produce);
    expect(answer.responses[0]?.partitionResponses[0]?.errorCode).toBe(ERROR.NONE);
    expect(gateway.door.connectionCount).toBe(1);
  });

  test.each([10, 11])(
    "an unknown topic id in Metadata %d is answered, although the version has no null for its name",
    async (version) => {
      const gateway = await Gateway.open();
      const client = await gateway.connect();
      const topics = [
        { topicId: ZERO_UUID, name: "fresh" },
        { topicId: "AAAAAAAAAAAAAAAAAAAAZw" as Uuid, name: "" },
      ];
      const request = { ...DEFAULT_METADATA_REQUEST, topics };
      const answer = await client.ask(METADATA_REQUEST, METADATA_RESPONSE, request, version);
      // As Kafka, which has a place for ids in these versions and takes them from 12 on.
      expect(answer.topics.map(({ errorCode }) => errorCode)).toEqual([ERROR.INVALID_REQUEST]);
    },
  );

  test("what no answer can hold ends its connection alone, also when the answer waited for the disk", async () => {
    const gateway = await Gateway.open();
    const [stranger, bystander] = [await gateway.connect(), await gateway.connect()];
    // 11,000 bytes that are no UTF-8 are read as 33,000 bytes of replacement characters, too many to write.
    const name = new Uint8Array(11_000).fill(0xff);
    const fresh = new TextEncoder().encode("fresh");
    const writer = new Writer();
    const place = writer.reserveInt32();
    writer.int16(METADATA_REQUEST.apiKey ?? -1);
    writer.int16(4);
    writer.int32(1);
    writer.nullableString(null);
    writer.arrayLength(2);
    for (const bytes of [fresh, name]) {
      writer.int16(bytes.length);
      writer.view(bytes);
    }
    writer.bool(true);
    writer.patchInt32(place, writer.sizeBytes - 4);
    stranger.raw(writer.toBytes());
    await gateway.clock.settleAll();
    expect(stranger.closedByPeer).toBe(true);
    expect(gateway.refusals).toHaveLength(1);
    await make(bystander, "t");
    const answer = await bystander.ask(
      PRODUCE_REQUEST,
      PRODUCE_RESPONSE,
      produceRequest("t", ["a"]),
      V.produce,
    );
    expect(answer.responses[0]?.partitionResponses[0]?.errorCode).toBe(ERROR.NONE);
  });

  test("a refused topic setting leaves nothing behind", async () => {
    const gateway = await Gateway.open();
    const spec = {
      name: "t",
      partitionCount: 2,
      configs: new Map([["leader.replication.throttled.replicas", "x".repeat(30_000)]]),
    };
    expect(gateway.broker.createTopic(spec, () => {})).toMatchObject({ error: ERROR.INVALID_CONFIG });
    expect([...gateway.store.logs()].map(({ topic }) => topic)).not.toContain("t");
  });

  test("clients that ask and don't read share one bound, and one that reads still gets on", async () => {
    const gateway = await Gateway.open({
      limits: { maxTotalQueuedBytes: 4 * 1024 * 1024 },
      maxFetchBytes: 4 * 1024 * 1024,
    });
    const writer = await gateway.connect();
    await make(writer, "t");
    for (let index = 0; index < 12; index += 1) {
      await writer.ask(
        PRODUCE_REQUEST,
        PRODUCE_RESPONSE,
        produceRequest("t", ["x".repeat(500_000)]),
        V.produce,
      );
    }
    const frozen: TestClient[] = [];
    for (let index = 0; index < 20; index += 1) {
      const client = await gateway.connect();
      client.connection?.pause();
      client.send(FETCH_REQUEST, fetchRequest("t", 0), V.fetch);
      await gateway.clock.settleAll();
      frozen.push(client);
    }
    const held = gateway.door.unsentBytes;
    // One batch each is what they hold at least, since a client that gets none never gets on.
    expect(held).toBeLessThan(20 * 600_000);
    expect(held).toBeGreaterThan(1_000_000);
    const fetched = await writer.ask(FETCH_REQUEST, FETCH_RESPONSE, fetchRequest("t", 11), V.fetch);
    expect(fetched.responses[0]?.partitions[0]?.records?.length).toBeGreaterThan(500_000);
    gateway.clock.advance(70_000);
    await gateway.clock.settleAll();
    expect(frozen).toHaveLength(20);
    expect(gateway.door.connectionCount).toBe(0);
    expect(gateway.door.unsentBytes).toBe(0);
  });

  test("connections beyond the limit are refused, idle ones are closed", async () => {
    const gateway = await Gateway.open({ limits: { maxConnections: 2, maxIdleMs: 5000 } });
    const clients = [await gateway.connect(), await gateway.connect(), await gateway.connect()];
    await gateway.clock.settleAll();
    expect(clients.map((client) => client.closedByPeer)).toEqual([false, false, true]);
    gateway.clock.advance(3000);
    await make(clients[0] as TestClient, "t");
    gateway.clock.advance(4000);
    await gateway.clock.settleAll();
    expect(clients.map((client) => client.closedByPeer)).toEqual([false, true, true]);
  });

  test("requests that have not come whole hold only so much memory together", async () => {
    const gateway = await Gateway.open({ limits: { maxHeldBytes: 1024 * 1024 }, maxChunkBytes: 65536 });
    const clients = [await gateway.connect(), await gateway.connect(), await gateway.connect()];
    const half = new Uint8Array(600_000);
    new DataView(half.buffer).setInt32(0, 1_000_000);
    for (const client of clients) client.raw(half);
    for (let turn = 0; turn < 50; turn += 1) await gateway.clock.settleAll();
    expect(clients.filter((client) => client.closedByPeer).length).toBeGreaterThan(0);
    expect(gateway.refusals[0]).toContain("kafka.max.pending.bytes");
  });
});
