import type { Uuid } from "../base/ids.ts";
import type { FetchedPartition } from "../kafka/client/fetch.ts";
import type { Isolation } from "../kafka/client/offsets.ts";
import type { Slot } from "./positions.ts";

/**
 * What the forwarder asks of the centre (and, for its own position, of the local store): requests are data, so
 * that the forwarder stays pure and a test can be a transcript. A driver performs them and hands back outcomes.
 *
 * `error` is always Kafka's error code. Where a request was never sent, because there was no leader or no
 * connection, the driver answers NETWORK_EXCEPTION (13): that outcome is known. A request that was sent and not
 * answered is "lost": nobody knows whether it was carried out.
 */
export interface CentreCalls {
  /** Finds the cluster and what it can do. */
  connect: { ask: null; answer: CentreFacts };
  /** Looks up topics by name. */
  topics: { ask: readonly string[]; answer: readonly CentralTopicFacts[] };
  /** Settings of topics, as far as `TIME_SETTINGS` names them. */
  "topic-settings": { ask: readonly string[]; answer: readonly CentralTopicSettings[] };
  /** Makes a topic; `error` 36 where it was there already. */
  "create-topic": { ask: NewCentralTopic; answer: Refusal };
  /** How the last transaction of this transactional id ended. */
  "last-end": { ask: string; answer: LastEndAnswer };
  /** InitProducerId. With a transactional id, an open transaction of it is over once this is answered. */
  "init-producer": { ask: InitProducer; answer: ProducerGrant };
  /** Where transactions of this producer are open, in the topics and in the group; nothing where nobody can tell. */
  "find-open": { ask: FindOpen; answer: OpenTransactions };
  /** Ends the transaction in these partitions, past the coordinator; for administrators of the cluster only. */
  "write-markers": { ask: WriteMarkers; answer: Refusal };
  /** OffsetFetch of all that the group has committed, requiring stable offsets; 88 where a transaction is still open. */
  positions: { ask: PositionsQuery; answer: PositionsAnswer };
  /** The end offset of each partition. */
  ends: { ask: TopicQuery; answer: { readonly error: number; readonly ends: readonly number[] } };
  /** Record batches of a central partition. */
  scan: { ask: ScanQuery; answer: ScanAnswer };
  "add-partitions": {
    ask: InTransaction & { readonly partitions: readonly TopicPartition[] };
    answer: Refusal;
  };
  "add-offsets": { ask: InTransaction & { readonly group: string }; answer: Refusal };
  /** One batch for one partition. Batches asked for in one turn may share a request. */
  produce: { ask: ProduceAsk; answer: ProduceAnswer };
  "commit-offsets": { ask: CommitOffsets; answer: Refusal };
  /** EndTxn. With protocol 2 the answer brings the producer id and epoch to go on with. */
  end: { ask: InTransaction & { readonly commit: boolean }; answer: ProducerGrant };
  /** Closes what is open to the centre, until the next "connect". */
  disconnect: { ask: null; answer: null };
  /** Compresses a batch's records beside the event loop. Null where that makes them no smaller. */
  compress: { ask: CompressAsk; answer: Uint8Array | null };
  "load-position": { ask: null; answer: Uint8Array | null };
  "save-position": { ask: Uint8Array; answer: null };
  /** The link's own state, see LinkRecord. */
  "load-link": { ask: null; answer: Uint8Array | null };
  "save-link": { ask: Uint8Array; answer: null };
}

export interface CompressAsk {
  /** The code in a batch's attributes. */
  readonly code: number;
  readonly level: number;
  /** Nobody else uses or changes them before the answer. */
  readonly records: Uint8Array;
}

export type CallKind = keyof CentreCalls;

/** A request of one kind; `id` is the forwarder's. */
export interface CallOf<Kind extends CallKind> {
  readonly id: number;
  readonly kind: Kind;
  readonly ask: CentreCalls[Kind]["ask"];
}

export type CentreCall = { [Kind in CallKind]: CallOf<Kind> }[CallKind];

export type Outcome<Answer> =
  | { readonly kind: "answered"; readonly answer: Answer }
  | {
      readonly kind: "lost";
      readonly reason: string;
      /** Somebody has to change something before it can go well: a password, a certificate. */
      readonly lasting?: boolean;
    };

export type CentreOutcome = Outcome<CentreCalls[CallKind]["answer"]>;

export interface Refusal {
  /** 0 is success. */
  readonly error: number;
  /** The centre's own words, or null. */
  readonly message: string | null;
}

export interface CentreFacts {
  readonly clusterId: string;
  /** 0: none. 1: AddPartitionsToTxn and AddOffsetsToTxn first. 2: implicit, with an epoch per transaction (KIP-890). */
  readonly transactions: 0 | 1 | 2;
}

export interface NewCentralTopic {
  readonly name: string;
  /** -1 for the centre's default. */
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly configs: Readonly<Record<string, string>>;
}

export interface CentralTopicFacts {
  readonly name: string;
  readonly error: number;
  /** Zero uuid where the centre is too old to have ids. */
  readonly id: Uuid;
  readonly partitions: number;
}

export interface CentralTopicSettings {
  readonly name: string;
  readonly error: number;
  /** By their names. */
  readonly values: ReadonlyMap<string, string | null>;
}

export interface InitProducer {
  readonly transactionalId: string | null;
  /** The identity held so far, or -1: a coordinator that gave the id to another copy refuses it. */
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly transactionTimeoutMs: number;
}

export interface LastEndAnswer extends Refusal {
  /** Null where nobody can tell: one is open, or there was none since the producer id was taken. */
  readonly committed: boolean | null;
  /** As the coordinator has them now: with protocol 2 the end of a transaction takes an epoch. */
  readonly producerId: number;
  readonly producerEpoch: number;
}

export interface ProducerGrant extends Refusal {
  /** -1 where the answer brings none. */
  readonly producerId: number;
  readonly producerEpoch: number;
}

export interface FindOpen {
  readonly producerId: number;
  readonly group: string;
  readonly topics: readonly string[];
}

export interface OpenTransactions {
  readonly partitions: readonly OpenTransaction[];
  /** Where the group holds offsets of one, or null. */
  readonly offsets: OpenTransaction | null;
}

export interface OpenTransaction extends TopicPartition {
  /** Offset of its first record. */
  readonly startOffset: number;
  readonly producerEpoch: number;
  readonly coordinatorEpoch: number;
}

export interface WriteMarkers {
  readonly producerId: number;
  readonly commit: boolean;
  readonly partitions: readonly OpenTransaction[];
}

export interface TopicQuery {
  readonly topic: string;
  readonly partitions: number;
}

export interface PositionsQuery {
  readonly group: string;
}

export interface PositionsAnswer {
  readonly error: number;
  /** Partitions without a committed offset are left out. */
  readonly slots: readonly Slot[];
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface ScanQuery extends TopicPartition {
  readonly fromOffset: number;
  readonly maxBytes: number;
  readonly isolation: Isolation;
}

/** What a fetch brought; see FetchedPartition. */
export type ScanAnswer = FetchedPartition;

export interface InTransaction {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly protocol: 1 | 2;
}

export interface ProduceAsk extends TopicPartition {
  readonly transactionalId: string | null;
  readonly protocol: 1 | 2;
  readonly batch: Uint8Array;
}

export interface ProduceAnswer extends Refusal {
  /** -1 where the centre does not say. */
  readonly baseOffset: number;
}

export interface CommitOffsets extends InTransaction {
  readonly group: string;
  readonly slots: readonly Slot[];
}
