import { describe, expect, test } from "bun:test";
import { ZERO_UUID } from "../../src/base/ids.ts";
import type { TransactionAdmission } from "../../src/broker/transactions.ts";
import {
  DEFAULT_DESCRIBE_PRODUCERS_REQUEST,
  DESCRIBE_PRODUCERS_REQUEST,
} from "../../src/kafka/wire/generated/describe-producers-request.ts";
import { DESCRIBE_PRODUCERS_RESPONSE } from "../../src/kafka/wire/generated/describe-producers-response.ts";
import { ERROR } from "../../src/kafka/wire/generated/errors.ts";
import {
  DEFAULT_FETCH_PARTITION,
  DEFAULT_FETCH_REQUEST,
  FETCH_REQUEST,
} from "../../src/kafka/wire/generated/fetch-request.ts";
import { FETCH_RESPONSE } from "../../src/kafka/wire/generated/fetch-response.ts";
import {
  DEFAULT_LIST_OFFSETS_PARTITION,
  LIST_OFFSETS_REQUEST,
} from "../../src/kafka/wire/generated/list-offsets-request.ts";
import { LIST_OFFSETS_RESPONSE } from "../../src/kafka/wire/generated/list-offsets-response.ts";
import { OFFSET_FOR_LEADER_EPOCH_REQUEST } from "../../src/kafka/wire/generated/offset-for-leader-epoch-request.ts";
import { OFFSET_FOR_LEADER_EPOCH_RESPONSE } from "../../src/kafka/wire/generated/offset-for-leader-epoch-response.ts";
import { PRODUCE_REQUEST } from "../../src/kafka/wire/generated/produce-request.ts";
import { PRODUCE_RESPONSE } from "../../src/kafka/wire/generated/produce-response.ts";
import { WRITE_TXN_MARKERS_REQUEST } from "../../src/kafka/wire/generated/write-txn-markers-request.ts";
import { WRITE_TXN_MARKERS_RESPONSE } from "../../src/kafka/wire/generated/write-txn-markers-response.ts";
import { BatchBuilder } from "../../src/records/builder.ts";
import { decodeRecords } from "../../src/records/reader.ts";
import { Gateway, type TestClient } from "./support/door.ts";

const READ_COMMITTED = 1;

interface Batch {
  readonly values?: readonly string[];
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  readonly transactional?: boolean;
}

function batch({ values = ["v"], ...options }: Batch = {}): Uint8Array {
  const builder = new BatchBuilder();
  for (const value of values)
    builder.append(Date.UTC(2026, 0, 1), null, new TextEncoder().encode(value), null);
  return builder.build({
    producerId: 7,
    producerEpoch: 0,
    baseSequence: 0,
    transactional: true,
    ...options,
  });
}

/** A coordinator that answers as the test says, when it says so. */
class Coordinator {
  readonly asked: TransactionAdmission[] = [];
  readonly waiting: (() => void)[] = [];
  errors: readonly number[] = [];
  hold = false;

  admit(admission: TransactionAdmission, done: (errors: readonly number[]) => void): void {
    this.asked.push(admission);
    const { errors } = this;
    const answer = (): void => done(admission.partitions.map((_, index) => errors[index] ?? ERROR.NONE));
    if (this.hold) this.waiting.push(answer);
    else answer();
  }
}

async function opened() {
  const gateway = await Gateway.open();
  const coordinator = new Coordinator();
  gateway.broker.transactions = coordinator;
  gateway.broker.createTopic({ name: "t", partitionCount: 2, configs: new Map() }, () => {});
  await gateway.clock.settleAll();
  return { gateway, coordinator, client: await gateway.connect() };
}

function produceRequest(records: Readonly<Record<number, Uint8Array>>, transactionalId: string | null = "x") {
  const partitionData = Object.entries(records).map(([index, bytes]) => ({
    index: Number(index),
    records: bytes,
  }));
  return {
    transactionalId,
    acks: -1,
    timeoutMs: 1000,
    topicData: [{ name: "t", topicId: ZERO_UUID, partitionData }],
  };
}

async function produce(
  client: TestClient,
  records: Readonly<Record<number, Uint8Array>>,
  version = 12,
  transactionalId: string | null = "x",
): Promise<number[]> {
  const request = produceRequest(records, transactionalId);
  const answer = await client.ask(PRODUCE_REQUEST, PRODUCE_RESPONSE, request, version);
  return answer.responses.flatMap(({ partitionResponses }) =>
    partitionResponses.map(({ errorCode }) => errorCode),
  );
}

