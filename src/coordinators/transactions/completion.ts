import type { Logger } from "../../base/logger.ts";
import type { AckCallback } from "../../broker/waiting.ts";
import { ERROR, errorName } from "../../kafka/wire/generated/errors.ts";
import type { Marker } from "../../log/transaction-state.ts";
import type { Deadlines } from "../runtime/deadlines.ts";
import { listPartitions, type TopicPartition, type Transaction } from "./transaction.ts";

/** Ends a producer's transaction in one partition; `done` gets 0 once that is durable, else Kafka's error. */
export type WriteMarker = (partition: TopicPartition, marker: Marker, done: AckCallback) => void;

export interface CompletionParts {
  readonly writeMarker: WriteMarker;
  readonly deadlines: Deadlines;
  readonly logger: Logger;
  /** Of the broker as the leader of the transaction log; it goes into the markers. */
  readonly coordinatorEpoch: number;
}

const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 5000;

/**
 * Writes the markers of transactions whose end is decided and durable, until each partition has its own on the
 * disk: a partition that can't take it now is asked again, one that was deleted meanwhile needs none.
 */
export class Completion {
  readonly #parts: CompletionParts;

  constructor(parts: CompletionParts) {
    this.#parts = parts;
  }

  /** `done` runs once no partition lacks its marker any more. */
  start(transaction: Transaction, done: () => void): void {
    this.#write(transaction, listPartitions(transaction.partitions), FIRST_RETRY_MS, done);
  }

  #write(
    transaction: Transaction,
    partitions: readonly TopicPartition[],
    retryMs: number,
    done: () => void,
  ): void {
    const marker = this.#marker(transaction);
    const failed: TopicPartition[] = [];
    // One more than there are, so that those that answer at once don't end it early.
    let open = partitions.length + 1;
    const close = (): void => {
      open -= 1;
      if (open > 0) return;
      if (failed.length === 0) done();
      else this.#retry(transaction, failed, retryMs, done);
    };
    for (const partition of partitions) {
      this.#parts.writeMarker(partition, marker, (error) => {
        if (this.#mayBeTriedAgain(transaction, partition, error)) failed.push(partition);
        close();
      });
    }
    close();
  }

  #retry(
    transaction: Transaction,
    partitions: readonly TopicPartition[],
    retryMs: number,
    done: () => void,
  ): void {
    this.#parts.deadlines.set(`marker ${transaction.transactionalId}`, retryMs, () =>
      this.#write(transaction, partitions, Math.min(retryMs * 2, MAX_RETRY_MS), done),
    );
  }

  #mayBeTriedAgain({ transactionalId }: Transaction, partition: TopicPartition, error: number): boolean {
    switch (error) {
      case ERROR.NONE:
      case ERROR.UNKNOWN_TOPIC_OR_PARTITION:
        return false;
      case ERROR.INVALID_PRODUCER_EPOCH:
      case ERROR.TRANSACTION_COORDINATOR_FENCED:
        // Somebody ended it there with a newer epoch, as an operator may: this marker will never be taken.
        this.#parts.logger.error("a partition has moved past this transaction's end", {
          transactionalId,
          ...partition,
          error: errorName(error),
        });
        return false;
      default:
        this.#parts.logger.warn("a transaction's end can't be written in a partition yet", {
          transactionalId,
          ...partition,
          error: errorName(error),
        });
        return true;
    }
  }

  #marker(transaction: Transaction): Marker {
    return {
      producerId: transaction.producerId,
      producerEpoch: transaction.producerEpoch,
      coordinatorEpoch: this.#parts.coordinatorEpoch,
      outcome: transaction.state === "PrepareCommit" ? "commit" : "abort",
      transactionVersion: transaction.clientTransactionVersion,
    };
  }
}
