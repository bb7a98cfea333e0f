import { describe, expect, test } from "bun:test";
import { type Uuid, ZERO_UUID } from "../../../src/base/ids.ts";
import type { Partition } from "../../../src/broker/partition.ts";
import type { Topic } from "../../../src/broker/topics.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { ERROR } from "../../../src/kafka/wire/generated/errors.ts";
import { DEFAULT_FETCH_PARTITION, FETCH_REQUEST } from "../../../src/kafka/wire/generated/fetch-request.ts";
import { FETCH_RESPONSE } from "../../../src/kafka/wire/generated/fetch-response.ts";
import { LIST_OFFSETS_REQUEST } from "../../../src/kafka/wire/generated/list-offsets-request.ts";
import { LIST_OFFSETS_RESPONSE } from "../../../src/kafka/wire/generated/list-offsets-response.ts";
import {
  DEFAULT_METADATA_REQUEST,
  METADATA_REQUEST,
} from "../../../src/kafka/wire/generated/metadata-request.ts";
import { METADATA_RESPONSE } from "../../../src/kafka/wire/generated/metadata-response.ts";
import {
  DEFAULT_OFFSET_COMMIT_REQUEST,
  OFFSET_COMMIT_REQUEST,
} from "../../../src/kafka/wire/generated/offset-commit-request.ts";
import { OFFSET_COMMIT_RESPONSE } from "../../../src/kafka/wire/generated/offset-commit-response.ts";
import {
  DEFAULT_OFFSET_FETCH_REQUEST,
  OFFSET_FETCH_REQUEST,
} from "../../../src/kafka/wire/generated/offset-fetch-request.ts";
import { OFFSET_FETCH_RESPONSE } from "../../../src/kafka/wire/generated/offset-fetch-response.ts";
import { OFFSET_FOR_LEADER_EPOCH_REQUEST } from "../../../src/kafka/wire/generated/offset-for-leader-epoch-request.ts";
import { OFFSET_FOR_LEADER_EPOCH_RESPONSE } from "../../../src/kafka/wire/generated/offset-for-leader-epoch-response.ts";
import { PRODUCE_REQUEST } from "../../../src/kafka/wire/generated/produce-request.ts";
import { PRODUCE_RESPONSE } from "../../../src/kafka/wire/generated/produce-response.ts";
import { murmur2 } from "../../../src/records/murmur2.ts";
import { Gateway, type TestClient } from "../support/door.ts";
import {
  append,
  batchOf,
  consume,
  fetchOnce,
  fetchRequest,
  NOW_MS,
  opened,
  partitionOf,
  seal,
  text,
} from "./support.ts";

/** From the start, however much. */
const ALL = { fetchOffset: 0, partitionMaxBytes: 1 << 20 };

/** Three devices in turn, `count` batches of three. */
function fill(topic: Topic, count: number, index = 0): void {
  for (let n = 0; n < count; n++) {
    const readings = ["a", "b", "c"].map((key) => ({ key, value: `${key}${n}`, timestampMs: NOW_MS + n }));
    append(partitionOf(topic, index), batchOf(readings));
  }
}

async function metadata(
  client: TestClient,
  topics: readonly { name?: string; topicId?: Uuid }[] | null,
  version = 12,
) {
  const asked = topics?.map(({ name = null, topicId = ZERO_UUID }) => ({ name, topicId })) ?? null;
  const request = { ...DEFAULT_METADATA_REQUEST, topics: asked, allowAutoTopicCreation: true };
  return (await client.ask(METADATA_REQUEST, METADATA_RESPONSE, request, version)).topics;
}

const values = (records: readonly { readonly value: Uint8Array | null }[]) =>
  records.map(({ value }) => new TextDecoder().decode(value ?? new Uint8Array(0)));

