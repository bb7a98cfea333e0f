import { type Uuid, ZERO_UUID } from "../../src/base/ids.ts";
import { OFFSETS_TOPIC } from "../../src/kafka/client/transactions.ts";
import { ERROR } from "../../src/kafka/wire/generated/errors.ts";
import {
  BATCH_HEADER_BYTES,
  batchBaseSequence,
  batchProducerEpoch,
  batchProducerId,
  batchRecordCount,
  checkBatch,
  checkProducedBatch,
  setBatchBaseOffset,
  writeBatchHeader,
} from "../../src/records/batch.ts";
import { type DecodedRecord, decodeRecords } from "../../src/records/reader.ts";
import type { CentreCall, CentreOutcome, InTransaction, ProduceAsk } from "../../src/upstream/centre.ts";
import type { Slot } from "../../src/upstream/positions.ts";

interface Transaction {
  state: "open" | "committed" | "aborted";
}

interface Entry {
  readonly baseOffset: number;
  readonly bytes: Uint8Array;
  readonly producerId: number;
  transaction: Transaction | null;
}

interface ModelPartition {
  readonly entries: Entry[];
  end: number;
  readonly producers: Map<
    number,
    { epoch: number; nextSequence: number; last: { sequence: number; offset: number }[] }
  >;
}

interface ModelProducer {
  id: number;
  epoch: number;
  lastEpoch: number;
  transaction: Transaction | null;
  openedMs: number;
  timeoutMs: number;
  readonly partitions: Set<string>;
  groupAdded: boolean;
  offsets: readonly Slot[];
  lastEnd: "committed" | "aborted" | null;
}

/**
 * As much of a Kafka cluster as a forwarder can tell: topics, an idempotent producer's sequences, transactions in
 * both protocols, committed offsets. Synchronous: when calls are carried out, and whether the answer arrives, is
 * up to the simulation.
 */
export class ModelCentre {
  readonly protocol: 0 | 1 | 2;
  readonly partitionsOfNewTopics: number;
  readonly #topics = new Map<string, ModelPartition[]>();
  readonly #ids = new Map<string, Uuid>();
  #nextTopicId = 0;
  readonly #producers = new Map<string, ModelProducer>();
  /** Offsets of transactions that are over, but for the end that they never got, by producer id. */
  readonly #undecidedOffsets = new Map<number, { readonly slots: readonly Slot[]; readonly epoch: number }>();
  /** Says whether the end of a transaction gets lost on its way to a partition, or to the group's offsets (null). */
  losesEnd: (partition: string | null) => boolean = () => false;
  /** Whether this client may alter the cluster. */
  isAdministrator = true;
  /** What DescribeConfigs says of topics. */
  readonly settings = new Map<string, ReadonlyMap<string, string>>();
  /** What its own clock shows, by which it refuses timestamps as its topics' settings say; null: it takes all. */
  wallMs: (() => number) | null = null;
  /** How many were lost. */
  lostEnds = 0;
  #offsets = new Map<string, Slot>();
  #nextProducerId = 100;

  constructor(protocol: 0 | 1 | 2, partitionsOfNewTopics = 4) {
    this.protocol = protocol;
    this.partitionsOfNewTopics = partitionsOfNewTopics;
  }

  /** What a careful reader sees, by partition. */
  visible(topic: string): readonly (readonly DecodedRecord[])[] {
    return (this.#topics.get(topic) ?? []).map(({ entries }) =>
      entries
        .filter(({ transaction }) => transaction === null || transaction.state === "committed")
        .flatMap(({ bytes }) => decodeRecords(bytes)),
    );
  }

  /** Aborts what is open for too long, as the coordinator does. */
  expire(nowMs: number): void {
    for (const producer of this.#producers.values()) {
      if (producer.transaction === null || nowMs - producer.openedMs < producer.timeoutMs) continue;
      this.#finish(producer, "aborted");
      producer.epoch += 1;
      producer.lastEpoch = -1;
    }
  }

  /** The group's offsets are forgotten, as after seven days without a commit. */
  forgetOffsets(): void {
    this.#offsets = new Map();
  }

