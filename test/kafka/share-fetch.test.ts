import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Uuid } from "../../src/base/ids.ts";
import { ACKNOWLEDGE } from "../../src/coordinators/shares/share-partition.ts";
import { SeededRandom } from "../../src/io/simulated/random.ts";
import { ERROR } from "../../src/kafka/wire/generated/errors.ts";
import { SHARE_ACKNOWLEDGE_REQUEST } from "../../src/kafka/wire/generated/share-acknowledge-request.ts";
import { SHARE_ACKNOWLEDGE_RESPONSE } from "../../src/kafka/wire/generated/share-acknowledge-response.ts";
import { SHARE_FETCH_REQUEST } from "../../src/kafka/wire/generated/share-fetch-request.ts";
import { SHARE_FETCH_RESPONSE } from "../../src/kafka/wire/generated/share-fetch-response.ts";
import { decodeRecords } from "../../src/records/reader.ts";
import { encodeRequest } from "./support/door.ts";
import { type Acks, acquired, GROUP, ShareWorld, V, values } from "./support/share-world.ts";

const { ACCEPT, RELEASE, REJECT, RENEW, GAP } = ACKNOWLEDGE;

let world: ShareWorld;

beforeEach(async () => {
  world = await ShareWorld.open();
});
afterEach(() => world.gateway.close());