describe("reading a view", () => {
  test("it has the device's records under their own offsets, and ends behind the last of them", async () => {
    const { gateway, topic, client } = await opened();
    fill(topic, 4);
    append(partitionOf(topic), batchOf([{ key: "a", value: "last of a" }]));
    append(partitionOf(topic), batchOf([{ key: null, value: "no key" }]));
    await gateway.clock.settleAll();
    const { records, position, highWatermark } = await consume(client, "telemetry/b", 0);
    expect(values(records)).toEqual(["b0", "b1", "b2", "b3"]);
    expect(records.map(({ offset }) => offset)).toEqual([1, 4, 7, 10]);
    expect(records.map(({ timestampMs }) => timestampMs - NOW_MS)).toEqual([0, 1, 2, 3]);
    // It ends behind its last record, not where the log does.
    expect(highWatermark).toBe(11);
    expect(position).toBe(11);
    await gateway.close();
  });

  test("it is the same by the alias, by the number of the partition, and by topic id", async () => {
    const { gateway, topic, client } = await opened();
    fill(topic, 3);
    await gateway.clock.settleAll();
    for (const name of ["telemetry/b", "telemetry--b", "telemetry/b/0"]) {
      expect(values((await consume(client, name, 0)).records)).toEqual(["b0", "b1", "b2"]);
    }
    const [described] = await metadata(client, [{ name: "telemetry/b" }]);
    const request = fetchRequest("", 2);
    const [asked] = request.topics;
    if (asked === undefined || described === undefined) throw new Error("nothing asked");
    const byId = { ...request, topics: [{ ...asked, topicId: described.topicId }] };
    const answer = await client.ask(FETCH_REQUEST, FETCH_RESPONSE, byId, 17);
    expect(answer.responses[0]?.topicId).toBe(described.topicId);
    expect(answer.responses[0]?.partitions[0]?.highWatermark).toBe(8);
    expect(answer.responses[0]?.partitions[0]?.records?.length).toBeGreaterThan(61);
    await gateway.close();
  });

  test("keys of any bytes have a name", async () => {
    const { gateway, topic, client } = await opened();
    const key = Uint8Array.of(0xff, 0x2f, 0x25, 0x00);
    append(
      partitionOf(topic),
      batchOf([
        { key: "other", value: "x" },
        { key, value: "odd" },
      ]),
    );
    await gateway.clock.settleAll();
    expect(values((await consume(client, "telemetry/%FF%2F%25%00", 0)).records)).toEqual(["odd"]);
    await gateway.close();
  });

  test("a sealed segment is searched by its index, one that is not yet by a walk", async () => {
    const { gateway, topic } = await opened();
    fill(topic, 20);
    await seal(gateway, topic.partitions);
    const [sealed] = partitionOf(topic).log.segments;
    expect(sealed?.keyIndexed).toBe(true);
    fill(topic, 5);
    await gateway.clock.settleAll();
    const { records, position } = await consume(await gateway.connect(), "telemetry/c", 0);
    expect(records.length).toBe(25);
    expect(position).toBe(75);
    expect((await consume(await gateway.connect(), "telemetry/a", 0)).position).toBe(73);
    await gateway.close();
  });

  test("single records are taken out of large batches, however large they are", async () => {
    const { gateway, topic } = await opened();
    for (const sizeBytes of [10, 900, 1100, 20_000]) {
      for (let n = 0; n < 4; n++) {
        const readings = Array.from({ length: 40 }, (_, index) => ({
          key: index === 3 * n + 17 ? "rare" : `other-${index % 5}`,
          value: `${sizeBytes}-${n}`.padEnd(sizeBytes, "x"),
        }));
        append(partitionOf(topic), batchOf(readings));
      }
    }
    await gateway.clock.settleAll();
    await seal(gateway, topic.partitions);
    const read = partitionOf(topic).log.readKey(text("rare"), 0 as never, 1 << 20, { records: true });
    if (!("nextOffset" in read)) throw new Error("not read");
    expect(read.records.filter((record) => record !== null).length).toBe(16);
    const { records } = await consume(await gateway.connect(), "telemetry/rare", 0);
    const expected = [10, 900, 1100, 20_000].flatMap((sizeBytes) =>
      [0, 1, 2, 3].map((n) => `${sizeBytes}-${n}`.padEnd(sizeBytes, "x")),
    );
    expect(values(records)).toEqual(expected);
    await gateway.close();
  });

  test("maxBytes is kept, but for the first record", async () => {
    const { gateway, topic, client } = await opened();
    const value = "x".repeat(1000);
    for (let n = 0; n < 20; n++)
      append(
        partitionOf(topic),
        batchOf([
          { key: "a", value },
          { key: "b", value },
        ]),
      );
    await gateway.clock.settleAll();
    const small = await fetchOnce(client, "telemetry/a", 0, { partitionMaxBytes: 10 });
    expect(small.records.length).toBeLessThan(1200);
    const some = await fetchOnce(client, "telemetry/a", 0, { partitionMaxBytes: 5000 });
    expect(some.records.length).toBeLessThanOrEqual(5000);
    expect(some.records.length).toBeGreaterThan(3000);
    const { records } = await consume(client, "telemetry/a", 0, { partitionMaxBytes: 2500 });
    expect(records.map(({ offset }) => offset)).toEqual(Array.from({ length: 20 }, (_, n) => 2 * n));
    await gateway.close();
  });

  test("a long poll waits for the device's own records, and what it has looked through is not looked through again", async () => {
    const { gateway, topic, client } = await opened();
    fill(topic, 1);
    await gateway.clock.settleAll();
    const waiting = client.send(FETCH_REQUEST, fetchRequest("telemetry/a", 3, { maxWaitMs: 500 }), 12);
    await gateway.clock.settleAll();
    append(partitionOf(topic), batchOf([{ key: "b", value: "not its own" }]));
    await gateway.clock.settleAll();
    expect(client.frames.length).toBe(0);
    append(partitionOf(topic), batchOf([{ key: "a", value: "its own" }]));
    await gateway.clock.settleAll();
    const answer = client.take(FETCH_RESPONSE, 12, waiting).responses[0]?.partitions[0];
    expect(answer?.highWatermark).toBe(5);
    expect(answer?.records?.length).toBeGreaterThan(61);

    const idle = client.send(FETCH_REQUEST, fetchRequest("telemetry/a", 5, { maxWaitMs: 500 }), 12);
    await gateway.clock.settleAll();
    append(partitionOf(topic), batchOf([{ key: "b", value: "not its own" }]));
    await gateway.clock.settleAll();
    gateway.clock.advance(499);
    await gateway.clock.settleAll();
    expect(client.frames.length).toBe(0);
    gateway.clock.advance(1);
    await gateway.clock.settleAll();
    const empty = client.take(FETCH_RESPONSE, 12, idle).responses[0]?.partitions[0];
    // Others' records are no lag.
    expect([empty?.highWatermark, empty?.records?.length]).toEqual([5, 0]);
    const view = gateway.broker.topics.readable.view("telemetry/a");
    if (view === null) throw new Error("no view");
    expect(gateway.services.views.tails.of(view, 0, false)).toMatchObject({ endOffset: 5, coveredTo: 6 });
    await gateway.close();
  });

  test("a scan of much that is not the device's gives way to others", async () => {
    const { gateway, topic, client } = await opened();
    const value = "x".repeat(30_000);
    for (let n = 0; n < 200; n++) append(partitionOf(topic), batchOf([{ key: "a", value }]));
    append(partitionOf(topic), batchOf([{ key: "b", value: "found" }]));
    await gateway.clock.settleAll();
    const asked = client.send(FETCH_REQUEST, fetchRequest("telemetry/b", 0, { maxWaitMs: 500 }), 12);
    let turns = 0;
    while (client.frames.length === 0 && turns < 1000) {
      gateway.clock.soon(() => {
        turns += 1;
      });
      gateway.clock.settle();
      await Promise.resolve();
    }
    const answer = client.take(FETCH_RESPONSE, 12, asked).responses[0]?.partitions[0];
    expect(answer?.records?.length).toBeGreaterThan(61);
    expect(gateway.services.views.turns.count).toBe(0);
    await gateway.close();
  });

  test("offsets beyond the log are out of range, as of any topic", async () => {
    const { gateway, topic, client } = await opened();
    fill(topic, 2);
    await gateway.clock.settleAll();
    expect((await fetchOnce(client, "telemetry/a", 7)).errorCode).toBe(ERROR.OFFSET_OUT_OF_RANGE);
    partitionOf(topic).log.deleteRecordsBefore(3 as never);
    await gateway.clock.settleAll();
    expect((await fetchOnce(client, "telemetry/a", 2)).errorCode).toBe(ERROR.OFFSET_OUT_OF_RANGE);
    expect((await fetchOnce(client, "telemetry/a", 3)).logStartOffset).toBe(3);
    await gateway.close();
  });

  test("who had all that retention takes has lost nothing by it", async () => {
    const { gateway, topic, client } = await opened();
    fill(topic, 2);
    await gateway.clock.settleAll();
    const { position } = await consume(client, "telemetry/a", 0);
    expect(position).toBe(4);
    append(
      partitionOf(topic),
      batchOf([
        { key: "b", value: "b" },
        { key: "b", value: "b" },
      ]),
    );
    await gateway.clock.settleAll();
    expect((await consume(client, "telemetry/a", position)).position).toBe(4);
    partitionOf(topic).log.deleteRecordsBefore(7 as never);
    append(partitionOf(topic), batchOf([{ key: "a", value: "new" }]));
    await gateway.clock.settleAll();
    expect((await consume(client, "telemetry/a", position)).records.map(({ offset }) => offset)).toEqual([8]);
    await gateway.close();
  });

  test("what fetches hold is counted, and is nothing once they are answered", async () => {
    const { gateway, topic, client } = await opened();
    fill(topic, 3);
    await gateway.clock.settleAll();
    const request = fetchRequest("telemetry/a", 0, { maxWaitMs: 500, minBytes: 100_000 });
    client.send(FETCH_REQUEST, request, 12);
    await gateway.clock.settleAll();
    expect(gateway.services.views.heldBytes).toBeGreaterThan(0);
    client.connection?.close();
    await gateway.clock.settleAll();
    expect(gateway.services.views.heldBytes).toBe(0);
    await gateway.close();
  });
});