  /** Somebody raises the partitions of a topic. */
  addPartitions(name: string, count: number): void {
    const topic = this.#topics.get(name) ?? [];
    while (topic.length < count) topic.push({ entries: [], end: 0, producers: new Map() });
  }

  /** Somebody deletes a topic; what is committed of it goes with it. */
  deleteTopic(name: string): void {
    this.#topics.delete(name);
    for (const [key, slot] of this.#offsets) if (slot.topic === name) this.#offsets.delete(key);
  }

  perform(call: CentreCall, nowMs: number): CentreOutcome {
    switch (call.kind) {
      case "connect":
        return answer({ clusterId: "model", transactions: this.protocol });
      case "topics":
        return answer(
          call.ask.map((name) => {
            const partitions = this.#topics.get(name)?.length ?? 0;
            const id = partitions === 0 ? ZERO_UUID : (this.#ids.get(name) ?? ZERO_UUID);
            return { name, error: partitions === 0 ? 3 : 0, id, partitions };
          }),
        );
      case "topic-settings":
        return answer(
          call.ask.map((name) => ({ name, error: 0, values: this.settings.get(name) ?? new Map() })),
        );
      case "create-topic":
        if (this.#topics.has(call.ask.name))
          return answer({ error: ERROR.TOPIC_ALREADY_EXISTS, message: null });
        this.#nextTopicId += 1;
        this.#ids.set(call.ask.name, `topic-${this.#nextTopicId}` as Uuid);
        this.#topics.set(
          call.ask.name,
          Array.from(
            { length: call.ask.partitions < 0 ? this.partitionsOfNewTopics : call.ask.partitions },
            () => ({
              entries: [],
              end: 0,
              producers: new Map(),
            }),
          ),
        );
        return answer({ error: 0, message: null });
      case "init-producer":
        return this.#init(call.ask.transactionalId, call.ask.producerId, call.ask.producerEpoch, call.ask);
      case "last-end":
        return this.#lastEnd(call.ask);
      case "find-open":
        return answer(this.#openOf(call.ask.producerId));
      case "write-markers":
        if (!this.isAdministrator)
          return answer({ error: ERROR.CLUSTER_AUTHORIZATION_FAILED, message: null });
        for (const { topic, partition, producerEpoch } of call.ask.partitions) {
          const state = call.ask.commit ? "committed" : "aborted";
          if (topic === OFFSETS_TOPIC) this.#endOffsets(call.ask.producerId, [], state);
          else this.#endIn(`${topic} ${partition}`, call.ask.producerId, state, producerEpoch);
        }
        return answer({ error: 0, message: null });
      case "positions":
        return this.#positions();
      case "ends":
        return answer({ error: 0, ends: (this.#topics.get(call.ask.topic) ?? []).map(({ end }) => end) });
      case "scan": {
        const { topic, partition, fromOffset, isolation } = call.ask;
        return answer({
          topic,
          partition,
          offset: fromOffset,
          ...this.#scan(topic, partition, fromOffset, isolation),
        });
      }
      case "add-partitions": {
        const names = call.ask.partitions.map(({ topic, partition }) => `${topic} ${partition}`);
        return this.#inTransaction(call.ask, nowMs, (producer) => {
          for (const name of names) producer.partitions.add(name);
          return 0;
        });
      }
      case "add-offsets":
        return this.#inTransaction(call.ask, nowMs, (producer) => {
          producer.groupAdded = true;
          return 0;
        });
      case "produce":
        return this.#produce(call.ask, nowMs);
      case "commit-offsets":
        return this.#inTransaction(call.ask, nowMs, (producer) => {
          if (this.protocol === 1 && !producer.groupAdded) return ERROR.INVALID_TXN_STATE;
          producer.offsets = call.ask.slots;
          return 0;
        });
      case "end":
        return this.#end(call.ask, call.ask.commit);
      case "disconnect":
        return answer(null);
      default:
        throw new Error(`${call.kind} is not for the centre`);
    }
  }

