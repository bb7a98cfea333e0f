import { describe, expect, test } from "bun:test";
import { ZERO_UUID } from "../../src/base/ids.ts";
import { SERVED_VERSIONS } from "../../src/kafka/dispatch.ts";
import { patchThrottleTime } from "../../src/kafka/throttle-time.ts";
import { findApi } from "../../src/kafka/wire/api.ts";
import { API_VERSIONS_REQUEST } from "../../src/kafka/wire/generated/api-versions-request.ts";
import { API_VERSIONS_RESPONSE } from "../../src/kafka/wire/generated/api-versions-response.ts";
import {
  CREATE_TOPICS_REQUEST,
  DEFAULT_CREATABLE_TOPIC,
} from "../../src/kafka/wire/generated/create-topics-request.ts";
import { CREATE_TOPICS_RESPONSE } from "../../src/kafka/wire/generated/create-topics-response.ts";
import { ERROR } from "../../src/kafka/wire/generated/errors.ts";
import {
  DEFAULT_FETCH_PARTITION,
  DEFAULT_FETCH_REQUEST,
  FETCH_REQUEST,
} from "../../src/kafka/wire/generated/fetch-request.ts";
import { FETCH_RESPONSE } from "../../src/kafka/wire/generated/fetch-response.ts";
import { PRODUCE_REQUEST, type ProduceRequest } from "../../src/kafka/wire/generated/produce-request.ts";
import { PRODUCE_RESPONSE } from "../../src/kafka/wire/generated/produce-response.ts";
import { Reader } from "../../src/kafka/wire/reader.ts";
import { Writer } from "../../src/kafka/wire/writer.ts";
import { batchOf, Gateway } from "./support/door.ts";
import { fieldName, includes, loadMessages, type Schema, versionsOf } from "./wire/schemas.ts";

const MESSAGES = await loadMessages();
const HELLO = { clientSoftwareName: "t", clientSoftwareVersion: "1", clusterId: null, nodeId: -1 };

async function opened(entity: Readonly<Record<string, string | null>>, key: string, value: number) {
  const gateway = await Gateway.open();
  gateway.broker.createTopic({ name: "t", partitionCount: 1, configs: new Map() }, () => {});
  // Clients of the tests call themselves "test".
  gateway.broker.setQuotas(
    [{ entity: new Map(Object.entries(entity)), values: new Map([[key, value]]) }],
    () => {},
  );
  await gateway.clock.settleAll();
  return { gateway, client: await gateway.connect() };
}

function produceRequest(gateway: Gateway, sizeBytes: number, acks = -1): ProduceRequest {
  const records = batchOf(["x".repeat(sizeBytes)], gateway.clock.nowMs());
  return {
    transactionalId: null,
    acks,
    timeoutMs: 1000,
    topicData: [{ name: "t", topicId: ZERO_UUID, partitionData: [{ index: 0, records }] }],
  };
}

/** Whether the version of a response has a throttle time, by its schema. */
function hasThrottleTime(schema: Schema, version: number): boolean {
  const field = schema.fields?.find((candidate) => fieldName(candidate) === "throttleTimeMs");
  return field !== undefined && includes(versionsOf(field), version);
}

describe("the throttle time", () => {
  for (const { apiKey, minVersion, maxVersion } of SERVED_VERSIONS) {
    const name = findApi(apiKey)?.name ?? "";
    if (name === "ApiVersions") continue;
    test(`is put where ${name} has it, in every version that has`, () => {
      const message = MESSAGES.get(`${name}Response`);
      if (message === undefined) throw new Error(`no response of ${name}`);
      const { codec, schema, defaults } = message;
      for (let version = Math.max(minVersion, codec.minVersion); version <= maxVersion; version += 1) {
        const writer = new Writer();
        writer.int32(1);
        codec.write(writer, defaults, version);
        patchThrottleTime(writer, 4, apiKey, version, 12_345);
        const read = codec.read(new Reader(writer.toBytes(), 4), version) as { throttleTimeMs?: number };
        const expected = hasThrottleTime(schema, version) ? 12_345 : (read.throttleTimeMs ?? 0);
        expect({ ...read }).toEqual({
          ...(codec.read(new Reader(encoded(codec, defaults, version)), version) as object),
          ...(hasThrottleTime(schema, version) ? { throttleTimeMs: expected } : {}),
        });
      }
    });
  }
});

