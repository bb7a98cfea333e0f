import { describe, expect, test } from "bun:test";
import { type Uuid, ZERO_UUID } from "../../src/base/ids.ts";
import { ManualClock } from "../../src/io/simulated/clock.ts";
import { SeededRandom } from "../../src/io/simulated/random.ts";
import type { FetchPartitionResponse } from "../../src/kafka/fetch-partition.ts";
import { type FetchContext, FetchSessions, MIN_EVICTION_MS } from "../../src/kafka/fetch-sessions.ts";
import { ERROR } from "../../src/kafka/wire/generated/errors.ts";
import {
  DEFAULT_FETCH_PARTITION,
  DEFAULT_FETCH_REQUEST,
  FETCH_REQUEST,
  type FetchRequest,
} from "../../src/kafka/wire/generated/fetch-request.ts";
import {
  DEFAULT_PARTITION_DATA,
  FETCH_RESPONSE,
  type FetchResponse,
} from "../../src/kafka/wire/generated/fetch-response.ts";
import { batchOf, Gateway, type TestClient } from "./support/door.ts";

interface Wanted {
  readonly topic: string;
  readonly topicId?: Uuid;
  readonly offsets: Readonly<Record<number, number>>;
}

function request(
  sessionId: number,
  sessionEpoch: number,
  wanted: readonly Wanted[],
  change: Partial<FetchRequest> = {},
): FetchRequest {
  return {
    ...DEFAULT_FETCH_REQUEST,
    maxWaitMs: 0,
    minBytes: 1,
    sessionId,
    sessionEpoch,
    topics: wanted.map(({ topic, topicId = ZERO_UUID, offsets }) => ({
      topic,
      topicId,
      partitions: Object.entries(offsets).map(([partition, fetchOffset]) => ({
        ...DEFAULT_FETCH_PARTITION,
        partition: Number(partition),
        fetchOffset,
        partitionMaxBytes: 1 << 20,
      })),
    })),
    ...change,
  };
}

describe("the cache", () => {
  const READY: FetchPartitionResponse = { ...DEFAULT_PARTITION_DATA, highWatermark: 0, logStartOffset: 0 };

  function cache(maxSessions: number, maxPartitions = 1000) {
    const clock = new ManualClock();
    const sessions = new FetchSessions(clock, new SeededRandom(1), { maxSessions, maxPartitions });
    return { clock, sessions };
  }

  function respond(context: FetchContext) {
    return context.answer([...context.targets].map((target) => ({ target, response: READY })));
  }

  function open(sessions: FetchSessions, partitions: number, replicaId = -1): number {
    const offsets = Object.fromEntries(Array.from({ length: partitions }, (_, index) => [index, 0]));
    const full = request(0, 0, [{ topic: "t", offsets }], { replicaId });
    return respond(sessions.open(full, 12)).sessionId;
  }

  test("has so many slots; a session that is young keeps its own, however small", () => {
    const { sessions } = cache(2);
    expect(open(sessions, 1)).toBeGreaterThan(0);
    expect(open(sessions, 2)).toBeGreaterThan(0);
    expect(open(sessions, 9)).toBe(0);
    expect([sessions.count, sessions.partitionCount]).toEqual([2, 3]);
  });

  test("gives the slot of a session that was not used for long", () => {
    const { sessions, clock } = cache(2);
    const [old, used] = [open(sessions, 5), open(sessions, 1)];
    clock.advance(MIN_EVICTION_MS);
    sessions.open(request(used, 1, []), 12);
    clock.advance(1);
    expect(open(sessions, 1)).toBeGreaterThan(0);
    expect(sessions.open(request(old, 1, []), 12).error).toBe(ERROR.FETCH_SESSION_ID_NOT_FOUND);
    expect(sessions.open(request(used, 2, []), 12).error).toBe(ERROR.NONE);
    expect(sessions.evictions).toBe(1);
  });

  test("gives the slot of a smaller session that is no longer young, and of no larger one", () => {
    const { sessions, clock } = cache(1);
    const id = open(sessions, 3);
    clock.advance(MIN_EVICTION_MS - 1);
    sessions.open(request(id, 1, []), 12);
    clock.advance(2);
    sessions.open(request(id, 2, []), 12);
    expect(open(sessions, 3)).toBe(0);
    expect(open(sessions, 4)).toBeGreaterThan(0);
  });

  test("prefers followers", () => {
    const { sessions } = cache(1);
    open(sessions, 3);
    expect(open(sessions, 1, 2)).toBeGreaterThan(0);
    expect(open(sessions, 9)).toBe(0);
  });

  test("holds only so many partitions", () => {
    const { sessions } = cache(9, 4);
    const id = open(sessions, 3);
    expect(open(sessions, 2)).toBe(0);
    const more = request(id, 1, [{ topic: "u", offsets: { 0: 0, 1: 0 } }]);
    expect(sessions.open(more, 12).error).toBe(ERROR.FETCH_SESSION_ID_NOT_FOUND);
    expect(sessions.partitionCount).toBe(0);
  });

  test("takes requests in the order of their epochs, and topics as they were named first", () => {
    const { sessions } = cache(1);
    const id = open(sessions, 1);
    for (const epoch of [1, 2, 3]) {
      expect(respond(sessions.open(request(id, epoch, []), 12)).error).toBe(ERROR.NONE);
    }
    expect(sessions.open(request(id, 3, []), 12).error).toBe(ERROR.INVALID_FETCH_SESSION_EPOCH);
    expect(sessions.open(request(id, 4, []), 13).error).toBe(ERROR.FETCH_SESSION_TOPIC_ID_ERROR);
  });

  test("answers one of two requests with the same epoch", () => {
    const { sessions } = cache(1);
    const id = open(sessions, 1);
    const first = sessions.open(request(id, 1, []), 12);
    respond(sessions.open(request(id, 2, []), 12));
    expect(respond(first)).toEqual({
      error: ERROR.INVALID_FETCH_SESSION_EPOCH,
      sessionId: id,
      results: [],
    });
  });
});

