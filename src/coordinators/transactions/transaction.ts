import { assert } from "../../base/assert.ts";

/** Where a transaction stands, by Kafka's names. */
export type TransactionState =
  | "Empty"
  | "Ongoing"
  | "PrepareCommit"
  | "PrepareAbort"
  | "CompleteCommit"
  | "CompleteAbort";

/** States in the order of their numbers in Kafka's records. Numbers 6 and 7 are never written down. */
export const STATE_NAMES: readonly TransactionState[] = [
  "Empty",
  "Ongoing",
  "PrepareCommit",
  "PrepareAbort",
  "CompleteCommit",
  "CompleteAbort",
];

/** Names that Kafka's clients may filter by, beside the states here: it has them in memory only. */
export const TRANSIENT_STATE_NAMES: readonly string[] = ["Dead", "PrepareEpochFence"];

export const NO_PRODUCER_ID = -1;
export const NO_PRODUCER_EPOCH = -1;
/** The last epoch that a client is ever given; one more is kept to fence it with. */
export const LAST_CLIENT_EPOCH = 0x7ffe;
const MAX_EPOCH = 0x7fff;

/** From this transaction version on every end of a transaction raises the producer's epoch (KIP-890). */
export const EPOCH_BUMP_VERSION = 2;

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** Partitions of a transaction by topic. */
export type TransactionPartitions = ReadonlyMap<string, ReadonlySet<number>>;

export const NO_PARTITIONS: TransactionPartitions = new Map();

export interface Producer {
  readonly producerId: number;
  readonly producerEpoch: number;
}

/** The producer in answers that have none. */
export const NOBODY: Producer = { producerId: NO_PRODUCER_ID, producerEpoch: NO_PRODUCER_EPOCH };
/** Stands for ids that can't be ours: unlike -1, which is none, it equals no producer's. */
export const UNKNOWN_PRODUCER_ID = -2;

/** A transactional id, its producer and its current or last transaction. */
export interface Transaction extends Producer {
  readonly transactionalId: string;
  /** The producer's id before the last change. */
  readonly previousProducerId: number;
  /** The id that the producer goes on with once this transaction is complete, where its epochs are used up. */
  readonly nextProducerId: number;
  /**
   * The epoch that the producer had before it got the current one, for requests that it sends again. Not
   * written down, as in Kafka: -1 after a start, and where the epoch was raised to fence somebody.
   */
  readonly lastProducerEpoch: number;
  readonly timeoutMs: number;
  readonly state: TransactionState;
  readonly partitions: TransactionPartitions;
  /** When its first partition was added; -1 where there was none yet. */
  readonly startTimestampMs: number;
  readonly lastUpdateTimestampMs: number;
  /** Of the client that brought it into this state. */
  readonly clientTransactionVersion: number;
}

/** Whether a transaction is on its way to its end, which nobody can stop. */
export function isEnding(transaction: Transaction): boolean {
  return transaction.state === "PrepareCommit" || transaction.state === "PrepareAbort";
}

/** Whether the id may be forgotten: nothing is open under it. */
export function isSettled(transaction: Transaction): boolean {
  return transaction.state !== "Ongoing" && !isEnding(transaction);
}

export function isEpochExhausted(epoch: number): boolean {
  return epoch >= LAST_CLIENT_EPOCH;
}

/** The epoch after this one, or the same at the end of all epochs. */
export function raisedEpoch(epoch: number): number {
  assert(epoch >= NO_PRODUCER_EPOCH && epoch <= MAX_EPOCH, `bad producer epoch ${epoch}`);
  return Math.min(epoch + 1, MAX_EPOCH);
}

export function hasPartition(
  partitions: TransactionPartitions,
  { topic, partition }: TopicPartition,
): boolean {
  return partitions.get(topic)?.has(partition) ?? false;
}

/** Both together, in new sets where something was added. */
export function withPartitions(
  partitions: TransactionPartitions,
  added: readonly TopicPartition[],
): TransactionPartitions {
  const union = new Map<string, Set<number>>();
  for (const [topic, indexes] of partitions) union.set(topic, new Set(indexes));
  for (const { topic, partition } of added) {
    const indexes = union.get(topic);
    if (indexes === undefined) union.set(topic, new Set([partition]));
    else indexes.add(partition);
  }
  return union;
}

export function listPartitions(partitions: TransactionPartitions): TopicPartition[] {
  const list: TopicPartition[] = [];
  for (const [topic, indexes] of partitions) {
    for (const partition of indexes) list.push({ topic, partition });
  }
  return list;
}