describe("the partitions of a view", () => {
  const shown = async (client: TestClient, name: string, count: number) => {
    const found: string[][] = [];
    for (let partition = 0; partition < count; partition++) {
      found.push(values((await consume(client, name, 0, { partition })).records));
    }
    return found;
  };
  const partitionsOf = async (client: TestClient, name: string) =>
    (await metadata(client, [{ name }]))[0]?.partitions.map(({ partitionIndex }) => partitionIndex);

  test("are the topic's, whoever has put a device's records into which", async () => {
    const { gateway, topic, client } = await opened(4);
    fill(topic, 2, 1);
    append(partitionOf(topic, 3), batchOf([{ key: "a", value: "elsewhere" }]));
    await gateway.clock.settleAll();
    expect(await partitionsOf(client, "telemetry/a")).toEqual([0, 1, 2, 3]);
    expect(await shown(client, "telemetry/a", 4)).toEqual([[], ["a0", "a1"], [], ["elsewhere"]]);
    expect(await shown(client, "telemetry/b", 4)).toEqual([[], ["b0", "b1"], [], []]);
    // One of them alone.
    expect(await partitionsOf(client, "telemetry/a/3")).toEqual([0]);
    expect(await shown(client, "telemetry/a/3", 1)).toEqual([["elsewhere"]]);
    expect((await fetchOnce(client, "telemetry/a", 0, { partition: 4 })).errorCode).toBe(
      ERROR.UNKNOWN_TOPIC_OR_PARTITION,
    );
    await gateway.close();
  });

  test("become more with the topic's, and those that were there stay what they were, over restarts too", async () => {
    const { gateway, topic, client } = await opened(2);
    fill(topic, 2, 1);
    await gateway.clock.settleAll();
    const [before] = await metadata(client, [{ name: "telemetry/a" }]);
    expect(await shown(client, "telemetry/a", 2)).toEqual([[], ["a0", "a1"]]);
    gateway.broker.addPartitions(topic, 4, () => {});
    append(partitionOf(topic, 3), batchOf([{ key: "a", value: "moved" }]));
    await gateway.clock.settleAll();
    const [after] = await metadata(client, [{ name: "telemetry/a" }]);
    expect([after?.topicId, after?.partitions.length]).toEqual([before?.topicId, 4]);
    const grown = [[], ["a0", "a1"], [], ["moved"]];
    expect(await shown(client, "telemetry/a", 4)).toEqual(grown);
    await gateway.close();
    const second = await Gateway.open({ disk: gateway.disk });
    const other = await second.connect();
    // What was first once may be gone by now, and others may have come to where Kafka's own partitioner puts the key.
    const [usual = 0] = [(murmur2(text("a")) & 0x7fffffff) % 4];
    const again = second.broker.topics.get("telemetry");
    append(again?.partitions[usual] as Partition, batchOf([{ key: "a", value: "usual" }]));
    await second.clock.settleAll();
    const expected = grown.map((found, index) => (index === usual ? [...found, "usual"] : found));
    expect(await shown(other, "telemetry/a", 4)).toEqual(expected);
    await second.close();
  });

  test("of an unknown device are empty, until its first record comes, wherever it comes", async () => {
    const { gateway, topic, client } = await opened(4);
    fill(topic, 2, 3);
    await gateway.clock.settleAll();
    for (const partition of [0, 3]) {
      const empty = await fetchOnce(client, "telemetry/new", 0, { partition });
      expect([empty.errorCode, empty.highWatermark, empty.logStartOffset]).toEqual([0, 0, 0]);
      expect(empty.records.length).toBe(0);
    }
    const request = fetchRequest("telemetry/new", 0, { maxWaitMs: 500 });
    const [asked] = request.topics;
    if (asked === undefined) throw new Error("nothing asked");
    const partitions = [0, 1, 2, 3].map((partition) => ({ ...DEFAULT_FETCH_PARTITION, ...ALL, partition }));
    const waiting = client.send(FETCH_REQUEST, { ...request, topics: [{ ...asked, partitions }] }, 12);
    await gateway.clock.settleAll();
    append(partitionOf(topic, 3), batchOf([{ key: "new", value: "first" }]));
    await gateway.clock.settleAll();
    const answer = client.take(FETCH_RESPONSE, 12, waiting).responses[0]?.partitions ?? [];
    expect(answer.map(({ highWatermark }) => highWatermark)).toEqual([0, 0, 0, 7]);
    expect(answer[3]?.records?.length).toBeGreaterThan(61);
    await gateway.close();
  });
});