describe("fetching", () => {
  beforeEach(async () => {
    await world.beat("m1", 0, ["jobs"]);
  });

  test("each record goes to one member, as the batch lies in the log", async () => {
    await world.produce(0, "a", "b", "c");
    const first = await world.fetch("m1", 0, { maxRecords: 1, shareAcquireMode: 1 });
    expect(first.acquisitionLockTimeoutMs).toBe(30_000);
    expect(acquired(first)).toEqual([[0, 0, 1]]);
    // The batch is whole: which of its records are the member's stands beside it.
    expect(values(first)).toEqual(["a", "b", "c"]);
    expect(acquired(await world.fetch("m2", 0))).toEqual([[1, 2, 1]]);
    expect(acquired(await world.fetch("m1", 1))).toEqual([]);
  });

  test("waits until there is something, as long as it was told to", async () => {
    const id = world.client.send(SHARE_FETCH_REQUEST, world.fetchRequest("m1", 0, { maxWaitMs: 500 }), V);
    await world.gateway.clock.settleAll();
    expect(world.client.frames).toHaveLength(0);
    await world.produce(0, "a");
    expect(acquired(world.client.take(SHARE_FETCH_RESPONSE, V, id))).toEqual([[0, 0, 1]]);
    const next = world.client.send(SHARE_FETCH_REQUEST, world.fetchRequest("m1", 1, { maxWaitMs: 500 }), V);
    world.gateway.clock.advance(499);
    await world.gateway.clock.settleAll();
    expect(world.client.frames).toHaveLength(0);
    world.gateway.clock.advance(1);
    await world.gateway.clock.settleAll();
    expect(world.client.take(SHARE_FETCH_RESPONSE, V, next)).toMatchObject({ errorCode: 0, responses: [] });
  });

  test("waits for as many bytes as were asked for", async () => {
    const request = world.fetchRequest("m1", 0, { maxWaitMs: 500, minBytes: 150 });
    const id = world.client.send(SHARE_FETCH_REQUEST, request, V);
    await world.produce(0, "a");
    expect(world.client.frames).toHaveLength(0);
    await world.produce(0, "b");
    await world.produce(0, "c");
    expect(values(world.client.take(SHARE_FETCH_RESPONSE, V, id))).toEqual(["a", "b", "c"]);
  });

  test("who waits is woken by what another gives back", async () => {
    await world.produce(0, "a");
    await world.fetch("m1", 0);
    const other = await world.gateway.connect();
    const id = other.send(SHARE_FETCH_REQUEST, world.fetchRequest("m2", 0, { maxWaitMs: 5000 }), V);
    await world.gateway.clock.settleAll();
    expect(other.frames).toHaveLength(0);
    expect(await world.acknowledge("m1", 1, [[0, 0, RELEASE]])).toBe(0);
    expect(acquired(other.take(SHARE_FETCH_RESPONSE, V, id))).toEqual([[0, 0, 2]]);
  });

  test("a lock that ends gives the record to who waits", async () => {
    await world.produce(0, "a");
    await world.fetch("m1", 0);
    const other = await world.gateway.connect();
    const id = other.send(SHARE_FETCH_REQUEST, world.fetchRequest("m2", 0, { maxWaitMs: 40_000 }), V);
    world.gateway.clock.advance(29_000);
    await world.gateway.clock.settleAll();
    expect(other.frames).toHaveLength(0);
    world.gateway.clock.advance(1_000);
    await world.gateway.clock.settleAll();
    expect(acquired(other.take(SHARE_FETCH_RESPONSE, V, id))).toEqual([[0, 0, 2]]);
    expect(await world.acknowledge("m1", 1, [[0, 0, ACCEPT]])).toBe(ERROR.INVALID_RECORD_STATE);
  });

  test("a member whose connection breaks gives back what it holds", async () => {
    await world.produce(0, "a");
    const other = await world.gateway.connect();
    expect(acquired(await world.fetch("m2", 0, {}, other))).toEqual([[0, 0, 1]]);
    other.connection?.abort();
    await world.gateway.clock.settleAll();
    expect(acquired(await world.fetch("m1", 0))).toEqual([[0, 0, 2]]);
  });

  test("a new partition of the session is answered once, and then only what it brings", async () => {
    const first = await world.fetch("m1", 0);
    expect(first.responses[0]?.partitions).toHaveLength(1);
    expect((await world.fetch("m1", 1)).responses).toEqual([]);
    expect((await world.fetch("m1", 2, { topics: world.topics(1) })).responses[0]?.partitions).toHaveLength(
      1,
    );
    await world.produce(0, "a");
    await world.produce(1, "b");
    const both = await world.fetch("m1", 3);
    expect(values(both).sort()).toEqual(["a", "b"]);
    const forgottenTopicsData = [{ topicId: world.jobs, partitions: [1] }];
    await world.produce(1, "c");
    expect(values(await world.fetch("m1", 4, { forgottenTopicsData }))).toEqual([]);
  });

  test("acknowledgements ride on a fetch", async () => {
    await world.produce(0, "a", "b");
    await world.fetch("m1", 0);
    const answer = await world.fetch("m1", 1, { topics: world.topics(0, [[0, 1, ACCEPT, RELEASE]]) });
    expect(answer.responses[0]?.partitions[0]).toMatchObject({ errorCode: 0, acknowledgeErrorCode: 0 });
    expect(acquired(answer)).toEqual([[1, 1, 2]]);
    const wrong = await world.fetch("m1", 2, { topics: world.topics(0, [[0, 9, ACCEPT]]) });
    expect(wrong.responses[0]?.partitions[0]?.acknowledgeErrorCode).toBe(ERROR.INVALID_REQUEST);
  });

  test("sessions are continued epoch by epoch, and end", async () => {
    expect((await world.fetch("m1", 3)).errorCode).toBe(ERROR.SHARE_SESSION_NOT_FOUND);
    await world.produce(0, "a");
    await world.fetch("m1", 0);
    expect((await world.fetch("m1", 2)).errorCode).toBe(ERROR.INVALID_SHARE_SESSION_EPOCH);
    expect((await world.fetch("m1", 0, { topics: world.topics(0, [[0, 0, ACCEPT]]) })).errorCode).toBe(
      ERROR.INVALID_REQUEST,
    );
    expect(await world.acknowledge("m1", 0, [[0, 0, ACCEPT]])).toBe(ERROR.INVALID_SHARE_SESSION_EPOCH);
    expect((await world.fetch("m1", -1)).errorCode).toBe(0);
    expect((await world.fetch("m1", -1)).errorCode).toBe(ERROR.SHARE_SESSION_NOT_FOUND);
    // The end of a session gives back what it held.
    expect(acquired(await world.fetch("m2", 0))).toEqual([[0, 0, 2]]);
  });

  test("there are no more sessions than may be", async () => {
    await world.gateway.close();
    world = await ShareWorld.open({ settings: { "group.share.max.share.sessions": 1 } });
    await world.beat("m1", 0, ["jobs"]);
    expect((await world.fetch("m1", 0)).errorCode).toBe(0);
    const id = world.client.send(SHARE_FETCH_REQUEST, world.fetchRequest("m2", 0, { maxWaitMs: 300 }), V);
    world.gateway.clock.advance(300);
    await world.gateway.clock.settleAll();
    expect(world.client.take(SHARE_FETCH_RESPONSE, V, id).errorCode).toBe(ERROR.SHARE_SESSION_LIMIT_REACHED);
  });

  test.each([
    ["no group", { groupId: null }],
    ["no member", { memberId: null }],
    ["a member id that is too long", { memberId: "x".repeat(37) }],
    ["records beside a renewal", { isRenewAck: true }],
  ])("refuses %s", async (_, change) => {
    expect((await world.fetch("m1", 0, change)).errorCode).toBe(ERROR.INVALID_REQUEST);
  });

  test("says which partitions there are not", async () => {
    const unknown = "AAAAAAAAAAAAAAAAAAAABQ" as Uuid;
    const none = { partitionMaxBytes: 0, acknowledgementBatches: [] };
    const wanted = [
      { topicId: unknown, partitions: [{ ...none, partitionIndex: 0 }] },
      { topicId: world.jobs, partitions: [{ ...none, partitionIndex: 9 }] },
    ];
    const { responses } = await world.fetch("m1", 0, { topics: wanted });
    expect(responses.map(({ topicId, partitions }) => [topicId, partitions[0]?.errorCode])).toEqual([
      [unknown, ERROR.UNKNOWN_TOPIC_ID],
      [world.jobs, ERROR.UNKNOWN_TOPIC_OR_PARTITION],
    ]);
  });

  test("begins where the group's setting says", async () => {
    await world.produce(0, "old");
    world.configs.set("share.auto.offset.reset", "latest");
    expect(acquired(await world.fetch("m1", 0))).toEqual([]);
    await world.produce(0, "new");
    expect(acquired(await world.fetch("m1", 1))).toEqual([[1, 1, 1]]);
    world.configs.set("share.auto.offset.reset", "by_duration:PT1M");
    await world.produce(1, "before");
    world.gateway.clock.advance(120_000);
    await world.produce(1, "after");
    // The connection of before was idle for too long.
    const later = await world.gateway.connect();
    expect(acquired(await world.fetch("m1", 0, { topics: world.topics(1) }, later), 1)).toEqual([[1, 1, 1]]);
  });

  test("what was read first is where the group begins, even if it was not acknowledged before a crash", async () => {
    world.configs.set("share.auto.offset.reset", "latest");
    await world.fetch("m1", 0);
    await world.produce(0, "a");
    expect(acquired(await world.fetch("m1", 1))).toEqual([[0, 0, 1]]);
    const after = await world.afterPowerCut();
    const live = after.coordinators.shares.partitions.open(GROUP, world.jobs, 0);
    expect("state" in live && live.state.nextFetchOffset).toBe(0);
    await after.close();
  });

  test("a deleted topic ends the wait of who fetches it", async () => {
    await world.fetch("m1", 0);
    const id = world.client.send(SHARE_FETCH_REQUEST, world.fetchRequest("m1", 1, { maxWaitMs: 9000 }), V);
    await world.gateway.clock.settleAll();
    world.gateway.broker.deleteTopic("jobs", () => {});
    await world.gateway.clock.settleAll();
    const answer = world.client.take(SHARE_FETCH_RESPONSE, V, id);
    expect(answer.responses[0]?.partitions[0]?.errorCode).toBe(ERROR.UNKNOWN_TOPIC_ID);
  });
});