describe("a session", () => {
  async function opened(partitionCount = 3) {
    const gateway = await Gateway.open();
    for (const name of ["t", "u"]) {
      gateway.broker.createTopic({ name, partitionCount, configs: new Map() }, () => {});
    }
    await gateway.clock.settleAll();
    return { gateway, client: await gateway.connect() };
  }

  function ask(client: TestClient, wanted: FetchRequest, version = 12): Promise<FetchResponse> {
    return client.ask(FETCH_REQUEST, FETCH_RESPONSE, wanted, version);
  }

  async function write(gateway: Gateway, topic: string, partition: number, value = "v"): Promise<void> {
    const batch = batchOf([value]);
    gateway.broker.partition(topic, partition)?.append(batch, 0, batch.length, 1, "client");
    await gateway.clock.settleAll();
  }

  function shown({ responses }: FetchResponse): string[] {
    return responses.flatMap(({ topic, partitions }) =>
      partitions.map(({ partitionIndex, errorCode, records }) =>
        [`${topic}-${partitionIndex}`, errorCode, (records?.length ?? 0) > 0 ? "records" : ""].join(" "),
      ),
    );
  }

  test("is answered with what is new", async () => {
    const { gateway, client } = await opened();
    const full = await ask(client, request(0, 0, [{ topic: "t", offsets: { 0: 0, 1: 0, 2: 0 } }]));
    expect(shown(full)).toEqual(["t-0 0 ", "t-1 0 ", "t-2 0 "]);
    const { sessionId } = full;
    expect(sessionId).toBeGreaterThan(0);
    expect(shown(await ask(client, request(sessionId, 1, [])))).toEqual([]);
    await write(gateway, "t", 1);
    const news = await ask(client, request(sessionId, 2, []));
    expect([shown(news), news.sessionId]).toEqual([["t-1 0 records"], sessionId]);
    // What was read is asked for behind it; only then there is nothing more.
    expect(shown(await ask(client, request(sessionId, 3, [])))).toEqual(["t-1 0 records"]);
    expect(shown(await ask(client, request(sessionId, 4, [{ topic: "t", offsets: { 1: 1 } }])))).toEqual([]);
    // A log start offset is news, too.
    gateway.broker.partition("t", 1)?.log.deleteRecordsBefore(-1);
    await gateway.clock.settleAll();
    expect(shown(await ask(client, request(sessionId, 5, [])))).toEqual(["t-1 0 "]);
  });

  test("takes partitions up, lets them go, and ends with the last", async () => {
    const { gateway, client } = await opened();
    const { sessionId } = await ask(client, request(0, 0, [{ topic: "t", offsets: { 0: 0 } }]));
    await write(gateway, "t", 0);
    await write(gateway, "u", 2);
    const forgotten = [{ topic: "t", topicId: ZERO_UUID, partitions: [0] }];
    const changed = request(sessionId, 1, [{ topic: "u", offsets: { 2: 0 } }], {
      forgottenTopicsData: forgotten,
    });
    expect(shown(await ask(client, changed))).toEqual(["u-2 0 records"]);
    const last = request(sessionId, 2, [], {
      forgottenTopicsData: [{ topic: "u", topicId: ZERO_UUID, partitions: [2] }],
    });
    expect(await ask(client, last)).toMatchObject({ errorCode: 0, sessionId: 0, responses: [] });
    expect((await ask(client, request(sessionId, 3, []))).errorCode).toBe(ERROR.FETCH_SESSION_ID_NOT_FOUND);
  });

  test("ends by a request with the final epoch, which is answered in full", async () => {
    const { client } = await opened();
    const { sessionId } = await ask(client, request(0, 0, [{ topic: "t", offsets: { 0: 0 } }]));
    const last = await ask(client, request(sessionId, -1, [{ topic: "t", offsets: { 1: 0 } }]));
    expect([shown(last), last.sessionId]).toEqual([["t-1 0 "], 0]);
    expect((await ask(client, request(sessionId, 1, []))).errorCode).toBe(ERROR.FETCH_SESSION_ID_NOT_FOUND);
  });

  test("reads in turns where a response has not room for all", async () => {
    const { gateway, client } = await opened();
    for (const partition of [0, 1, 2]) await write(gateway, "t", partition, "x".repeat(100));
    const small = { maxBytes: 120 };
    const first = await ask(client, request(0, 0, [{ topic: "t", offsets: { 0: 0, 1: 0, 2: 0 } }], small));
    const { sessionId } = first;
    expect(shown(first)).toEqual(["t-0 0 records", "t-1 0 ", "t-2 0 "]);
    const turns: string[][] = [];
    for (let epoch = 1; epoch < 5; epoch += 1) {
      turns.push(shown(await ask(client, request(sessionId, epoch, [], small))));
    }
    expect(turns).toEqual([["t-0 0 records"], ["t-1 0 records"], ["t-2 0 records"], ["t-0 0 records"]]);
  });

  test("wakes for any of its partitions, and tells of errors again and again", async () => {
    const { gateway, client } = await opened();
    const offsets = { 0: 0, 1: 0, 7: 0 };
    const full = await ask(client, request(0, 0, [{ topic: "t", offsets }]));
    const unknown = `t-7 ${ERROR.UNKNOWN_TOPIC_OR_PARTITION} `;
    expect(shown(full)).toEqual(["t-0 0 ", "t-1 0 ", unknown]);
    const { sessionId } = full;
    const id = client.send(FETCH_REQUEST, request(sessionId, 1, [], { maxWaitMs: 10_000 }), 12);
    await gateway.clock.settleAll();
    expect(client.frames).toHaveLength(0);
    await write(gateway, "t", 1);
    expect(shown(client.take(FETCH_RESPONSE, 12, id))).toEqual(["t-1 0 records", unknown]);
  });

  test("by topic id knows the topic from its name's next one", async () => {
    const { gateway, client } = await opened();
    const idOf = (name: string) => gateway.broker.topics.get(name)?.id ?? ZERO_UUID;
    const old = idOf("t");
    const strange = "AAAAAAAAAAAAAAAAAAAAZw" as Uuid;
    const wanted = [
      { topic: "", topicId: old, offsets: { 0: 0 } },
      { topic: "", topicId: strange, offsets: { 0: 0 } },
    ];
    const errors = ({ responses }: FetchResponse) =>
      responses.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode));
    const full = await ask(client, request(0, 0, wanted), 13);
    expect(errors(full)).toEqual([ERROR.NONE, ERROR.UNKNOWN_TOPIC_ID]);
    const { sessionId } = full;
    gateway.broker.deleteTopic("t", () => {});
    await gateway.clock.settleAll();
    const gone = await ask(client, request(sessionId, 1, []), 13);
    expect(errors(gone)).toEqual([ERROR.UNKNOWN_TOPIC_OR_PARTITION, ERROR.UNKNOWN_TOPIC_ID]);
    gateway.broker.createTopic({ name: "t", partitionCount: 1, configs: new Map() }, () => {});
    await gateway.clock.settleAll();
    const other = await ask(client, request(sessionId, 2, []), 13);
    expect(errors(other)).toEqual([ERROR.INCONSISTENT_TOPIC_ID, ERROR.UNKNOWN_TOPIC_ID]);
    expect((await ask(client, request(sessionId, 3, []), 12)).errorCode).toBe(
      ERROR.FETCH_SESSION_TOPIC_ID_ERROR,
    );
  });

  test.each([
    [-1, ERROR.NOT_LEADER_OR_FOLLOWER],
    [0, ERROR.UNKNOWN_LEADER_EPOCH],
    [1, ERROR.UNKNOWN_LEADER_EPOCH],
  ])("of a follower that is none, which names epoch %p, is refused with %p", async (epoch, error) => {
    const { client } = await opened();
    const full = request(0, -1, [{ topic: "t", offsets: { 0: 0 } }], { replicaId: 5 });
    const topics = full.topics.map((topic) => ({
      ...topic,
      partitions: topic.partitions.map((partition) => ({ ...partition, currentLeaderEpoch: epoch })),
    }));
    const answer = await ask(client, { ...full, topics });
    expect(shown(answer)).toEqual([`t-0 ${error} `]);
  });

  test("of a client that may be told who leads says so from version 16 on", async () => {
    const { gateway, client } = await opened();
    const topicId = gateway.broker.topics.get("t")?.id ?? ZERO_UUID;
    const replicaState = { replicaId: 5, replicaEpoch: -1 };
    const full = request(0, -1, [{ topic: "", topicId, offsets: { 0: 0 } }], { replicaState });
    const answer = await ask(client, full, 16);
    expect(answer.responses[0]?.partitions[0]?.currentLeader).toMatchObject({ leaderId: 1, leaderEpoch: 0 });
    // A follower knows the brokers, a client is told where the leader is.
    expect(answer.nodeEndpoints).toEqual([]);
  });
});
