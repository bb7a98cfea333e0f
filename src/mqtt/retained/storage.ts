import { hasCode } from "../../base/errors.ts";
import { offset } from "../../base/ids.ts";
import type { Broker } from "../../broker/broker.ts";
import type { Partition } from "../../broker/partition.ts";
import { replayRecords } from "../../broker/replay.ts";
import { ERROR } from "../../kafka/wire/generated/errors.ts";
import { BatchBuilder } from "../../records/builder.ts";
import { RecordCursor } from "../../records/reader.ts";

/** The topic that holds retained messages, compacted: any Kafka client reads the last value of every MQTT topic. */
export const RETAINED_TOPIC = "__mqtt_retained";

const RETAINED_CONFIGS: ReadonlyMap<string, string> = new Map([
  ["cleanup.policy", "compact"],
  ["durability", "disk"],
  ["segment.bytes", "4194304"],
  ["max.message.bytes", "8388608"],
]);

/** A record to be written: the value null takes back what stands under the key. */
export interface RetainedRecord {
  readonly key: Uint8Array;
  readonly value: Uint8Array | null;
  readonly headers: Uint8Array | null;
  readonly timestampMs: number;
}

export type AppendCallback = (error: number, firstOffset: number) => void;

/** Where retained messages are kept. */
export interface RetainedStorage {
  /**
   * Appends records in their order, all of them or none. Returns the offset of the first; those of the others follow.
   * `done` gets 0 and that offset once they are durable, or the Kafka error; where nothing was appended, that is
   * before the call returns -1.
   */
  append(records: readonly RetainedRecord[], done: AppendCallback): number;
  /** Reads what there is, oldest first. The cursor is good during the call. False where it can't be read to its end. */
  replay(onRecord: (cursor: RecordCursor) => void): boolean;
  /**
   * The cursor at the record of this offset, good until the turn ends or the next call; null where it can't be read.
   * `goesOn` says that the call before was in this turn: in the order of the log neighbours cost less.
   */
  read(offset: number, goesOn: boolean): RecordCursor | null;
}

/** Retained messages in an internal topic, which is made with the first of them. */
export class RetainedTopic implements RetainedStorage {
  readonly #broker: Broker;
  readonly #builder = new BatchBuilder();
  readonly #cursor = new RecordCursor();
  #partition: Partition | null = null;
  /** Behind what the cursor has before it; -1 where it has nothing. */
  #readEnd = -1;

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  append(records: readonly RetainedRecord[], done: AppendCallback): number {
    const partition = this.#open();
    if (partition === null) {
      done(ERROR.KAFKA_STORAGE_ERROR, -1);
      return -1;
    }
    const builder = this.#builder;
    builder.reset();
    for (const { key, value, headers, timestampMs } of records)
      builder.append(timestampMs, key, value, headers);
    const batch = builder.buildView();
    const result = partition.append(batch, 0, batch.length, this.#broker.clock.nowMs(), "broker");
    builder.reset();
    if ("message" in result) {
      done(result.error, -1);
      return -1;
    }
    const { baseOffset, lastOffset } = result;
    partition.whenDurable(lastOffset + 1, (error) => done(error, baseOffset));
    return baseOffset;
  }

  replay(onRecord: (cursor: RecordCursor) => void): boolean {
    if (this.#broker.topics.get(RETAINED_TOPIC) === null) return true;
    const partition = this.#open();
    return partition !== null && replayRecords(partition, onRecord);
  }

  read(at: number, goesOn: boolean): RecordCursor | null {
    const log = this.#partition?.log;
    if (log === undefined || at < log.logStartOffset || at >= log.highWatermark) return null;
    const cursor = this.#cursor;
    if (!goesOn || at <= cursor.offset || at >= this.#readEnd) {
      const read = log.read(offset(at), 1, { minOneBatch: true, until: log.highWatermark });
      this.#readEnd = -1;
      if (!("nextOffset" in read)) return null;
      cursor.open(read.bytes);
      this.#readEnd = read.nextOffset;
    }
    try {
      while (cursor.next()) if (cursor.offset >= at) return cursor.offset === at ? cursor : null;
    } catch (error) {
      if (!hasCode(error, "MALFORMED")) throw error;
    }
    this.#readEnd = -1;
    return null;
  }

  #open(): Partition | null {
    try {
      this.#partition ??= this.#broker.internalPartition(RETAINED_TOPIC, RETAINED_CONFIGS);
      return this.#partition;
    } catch (error) {
      if (!hasCode(error, "DISK_IO")) throw error;
      return null;
    }
  }
}
