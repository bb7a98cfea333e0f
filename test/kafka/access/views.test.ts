import { describe, expect, test } from "bun:test";
import { ZERO_UUID } from "../../../src/base/ids.ts";
import { DEFAULT_FETCH_REQUEST, FETCH_REQUEST } from "../../../src/kafka/wire/generated/fetch-request.ts";
import { FETCH_RESPONSE } from "../../../src/kafka/wire/generated/fetch-response.ts";
import { LIST_OFFSETS_REQUEST } from "../../../src/kafka/wire/generated/list-offsets-request.ts";
import { LIST_OFFSETS_RESPONSE } from "../../../src/kafka/wire/generated/list-offsets-response.ts";
import {
  DEFAULT_METADATA_REQUEST,
  METADATA_REQUEST,
} from "../../../src/kafka/wire/generated/metadata-request.ts";
import { METADATA_RESPONSE } from "../../../src/kafka/wire/generated/metadata-response.ts";
import { BatchBuilder } from "../../../src/records/builder.ts";
import { rule } from "../../security/kafka-acls/support.ts";
import { openRuled, type RuledGateway } from "../support/acting.ts";

const DENIED = 29;
const READ_AND_DESCRIBE = (1 << 3) | (1 << 8);

/** A topic with two devices, and `service`, for whom these rules are. */
async function opened(rules: readonly string[]): Promise<RuledGateway> {
  const world = await openRuled();
  const { broker, gateway } = world;
  broker.createTopic({ name: "telemetry", partitionCount: 1, configs: new Map() }, () => {});
  const builder = new BatchBuilder();
  const text = new TextEncoder();
  for (const key of ["pump-1", "pump-2"])
    builder.append(1000, text.encode(key), text.encode(`of ${key}`), null);
  const batch = builder.build();
  broker.partition("telemetry", 0)?.append(batch, 0, batch.length, 1000, "client");
  broker.acls.add(
    rules.map((words) => rule(words)),
    () => {},
  );
  await gateway.clock.settleAll();
  world.authorizer.actor = "service";
  return world;
}

async function described({ client }: RuledGateway, name: string) {
  const request = {
    ...DEFAULT_METADATA_REQUEST,
    topics: [{ name, topicId: ZERO_UUID }],
    allowAutoTopicCreation: false,
    includeTopicAuthorizedOperations: true,
  };
  const [topic] = (await client.ask(METADATA_REQUEST, METADATA_RESPONSE, request, 12)).topics;
  if (topic === undefined) throw new Error("no answer");
  return topic;
}

/** The error of a fetch, or how many bytes it brought. */
async function fetched(
  { client }: RuledGateway,
  topic: { readonly name?: string; readonly topicId?: string },
) {
  const byId = topic.topicId !== undefined;
  const wanted = {
    partition: 0,
    currentLeaderEpoch: -1,
    fetchOffset: 0,
    lastFetchedEpoch: -1,
    logStartOffset: -1,
    partitionMaxBytes: 10_000,
  };
  const topics = [
    {
      topic: topic.name ?? "",
      topicId: (topic.topicId ?? ZERO_UUID) as typeof ZERO_UUID,
      partitions: [wanted],
    },
  ];
  const request = { ...DEFAULT_FETCH_REQUEST, maxWaitMs: 0, maxBytes: 10_000, sessionEpoch: -1, topics };
  const answer = await client.ask(FETCH_REQUEST, FETCH_RESPONSE, request as never, byId ? 13 : 12);
  const partition = answer.responses[0]?.partitions[0];
  return partition?.errorCode === 0 ? "read" : partition?.errorCode;
}

async function offsetError({ client }: RuledGateway, name: string) {
  const partitions = [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -1 }];
  const request = { replicaId: -1, isolationLevel: 0, topics: [{ name, partitions }], timeoutMs: 0 };
  const answer = await client.ask(LIST_OFFSETS_REQUEST, LIST_OFFSETS_RESPONSE, request, 8);
  return answer.topics[0]?.partitions[0]?.errorCode;
}

describe("a rule about a view", () => {
  test("allows that device under each of its names, and no other", async () => {
    const world = await opened(["allow User:service read topic telemetry/pump-1"]);
    for (const name of ["telemetry/pump-1", "telemetry--pump-1", "telemetry/pump-1/0"]) {
      const { errorCode, topicId, topicAuthorizedOperations } = await described(world, name);
      expect([name, errorCode, topicAuthorizedOperations]).toEqual([name, 0, READ_AND_DESCRIBE]);
      expect([await fetched(world, { name }), await fetched(world, { topicId })]).toEqual(["read", "read"]);
      expect(await offsetError(world, name)).toBe(0);
    }
    for (const name of ["telemetry/pump-2", "telemetry--pump-2", "telemetry/pump-2/0", "telemetry"]) {
      expect([name, (await described(world, name)).errorCode, await fetched(world, { name })]).toEqual([
        name,
        DENIED,
        DENIED,
      ]);
      expect(await offsetError(world, name)).toBe(DENIED);
    }
  });

  test("holds for ids that others have asked for", async () => {
    const world = await opened(["allow User:service read topic telemetry/pump-1"]);
    world.authorizer.actor = "root";
    const { topicId } = await described(world, "telemetry/pump-2");
    world.authorizer.actor = "service";
    expect(await fetched(world, { topicId })).toBe(DENIED);
  });

  test("that denies takes the device from who may read the topic", async () => {
    const world = await opened([
      "allow User:service read topic telemetry",
      "deny User:service read topic telemetry/pump-1",
    ]);
    for (const name of ["telemetry/pump-1", "telemetry--pump-1", "telemetry/pump-1/0"])
      expect([name, await fetched(world, { name })]).toEqual([name, DENIED]);
    for (const name of ["telemetry/pump-2", "telemetry--pump-2", "telemetry"])
      expect([name, await fetched(world, { name })]).toEqual([name, "read"]);
  });
});

test("rules for topics whose names begin like a view's second name do not open it", async () => {
  const world = await opened(["allow User:service all topic telemetry-*"]);
  expect(await fetched(world, { name: "telemetry--pump-1" })).toBe(DENIED);
  world.broker.createTopic({ name: "telemetry--pump-1", partitionCount: 1, configs: new Map() }, () => {});
  expect(await fetched(world, { name: "telemetry--pump-1" })).toBe("read");
});

test("rules that deny the second name of a view are obeyed", async () => {
  const world = await opened([
    "allow User:service read topic telemetry",
    "deny User:service read topic telemetry--pump-1",
  ]);
  expect(await fetched(world, { name: "telemetry--pump-1" })).toBe(DENIED);
});

test("whoever may not see a topic is not told whether a view of it could be", async () => {
  const world = await opened(["allow User:service read topic others"]);
  for (const name of ["telemetry/pump-1", "missing/pump-1", "telemetry--pump-1", "missing--pump-1"])
    expect([name, (await described(world, name)).errorCode]).toEqual([name, DENIED]);
});