describe("metadata of views", () => {
  test("is told by name and by id, and is in no list", async () => {
    const { gateway, topic, client } = await opened(3);
    const [view] = await metadata(client, [{ name: "telemetry/a" }]);
    expect(view?.errorCode).toBe(0);
    expect(view?.partitions.map(({ partitionIndex }) => partitionIndex)).toEqual([0, 1, 2]);
    expect(view?.topicId).not.toBe(ZERO_UUID);
    expect(view?.topicId).not.toBe(topic.id);
    const [again] = await metadata(client, [{ topicId: view?.topicId ?? ZERO_UUID }]);
    expect(again?.name).toBe("telemetry/a");
    const all = await metadata(client, null);
    expect(all.map(({ name }) => name)).toEqual(["telemetry"]);
    await gateway.close();
  });

  test("the id is the same after a restart, and another for each spelling and each life of the topic", async () => {
    const { gateway, topic, client } = await opened();
    const idOf = async (asker: TestClient, name: string) => (await metadata(asker, [{ name }]))[0]?.topicId;
    const first = await idOf(client, "telemetry/a");
    expect(await idOf(client, "telemetry--a")).not.toBe(first);
    expect(await idOf(client, "telemetry/b")).not.toBe(first);
    await gateway.close();
    const second = await Gateway.open({ disk: gateway.disk, broker: { random: new SeededRandom(99) } });
    const other = await second.connect();
    expect(await idOf(other, "telemetry/a")).toBe(first);
    second.broker.deleteTopic(topic.name, () => {});
    await second.clock.settleAll();
    expect((await metadata(other, [{ name: "telemetry/a" }]))[0]?.errorCode).toBe(
      ERROR.UNKNOWN_TOPIC_OR_PARTITION,
    );
    second.broker.createTopic({ name: "telemetry", partitionCount: 1, configs: new Map() }, () => {});
    await second.clock.settleAll();
    expect(await idOf(other, "telemetry/a")).not.toBe(first);
    await second.close();
  });

  test.each([
    ["telemetry/", ERROR.INVALID_TOPIC_EXCEPTION],
    ["/a", ERROR.INVALID_TOPIC_EXCEPTION],
    ["telemetry/a/b", ERROR.INVALID_TOPIC_EXCEPTION],
    ["telemetry/a/1", ERROR.UNKNOWN_TOPIC_OR_PARTITION],
    ["telemetry/a/00", ERROR.INVALID_TOPIC_EXCEPTION],
    ["telemetry/a/0/0", ERROR.INVALID_TOPIC_EXCEPTION],
    ["telemetry/a b", ERROR.INVALID_TOPIC_EXCEPTION],
    ["telemetry/%41", ERROR.INVALID_TOPIC_EXCEPTION],
    ["telemetry/../x", ERROR.INVALID_TOPIC_EXCEPTION],
    ["nothing/a", ERROR.UNKNOWN_TOPIC_OR_PARTITION],
    ["__consumer_offsets/a", ERROR.UNKNOWN_TOPIC_OR_PARTITION],
  ])("%s is refused, and nothing is created", async (name, error) => {
    const { gateway, client } = await opened();
    expect((await metadata(client, [{ name }]))[0]?.errorCode).toBe(error);
    expect([...gateway.broker.topics.all()].map((topic) => topic.name)).toEqual(["telemetry"]);
    await gateway.close();
  });

  test("a name that is too long is refused", async () => {
    const { gateway, client } = await opened();
    const name = `telemetry/${"a".repeat(2000)}`;
    expect((await metadata(client, [{ name }]))[0]?.errorCode).toBe(ERROR.INVALID_TOPIC_EXCEPTION);
    await gateway.close();
  });

  test("the alias is not created either, and a real topic of that name wins", async () => {
    const { gateway, topic, client } = await opened();
    fill(topic, 1);
    const [alias] = await metadata(client, [{ name: "telemetry--a" }]);
    expect(alias?.errorCode).toBe(0);
    expect(gateway.broker.topics.get("telemetry--a")).toBeNull();
    const real = gateway.broker.createTopic(
      { name: "telemetry--a", partitionCount: 2, configs: new Map() },
      () => {},
    );
    if ("error" in real) throw new Error(real.message);
    await gateway.clock.settleAll();
    const [now] = await metadata(client, [{ name: "telemetry--a" }]);
    expect(now?.topicId).toBe(real.id);
    expect(now?.partitions.length).toBe(2);
    // The longest topic's name is the topic's.
    append(partitionOf(real), batchOf([{ key: "b", value: "of the longer" }]));
    await gateway.clock.settleAll();
    expect((await metadata(client, [{ name: "telemetry--a--b" }]))[0]?.partitions.length).toBe(2);
    expect(values((await consume(client, "telemetry--a--b", 0)).records)).toEqual(["of the longer"]);
    await gateway.close();
  });
});