function encoded(
  codec: { write: (writer: Writer, message: unknown, version: number) => void },
  message: unknown,
  version: number,
): Uint8Array {
  const writer = new Writer();
  codec.write(writer, message, version);
  return writer.toBytes();
}

describe("a producer over its quota", () => {
  test("is told so in the answer, and not read from until it is over", async () => {
    const { gateway, client } = await opened({ "client-id": "test" }, "producer_byte_rate", 1000);
    const first = await client.ask(PRODUCE_REQUEST, PRODUCE_RESPONSE, produceRequest(gateway, 9000), 9);
    expect(first.throttleTimeMs).toBe(0);
    const second = await client.ask(PRODUCE_REQUEST, PRODUCE_RESPONSE, produceRequest(gateway, 9000), 7);
    expect(second.throttleTimeMs).toBeWithin(7000, 10_000);
    expect(second.responses[0]?.partitionResponses[0]?.errorCode).toBe(0);
    const id = client.send(API_VERSIONS_REQUEST, HELLO, 3);
    gateway.clock.advance(second.throttleTimeMs - 1);
    await gateway.clock.settleAll();
    expect(client.frames).toHaveLength(0);
    gateway.clock.advance(2);
    await gateway.clock.settleAll();
    expect(client.take(API_VERSIONS_RESPONSE, 3, id).errorCode).toBe(0);
  });

  test("is held back without acks, too, and with requests under way", async () => {
    const { gateway, client } = await opened({ "client-id": "test" }, "producer_byte_rate", 1000);
    for (let request = 0; request < 5; request += 1)
      client.send(PRODUCE_REQUEST, produceRequest(gateway, 6000, 0), 9);
    await gateway.clock.settleAll();
    // The second goes beyond what is free; the rest waits.
    expect(gateway.broker.partition("t", 0)?.log.logEndOffset).toBe(2 as never);
    gateway.clock.advance(120_000);
    await gateway.clock.settleAll();
    expect(gateway.broker.partition("t", 0)?.log.logEndOffset).toBe(5 as never);
  });

  test("does not hold back others", async () => {
    const { gateway, client } = await opened({ "client-id": "other" }, "producer_byte_rate", 1);
    for (let request = 0; request < 3; request += 1) {
      const answer = await client.ask(PRODUCE_REQUEST, PRODUCE_RESPONSE, produceRequest(gateway, 9000), 9);
      expect(answer.throttleTimeMs).toBe(0);
    }
  });
});