describe("acknowledging", () => {
  beforeEach(async () => {
    await world.beat("m1", 0, ["jobs"]);
    await world.produce(0, "a", "b", "c", "d");
    await world.fetch("m1", 0);
  });

  test("is answered once the disk has it", async () => {
    await world.gateway.close();
    const held: (() => void)[] = [];
    let hold = false;
    world = await ShareWorld.open({
      diskOptions: { syncs: (finish) => (hold ? void held.push(finish) : queueMicrotask(finish)) },
    });
    await world.beat("m1", 0, ["jobs"]);
    await world.produce(0, "a");
    await world.fetch("m1", 0);
    hold = true;
    const request = {
      groupId: GROUP,
      memberId: "m1",
      shareSessionEpoch: 1,
      isRenewAck: false,
      topics: world.topics(0, [[0, 0, ACCEPT]]),
    };
    const id = world.client.send(SHARE_ACKNOWLEDGE_REQUEST, request, V);
    await world.gateway.clock.settleAll();
    world.gateway.clock.advance(5);
    await world.gateway.clock.settleAll();
    expect(world.client.frames).toHaveLength(0);
    expect(held).not.toHaveLength(0);
    hold = false;
    for (const finish of held.splice(0)) finish();
    await world.gateway.clock.settleAll();
    expect(world.client.take(SHARE_ACKNOWLEDGE_RESPONSE, V, id).responses[0]?.partitions[0]?.errorCode).toBe(
      0,
    );
  });

  test("moves the group on, and is kept", async () => {
    expect(
      await world.acknowledge("m1", 1, [
        [0, 1, ACCEPT],
        [2, 2, GAP],
        [3, 3, RELEASE],
      ]),
    ).toBe(0);
    const after = await world.afterPowerCut();
    const live = after.coordinators.shares.partitions.open(GROUP, world.jobs, 0);
    if (!("state" in live)) throw new Error("not open");
    expect([live.state.startOffset, live.state.runs.map(({ deliveryCount }) => deliveryCount)]).toEqual([
      3,
      [1],
    ]);
    await after.close();
  });

  test.each([
    ["offsets in the wrong order", [[1, 0, ACCEPT]], ERROR.INVALID_REQUEST],
    ["no type", [[0, 0]], ERROR.INVALID_REQUEST],
    ["too few types", [[0, 3, ACCEPT, ACCEPT]], ERROR.INVALID_REQUEST],
    ["a type that there is not", [[0, 0, 5]], ERROR.INVALID_REQUEST],
    ["a renewal that is not announced", [[0, 0, RENEW]], ERROR.INVALID_REQUEST],
    [
      "batches that go back",
      [
        [2, 3, ACCEPT],
        [0, 0, ACCEPT],
      ],
      ERROR.INVALID_REQUEST,
    ],
    [
      "a record twice",
      [
        [0, 1, ACCEPT],
        [1, 2, ACCEPT],
      ],
      ERROR.INVALID_RECORD_STATE,
    ],
    ["what was never delivered", [[4, 4, ACCEPT]], ERROR.INVALID_REQUEST],
  ] as const)("refuses %s", async (_, acks, error) => {
    expect(await world.acknowledge("m1", 1, acks)).toBe(error);
    expect(world.startOffset).toBe(0);
  });

  test("a renewed lock lasts", async () => {
    world.gateway.clock.advance(20_000);
    expect(await world.acknowledge("m1", 1, [[0, 1, RENEW]], true)).toBe(0);
    world.gateway.clock.advance(15_000);
    await world.gateway.clock.settleAll();
    expect(await world.acknowledge("m1", 2, [[0, 1, ACCEPT]])).toBe(0);
    expect(await world.acknowledge("m1", 3, [[2, 2, ACCEPT]])).toBe(ERROR.INVALID_RECORD_STATE);
  });

  test("what is rejected goes to the dead letter topic, with its place and reason", async () => {
    world.configs.set("errors.deadletterqueue.topic.name", "dlq.jobs");
    expect(await world.acknowledge("m1", 1, [[0, 3, ACCEPT, REJECT, ACCEPT, ACCEPT]])).toBe(0);
    await world.gateway.clock.settleAll();
    const log = world.gateway.broker.partition("dlq.jobs", 0)?.log;
    const read = log?.read(log.logStartOffset, 10_000, { minOneBatch: true, until: log.highWatermark });
    const [letter] = decodeRecords(read?.bytes.slice() ?? new Uint8Array(0));
    expect(new TextDecoder().decode(letter?.value ?? undefined)).toBe("b");
    expect(
      Object.fromEntries(
        (letter?.headers ?? []).map(({ key, value }) => [key, new TextDecoder().decode(value ?? undefined)]),
      ),
    ).toEqual({
      "__dlq.errors.topic": "jobs",
      "__dlq.errors.partition": "0",
      "__dlq.errors.offset": "1",
      "__dlq.errors.group": GROUP,
      "__dlq.errors.delivery.count": "1",
      "__dlq.errors.message": "Offset rejected by client.",
    });
    expect(world.startOffset).toBe(4);
  });
});

