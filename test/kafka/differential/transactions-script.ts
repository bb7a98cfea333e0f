import { type Uuid, ZERO_UUID } from "../../../src/base/ids.ts";
import {
  ADD_PARTITIONS_TO_TXN_REQUEST,
  DEFAULT_ADD_PARTITIONS_TO_TXN_REQUEST,
} from "../../../src/kafka/wire/generated/add-partitions-to-txn-request.ts";
import { ADD_PARTITIONS_TO_TXN_RESPONSE } from "../../../src/kafka/wire/generated/add-partitions-to-txn-response.ts";
import { CREATE_TOPICS_REQUEST } from "../../../src/kafka/wire/generated/create-topics-request.ts";
import { CREATE_TOPICS_RESPONSE } from "../../../src/kafka/wire/generated/create-topics-response.ts";
import { DELETE_TOPICS_REQUEST } from "../../../src/kafka/wire/generated/delete-topics-request.ts";
import { DELETE_TOPICS_RESPONSE } from "../../../src/kafka/wire/generated/delete-topics-response.ts";
import { DESCRIBE_PRODUCERS_REQUEST } from "../../../src/kafka/wire/generated/describe-producers-request.ts";
import { DESCRIBE_PRODUCERS_RESPONSE } from "../../../src/kafka/wire/generated/describe-producers-response.ts";
import { END_TXN_REQUEST } from "../../../src/kafka/wire/generated/end-txn-request.ts";
import { END_TXN_RESPONSE } from "../../../src/kafka/wire/generated/end-txn-response.ts";
import { ERROR } from "../../../src/kafka/wire/generated/errors.ts";
import {
  DEFAULT_FETCH_PARTITION,
  DEFAULT_FETCH_REQUEST,
  FETCH_REQUEST,
  type FetchPartition,
  type FetchRequest,
} from "../../../src/kafka/wire/generated/fetch-request.ts";
import { FETCH_RESPONSE } from "../../../src/kafka/wire/generated/fetch-response.ts";
import {
  DEFAULT_FIND_COORDINATOR_REQUEST,
  FIND_COORDINATOR_REQUEST,
} from "../../../src/kafka/wire/generated/find-coordinator-request.ts";
import { FIND_COORDINATOR_RESPONSE } from "../../../src/kafka/wire/generated/find-coordinator-response.ts";
import {
  DEFAULT_INIT_PRODUCER_ID_REQUEST,
  INIT_PRODUCER_ID_REQUEST,
} from "../../../src/kafka/wire/generated/init-producer-id-request.ts";
import { INIT_PRODUCER_ID_RESPONSE } from "../../../src/kafka/wire/generated/init-producer-id-response.ts";
import {
  DEFAULT_LIST_OFFSETS_PARTITION,
  LIST_OFFSETS_REQUEST,
} from "../../../src/kafka/wire/generated/list-offsets-request.ts";
import { LIST_OFFSETS_RESPONSE } from "../../../src/kafka/wire/generated/list-offsets-response.ts";
import {
  DEFAULT_METADATA_REQUEST,
  METADATA_REQUEST,
} from "../../../src/kafka/wire/generated/metadata-request.ts";
import { METADATA_RESPONSE } from "../../../src/kafka/wire/generated/metadata-response.ts";
import { OFFSET_FOR_LEADER_EPOCH_REQUEST } from "../../../src/kafka/wire/generated/offset-for-leader-epoch-request.ts";
import { OFFSET_FOR_LEADER_EPOCH_RESPONSE } from "../../../src/kafka/wire/generated/offset-for-leader-epoch-response.ts";
import { PRODUCE_REQUEST } from "../../../src/kafka/wire/generated/produce-request.ts";
import { PRODUCE_RESPONSE } from "../../../src/kafka/wire/generated/produce-response.ts";
import { WRITE_TXN_MARKERS_REQUEST } from "../../../src/kafka/wire/generated/write-txn-markers-request.ts";
import { WRITE_TXN_MARKERS_RESPONSE } from "../../../src/kafka/wire/generated/write-txn-markers-response.ts";
import { BatchBuilder } from "../../../src/records/builder.ts";
import { Asker } from "./asker.ts";