  #init(transactionalId: string | null, id: number, epoch: number, ask: { transactionTimeoutMs: number }) {
    if (transactionalId === null) {
      this.#nextProducerId += 1;
      return grant(0, this.#nextProducerId, 0);
    }
    let producer = this.#producers.get(transactionalId);
    if (producer === undefined) {
      this.#nextProducerId += 1;
      producer = {
        id: this.#nextProducerId,
        epoch: -1,
        lastEpoch: -1,
        transaction: null,
        openedMs: 0,
        timeoutMs: ask.transactionTimeoutMs,
        partitions: new Set(),
        groupAdded: false,
        offsets: [],
        lastEnd: null,
      };
      this.#producers.set(transactionalId, producer);
    } else if (id >= 0) {
      if (id !== producer.id) return grant(ERROR.INVALID_PRODUCER_ID_MAPPING, -1, -1);
      if (epoch !== producer.epoch && epoch !== producer.lastEpoch)
        return grant(ERROR.PRODUCER_FENCED, -1, -1);
    }
    if (producer.transaction !== null) {
      // Kafka aborts it under the next epoch, and has the client ask again. With protocol 1 it then takes who asks
      // by the epoch before for somebody else.
      this.#finish(producer, "aborted");
      producer.lastEpoch = this.protocol === 2 ? producer.epoch : -1;
      producer.epoch += 1;
      return grant(ERROR.CONCURRENT_TRANSACTIONS, -1, -1);
    }
    const continued = id >= 0 && epoch === producer.lastEpoch;
    if (!continued) {
      producer.lastEpoch = id >= 0 ? producer.epoch : -1;
      producer.epoch += 1;
    }
    producer.lastEnd = null;
    return grant(0, producer.id, producer.epoch);
  }

  #positions(): CentreOutcome {
    const unstable = [...this.#producers.values()].some(
      ({ transaction, offsets }) => transaction !== null && offsets.length > 0,
    );
    if (unstable || this.#undecidedOffsets.size > 0)
      return answer({ error: ERROR.UNSTABLE_OFFSET_COMMIT, slots: [] });
    return answer({ error: 0, slots: [...this.#offsets.values()] });
  }

  #scan(topic: string, partition: number, from: number, isolation: string) {
    const { entries, end } = (this.#topics.get(topic) ?? [])[partition] as ModelPartition;
    const open = entries.find(({ transaction }) => transaction?.state === "open");
    const lastStableOffset = open?.baseOffset ?? end;
    const readable = isolation === "read_committed" ? lastStableOffset : end;
    const shown = entries.filter(
      ({ baseOffset, bytes, transaction }) =>
        baseOffset + batchRecordCount(bytes, 0) > from &&
        baseOffset < readable &&
        (isolation !== "read_committed" || transaction?.state !== "aborted"),
    );
    return {
      error: 0,
      logStartOffset: 0,
      highWatermark: end,
      lastStableOffset,
      // The end of the log is a marker that was left out here: an empty batch would stand for it.
      batches: Buffer.concat([
        ...shown.map(({ bytes }) => bytes),
        ...(readable > from ? [emptyBatch(readable)] : []),
      ]),
      aborted: [],
    };
  }

  /** What needs an open transaction, or opens one. */
  #inTransaction(
    who: InTransaction,
    nowMs: number,
    then: (producer: ModelProducer) => number,
  ): CentreOutcome {
    const producer = this.#producers.get(who.transactionalId);
    const error = this.#check(producer, who.producerId, who.producerEpoch);
    if (producer === undefined || error !== 0) return answer({ error, message: null });
    this.#open(producer, nowMs);
    return answer({ error: then(producer), message: null });
  }

  #check(producer: ModelProducer | undefined, id: number, epoch: number): number {
    if (producer === undefined || producer.id !== id) return ERROR.INVALID_PRODUCER_ID_MAPPING;
    return producer.epoch === epoch ? 0 : ERROR.INVALID_PRODUCER_EPOCH;
  }

  #open(producer: ModelProducer, nowMs: number): void {
    if (producer.transaction !== null) return;
    producer.transaction = { state: "open" };
    producer.openedMs = nowMs;
    producer.lastEnd = null;
  }