function fetchRequest(fetchOffset: number, isolationLevel = READ_COMMITTED, maxWaitMs = 0) {
  const partitions = [{ ...DEFAULT_FETCH_PARTITION, partition: 0, fetchOffset, partitionMaxBytes: 1 << 20 }];
  const topics = [{ topic: "t", topicId: ZERO_UUID, partitions }];
  return { ...DEFAULT_FETCH_REQUEST, maxWaitMs, minBytes: 1, isolationLevel, topics };
}

async function fetch(client: TestClient, fetchOffset: number, isolationLevel = READ_COMMITTED) {
  const request = fetchRequest(fetchOffset, isolationLevel);
  const answer = await client.ask(FETCH_REQUEST, FETCH_RESPONSE, request, 12);
  const partition = answer.responses[0]?.partitions[0];
  if (partition === undefined) throw new Error("no partition in the answer");
  const offsets = decodeRecords(partition.records ?? new Uint8Array(0)).map(({ offset }) => offset);
  return { ...partition, offsets };
}

function mark(
  client: TestClient,
  transactionResult: boolean,
  change: {
    producerEpoch?: number;
    coordinatorEpoch?: number;
    transactionVersion?: number;
    name?: string;
  } = {},
  version = 1,
) {
  const { name = "t", ...rest } = change;
  const marker = {
    producerId: 7,
    producerEpoch: 0,
    transactionResult,
    coordinatorEpoch: 0,
    transactionVersion: 0,
    topics: [{ name, partitionIndexes: [0] }],
    ...rest,
  };
  return client.ask(WRITE_TXN_MARKERS_REQUEST, WRITE_TXN_MARKERS_RESPONSE, { markers: [marker] }, version);
}

async function markError(...parameters: Parameters<typeof mark>): Promise<number | undefined> {
  const answer = await mark(...parameters);
  return answer.markers[0]?.topics[0]?.partitions[0]?.errorCode;
}