const TOPIC = "t";
/** Records carry it, so that retention by time leaves them alone. */
const NOW_MS = Date.now();
const START_TRIES = 60;
const PAUSE_MS = 250;
/** Between the answer to EndTxn and its markers. */
const MARKERS_MS = 400;
const LATEST = -1;
const EARLIEST = -2;
const MAX_TIMESTAMP = -3;

interface Producer {
  readonly producerId: number;
  readonly producerEpoch: number;
}

interface FetchOptions {
  readonly partition?: Partial<FetchPartition>;
  readonly request?: Partial<FetchRequest>;
}

/** Asks a broker that is new all that transactions, fetches and their sessions bring; gives a line an answer. */
export async function askAboutTransactions(address: string): Promise<readonly string[]> {
  const asker = await Asker.open(address);
  const script = new Script(asker);
  await script.createTopic();
  await script.emptyPartitions();
  await script.addedPartitions();
  await script.markers();
  await script.implicitPartitions();
  await script.sessions();
  await script.topicIds();
  asker.close();
  return asker.lines;
}

class Script {
  readonly #asker: Asker;

  constructor(asker: Asker) {
    this.#asker = asker;
  }

  async createTopic(): Promise<void> {
    const topic = { name: TOPIC, numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] };
    const request = { topics: [topic], timeoutMs: 5000, validateOnly: false };
    await this.#asker.ask(CREATE_TOPICS_REQUEST, CREATE_TOPICS_RESPONSE, request, 7);
    for (let tries = 0; !(await this.#isLed()); tries++) await pause(tries);
  }

  async emptyPartitions(): Promise<void> {
    for (const version of [2, 3, 4]) await this.#epochs(`of an empty partition`, version, -1, 0);
    await this.#epochs("by a client of a later epoch", 4, 5, 0);
    await this.#epochs("of a later epoch", 4, 0, 3);
    await this.#epochs("of no epoch", 4, 0, -1);
    await this.#epochs("of no partition", 4, 0, 0, 8);
    await this.#list("ends", 7, [LATEST, EARLIEST]);
    await this.#list("times", 7, [1, 1]);
    await this.#list("largest time", 7, [MAX_TIMESTAMP]);
    await this.#list("local", 10, [MAX_TIMESTAMP, -4]);
    await this.#list("tiered", 11, [-5, -6]);
    await this.#list("largest time, too early", 6, [MAX_TIMESTAMP]);
    await this.#list("a time before all", 11, [-17]);
    await this.#list("a partition twice", 7, [LATEST, LATEST], { index: 0 });
  }

  /** Transaction version 1: a partition is added before it is written to. */
  async addedPartitions(): Promise<void> {
    const x = await this.#init("x");
    for (const version of [9, 10, 11]) {
      await this.#produce("to a partition that was not added", version, "x", { 0: batch(x, 0) });
    }
    await this.#produce("without an id", 9, null, { 0: batch(x, 0) });
    await this.#produce("outside of a transaction", 9, "x", { 1: plainBatch() });
    const stranger = { ...x, producerId: x.producerId + 1 };
    await this.#produce("of two producers", 9, "x", { 0: batch(x, 0), 1: batch(stranger, 0) });
    await this.#add("x", x, [0]);
    await this.#produce("after one that was refused", 11, "x", { 0: batch(x, 3) });
    await this.#produce("first", 11, "x", { 0: batch(x, 0) });
    await this.#produce("with a gap", 11, "x", { 0: batch(x, 9) });
    await this.#produce("next", 11, "x", { 0: batch(x, 1, 2) });
    await this.#produce("again", 11, "x", { 0: batch(x, 1, 2) });
    await this.#produce("outside of the open one", 11, "x", { 0: batch(x, 3, 1, false) });
    await this.#produce("to another partition", 11, "x", { 1: batch(x, 0) });
    await this.#produce("to no partition", 11, "x", { 7: batch(x, 0) });
    await this.#produce("of a newer epoch", 11, "x", {
      0: batch({ ...x, producerEpoch: x.producerEpoch + 1 }, 0),
    });
    await this.#produce("of a stranger", 11, "x", { 0: batch({ ...x, producerId: x.producerId + 900 }, 0) });
    await this.#produce("of another id", 11, "zz", {
      0: batch({ ...x, producerId: x.producerId + 901 }, 0),
    });
    await this.#openTransaction();
    await this.#end("x", x, false, 3);
    await this.#abortedTransaction();
    await this.#produce("after the end", 11, "x", { 0: batch(x, 3) });
  }

  async #openTransaction(): Promise<void> {
    const uncommitted = { request: { isolationLevel: 0 } };
    for (const version of [4, 5, 11, 12]) {
      await this.#fetch("committed", version, { 0: 0 });
      await this.#fetch("uncommitted", version, { 0: 0 }, uncommitted);
    }
    await this.#fetch("beyond the end", 12, { 0: 99 });
    await this.#fetch("before the start", 12, { 0: -1 });
    await this.#fetch("no partition", 12, { 5: 0 });
    await this.#fetch("a later epoch", 12, { 0: 0 }, { partition: { currentLeaderEpoch: 9 } });
    await this.#fetch("behind a later epoch", 12, { 0: 1 }, { partition: { lastFetchedEpoch: 7 } });
    await this.#fetch("behind this epoch", 12, { 0: 1 }, { partition: { lastFetchedEpoch: 0 } });
    await this.#fetch("beyond this epoch", 12, { 0: 50 }, { partition: { lastFetchedEpoch: 0 } });
    const follower = { request: { replicaId: 5 } };
    await this.#fetch("as a follower", 12, { 0: 0 }, follower);
    await this.#fetch(
      "as a follower of an epoch",
      12,
      { 0: 0 },
      { ...follower, partition: { currentLeaderEpoch: 0 } },
    );
    await this.#fetch("to debug", 12, { 0: 0 }, { request: { replicaId: -2 } });
    await this.#list("committed end", 7, [LATEST, LATEST]);
    await this.#list("end", 7, [LATEST], { isolationLevel: 0 });
    await this.#list("committed time", 7, [1]);
    await this.#list("largest committed time", 7, [MAX_TIMESTAMP]);
    await this.#list("end for a follower", 7, [LATEST], { replicaId: 5 });
    await this.#list("end to debug", 7, [LATEST], { replicaId: -2 });
    await this.#list("end of a later epoch", 7, [LATEST], { currentLeaderEpoch: 4 });
    await this.#list("first version", 1, [LATEST], { isolationLevel: 0 });
    await this.#list("without epochs", 3, [LATEST]);
    await this.#describe("open");
  }

  async #abortedTransaction(): Promise<void> {
    for (const offset of [0, 1, 3, 4]) await this.#fetch(`aborted, from ${offset}`, 12, { 0: offset });
    await this.#fetch("aborted, uncommitted", 12, { 0: 0 }, { request: { isolationLevel: 0 } });
    await this.#describe("aborted");
    await this.#list("ends behind a marker", 7, [LATEST, LATEST]);
    await this.#list("largest time behind a marker", 7, [MAX_TIMESTAMP]);
    await this.#list("times behind a marker", 7, [NOW_MS, NOW_MS]);
  }

  async markers(): Promise<void> {
    const x = await this.#init("x");
    const newer = { ...x, producerEpoch: x.producerEpoch + 7 };
    await this.#mark("without a transaction", 1, x, 0);
    await this.#mark("of a newer coordinator", 1, x, 5);
    await this.#mark("of an older coordinator", 1, x, 4);
    await this.#mark("of a newer producer", 1, newer, 9);
    await this.#mark("of an older producer", 1, x, 9);
    await this.#mark("of a stranger", 1, { producerId: 77_777, producerEpoch: 3 }, 0);
    await this.#describe("marked");
    await this.#mark("again, in version 2", 2, newer, 9, 2);
    await this.#mark("of an older producer, in version 2", 2, x, 9, 2);
    const none = { markers: [] };
    await this.#asker.note("none", WRITE_TXN_MARKERS_REQUEST, WRITE_TXN_MARKERS_RESPONSE, none, 1);
  }

  /** Transaction version 2: writing to a partition adds it, and each transaction has an epoch of its own. */
  async implicitPartitions(): Promise<void> {
    const y = await this.#init("y");
    await this.#produce("that begins late", 12, "y", { 1: batch(y, 3) });
    await this.#produce("that begins", 12, "y", { 1: batch(y, 0) });
    await this.#produce("that goes on", 12, "y", { 1: batch(y, 1) });
    await this.#describe("implicit");
    const next = await this.#end("y", y, true, 5);
    await this.#produce("of the last epoch", 12, "y", { 1: batch(y, 2) });
    await this.#produce("of the next epoch, late", 12, "y", { 1: batch(next, 2) });
    await this.#produce("of the next epoch", 12, "y", { 1: batch(next, 0) });
    await this.#fetch("behind a committed one", 12, { 1: 0 });
    await this.#end("y", next, false, 5);
    await this.#fetch("behind an aborted one", 12, { 1: 0 });
    await this.#describe("two epochs");
  }

  async sessions(): Promise<void> {
    const forget = (partitions: readonly number[]) => ({
      forgottenTopicsData: [{ topic: TOPIC, topicId: ZERO_UUID, partitions }],
    });
    const id = await this.#session("new", 0, 0, { 0: 0, 1: 0, 5: 0 });
    await this.#session("again", id, 1, {});
    await this.#session("of another epoch", id, 9, {});
    await this.#session("that nobody has", 12_345, 1, {});
    await this.#session("read to the end", id, 2, { 0: 100, 1: 100 });
    await this.#session("with nothing new", id, 3, { 0: 4, 1: 5 });
    await this.#session("that forgets one", id, 4, {}, forget([5]));
    await this.#session("without errors", id, 5, {});
    await this.#session("that forgets all", id, 6, {}, forget([0, 1]));
    await this.#session("that is gone", id, 7, {});
    const second = await this.#session("second", 0, 0, { 0: 0 });
    await this.#session("that ends", second, -1, { 1: 0 });
    await this.#session("that has ended", second, 1, {});
    await this.#session("without an id", 0, 1, { 0: 0 });
    await this.#session("of a negative epoch", 0, -2, { 0: 0 });
    await this.#session("of nothing", 0, 0, {});
    const whole = { 0: 0, 1: 0, 6: 0 };
    await this.#session("with little room", 0, -1, whole, { maxBytes: 1 });
    await this.#session("with room for some", 0, -1, whole, { maxBytes: 80 });
    await this.#session("without room", 0, -1, whole, { maxBytes: 0 });
  }

  async topicIds(): Promise<void> {
    const topicId = (await this.#topicId()) ?? ZERO_UUID;
    const strange = "AAAAAAAAAAAAAAAAAAAAZw" as Uuid;
    for (const version of [13, 15, 16, 17, 18]) {
      await this.#fetchById("known and not", version, [topicId, strange, ZERO_UUID]);
      const replica = version < 15 ? { replicaId: 5 } : { replicaState: { replicaId: 5, replicaEpoch: -1 } };
      await this.#fetchById("as a follower", version, [topicId], replica);
    }
    const id = await this.#fetchById("new", 16, [topicId], { sessionEpoch: 0 });
    await this.#session("by names in one by ids", id, 1, {});
    await this.#fetchById("again", 16, [], { sessionId: id, sessionEpoch: 1 });
    const deleted = { topics: [{ name: TOPIC, topicId: ZERO_UUID }], topicNames: [], timeoutMs: 5000 };
    await this.#asker.ask(DELETE_TOPICS_REQUEST, DELETE_TOPICS_RESPONSE, deleted, 6);
    for (let tries = 0; (await this.#topicId()) !== null; tries++) await pause(tries);
    await this.#fetchById("deleted", 16, [], { sessionId: id, sessionEpoch: 2 });
    await this.#fetchById("deleted before", 16, [topicId]);
    await this.createTopic();
    await this.#fetchById("made anew", 16, [], { sessionId: id, sessionEpoch: 3 });
  }

  /** Kafka tells of a topic before its leader knows that it is one. */
  async #isLed(): Promise<boolean> {
    if ((await this.#topicId()) === null) return false;
    const partitions = [0, 1].map((partitionIndex) => ({
      ...DEFAULT_LIST_OFFSETS_PARTITION,
      partitionIndex,
      timestamp: LATEST,
    }));
    const request = { replicaId: -1, isolationLevel: 0, topics: [{ name: TOPIC, partitions }], timeoutMs: 0 };
    const answer = await this.#asker.ask(LIST_OFFSETS_REQUEST, LIST_OFFSETS_RESPONSE, request, 7);
    return answer.topics.every((topic) => topic.partitions.every(({ errorCode }) => errorCode === 0));
  }

  async #topicId(): Promise<Uuid | null> {
    const topics = [{ topicId: ZERO_UUID, name: TOPIC }];
    const request = { ...DEFAULT_METADATA_REQUEST, topics, allowAutoTopicCreation: false };
    const { topics: found } = await this.#asker.ask(METADATA_REQUEST, METADATA_RESPONSE, request, 12);
    const topic = found[0];
    const isReady =
      topic?.errorCode === ERROR.NONE && topic.partitions.every(({ leaderId }) => leaderId >= 0);
    return isReady ? topic.topicId : null;
  }

  /** A coordinator that is new makes its topic first. */
  async #init(transactionalId: string): Promise<Producer> {
    const find = { ...DEFAULT_FIND_COORDINATOR_REQUEST, keyType: 1, coordinatorKeys: [transactionalId] };
    const init = { ...DEFAULT_INIT_PRODUCER_ID_REQUEST, transactionalId, transactionTimeoutMs: 60_000 };
    for (let tries = 0; ; tries++) {
      await this.#asker.ask(FIND_COORDINATOR_REQUEST, FIND_COORDINATOR_RESPONSE, find, 4);
      const made = await this.#asker.ask(INIT_PRODUCER_ID_REQUEST, INIT_PRODUCER_ID_RESPONSE, init, 4);
      if (made.errorCode === ERROR.NONE) {
        this.#asker.nameProducer(made.producerId, transactionalId);
        return { producerId: Number(made.producerId), producerEpoch: made.producerEpoch };
      }
      await pause(tries);
    }
  }

  async #add(transactionalId: string, producer: Producer, partitions: readonly number[]): Promise<void> {
    const request = {
      ...DEFAULT_ADD_PARTITIONS_TO_TXN_REQUEST,
      v3AndBelowTransactionalId: transactionalId,
      v3AndBelowProducerId: producer.producerId,
      v3AndBelowProducerEpoch: producer.producerEpoch,
      v3AndBelowTopics: [{ name: TOPIC, partitions }],
    };
    await this.#asker.note("", ADD_PARTITIONS_TO_TXN_REQUEST, ADD_PARTITIONS_TO_TXN_RESPONSE, request, 3);
  }

  /** Gives the producer of the next transaction. */
  async #end(
    transactionalId: string,
    producer: Producer,
    committed: boolean,
    version: number,
  ): Promise<Producer> {
    const request = { transactionalId, ...producer, committed };
    const ended = await this.#asker.note("", END_TXN_REQUEST, END_TXN_RESPONSE, request, version);
    await Bun.sleep(MARKERS_MS);
    return version < 5
      ? producer
      : { producerId: Number(ended.producerId), producerEpoch: ended.producerEpoch };
  }

  async #produce(
    what: string,
    version: number,
    transactionalId: string | null,
    records: Readonly<Record<number, Uint8Array>>,
  ): Promise<void> {
    const partitionData = Object.entries(records).map(([index, bytes]) => ({
      index: Number(index),
      records: bytes,
    }));
    const topicData = [{ name: TOPIC, topicId: ZERO_UUID, partitionData }];
    const request = { transactionalId, acks: -1, timeoutMs: 5000, topicData };
    await this.#asker.note(what, PRODUCE_REQUEST, PRODUCE_RESPONSE, request, version);
  }

  async #fetch(
    what: string,
    version: number,
    offsets: Readonly<Record<number, number>>,
    options: FetchOptions = {},
  ): Promise<number> {
    const partitions = Object.entries(offsets).map(([partition, fetchOffset]) => ({
      ...DEFAULT_FETCH_PARTITION,
      partition: Number(partition),
      fetchOffset,
      partitionMaxBytes: 1 << 20,
      ...options.partition,
    }));
    const topics = partitions.length === 0 ? [] : [{ topic: TOPIC, topicId: ZERO_UUID, partitions }];
    const request = {
      ...DEFAULT_FETCH_REQUEST,
      maxWaitMs: 50,
      minBytes: 1,
      isolationLevel: 1,
      topics,
      ...options.request,
    };
    const answer = await this.#asker.note(what, FETCH_REQUEST, FETCH_RESPONSE, request, version);
    return answer.sessionId;
  }

  #session(
    what: string,
    sessionId: number,
    sessionEpoch: number,
    offsets: Readonly<Record<number, number>>,
    change: Partial<FetchRequest> = {},
  ): Promise<number> {
    const request = { sessionId, sessionEpoch, isolationLevel: 0, ...change };
    return this.#fetch(`session ${what}`, 12, offsets, { request });
  }

  #fetchById(
    what: string,
    version: number,
    topicIds: readonly Uuid[],
    change: Partial<FetchRequest> = {},
  ): Promise<number> {
    const partitions = [{ ...DEFAULT_FETCH_PARTITION, partitionMaxBytes: 1 << 20 }];
    const topics = topicIds.map((topicId) => ({ topic: "", topicId, partitions }));
    return this.#fetch(`by id ${what}`, version, {}, { request: { isolationLevel: 0, ...change, topics } });
  }

  async #list(
    what: string,
    version: number,
    timestamps: readonly number[],
    change: { index?: number; replicaId?: number; isolationLevel?: number; currentLeaderEpoch?: number } = {},
  ): Promise<void> {
    const { replicaId = -1, isolationLevel = version < 2 ? 0 : 1, index, currentLeaderEpoch = -1 } = change;
    const partitions = timestamps.map((timestamp, position) => ({
      ...DEFAULT_LIST_OFFSETS_PARTITION,
      partitionIndex: index ?? position,
      currentLeaderEpoch,
      timestamp,
    }));
    const request = { replicaId, isolationLevel, topics: [{ name: TOPIC, partitions }], timeoutMs: 0 };
    await this.#asker.note(what, LIST_OFFSETS_REQUEST, LIST_OFFSETS_RESPONSE, request, version);
  }

  async #epochs(
    what: string,
    version: number,
    currentLeaderEpoch: number,
    leaderEpoch: number,
    partition = 0,
  ): Promise<void> {
    const partitions = [{ partition, currentLeaderEpoch, leaderEpoch }];
    const request = { replicaId: version < 3 ? -2 : -1, topics: [{ topic: TOPIC, partitions }] };
    const [requests, responses] = [OFFSET_FOR_LEADER_EPOCH_REQUEST, OFFSET_FOR_LEADER_EPOCH_RESPONSE];
    await this.#asker.note(what, requests, responses, request, version);
  }

  async #describe(what: string): Promise<void> {
    const topics = [
      { name: TOPIC, partitionIndexes: [0, 1] },
      { name: "nowhere", partitionIndexes: [0] },
      { name: "bad name", partitionIndexes: [0] },
    ];
    await this.#asker.note(what, DESCRIBE_PRODUCERS_REQUEST, DESCRIBE_PRODUCERS_RESPONSE, { topics }, 0);
  }

  async #mark(
    what: string,
    version: number,
    producer: Producer,
    coordinatorEpoch: number,
    transactionVersion = 0,
  ): Promise<void> {
    const topics = [{ name: TOPIC, partitionIndexes: [0, 9] }];
    const marker = { ...producer, transactionResult: false, coordinatorEpoch, transactionVersion, topics };
    const request = { markers: [marker] };
    await this.#asker.note(what, WRITE_TXN_MARKERS_REQUEST, WRITE_TXN_MARKERS_RESPONSE, request, version);
  }
}

async function pause(tries: number): Promise<void> {
  if (tries >= START_TRIES) throw new Error("the broker does not get ready");
  await Bun.sleep(PAUSE_MS);
}

function batch(producer: Producer, baseSequence: number, count = 1, transactional = true): Uint8Array {
  return builderOf(count).build({ ...producer, baseSequence, transactional });
}

function plainBatch(): Uint8Array {
  return builderOf(1).build();
}

function builderOf(count: number): BatchBuilder {
  const builder = new BatchBuilder();
  for (let i = 0; i < count; i++) builder.append(NOW_MS, null, new TextEncoder().encode(`v${i}`), null);
  return builder;
}