describe("a member that sends anything", () => {
  const ROUNDS = Number(process.env.HEADWATER_MUTATIONS ?? 3000);

  /** Offsets from start to end, each in one run, and nothing beyond what the log has. */
  function expectSound(): void {
    const live = world.shares.partitions.inUse({ groupId: GROUP, topicId: world.jobs, partition: 0 });
    if (live === null) return;
    let position = live.state.startOffset;
    for (const run of live.state.runs) {
      expect([run.first, run.end > run.first]).toEqual([position, true]);
      expect(run.state === "acquired").toBe(run.memberId !== "");
      position = run.end;
    }
    expect(position).toBe(live.state.endOffset);
    expect(position).toBeLessThanOrEqual(live.partition.log.highWatermark);
  }

  test(`leaves the queue in order, over ${ROUNDS} requests of a session that goes on`, async () => {
    await world.beat("m1", 0, ["jobs"]);
    const random = new SeededRandom(4);
    const pick = (below: number) => Math.floor(random.fraction() * below);
    let client = world.client;
    const outcomes = { sent: 0, closed: 0, advanced: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      if (round % 20 === 0) await world.produce(0, "a", "b", "c");
      const epoch = world.shares.sessions.get(GROUP, "m1")?.epoch ?? 0;
      const first = (world.startOffset ?? 0) + pick(6);
      const acks: Acks = epoch === 0 ? [] : [[first, first + pick(3), pick(5)]];
      const topics = world.topics(0, acks);
      const frame =
        pick(2) === 0
          ? encodeRequest(SHARE_FETCH_REQUEST, world.fetchRequest("m1", epoch, { topics }), V, round)
          : encodeRequest(
              SHARE_ACKNOWLEDGE_REQUEST,
              { groupId: GROUP, memberId: "m1", shareSessionEpoch: epoch, isRenewAck: pick(2) === 0, topics },
              V,
              round,
            );
      // Behind length, key, version, correlation and client id: what the handler reads.
      for (let flips = pick(4); flips > 0; flips--) frame[20 + pick(frame.length - 20)] = pick(256);
      const before = world.startOffset ?? 0;
      client.raw(frame);
      outcomes.sent += 1;
      await world.gateway.clock.settleAll();
      if (pick(40) === 0) world.gateway.clock.advance(2000);
      if (client.closedByPeer) {
        outcomes.closed += 1;
        client = await world.gateway.connect();
      }
      expectSound();
      if ((world.startOffset ?? 0) > before) outcomes.advanced += 1;
    }
    expect(outcomes.closed).toBeGreaterThan(ROUNDS / 100);
    expect(outcomes.advanced).toBeGreaterThan(ROUNDS / 100);
  }, 120_000);
});