describe("Produce", () => {
  test("asks the coordinator before a transaction's first records, and then no more", async () => {
    const { client, coordinator } = await opened();
    expect(await produce(client, { 0: batch(), 1: batch() })).toEqual([ERROR.NONE, ERROR.NONE]);
    expect(coordinator.asked).toEqual([
      {
        transactionalId: "x",
        producerId: 7,
        producerEpoch: 0,
        implicit: true,
        partitions: [
          { topic: "t", partition: 0 },
          { topic: "t", partition: 1 },
        ],
      },
    ]);
    expect(await produce(client, { 0: batch({ baseSequence: 1 }) })).toEqual([ERROR.NONE]);
    expect(coordinator.asked).toHaveLength(1);
    await mark(client, true);
    await produce(client, { 0: batch({ baseSequence: 2 }) }, 11);
    expect(coordinator.asked.at(-1)).toMatchObject({ implicit: false });
  });

  test("keeps batches in order behind one that the coordinator is still asked about", async () => {
    const { gateway, coordinator, client } = await opened();
    coordinator.hold = true;
    const ids = [0, 1, 2, 3].map((baseSequence) =>
      client.send(PRODUCE_REQUEST, produceRequest({ 0: batch({ baseSequence }) }), 12),
    );
    await gateway.clock.settleAll();
    coordinator.hold = false;
    // Were others asked about, too, the last one's answer could come first.
    for (const answer of coordinator.waiting.splice(0).reverse()) answer();
    await gateway.clock.settleAll();
    const errors = ids.map((id) => {
      const { responses } = client.take(PRODUCE_RESPONSE, 12, id);
      return responses[0]?.partitionResponses[0]?.errorCode;
    });
    expect(errors).toEqual([0, 0, 0, 0]);
    expect(coordinator.asked).toHaveLength(1);
    expect(gateway.broker.partition("t", 0)?.log.logEndOffset as number).toBe(4);
  });

  test("keeps the order of requests while the coordinator thinks, and the records in one piece", async () => {
    const { gateway, client, coordinator } = await opened();
    coordinator.hold = true;
    const ids = [0, 1, 2].map((baseSequence) =>
      client.send(
        PRODUCE_REQUEST,
        produceRequest({ 0: batch({ baseSequence, values: [`v${baseSequence}`] }) }),
        11,
      ),
    );
    await gateway.clock.settleAll();
    expect(client.frames).toHaveLength(0);
    for (const answer of coordinator.waiting) answer();
    await gateway.clock.settleAll();
    for (const id of ids) {
      const answer = client.take(PRODUCE_RESPONSE, 11, id);
      expect(answer.responses[0]?.partitionResponses[0]?.errorCode).toBe(ERROR.NONE);
    }
    await mark(client, true);
    const { records } = await fetch(client, 0);
    const values = decodeRecords(records ?? new Uint8Array(0)).map(({ value }) =>
      new TextDecoder().decode(value ?? undefined),
    );
    expect(values.slice(0, 3)).toEqual(["v0", "v1", "v2"]);
  });

  test("refuses records whose transaction was ended while the coordinator was asked", async () => {
    const { gateway, client, coordinator } = await opened();
    const other = await gateway.connect();
    coordinator.hold = true;
    const id = client.send(PRODUCE_REQUEST, produceRequest({ 0: batch() }), 11);
    await gateway.clock.settleAll();
    await mark(other, false);
    for (const answer of coordinator.waiting) answer();
    await gateway.clock.settleAll();
    const answer = client.take(PRODUCE_RESPONSE, 11, id);
    expect(answer.responses[0]?.partitionResponses[0]?.errorCode).toBe(ERROR.INVALID_TXN_STATE);
  });

  test.each([
    [ERROR.INVALID_TXN_STATE, 12, ERROR.INVALID_TXN_STATE],
    [ERROR.TRANSACTION_ABORTABLE, 11, ERROR.TRANSACTION_ABORTABLE],
    [ERROR.TRANSACTION_ABORTABLE, 10, ERROR.INVALID_TXN_STATE],
    [ERROR.CONCURRENT_TRANSACTIONS, 12, ERROR.CONCURRENT_TRANSACTIONS],
    [ERROR.CONCURRENT_TRANSACTIONS, 11, ERROR.NOT_ENOUGH_REPLICAS],
    [ERROR.COORDINATOR_LOAD_IN_PROGRESS, 12, ERROR.NOT_ENOUGH_REPLICAS],
    [ERROR.PRODUCER_FENCED, 12, ERROR.INVALID_PRODUCER_EPOCH],
    [ERROR.INVALID_PRODUCER_ID_MAPPING, 12, ERROR.INVALID_PRODUCER_ID_MAPPING],
  ])(
    "translates the coordinator's error %p in version %p to %p, for its partition alone",
    async (error, version, told) => {
      const { gateway, client, coordinator } = await opened();
      coordinator.errors = [error];
      expect(await produce(client, { 0: batch(), 1: batch() }, version)).toEqual([told, ERROR.NONE]);
      expect(gateway.broker.partition("t", 0)?.log.logEndOffset).toBe(0 as never);
    },
  );

  test("refuses transactional records without an id, and of two producers", async () => {
    const { client, coordinator } = await opened();
    const none = ERROR.TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
    expect(await produce(client, { 0: batch() }, 9, null)).toEqual([none]);
    const mixed = { 0: batch(), 1: batch({ producerId: 8 }) };
    expect(await produce(client, mixed)).toEqual(
      Array.from({ length: 2 }, () => ERROR.INVALID_PRODUCER_ID_MAPPING),
    );
    const plain = batch({ transactional: false, producerId: -1, producerEpoch: -1, baseSequence: -1 });
    expect(await produce(client, { 0: plain })).toEqual([ERROR.NONE]);
    expect(coordinator.asked).toEqual([]);
  });

  test.each([
    ["an older epoch", { producerEpoch: 0, baseSequence: 1 }, ERROR.INVALID_PRODUCER_EPOCH],
    ["a gap", { producerEpoch: 1, baseSequence: 5 }, ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER],
    [
      "a new epoch that begins late",
      { producerEpoch: 2, baseSequence: 1 },
      ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER,
    ],
    [
      "records that are not of the transaction",
      { producerEpoch: 1, baseSequence: 1, transactional: false },
      ERROR.INVALID_TXN_STATE,
    ],
    ["the next ones", { producerEpoch: 1, baseSequence: 1 }, ERROR.NONE],
  ])("answers %s", async (_, next, error) => {
    const { client } = await opened();
    await produce(client, { 0: batch({ producerEpoch: 1 }) }, 11);
    expect(await produce(client, { 0: batch(next) }, 11)).toEqual([error]);
  });
});

