import { assert } from "../../base/assert.ts";
import type { Partition } from "../../broker/partition.ts";
import { replayRecords } from "../../broker/replay.ts";
import type { AckCallback } from "../../broker/waiting.ts";
import type { Clock } from "../../io/clock.ts";
import { batchIsTransactional, batchProducerId } from "../../records/batch.ts";
import { BatchBuilder } from "../../records/builder.ts";
import type { RecordCursor } from "../../records/reader.ts";
import { readTransactionMarker } from "../../records/transaction-marker.ts";

/** What a coordinator writes down: a key of one of Kafka's record schemas, and its value, null to take it back. */
export interface CoordinatorRecord {
  readonly key: Uint8Array;
  readonly value: Uint8Array | null;
}

/** A record as the state sees it, just appended or read at start. */
export interface LoggedRecord extends CoordinatorRecord {
  readonly offset: number;
  readonly timestampMs: number;
  /** Of the transaction that the record waits for, -1 where it counts at once. */
  readonly producerId: number;
}

export interface TransactionalProducer {
  readonly producerId: number;
  readonly producerEpoch: number;
}

export interface Marker extends TransactionalProducer {
  readonly coordinatorEpoch: number;
  readonly outcome: "commit" | "abort";
  /** From 2 on the marker has to raise the producer's epoch (KIP-890). */
  readonly transactionVersion?: number;
}

/** What a log is replayed into. Its content is a function of the log alone. */
export interface CoordinatorState {
  /** The record's bytes are good during the call only. */
  apply(record: LoggedRecord): void;
  /** What this producer's transaction has written counts from here on, or never will. */
  endTransaction(producerId: number, outcome: "commit" | "abort"): void;
}

/**
 * The log of a coordinator. Everything takes effect in the state before the call returns; `done` gets 0 once it
 * is durable, in the order of the calls, or the Kafka error where it never will be. An append that is refused
 * has no effect, and `done` gets its error before the call returns.
 */
export interface CoordinatorLog {
  /** All of the records, or none of them. */
  append(records: readonly CoordinatorRecord[], done: AckCallback): void;
  /** The same, for records that count once the producer's transaction commits. */
  appendTransactional(
    producer: TransactionalProducer,
    records: readonly CoordinatorRecord[],
    done: AckCallback,
  ): void;
  /** Ends a producer's transaction in this log. */
  appendMarker(marker: Marker, done: AckCallback): void;
  /** Calls back once all that the state holds is durable: what a read has seen can't be taken back then. */
  whenDurable(done: AckCallback): void;
}

/** A coordinator's log in a partition of an internal topic. */
export class PartitionCoordinatorLog implements CoordinatorLog {
  readonly #partition: Partition;
  readonly #clock: Clock;
  readonly #state: CoordinatorState;
  readonly #builder = new BatchBuilder();

  constructor(partition: Partition, clock: Clock, state: CoordinatorState) {
    this.#partition = partition;
    this.#clock = clock;
    this.#state = state;
  }

  /** Puts all there is into the state. Returns false where the log can't be read to its end. */
  replay(): boolean {
    return replayRecords(this.#partition, (cursor, bytes) => this.#replayRecord(bytes, cursor));
  }

  append(records: readonly CoordinatorRecord[], done: AckCallback): void {
    this.#append(records, null, done);
  }

  appendTransactional(
    producer: TransactionalProducer,
    records: readonly CoordinatorRecord[],
    done: AckCallback,
  ): void {
    this.#append(records, producer, done);
  }

  appendMarker(marker: Marker, done: AckCallback): void {
    const result = this.#partition.appendMarker(marker, this.#clock.nowMs());
    if ("message" in result) {
      done(result.error);
      return;
    }
    this.#state.endTransaction(marker.producerId, marker.outcome);
    this.#partition.whenDurable(result.lastOffset + 1, done);
  }

  whenDurable(done: AckCallback): void {
    this.#partition.whenDurable(this.#partition.log.logEndOffset, done);
  }

  #append(
    records: readonly CoordinatorRecord[],
    producer: TransactionalProducer | null,
    done: AckCallback,
  ): void {
    assert(records.length > 0, "a state change without records");
    const timestampMs = this.#clock.nowMs();
    this.#builder.reset();
    for (const { key, value } of records) this.#builder.append(timestampMs, key, value, null);
    const batch = this.#builder.buildView(producer === null ? {} : { ...producer, transactional: true });
    const result = this.#partition.append(batch, 0, batch.length, timestampMs, "broker");
    if ("message" in result) {
      done(result.error);
      return;
    }
    const producerId = producer?.producerId ?? -1;
    records.forEach(({ key, value }, index) => {
      this.#state.apply({ key, value, offset: result.baseOffset + index, timestampMs, producerId });
    });
    this.#partition.whenDurable(result.lastOffset + 1, done);
  }

  #replayRecord(bytes: Uint8Array, cursor: RecordCursor): void {
    const producerId = batchProducerId(bytes, cursor.batchPosition);
    if (cursor.isControl) {
      const marker = readTransactionMarker(cursor);
      if (marker !== null) this.#state.endTransaction(producerId, marker.outcome);
      return;
    }
    const key = cursor.key();
    if (key === null) return;
    this.#state.apply({
      key,
      value: cursor.value(),
      offset: cursor.offset,
      timestampMs: cursor.timestampMs,
      producerId: batchIsTransactional(bytes, cursor.batchPosition) ? producerId : -1,
    });
  }
}
