import { hasCode } from "../../../base/errors.ts";
import type { Offset } from "../../../base/ids.ts";
import type { Broker } from "../../../broker/broker.ts";
import type { Partition } from "../../../broker/partition.ts";
import { replayRecords } from "../../../broker/replay.ts";
import type { AckCallback } from "../../../broker/waiting.ts";
import type { Clock } from "../../../io/clock.ts";
import { ERROR } from "../../../kafka/wire/generated/errors.ts";
import type { BatchBuilder } from "../../../records/builder.ts";
import { RecordCursor } from "../../../records/reader.ts";

/** The log that the state of durable sessions is in. */
export interface StateLog {
  /** Calls back with every record there is, oldest first; the cursor is good during the call. False where it can't be read to its end. */
  replay(onRecord: (cursor: RecordCursor) => void): boolean;
  /** Appends a batch; the offset of its first record, or the Kafka error, negated, of one that was refused whole. */
  append(builder: BatchBuilder): number;
  /** Calls back with 0 once all that was appended is durable, in the order of the calls, or with a Kafka error. */
  whenDurable(done: AckCallback): void;
  /** The record of this offset, to be read in this turn; null where the log does not give it. */
  read(offset: number): RecordCursor | null;
}

/** What a door needs of the broker beside its ingest. */
export type MqttBroker = Pick<
  Broker,
  "topics" | "internalPartition" | "reportDamage" | "partition" | "onAppended"
>;

export const SESSIONS_TOPIC = "__mqtt_sessions";

const CONFIGS: ReadonlyMap<string, string> = new Map([
  ["cleanup.policy", "compact"],
  ["durability", "disk"],
  ["segment.bytes", String(4 * 1024 * 1024)],
  ["max.message.bytes", String(8 * 1024 * 1024)],
  // Nobody but a start reads the log from its beginning: a tombstone is needed no longer than what it takes back.
  ["delete.retention.ms", "60000"],
]);

/** Read for a message that lies by itself; twice as much each time that the next one lies right behind, up to the most. */
const FIRST_READ_BYTES = 4 * 1024;
const MAX_READ_BYTES = 64 * 1024;
/** Records that are gone through to a later one, rather than to read anew. */
const MAX_STEPS = 64;

/** The log of sessions in a partition of an internal topic, which is made with its first record. */
export class PartitionStateLog implements StateLog {
  readonly #broker: MqttBroker;
  readonly #clock: Clock;
  readonly #configs: ReadonlyMap<string, string>;
  readonly #cursor = new RecordCursor();
  #partition: Partition | null = null;
  /** Whether the cursor stands in bytes that are still good. */
  #isOpen = false;
  #readBytes = FIRST_READ_BYTES;

  /** `configs` are the topic's. */
  constructor(broker: MqttBroker, clock: Clock, configs: ReadonlyMap<string, string> = CONFIGS) {
    this.#broker = broker;
    this.#clock = clock;
    this.#configs = configs;
  }

  replay(onRecord: (cursor: RecordCursor) => void): boolean {
    if (this.#broker.topics.get(SESSIONS_TOPIC) === null) return true;
    const complete = replayRecords(this.#open(), onRecord);
    if (!complete) this.#broker.reportDamage(SESSIONS_TOPIC);
    return complete;
  }

  append(builder: BatchBuilder): number {
    try {
      const batch = builder.buildView();
      const result = this.#open().append(batch, 0, batch.length, this.#clock.nowMs(), "broker");
      return "message" in result ? -result.error : result.baseOffset;
    } catch (error) {
      if (!hasCode(error, "DISK_IO")) throw error;
      return -ERROR.KAFKA_STORAGE_ERROR;
    }
  }

  whenDurable(done: AckCallback): void {
    if (this.#partition === null) done(0);
    else this.#partition.whenDurable(this.#partition.log.logEndOffset, done);
  }

  read(offset: number): RecordCursor | null {
    if (this.#partition === null) return null;
    const cursor = this.#cursor;
    const isNear = this.#isOpen && offset >= cursor.offset && offset - cursor.offset <= MAX_STEPS;
    if (isNear && this.#moveTo(offset)) return cursor;
    // What was at hand, if it was near, has ended before the record.
    this.#readBytes = isNear ? Math.min(2 * this.#readBytes, MAX_READ_BYTES) : FIRST_READ_BYTES;
    this.#openAt(offset as Offset, this.#partition);
    return this.#isOpen && this.#moveTo(offset) ? cursor : null;
  }

  #moveTo(offset: number): boolean {
    const cursor = this.#cursor;
    while (cursor.offset < offset) {
      if (!cursor.next()) {
        this.#isOpen = false;
        return false;
      }
    }
    return cursor.offset === offset;
  }

  #openAt(offset: Offset, { log }: Partition): void {
    const wasOpen = this.#isOpen;
    this.#isOpen = false;
    if (offset < log.logStartOffset || offset >= log.logEndOffset) return;
    const read = log.read(offset, this.#readBytes, { minOneBatch: true, until: log.logEndOffset });
    if (!("nextOffset" in read) || read.bytes.length === 0) return;
    // A view ends with the job that asked for it, which is before the turn does.
    this.#cursor.open(read.bytes.slice());
    this.#cursor.offset = -1;
    this.#isOpen = true;
    // Nobody holds on to it for longer than a turn.
    if (!wasOpen) this.#clock.soon(() => this.#close());
  }

  #close(): void {
    this.#isOpen = false;
    this.#cursor.close();
  }

  #open(): Partition {
    this.#partition ??= this.#broker.internalPartition(SESSIONS_TOPIC, this.#configs);
    return this.#partition;
  }
}