describe("who reads committed records", () => {
  test("reads up to the last stable offset, and is told what was aborted", async () => {
    const { client } = await opened();
    await produce(client, { 0: batch({ values: ["a", "b"] }) }, 11);
    expect(await fetch(client, 0)).toMatchObject({
      offsets: [],
      highWatermark: 2,
      lastStableOffset: 0,
      abortedTransactions: [],
    });
    expect(await fetch(client, 0, 0)).toMatchObject({ offsets: [0, 1], abortedTransactions: null });
    await mark(client, false);
    expect(await fetch(client, 0)).toMatchObject({
      offsets: [0, 1, 2],
      lastStableOffset: 3,
      abortedTransactions: [{ producerId: 7, firstOffset: 0 }],
    });
    expect(await fetch(client, 3)).toMatchObject({ offsets: [], abortedTransactions: [] });
  });

  test("waits for the end of a transaction, and is woken by it", async () => {
    const { gateway, client } = await opened();
    const reader = await gateway.connect();
    await produce(client, { 0: batch() }, 11);
    const id = reader.send(FETCH_REQUEST, fetchRequest(0, READ_COMMITTED, 10_000), 12);
    await gateway.clock.settleAll();
    await produce(client, { 0: batch({ baseSequence: 1 }) }, 11);
    expect(reader.frames).toHaveLength(0);
    await mark(client, true);
    const answer = reader.take(FETCH_RESPONSE, 12, id);
    const records = answer.responses[0]?.partitions[0]?.records ?? new Uint8Array(0);
    expect(decodeRecords(records).map(({ offset }) => offset)).toEqual([0, 1, 2]);
  });

  test.each([
    ["a consumer", -1, 0, 2],
    ["a consumer of committed records", -1, 1, 0],
    ["a replica", 5, 1, 2],
  ])("asks where the log ends: %s", async (_, replicaId, isolationLevel, offset) => {
    const { client } = await opened();
    await produce(client, { 0: batch({ values: ["a", "b"] }) }, 11);
    const list = async (timestamps: readonly number[], partitions = timestamps.map((_, index) => index)) => {
      const topics = [
        {
          name: "t",
          partitions: timestamps.map((timestamp, index) => ({
            ...DEFAULT_LIST_OFFSETS_PARTITION,
            partitionIndex: partitions[index] ?? 0,
            timestamp,
          })),
        },
      ];
      const request = { replicaId, isolationLevel, topics, timeoutMs: 0 };
      const answer = await client.ask(LIST_OFFSETS_REQUEST, LIST_OFFSETS_RESPONSE, request, 7);
      return answer.topics[0]?.partitions.map((partition) => [partition.errorCode, partition.offset]);
    };
    expect(await list([-1])).toEqual([[0, offset]]);
    expect(await list([Date.UTC(2026, 0, 1)])).toEqual([[0, offset === 0 ? -1 : 0]]);
    expect(await list([-1, -1], [0, 0])).toEqual([[ERROR.INVALID_REQUEST, -1]]);
    expect(await list([-9])).toEqual([[ERROR.UNSUPPORTED_VERSION, -1]]);
  });
});