describe("other quotas", () => {
  test("a consumer is told to wait by what it was sent", async () => {
    const { gateway, client } = await opened({ user: "ANONYMOUS" }, "consumer_byte_rate", 1000);
    await client.ask(PRODUCE_REQUEST, PRODUCE_RESPONSE, produceRequest(gateway, 12_000), 9);
    const request = {
      ...DEFAULT_FETCH_REQUEST,
      maxWaitMs: 0,
      topics: [
        {
          topic: "t",
          topicId: ZERO_UUID,
          partitions: [
            { ...DEFAULT_FETCH_PARTITION, partition: 0, fetchOffset: 0, partitionMaxBytes: 1 << 20 },
          ],
        },
      ],
    };
    const answer = await client.ask(FETCH_REQUEST, FETCH_RESPONSE, request, 12);
    expect(answer.responses[0]?.partitions[0]?.records?.length).toBeGreaterThan(12_000);
    expect(answer.throttleTimeMs).toBeWithin(1900, 3000);
  });

  test("a consumer gets no more at once than its quota allows in the windows, but a batch at least", async () => {
    const { gateway, client } = await opened({ user: "ANONYMOUS" }, "consumer_byte_rate", 1000);
    for (let batch = 0; batch < 6; batch += 1)
      await client.ask(PRODUCE_REQUEST, PRODUCE_RESPONSE, produceRequest(gateway, 4000), 9);
    const fetched = async (partitionMaxBytes: number): Promise<number> => {
      const partitions = [{ ...DEFAULT_FETCH_PARTITION, partition: 0, fetchOffset: 0, partitionMaxBytes }];
      const topics = [{ topic: "t", topicId: ZERO_UUID, partitions }];
      const request = { ...DEFAULT_FETCH_REQUEST, maxWaitMs: 0, topics };
      const answer = await client.ask(FETCH_REQUEST, FETCH_RESPONSE, request, 12);
      gateway.clock.advance(20_000 + answer.throttleTimeMs);
      return answer.responses[0]?.partitions[0]?.records?.length ?? 0;
    };
    expect(await fetched(1 << 20)).toBeWithin(8000, 10_001);
    expect(await fetched(1)).toBeWithin(4000, 5000);
  });

  test("a client that makes topics too fast is refused, and by old versions only held back", async () => {
    const { gateway, client } = await opened({ "client-id": "test" }, "controller_mutation_rate", 1);
    const make = async (name: string, partitions: number, version: number) => {
      const topics = [{ ...DEFAULT_CREATABLE_TOPIC, name, numPartitions: partitions, replicationFactor: 1 }];
      const request = { topics, timeoutMs: 1000, validateOnly: false };
      const answer = await client.ask(CREATE_TOPICS_REQUEST, CREATE_TOPICS_RESPONSE, request, version);
      gateway.clock.advance(answer.throttleTimeMs);
      return { error: answer.topics[0]?.errorCode, throttleTimeMs: answer.throttleTimeMs };
    };
    expect(await make("a", 21, 7)).toEqual({ error: 0, throttleTimeMs: 10_000 });
    expect(await make("b", 5, 7)).toEqual({ error: 0, throttleTimeMs: 5000 });
    const other = await gateway.connect();
    gateway.broker.quotas.mutations({ user: "ANONYMOUS", clientId: "test" }).take(5);
    const request = {
      topics: [{ ...DEFAULT_CREATABLE_TOPIC, name: "c", numPartitions: 1, replicationFactor: 1 }],
      timeoutMs: 1000,
      validateOnly: false,
    };
    const strict = await other.ask(CREATE_TOPICS_REQUEST, CREATE_TOPICS_RESPONSE, request, 6);
    expect(strict.topics[0]?.errorCode).toBe(ERROR.THROTTLING_QUOTA_EXCEEDED);
    expect(strict.throttleTimeMs).toBe(5000);
    const old = await gateway.connect();
    const lenient = await old.ask(CREATE_TOPICS_REQUEST, CREATE_TOPICS_RESPONSE, request, 5);
    expect(lenient.topics[0]?.errorCode).toBe(0);
    expect(lenient.throttleTimeMs).toBe(6000);
  });

  test("an address that connects too fast is refused", async () => {
    const { gateway } = await opened({ ip: null }, "connection_creation_rate", 1);
    const clients = [];
    for (let count = 0; count < 15; count += 1) clients.push(await gateway.connect());
    await gateway.clock.settleAll();
    // The first came with `opened`.
    expect(clients.filter(({ closedByPeer }) => closedByPeer)).toHaveLength(6);
  });

  test("a client that is muted and gone is forgotten", async () => {
    const { gateway, client } = await opened({ "client-id": "test" }, "producer_byte_rate", 1);
    await client.ask(PRODUCE_REQUEST, PRODUCE_RESPONSE, produceRequest(gateway, 9000), 9);
    client.connection?.close();
    await gateway.clock.settleAll();
    gateway.clock.advance(120_000);
    await gateway.clock.settleAll();
    expect(gateway.door.connectionCount).toBe(0);
  });
});