describe("offsets of views", () => {
  async function listed(client: TestClient, name: string, timestamp: number, partitionIndex = 0) {
    const isolationLevel = 0;
    const partitions = [{ partitionIndex, currentLeaderEpoch: -1, timestamp, maxNumOffsets: 1 }];
    const request = { replicaId: -1, isolationLevel, topics: [{ name, partitions }], timeoutMs: 0 };
    const answer = await client.ask(LIST_OFFSETS_REQUEST, LIST_OFFSETS_RESPONSE, request, 9);
    const partition = answer.topics[0]?.partitions[0];
    return [partition?.errorCode, partition?.offset, partition?.timestamp];
  }

  test("begin and end where the log does, and are found by time", async () => {
    const { gateway, topic } = await opened();
    fill(topic, 10);
    append(partitionOf(topic), batchOf([{ key: "a", value: "late", timestampMs: NOW_MS + 100 }]));
    append(partitionOf(topic), batchOf([{ key: "b", value: "later", timestampMs: NOW_MS + 200 }]));
    append(partitionOf(topic), batchOf([{ key: "a", value: "early", timestampMs: NOW_MS + 50 }]));
    await gateway.clock.settleAll();
    for (const sealed of [false, true]) {
      if (sealed) await seal(gateway, topic.partitions);
      const client = await gateway.connect();
      expect(await listed(client, "telemetry/a", -2)).toEqual([0, 0, -1]);
      expect(await listed(client, "telemetry/a", -1)).toEqual([0, 33, -1]);
      expect(await listed(client, "telemetry/b", -1)).toEqual([0, 32, -1]);
      expect(await listed(client, "telemetry/c", -1)).toEqual([0, 30, -1]);
      expect(await listed(client, "telemetry/none", -1)).toEqual([0, 33, -1]);
      expect(await listed(client, "telemetry/b", NOW_MS + 4)).toEqual([0, 13, NOW_MS + 4]);
      expect(await listed(client, "telemetry/a", NOW_MS + 10)).toEqual([0, 30, NOW_MS + 100]);
      expect(await listed(client, "telemetry/a", NOW_MS + 101)).toEqual([0, -1, -1]);
      expect(await listed(client, "telemetry/a", -3)).toEqual([0, 30, NOW_MS + 100]);
      expect(await listed(client, "telemetry/none", -3)).toEqual([0, -1, -1]);
      expect(await listed(client, "telemetry/none", 0)).toEqual([0, -1, -1]);
    }
    await gateway.close();
  });

  test("are each partition's own", async () => {
    const { gateway, topic, client } = await opened(2);
    fill(topic, 2, 1);
    append(partitionOf(topic, 0), batchOf([{ key: "a", value: "elsewhere", timestampMs: NOW_MS + 9 }]));
    await gateway.clock.settleAll();
    expect(await listed(client, "telemetry/a", -1)).toEqual([0, 1, -1]);
    expect(await listed(client, "telemetry/a", -1, 1)).toEqual([0, 4, -1]);
    expect(await listed(client, "telemetry/a", -3)).toEqual([0, 0, NOW_MS + 9]);
    expect(await listed(client, "telemetry/a", NOW_MS + 1, 1)).toEqual([0, 3, NOW_MS + 1]);
    expect(await listed(client, "telemetry/a/1", -1)).toEqual([0, 4, -1]);
    expect(await listed(client, "telemetry/a/1", -2)).toEqual([0, 0, -1]);
    expect(await listed(client, "telemetry/none", -1, 1)).toEqual([0, 6, -1]);
    expect(await listed(client, "telemetry/a", -1, 2)).toEqual([ERROR.UNKNOWN_TOPIC_OR_PARTITION, -1, -1]);
    await gateway.close();
  });

  test("an epoch ends where the log does", async () => {
    const { gateway, topic, client } = await opened();
    fill(topic, 2);
    await gateway.clock.settleAll();
    const partitions = [{ partition: 0, currentLeaderEpoch: -1, leaderEpoch: 0 }];
    const request = { replicaId: -2, topics: [{ topic: "telemetry/a", partitions }] };
    const answer = await client.ask(
      OFFSET_FOR_LEADER_EPOCH_REQUEST,
      OFFSET_FOR_LEADER_EPOCH_RESPONSE,
      request,
      4,
    );
    expect(answer.topics[0]?.partitions[0]).toMatchObject({ errorCode: 0, leaderEpoch: 0, endOffset: 6 });
    await gateway.close();
  });

  test("are committed by name and by id, kept over a restart, and forgotten with the topic", async () => {
    const { gateway, topic, client } = await opened();
    fill(topic, 2);
    const [view] = await metadata(client, [{ name: "telemetry/a" }]);
    const topicId = view?.topicId ?? ZERO_UUID;
    const partitions = (committedOffset: number) => [
      { partitionIndex: 0, committedOffset, committedLeaderEpoch: 0, committedMetadata: "" },
    ];
    const commit = async (by: { name: string; topicId: Uuid }, offset: number, version: number) => {
      const topics = [{ ...by, partitions: partitions(offset) }];
      const request = {
        ...DEFAULT_OFFSET_COMMIT_REQUEST,
        groupId: "g",
        generationIdOrMemberEpoch: -1,
        topics,
      };
      const answer = await client.ask(OFFSET_COMMIT_REQUEST, OFFSET_COMMIT_RESPONSE, request, version);
      return answer.topics[0]?.partitions[0]?.errorCode;
    };
    const fetched = async (asker: TestClient, by: { name: string; topicId: Uuid }, version: number) => {
      const topics = [{ ...by, partitionIndexes: [0] }];
      const groups = [{ groupId: "g", memberId: null, memberEpoch: -1, topics }];
      const request = { ...DEFAULT_OFFSET_FETCH_REQUEST, groups };
      const answer = await asker.ask(OFFSET_FETCH_REQUEST, OFFSET_FETCH_RESPONSE, request, version);
      return answer.groups[0]?.topics[0]?.partitions[0]?.committedOffset;
    };
    const byName = { name: "telemetry/a", topicId: ZERO_UUID };
    const byId = { name: "", topicId };
    expect(await commit(byName, 3, 9)).toBe(0);
    expect(await fetched(client, byId, 10)).toBe(3);
    expect(await commit(byId, 5, 10)).toBe(0);
    expect(await fetched(client, byName, 9)).toBe(5);
    expect(await commit({ name: "telemetry/a b", topicId: ZERO_UUID }, 3, 9)).toBe(
      ERROR.UNKNOWN_TOPIC_OR_PARTITION,
    );
    await gateway.close();
    const second = await Gateway.open({ disk: gateway.disk });
    const other = await second.connect();
    // Nobody has asked for the name since the start.
    expect(await fetched(other, byId, 10)).toBe(5);
    second.broker.deleteTopic(topic.name, () => {});
    await second.clock.settleAll();
    second.broker.createTopic({ name: "telemetry", partitionCount: 1, configs: new Map() }, () => {});
    await second.clock.settleAll();
    expect(await fetched(other, byName, 9)).toBe(-1);
    await second.close();
  });
});

describe("writes to views", () => {
  test("are refused by name and by id, in words that name the topic", async () => {
    const { gateway, topic, client } = await opened();
    const [view] = await metadata(client, [{ name: "telemetry/a" }]);
    for (const [by, version] of [
      [{ name: "telemetry/a", topicId: ZERO_UUID }, 12],
      [{ name: "telemetry--a", topicId: ZERO_UUID }, 9],
      [{ name: "", topicId: view?.topicId ?? ZERO_UUID }, 13],
    ] as const) {
      const partitionData = [{ index: 0, records: batchOf([{ key: "a", value: "x" }]) }];
      const topicData = [{ ...by, partitionData }];
      const request = { transactionalId: null, acks: -1, timeoutMs: 1000, topicData };
      const answer = await client.ask(PRODUCE_REQUEST, PRODUCE_RESPONSE, request, version);
      const partition = answer.responses[0]?.partitionResponses[0];
      expect(partition?.errorCode).toBe(ERROR.TOPIC_AUTHORIZATION_FAILED);
      expect(partition?.errorMessage).toContain("write to 'telemetry'");
    }
    expect(partitionOf(topic).log.logEndOffset).toBe(0 as never);
    await gateway.close();
  });
});
