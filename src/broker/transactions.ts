import { ERROR } from "../kafka/wire/generated/errors.ts";
import type { Marker } from "../log/transaction-state.ts";
import type { Broker } from "./broker.ts";
import type { AckCallback } from "./waiting.ts";

/** Partitions that a producer is about to write to in its transaction. */
export interface TransactionAdmission {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly partitions: readonly { readonly topic: string; readonly partition: number }[];
  /** Add what is not in the transaction yet (transaction version 2); else it has to have been added before. */
  readonly implicit: boolean;
}

/**
 * What keeps records out of a log whose transaction nobody would end (KIP-890). The transaction coordinator is
 * one; a produce request asks it before the first records of a transaction go into a partition.
 */
export interface TransactionGate {
  /**
   * `done` gets an error for each of the partitions, in their order, once: 0 where the partition is in the
   * producer's ongoing transaction, and that is durable; else Kafka's error, such as TRANSACTION_ABORTABLE,
   * INVALID_TXN_STATE, INVALID_PRODUCER_EPOCH, INVALID_PRODUCER_ID_MAPPING, CONCURRENT_TRANSACTIONS,
   * COORDINATOR_LOAD_IN_PROGRESS.
   */
  admit(admission: TransactionAdmission, done: (errors: readonly number[]) => void): void;
}

/**
 * Who keeps the state of an internal topic that takes part in transactions: a marker has to pass through it,
 * since what the transaction wrote counts, or never will, from then on.
 */
export interface MarkerOwner {
  /** Appends the marker. `done` gets 0 once it is durable, else Kafka's error. */
  appendMarker(partition: number, marker: Marker, done: AckCallback): void;
}

/**
 * Ends a producer's transaction in one partition, by whoever owns the topic. `done` gets 0 once the disk has the
 * marker, whatever the topic's durability, else Kafka's error.
 */
export function writeMarker(
  broker: Broker,
  topic: string,
  partition: number,
  marker: Marker,
  done: AckCallback,
): void {
  const target = broker.partition(topic, partition);
  const owner = broker.markerOwners.get(topic);
  if (target === null) done(ERROR.UNKNOWN_TOPIC_OR_PARTITION);
  else if (owner !== undefined) owner.appendMarker(partition, marker, done);
  else {
    const result = target.appendMarker(marker, broker.clock.nowMs());
    if ("message" in result) done(result.error);
    // Records of a topic that waits for no disk may outlive a power cut: without the marker they would stay open.
    else target.whenOnDisk(result.lastOffset + 1, done);
  }
}
