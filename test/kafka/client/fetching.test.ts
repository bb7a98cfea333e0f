import { beforeEach, describe, expect, test } from "bun:test";
import type { Uuid } from "../../../src/base/ids.ts";
import { clusterOptions, KafkaCluster } from "../../../src/kafka/client/cluster.ts";
import { DEFAULT_FETCH_OPTIONS } from "../../../src/kafka/client/consumer.ts";
import { fetchFrom } from "../../../src/kafka/client/fetch.ts";
import { API_KEY } from "../../../src/kafka/wire/generated/apis.ts";
import { ERROR } from "../../../src/kafka/wire/generated/errors.ts";
import {
  DEFAULT_FETCH_RESPONSE,
  DEFAULT_PARTITION_DATA,
  type FetchResponse,
  writeFetchResponse,
} from "../../../src/kafka/wire/generated/fetch-response.ts";
import {
  DEFAULT_METADATA_RESPONSE,
  DEFAULT_METADATA_RESPONSE_TOPIC,
  writeMetadataResponse,
} from "../../../src/kafka/wire/generated/metadata-response.ts";
import { ScriptedBroker } from "./scripted-broker.ts";

const TOPIC_ID = "AAAAAAAAAAAAAAAAAAAAAQ" as Uuid;
const ASKED = [0, 1].map((partition) => ({ topic: "t", partition, offset: 5 }));
let broker: ScriptedBroker;
let cluster: KafkaCluster;

beforeEach(async () => {
  broker = new ScriptedBroker();
  broker.serves = [
    [API_KEY.API_VERSIONS, 0, 4],
    [API_KEY.METADATA, 0, 13],
    [API_KEY.FETCH, 4, 17],
  ];
  const address = { host: "127.0.0.1", port: broker.listener.port };
  cluster = new KafkaCluster(broker.seams, clusterOptions([address]));
  const refreshed = cluster.refresh(["t"]);
  await broker.clock.settleAll();
  const topic = { ...DEFAULT_METADATA_RESPONSE_TOPIC, name: "t", topicId: TOPIC_ID };
  const request = asked(1)[0];
  broker.answer(request, (writer) =>
    writeMetadataResponse(writer, { ...DEFAULT_METADATA_RESPONSE, topics: [topic] }, request.version),
  );
  await broker.clock.settleAll();
  await refreshed;
});

function asked(count: number) {
  const all = broker.asked;
  expect(all.length).toBe(count);
  const last = all.at(-1);
  if (last === undefined) throw new Error("nothing was asked");
  return [last] as const;
}

/** What comes of a fetch that stays open until `answer` was called. */
async function begin() {
  const outcome: { errors: readonly number[] | null } = { errors: null };
  const leader = { host: "127.0.0.1", port: broker.listener.port };
  void fetchFrom(cluster, leader, ASKED, DEFAULT_FETCH_OPTIONS).then((fetched) => {
    outcome.errors = fetched.map(({ error }) => error);
  });
  await broker.clock.settleAll();
  return outcome;
}

async function answer(count: number, response: Partial<FetchResponse>): Promise<void> {
  const [request] = asked(count);
  broker.answer(request, (writer) =>
    writeFetchResponse(writer, { ...DEFAULT_FETCH_RESPONSE, ...response }, request.version),
  );
  await broker.clock.settleAll();
}

async function pass(durationMs: number): Promise<void> {
  for (let left = durationMs; left > 0; left -= 50) {
    broker.clock.advance(50);
    await broker.clock.settleAll();
  }
}

function partitions(...errors: readonly number[]) {
  const data = errors.map((errorCode, partitionIndex) => ({
    ...DEFAULT_PARTITION_DATA,
    partitionIndex,
    errorCode,
    records: null,
  }));
  return [{ topic: "t", topicId: TOPIC_ID, partitions: data }];
}

describe("a broker whose quota is used up", () => {
  test("is asked again once the time that it wants has passed, and no partition fails", async () => {
    const outcome = await begin();
    await answer(2, { throttleTimeMs: 5_000, responses: [] });
    await pass(4_900);
    expect(broker.asked.length).toBe(2);
    expect(outcome.errors).toBeNull();
    await pass(200);
    await answer(3, { responses: partitions(0, 0) });
    expect(outcome.errors).toEqual([0, 0]);
  });

  test("is left alone after an answer that brought something, too", async () => {
    const first = await begin();
    await answer(2, { throttleTimeMs: 3_000, responses: partitions(0, 0) });
    expect(first.errors).toEqual([0, 0]);
    const second = await begin();
    await pass(2_900);
    expect(broker.asked.length).toBe(2);
    await pass(200);
    await answer(3, { responses: partitions(0, 0) });
    expect(second.errors).toEqual([0, 0]);
  });

  test("is not waited for without end, nor once the client is closed", async () => {
    const outcome = await begin();
    await answer(2, { throttleTimeMs: 2_000_000_000, responses: [] });
    expect(outcome.errors).toEqual([ERROR.THROTTLING_QUOTA_EXCEEDED, ERROR.THROTTLING_QUOTA_EXCEEDED]);
    cluster.throttledUntilMs.clear();
    const second = await begin();
    await answer(3, { throttleTimeMs: 30_000, responses: [] });
    cluster.close();
    await pass(500);
    expect(second.errors).toEqual([ERROR.NETWORK_EXCEPTION, ERROR.NETWORK_EXCEPTION]);
  });
});

describe("errors of a fetch", () => {
  test("are those of the partitions", async () => {
    const outcome = await begin();
    await answer(2, { responses: partitions(ERROR.NOT_LEADER_OR_FOLLOWER, 0) });
    expect(outcome.errors).toEqual([ERROR.NOT_LEADER_OR_FOLLOWER, 0]);
  });

  test("are that of the whole answer where a partition is left out, throttled or not", async () => {
    for (const throttleTimeMs of [0, 1_000]) {
      const outcome = await begin();
      await answer(broker.asked.length, { throttleTimeMs, errorCode: ERROR.CLUSTER_AUTHORIZATION_FAILED });
      expect(outcome.errors).toEqual(ASKED.map(() => ERROR.CLUSTER_AUTHORIZATION_FAILED));
    }
  });
});
