import { hasCode } from "../../base/errors.ts";
import type { Broker } from "../../broker/broker.ts";
import type { AckCallback } from "../../broker/waiting.ts";
import { ERROR } from "../../kafka/wire/generated/errors.ts";
import {
  type CoordinatorLog,
  type CoordinatorRecord,
  type CoordinatorState,
  type Marker,
  PartitionCoordinatorLog,
  type TransactionalProducer,
} from "./coordinator-log.ts";

/** An internal topic, and the settings it is made with. */
export interface InternalTopic {
  /** Begins with `__`. */
  readonly name: string;
  readonly configs: ReadonlyMap<string, string>;
}

/**
 * A coordinator's log in an internal topic that is made with the first record: a gateway whose clients need no
 * coordinator pays nothing for it.
 */
export class InternalTopicLog implements CoordinatorLog {
  readonly #broker: Broker;
  readonly #topic: InternalTopic;
  readonly #state: CoordinatorState;
  #log: PartitionCoordinatorLog | null = null;

  constructor(broker: Broker, topic: InternalTopic, state: CoordinatorState) {
    this.#broker = broker;
    this.#topic = topic;
    this.#state = state;
  }

  /** Puts what the topic holds into the state; damage is reported, and what could be read counts. */
  load(): void {
    if (this.#broker.topics.get(this.#topic.name) === null) return;
    if (!this.#open().replay()) this.#broker.reportDamage(this.#topic.name);
  }

  append(records: readonly CoordinatorRecord[], done: AckCallback): void {
    this.#opened(done)?.append(records, done);
  }

  appendTransactional(
    producer: TransactionalProducer,
    records: readonly CoordinatorRecord[],
    done: AckCallback,
  ): void {
    this.#opened(done)?.appendTransactional(producer, records, done);
  }

  appendMarker(marker: Marker, done: AckCallback): void {
    this.#opened(done)?.appendMarker(marker, done);
  }

  whenDurable(done: AckCallback): void {
    if (this.#log === null) done(0);
    else this.#log.whenDurable(done);
  }

  #opened(done: AckCallback): PartitionCoordinatorLog | null {
    try {
      return this.#open();
    } catch (error) {
      if (!hasCode(error, "DISK_IO")) throw error;
      done(ERROR.COORDINATOR_NOT_AVAILABLE);
      return null;
    }
  }

  #open(): PartitionCoordinatorLog {
    if (this.#log === null) {
      const { name, configs } = this.#topic;
      const partition = this.#broker.internalPartition(name, configs);
      this.#log = new PartitionCoordinatorLog(partition, this.#broker.clock, this.#state);
    }
    return this.#log;
  }
}

/** What a client is told where a coordinator's record could not be written, as Kafka translates it. */
export function coordinatorError(error: number): number {
  switch (error) {
    case ERROR.UNKNOWN_TOPIC_OR_PARTITION:
    case ERROR.NOT_ENOUGH_REPLICAS:
    case ERROR.REQUEST_TIMED_OUT:
      return ERROR.COORDINATOR_NOT_AVAILABLE;
    case ERROR.NOT_LEADER_OR_FOLLOWER:
    case ERROR.KAFKA_STORAGE_ERROR:
      return ERROR.NOT_COORDINATOR;
    case ERROR.MESSAGE_TOO_LARGE:
    case ERROR.RECORD_LIST_TOO_LARGE:
    case ERROR.INVALID_FETCH_SIZE:
      return ERROR.UNKNOWN_SERVER_ERROR;
    default:
      return error;
  }
}
