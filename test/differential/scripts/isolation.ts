import { ERROR } from "../../../src/kafka/wire/generated/errors.ts";
import { BatchBuilder } from "../../../src/records/builder.ts";
import type { Answer, Fields, Script, Session } from "../session.ts";

const TOPIC = "isolated";
const NO_ID = "AAAAAAAAAAAAAAAAAAAAAA";
/** Records carry it, so that retention by time leaves them alone. */
const NOW_MS = Date.now();
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
  readonly partition?: Fields;
  readonly request?: Fields;
}

type Offsets = Readonly<Record<number, number>>;

/**
 * What readers of committed records and others see of transactions, markers, fetch sessions by name and by id.
 *
 * Left out, since Kafka 4.3 never answers it: WriteTxnMarkers with a marker for no partition, or for some of which
 * none can be found beside others that can. Headwater answers both.
 */
export const isolation: Script = async (session) => {
  const conversation = new Conversation(session);
  await conversation.createTopic();
  await conversation.emptyPartitions();
  await conversation.addedPartitions();
  await conversation.markers();
  await conversation.implicitPartitions();
  await conversation.sessions();
  await conversation.topicIds();
};

class Conversation {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async createTopic(): Promise<void> {
    const topics = [{ name: TOPIC, numPartitions: 2, replicationFactor: 1 }];
    await this.#session.ask(null, "CreateTopics", 7, { topics, timeoutMs: 10_000 });
    await this.#topicId((answer) => answer.entry("topics").number("errorCode") === ERROR.NONE);
    // Kafka tells of a topic before its leader knows that it is one.
    const ends = [0, 1].map((partitionIndex) => ({ partitionIndex, timestamp: LATEST }));
    await this.#session.until("ListOffsets", 7, { topics: [{ name: TOPIC, partitions: ends }] }, (answer) =>
      [0, 1].every((index) => answer.entry("topics").entry("partitions", index).number("errorCode") === 0),
    );
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
    const x = await this.#init("isolated-x");
    for (const version of [9, 10, 11]) {
      await this.#produce("to a partition that was not added", version, "isolated-x", { 0: batch(x, 0) });
    }
    await this.#produce("without an id", 9, null, { 0: batch(x, 0) });
    await this.#produce("outside of a transaction", 9, "isolated-x", { 1: plainBatch() });
    const stranger = { ...x, producerId: x.producerId + 1 };
    await this.#produce("of two producers", 9, "isolated-x", { 0: batch(x, 0), 1: batch(stranger, 0) });
    await this.#add("isolated-x", x, [0]);
    await this.#produce("after one that was refused", 11, "isolated-x", { 0: batch(x, 3) });
    await this.#produce("first", 11, "isolated-x", { 0: batch(x, 0) });
    await this.#produce("with a gap", 11, "isolated-x", { 0: batch(x, 9) });
    await this.#produce("next", 11, "isolated-x", { 0: batch(x, 1, 2) });
    await this.#produce("again", 11, "isolated-x", { 0: batch(x, 1, 2) });
    await this.#produce("outside of the open one", 11, "isolated-x", { 0: batch(x, 3, 1, false) });
    await this.#produce("to another partition", 11, "isolated-x", { 1: batch(x, 0) });
    await this.#produce("to no partition", 11, "isolated-x", { 7: batch(x, 0) });
    await this.#produce("of a newer epoch", 11, "isolated-x", {
      0: batch({ ...x, producerEpoch: x.producerEpoch + 1 }, 0),
    });
    await this.#produce("of a stranger", 11, "isolated-x", {
      0: batch({ ...x, producerId: x.producerId + 900 }, 0),
    });
    await this.#produce("of another id", 11, "isolated-z", {
      0: batch({ ...x, producerId: x.producerId + 901 }, 0),
    });
    await this.#openTransaction();
    await this.#end("isolated-x", x, false, 3);
    await this.#abortedTransaction();
    await this.#produce("after the end", 11, "isolated-x", { 0: batch(x, 3) });
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
    const x = await this.#init("isolated-x");
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
    await this.#session.ask("none", "WriteTxnMarkers", 1, { markers: [] });
  }

  /** Transaction version 2: writing to a partition adds it, and each transaction has an epoch of its own. */
  async implicitPartitions(): Promise<void> {
    const y = await this.#init("isolated-y");
    await this.#produce("that begins late", 12, "isolated-y", { 1: batch(y, 3) });
    await this.#produce("that begins", 12, "isolated-y", { 1: batch(y, 0) });
    await this.#produce("that goes on", 12, "isolated-y", { 1: batch(y, 1) });
    await this.#describe("implicit");
    const next = await this.#end("isolated-y", y, true, 5);
    await this.#produce("of the last epoch", 12, "isolated-y", { 1: batch(y, 2) });
    await this.#produce("of the next epoch, late", 12, "isolated-y", { 1: batch(next, 2) });
    await this.#produce("of the next epoch", 12, "isolated-y", { 1: batch(next, 0) });
    await this.#fetch("behind a committed one", 12, { 1: 0 });
    await this.#end("isolated-y", next, false, 5);
    await this.#fetch("behind an aborted one", 12, { 1: 0 });
    await this.#describe("two epochs");
  }

  async sessions(): Promise<void> {
    const forget = (partitions: readonly number[]) => ({
      forgottenTopicsData: [{ topic: TOPIC, partitions }],
    });
    const id = await this.#inSession("new", 0, 0, { 0: 0, 1: 0, 5: 0 });
    await this.#inSession("again", id, 1, {});
    await this.#inSession("of another epoch", id, 9, {});
    await this.#inSession("that nobody has", 12_345, 1, {});
    await this.#inSession("read to the end", id, 2, { 0: 100, 1: 100 });
    await this.#inSession("with nothing new", id, 3, { 0: 4, 1: 5 });
    await this.#inSession("that forgets one", id, 4, {}, forget([5]));
    await this.#inSession("without errors", id, 5, {});
    await this.#inSession("that forgets all", id, 6, {}, forget([0, 1]));
    await this.#inSession("that is gone", id, 7, {});
    const second = await this.#inSession("second", 0, 0, { 0: 0 });
    await this.#inSession("that ends", second, -1, { 1: 0 });
    await this.#inSession("that has ended", second, 1, {});
    await this.#inSession("without an id", 0, 1, { 0: 0 });
    await this.#inSession("of a negative epoch", 0, -2, { 0: 0 });
    await this.#inSession("of nothing", 0, 0, {});
    const whole = { 0: 0, 1: 0, 6: 0 };
    await this.#inSession("with little room", 0, -1, whole, { maxBytes: 1 });
    await this.#inSession("with room for some", 0, -1, whole, { maxBytes: 80 });
    await this.#inSession("without room", 0, -1, whole, { maxBytes: 0 });
  }

  async topicIds(): Promise<void> {
    const topicId = await this.#topicId(() => true);
    const strange = "AAAAAAAAAAAAAAAAAAAAZw";
    for (const version of [13, 15, 16, 17, 18]) {
      await this.#fetchById("known and not", version, [topicId, strange, NO_ID]);
      const replica = version < 15 ? { replicaId: 5 } : { replicaState: { replicaId: 5, replicaEpoch: -1 } };
      await this.#fetchById("as a follower", version, [topicId], replica);
    }
    const id = await this.#fetchById("new", 16, [topicId], { sessionEpoch: 0 });
    await this.#inSession("by names in one by ids", id, 1, {});
    await this.#fetchById("again", 16, [], { sessionId: id, sessionEpoch: 1 });
    await this.#session.ask(null, "DeleteTopics", 6, { topics: [{ name: TOPIC }], timeoutMs: 10_000 });
    await this.#topicId((answer) => answer.entry("topics").number("errorCode") !== ERROR.NONE);
    await this.#fetchById("deleted", 16, [], { sessionId: id, sessionEpoch: 2 });
    await this.#fetchById("deleted before", 16, [topicId]);
    await this.createTopic();
    await this.#fetchById("made anew", 16, [], { sessionId: id, sessionEpoch: 3 });
  }

  async #topicId(ready: (answer: Answer) => boolean): Promise<string> {
    const said = { topics: [{ name: TOPIC }], allowAutoTopicCreation: false };
    const answer = await this.#session.until("Metadata", 12, said, ready);
    return answer.entry("topics").text("topicId");
  }

  /** A coordinator that is new makes its topic first. */
  async #init(transactionalId: string): Promise<Producer> {
    const find = { keyType: 1, coordinatorKeys: [transactionalId] };
    await this.#session.until(
      "FindCoordinator",
      4,
      find,
      (answer) => answer.entry("coordinators").number("errorCode") === ERROR.NONE,
    );
    const init = { transactionalId, transactionTimeoutMs: 60_000 };
    const made = await this.#session.until(
      "InitProducerId",
      4,
      init,
      (answer) => answer.number("errorCode") === ERROR.NONE,
    );
    return { producerId: made.number("producerId"), producerEpoch: made.number("producerEpoch") };
  }

  async #add(transactionalId: string, producer: Producer, partitions: readonly number[]): Promise<void> {
    await this.#session.ask("", "AddPartitionsToTxn", 3, {
      v3AndBelowTransactionalId: transactionalId,
      v3AndBelowProducerId: producer.producerId,
      v3AndBelowProducerEpoch: producer.producerEpoch,
      v3AndBelowTopics: [{ name: TOPIC, partitions }],
    });
  }

  /** Gives the producer of the next transaction. */
  async #end(
    transactionalId: string,
    producer: Producer,
    committed: boolean,
    version: number,
  ): Promise<Producer> {
    const ended = await this.#session.ask("", "EndTxn", version, { transactionalId, ...producer, committed });
    await Bun.sleep(MARKERS_MS);
    if (version < 5) return producer;
    return { producerId: ended.number("producerId"), producerEpoch: ended.number("producerEpoch") };
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
    const topicData = [{ name: TOPIC, partitionData }];
    await this.#session.ask(what, "Produce", version, {
      transactionalId,
      acks: -1,
      timeoutMs: 5000,
      topicData,
    });
  }

  async #fetch(what: string, version: number, offsets: Offsets, options: FetchOptions = {}): Promise<number> {
    const partitions = Object.entries(offsets).map(([partition, fetchOffset]) => ({
      partition: Number(partition),
      fetchOffset,
      partitionMaxBytes: 1 << 20,
      ...options.partition,
    }));
    const topics = partitions.length === 0 ? [] : [{ topic: TOPIC, partitions }];
    const wait = { maxWaitMs: 50, minBytes: 1 };
    const said = { ...wait, isolationLevel: 1, topics, ...options.request };
    const answer = await this.#session.ask(what, "Fetch", version, said);
    return answer.number("sessionId");
  }

  #inSession(
    what: string,
    sessionId: number,
    sessionEpoch: number,
    offsets: Offsets,
    change: Fields = {},
  ): Promise<number> {
    const request = { sessionId, sessionEpoch, isolationLevel: 0, ...change };
    return this.#fetch(`session ${what}`, 12, offsets, { request });
  }

  #fetchById(
    what: string,
    version: number,
    topicIds: readonly string[],
    change: Fields = {},
  ): Promise<number> {
    const topics = topicIds.map((topicId) => ({ topicId, partitions: [{ partitionMaxBytes: 1 << 20 }] }));
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
      partitionIndex: index ?? position,
      currentLeaderEpoch,
      timestamp,
    }));
    const topics = [{ name: TOPIC, partitions }];
    await this.#session.ask(what, "ListOffsets", version, { replicaId, isolationLevel, topics });
  }

  async #epochs(
    what: string,
    version: number,
    currentLeaderEpoch: number,
    leaderEpoch: number,
    partition = 0,
  ): Promise<void> {
    const partitions = [{ partition, currentLeaderEpoch, leaderEpoch }];
    const topics = [{ topic: TOPIC, partitions }];
    await this.#session.ask(what, "OffsetForLeaderEpoch", version, {
      replicaId: version < 3 ? -2 : -1,
      topics,
    });
  }

  async #describe(what: string): Promise<void> {
    const topics = [
      { name: TOPIC, partitionIndexes: [0, 1] },
      { name: "nowhere", partitionIndexes: [0] },
      { name: "bad name", partitionIndexes: [0] },
    ];
    await this.#session.ask(what, "DescribeProducers", 0, { topics });
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
    await this.#session.ask(what, "WriteTxnMarkers", version, { markers: [marker] });
  }
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