describe("WriteTxnMarkers", () => {
  test("ends what hangs, by what DescribeProducers tells", async () => {
    const { client } = await opened();
    await produce(client, { 0: batch({ values: ["a", "b"], producerEpoch: 3 }) }, 11);
    const describe = async () => {
      const request = {
        ...DEFAULT_DESCRIBE_PRODUCERS_REQUEST,
        topics: [{ name: "t", partitionIndexes: [0, 9] }],
      };
      const answer = await client.ask(DESCRIBE_PRODUCERS_REQUEST, DESCRIBE_PRODUCERS_RESPONSE, request, 0);
      return answer.topics[0]?.partitions ?? [];
    };
    const [hanging, unknown] = await describe();
    expect(unknown?.errorCode).toBe(ERROR.UNKNOWN_TOPIC_OR_PARTITION);
    const producer = {
      producerId: 7,
      producerEpoch: 3,
      lastSequence: 1,
      lastTimestamp: Date.UTC(2026, 0, 1),
      coordinatorEpoch: -1,
      currentTxnStartOffset: 0,
    };
    expect(hanging?.activeProducers).toEqual([producer]);
    expect(await markError(client, false, { producerEpoch: 3, coordinatorEpoch: 4 })).toBe(ERROR.NONE);
    expect((await describe())[0]?.activeProducers).toMatchObject([
      { coordinatorEpoch: 4, currentTxnStartOffset: -1 },
    ]);
    expect(await markError(client, false, { producerEpoch: 3, coordinatorEpoch: 3 })).toBe(
      ERROR.TRANSACTION_COORDINATOR_FENCED,
    );
    expect(await markError(client, false, { producerEpoch: 2, coordinatorEpoch: 4 })).toBe(
      ERROR.INVALID_PRODUCER_EPOCH,
    );
    expect(await markError(client, false, { name: "nowhere" })).toBe(ERROR.UNKNOWN_TOPIC_OR_PARTITION);
  });

  test("of transaction version 2 has to raise the epoch", async () => {
    const { client } = await opened();
    await produce(client, { 0: batch() });
    const marker = { transactionVersion: 2 };
    expect(await markError(client, true, marker, 2)).toBe(ERROR.INVALID_PRODUCER_EPOCH);
    expect(await markError(client, true, { ...marker, producerEpoch: 1 }, 2)).toBe(ERROR.NONE);
  });

  test("of more markers than one request may have is refused whole", async () => {
    const { gateway, client } = await opened();
    let written = 0;
    gateway.broker.markerOwners.set("t", {
      appendMarker: (_partition, _marker, done) => {
        written += 1;
        done(ERROR.NONE);
      },
    });
    const ask = async (count: number) => {
      const topics = [{ name: "t", partitionIndexes: Array.from({ length: count }, () => 0) }];
      const marker = {
        producerId: 7,
        producerEpoch: 0,
        transactionResult: true,
        topics,
        coordinatorEpoch: 0,
        transactionVersion: 0,
      };
      const request = { markers: [marker] };
      const answer = await client.ask(WRITE_TXN_MARKERS_REQUEST, WRITE_TXN_MARKERS_RESPONSE, request, 1);
      return answer.markers[0]?.topics[0]?.partitions[0]?.errorCode;
    };
    expect(await ask(2001)).toBe(ERROR.INVALID_REQUEST);
    expect(written).toBe(0);
    expect(await ask(2000)).toBe(ERROR.NONE);
    expect(written).toBe(2000);
  });

  test("goes through who keeps the state of the topic", async () => {
    const { gateway, client } = await opened();
    const seen: unknown[] = [];
    gateway.broker.markerOwners.set("t", {
      appendMarker: (partition, marker, done) => {
        seen.push([partition, marker.producerId, marker.outcome]);
        done(ERROR.NOT_COORDINATOR);
      },
    });
    expect(await markError(client, true)).toBe(ERROR.NOT_LEADER_OR_FOLLOWER);
    expect(seen).toEqual([[0, 7, "commit"]]);
    expect(gateway.broker.partition("t", 0)?.log.logEndOffset).toBe(0 as never);
  });
});

test("OffsetForLeaderEpoch says where an epoch ends", async () => {
  const { client } = await opened();
  const plain = batch({ transactional: false, producerId: -1, producerEpoch: -1, baseSequence: -1 });
  await produce(client, { 0: plain });
  const ask = async (partition: number, currentLeaderEpoch: number, leaderEpoch: number) => {
    const topics = [{ topic: "t", partitions: [{ partition, currentLeaderEpoch, leaderEpoch }] }];
    const request = { replicaId: -1, topics };
    const answer = await client.ask(
      OFFSET_FOR_LEADER_EPOCH_REQUEST,
      OFFSET_FOR_LEADER_EPOCH_RESPONSE,
      request,
      4,
    );
    const found = answer.topics[0]?.partitions[0];
    return [found?.errorCode, found?.leaderEpoch, found?.endOffset];
  };
  expect(await ask(0, -1, 0)).toEqual([ERROR.NONE, 0, 1]);
  // A partition without records, too.
  expect(await ask(1, 0, 0)).toEqual([ERROR.NONE, 0, 0]);
  expect(await ask(0, 0, 1)).toEqual([ERROR.NONE, -1, -1]);
  expect(await ask(0, 1, 0)).toEqual([ERROR.UNKNOWN_LEADER_EPOCH, -1, -1]);
  expect(await ask(5, 0, 0)).toEqual([ERROR.UNKNOWN_TOPIC_OR_PARTITION, -1, -1]);
});
