import { assert } from "../base/assert.ts";
import { STAMP } from "../clock/marks.ts";
import type { Clock } from "../io/clock.ts";
import { ERROR } from "../kafka/wire/generated/errors.ts";
import { BATCH_HEADER_BYTES } from "../records/batch.ts";
import { BatchBuilder, maxRecordSizeBytes } from "../records/builder.ts";
import { partitionForKey } from "../records/murmur2.ts";
import type { Ingest, IngestRecord, PendingBatch } from "./ingest.ts";
import type { Partition } from "./partition.ts";
import { type Stamps, withHeaders } from "./stamps.ts";
import type { Topic } from "./topics.ts";

/** A batch is appended early at this size, so that one turn's flood does not become one huge batch. */
const MAX_TURN_BATCH_BYTES = 256 * 1024;
/** Builders kept for the next turn; a turn that needs more makes its own. */
const MAX_SPARE_BUILDERS = 64;

class TurnBatch implements PendingBatch {
  state: "waiting" | "durable" | "refused" = "waiting";
  error = 0;
  why: string | undefined = undefined;
  sizeBytes = BATCH_HEADER_BYTES;

  refuse(error: number, why?: string): void {
    this.state = "refused";
    this.error = error;
    this.why = why;
  }
}

interface OpenBatch {
  readonly builder: BatchBuilder;
  readonly pending: TurnBatch;
  /** See STAMP. */
  stamps: number;
}

/** Looks a topic up, or creates it where settings allow; else the Kafka error that says why not. */
export type TopicSource = (name: string) => Topic | number;

/** Gathers what single-message doors append: one batch per partition and turn. */
export class TurnIngest implements Ingest {
  readonly #clock: Clock;
  readonly #stamps: Stamps;
  readonly #topicSource: TopicSource;
  readonly #open = new Map<Partition, OpenBatch>();
  readonly #spare: BatchBuilder[] = [];
  readonly #listeners: (() => void)[] = [];
  #sticky = 0;
  #settled = false;

  constructor(clock: Clock, stamps: Stamps, topicSource: TopicSource) {
    this.#clock = clock;
    this.#stamps = stamps;
    this.#topicSource = topicSource;
  }

  onSettled(listener: () => void): void {
    this.#listeners.push(listener);
  }

  append(record: IngestRecord): PendingBatch {
    const topic = this.#topicSource(record.topic);
    if (typeof topic === "number") return refused(topic);
    const count = topic.partitions.length;
    const index = record.key === null ? this.#sticky % count : partitionForKey(record.key, count);
    const partition = topic.partitions[index];
    if (partition === undefined) return refused(ERROR.UNKNOWN_TOPIC_OR_PARTITION);
    const headers = this.#headersOf(record);
    const sizeBytes = recordBytes(record, headers);
    const open = this.#openFor(partition, sizeBytes);
    if (open === null) return tooLarge(sizeBytes, record.topic, partition);
    open.builder.append(record.timestampMs, record.key, record.value, headers);
    open.stamps |= kindOf(record);
    open.pending.sizeBytes = open.builder.sizeBytes;
    return open.pending;
  }

  appendTogether(records: readonly IngestRecord[], placement: Uint8Array): PendingBatch {
    const [first] = records;
    assert(first !== undefined, "no record to append");
    const topic = this.#topicSource(first.topic);
    if (typeof topic === "number") return refused(topic);
    const partition = topic.partitions[partitionForKey(placement, topic.partitions.length)];
    if (partition === undefined) return refused(ERROR.UNKNOWN_TOPIC_OR_PARTITION);
    let sizeBytes = 0;
    const headers = records.map((record) => this.#headersOf(record));
    for (const [index, record] of records.entries()) sizeBytes += recordBytes(record, headers[index] ?? null);
    const open = this.#openFor(partition, sizeBytes);
    if (open === null) return tooLarge(sizeBytes, first.topic, partition);
    for (const [index, record] of records.entries()) {
      open.builder.append(record.timestampMs, record.key, record.value, headers[index] ?? null);
      open.stamps |= kindOf(record);
    }
    open.pending.sizeBytes = open.builder.sizeBytes;
    return open.pending;
  }

  /** A record that is stamped while the clock is not believed says when it came in a way that can be put right. */
  #headersOf({ headers, isArrival }: IngestRecord): Uint8Array | null {
    const own = isArrival === true ? (this.#stamps.witness?.arrivalHeaders() ?? null) : null;
    return own === null ? headers : withHeaders(headers, own);
  }

  /** The partition's batch of this turn with room for so many bytes, or null where no batch has. */
  #openFor(partition: Partition, sizeBytes: number): OpenBatch | null {
    const maxBatchBytes = partition.log.config.maxMessageBytes;
    let open = this.#open.get(partition);
    if (open !== undefined) {
      const grown = open.builder.sizeBytes + sizeBytes;
      if (grown > maxBatchBytes || grown > MAX_TURN_BATCH_BYTES) {
        this.#appendBatch(partition, open);
        open = undefined;
      }
    }
    if (open === undefined) {
      if (BATCH_HEADER_BYTES + sizeBytes > maxBatchBytes) return null;
      if (this.#open.size === 0) this.#clock.soon(this.#endTurn);
      open = { builder: this.#spare.pop() ?? new BatchBuilder(), pending: new TurnBatch(), stamps: 0 };
      this.#open.set(partition, open);
    }
    return open;
  }

  flush(): void {
    for (const [partition, open] of this.#open) this.#appendBatch(partition, open);
  }

  /** After the broker has settled a commit round: tells the doors, if any of their batches settled. */
  notify(): void {
    if (!this.#settled) return;
    this.#settled = false;
    for (const listener of this.#listeners) listener();
  }

  readonly #endTurn = (): void => {
    this.flush();
    this.#sticky += 1;
    // Refusals, and topics that are not waited for, have settled without a commit round.
    this.notify();
  };

  #appendBatch(partition: Partition, open: OpenBatch): void {
    this.#open.delete(partition);
    const batch = open.builder.buildView();
    partition.noteStamps(open.stamps);
    const result = partition.append(batch, 0, batch.length, this.#clock.nowMs(), "broker");
    const { pending } = open;
    if ("message" in result) {
      // Devices are told that there is no room, and not that the gateway is broken.
      pending.refuse(result.diskFull ? ERROR.THROTTLING_QUOTA_EXCEEDED : result.error, result.message);
      this.#settled = true;
    } else {
      partition.whenDurable(result.lastOffset + 1, (error) => {
        if (error === 0) pending.state = "durable";
        else pending.refuse(error);
        this.#settled = true;
      });
    }
    open.builder.reset();
    if (this.#spare.length < MAX_SPARE_BUILDERS) this.#spare.push(open.builder);
  }
}

function kindOf({ isArrival }: IngestRecord): number {
  return isArrival === true ? STAMP.arrival : STAMP.sender;
}

function recordBytes({ key, value }: IngestRecord, headers: Uint8Array | null): number {
  return maxRecordSizeBytes(key?.length ?? 0, value?.length ?? 0, headers?.length ?? 0);
}

function refused(error: number): PendingBatch {
  return { state: "refused", error, sizeBytes: 0 };
}

function tooLarge(recordsBytes: number, topic: string, { log }: Partition): PendingBatch {
  const sizeBytes = BATCH_HEADER_BYTES + recordsBytes;
  const { maxMessageBytes } = log.config;
  const why = `a batch of ${sizeBytes} bytes is more than the topic ${topic} takes (max.message.bytes = ${maxMessageBytes})`;
  return { state: "refused", error: ERROR.MESSAGE_TOO_LARGE, sizeBytes: 0, why };
}