  #produce(ask: ProduceAsk, nowMs: number): CentreOutcome {
    const { topic, partition, transactionalId, batch } = ask;
    const fault = checkBatch(batch, 0, batch.length) ?? checkProducedBatch(batch, 0);
    if (fault !== null) throw new Error(`a bad batch left: ${fault.reason}`);
    const target = this.#topics.get(topic)?.[partition];
    if (target === undefined) return produced(ERROR.UNKNOWN_TOPIC_OR_PARTITION, -1);
    if (!this.#takesTimes(topic, batch)) return produced(ERROR.INVALID_TIMESTAMP, -1);
    const id = batchProducerId(batch, 0);
    const epoch = batchProducerEpoch(batch, 0);
    let transaction: Transaction | null = null;
    if (transactionalId !== null) {
      const producer = this.#producers.get(transactionalId);
      const error = this.#check(producer, id, epoch);
      if (producer === undefined || error !== 0) return produced(error, -1);
      if (this.protocol === 1 && !producer.partitions.has(`${topic} ${partition}`)) {
        return produced(ERROR.INVALID_TXN_STATE, -1);
      }
      this.#open(producer, nowMs);
      producer.partitions.add(`${topic} ${partition}`);
      transaction = producer.transaction;
    }
    return this.#append(target, batch, id, epoch, transaction);
  }

  /** A record without a time is always taken, as Kafka does. */
  #takesTimes(topic: string, batch: Uint8Array): boolean {
    const nowMs = this.wallMs?.();
    if (nowMs === undefined) return true;
    const bound = (name: string) =>
      Number(this.settings.get(topic)?.get(`message.timestamp.${name}.max.ms`) ?? Number.POSITIVE_INFINITY);
    return decodeRecords(batch).every(
      ({ timestampMs }) =>
        timestampMs === -1 ||
        (timestampMs - nowMs <= bound("after") && nowMs - timestampMs <= bound("before")),
    );
  }

  #append(
    target: ModelPartition,
    batch: Uint8Array,
    id: number,
    epoch: number,
    transaction: Transaction | null,
  ): CentreOutcome {
    const sequence = batchBaseSequence(batch, 0);
    let state = target.producers.get(id);
    if (state === undefined || state.epoch < epoch) {
      if (state !== undefined && sequence !== 0) return produced(ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER, -1);
      state = { epoch, nextSequence: sequence, last: [] };
      target.producers.set(id, state);
    }
    if (state.epoch > epoch) return produced(ERROR.INVALID_PRODUCER_EPOCH, -1);
    const repeated = state.last.find((earlier) => earlier.sequence === sequence);
    if (repeated !== undefined) return produced(0, repeated.offset);
    if (sequence !== state.nextSequence) return produced(ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER, -1);
    const bytes = batch.slice();
    setBatchBaseOffset(bytes, 0, target.end);
    target.entries.push({ baseOffset: target.end, bytes, producerId: id, transaction });
    const count = batchRecordCount(batch, 0);
    state.last = [...state.last.slice(-4), { sequence, offset: target.end }];
    state.nextSequence = sequence + count;
    target.end += count;
    return produced(0, target.end - count);
  }

  #end(who: InTransaction, commit: boolean): CentreOutcome {
    const producer = this.#producers.get(who.transactionalId);
    const wanted = commit ? "committed" : "aborted";
    // Asked again for what was done under the epoch before, protocol 2 says so again.
    if (this.protocol === 2 && producer?.lastEpoch === who.producerEpoch && producer.lastEnd === wanted) {
      return grant(0, producer.id, producer.epoch);
    }
    const error = this.#check(producer, who.producerId, who.producerEpoch);
    if (producer === undefined || error !== 0) return grant(error, -1, -1);
    if (producer.transaction === null) {
      return grant(this.protocol === 1 && producer.lastEnd === wanted ? 0 : ERROR.INVALID_TXN_STATE, -1, -1);
    }
    this.#finish(producer, wanted);
    // A client of the first protocol is served as such by a centre that knows both.
    if (who.protocol === 1) return grant(0, -1, -1);
    producer.lastEpoch = producer.epoch;
    producer.epoch += 1;
    return grant(0, producer.id, producer.epoch);
  }

  #finish(producer: ModelProducer, state: "committed" | "aborted"): void {
    const { transaction } = producer;
    for (const name of producer.partitions) this.#endIn(name, producer.id, state);
    if (producer.offsets.length > 0 || producer.groupAdded) {
      this.#endOffsets(producer.id, producer.offsets, state, producer.epoch);
    }
    if (transaction !== null) transaction.state = state;
    producer.transaction = null;
    producer.partitions.clear();
    producer.groupAdded = false;
    producer.offsets = [];
    producer.lastEnd = state;
  }

  /** A marker decides whatever the producer has undecided in the partition, in no newer epoch. */
  #endIn(
    name: string,
    producerId: number,
    state: "committed" | "aborted",
    producerEpoch = Number.POSITIVE_INFINITY,
  ): void {
    const [topic, partition] = name.split(" ") as [string, string];
    const target = this.#topics.get(topic)?.[Number(partition)];
    if (target === undefined) return;
    const lost = this.losesEnd(name);
    const undecided = target.entries.filter(
      (entry) =>
        entry.producerId === producerId &&
        batchProducerEpoch(entry.bytes, 0) <= producerEpoch &&
        entry.transaction?.state === "open",
    );
    if (undecided.length > 0 && lost) this.lostEnds += 1;
    for (const entry of undecided) entry.transaction = { state: lost ? "open" : state };
    if (!lost) target.end += 1;
  }

  #endOffsets(id: number, more: readonly Slot[], state: "committed" | "aborted", epoch = 0): void {
    const earlier = this.#undecidedOffsets.get(id);
    const slots = [...(earlier?.slots ?? []), ...more];
    this.#undecidedOffsets.delete(id);
    if (slots.length > 0 && this.losesEnd(null)) {
      this.lostEnds += 1;
      this.#undecidedOffsets.set(id, { slots, epoch: earlier?.epoch ?? epoch });
    } else if (state === "committed") {
      for (const slot of slots) this.#offsets.set(`${slot.topic} ${slot.partition}`, slot);
    }
  }

  #lastEnd(transactionalId: string): CentreOutcome {
    const producer = this.#producers.get(transactionalId);
    const { id = -1, epoch = -1, lastEnd = null } = producer ?? {};
    return answer({
      error: producer === undefined ? ERROR.TRANSACTIONAL_ID_NOT_FOUND : 0,
      message: null,
      committed: lastEnd === null ? null : lastEnd === "committed",
      producerId: id,
      producerEpoch: epoch,
    });
  }

  #openOf(producerId: number) {
    const partitions = [...this.#topics].flatMap(([topic, all]) =>
      all.flatMap(({ entries }, partition) => {
        const first = entries.find(
          (entry) => entry.producerId === producerId && entry.transaction?.state === "open",
        );
        return first === undefined
          ? []
          : [
              {
                topic,
                partition,
                startOffset: first.baseOffset,
                producerEpoch: batchProducerEpoch(first.bytes, 0),
                coordinatorEpoch: 0,
              },
            ];
      }),
    );
    const epoch = this.#undecidedOffsets.get(producerId)?.epoch ?? null;
    const place = { topic: OFFSETS_TOPIC, partition: 0, startOffset: 0, coordinatorEpoch: 0 };
    return { partitions, offsets: epoch === null ? null : { ...place, producerEpoch: epoch } };
  }
}

function answer(value: unknown): CentreOutcome {
  return { kind: "answered", answer: value } as CentreOutcome;
}

function grant(error: number, producerId: number, producerEpoch: number): CentreOutcome {
  return answer({ error, message: null, producerId, producerEpoch });
}

function produced(error: number, baseOffset: number): CentreOutcome {
  return answer({ error, message: null, baseOffset });
}

/** A batch without records that ends before `next`. */
function emptyBatch(next: number): Uint8Array {
  const bytes = new Uint8Array(BATCH_HEADER_BYTES);
  writeBatchHeader(bytes, 0, {
    baseOffset: next - 1,
    sizeBytes: bytes.length,
    leaderEpoch: 0,
    attributes: 0,
    lastOffsetDelta: 0,
    baseTimestampMs: 0,
    maxTimestampMs: 0,
    producerId: -1,
    producerEpoch: -1,
    baseSequence: -1,
    recordCount: 0,
  });
  return bytes;
}
