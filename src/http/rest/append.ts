import type { Broker } from "../../broker/broker.ts";
import type { Partition } from "../../broker/partition.ts";
import { withHeaders } from "../../broker/stamps.ts";
import type { Topic } from "../../broker/topics.ts";
import { STAMP } from "../../clock/marks.ts";
import { ERROR } from "../../kafka/wire/generated/errors.ts";
import { BATCH_HEADER_BYTES } from "../../records/batch.ts";
import { BatchBuilder, maxRecordSizeBytes } from "../../records/builder.ts";
import { partitionForKey } from "../../records/murmur2.ts";
import type { Claim } from "./idempotency.ts";

/** A record that somebody sends. */
export interface NewRecord {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  /** As they stand in a record batch; null for none. */
  readonly headers: Uint8Array | null;
  /** Null: when it came. */
  readonly timestampMs: number | null;
  /** Null: by its key. */
  readonly partition: number | null;
}

export interface Placed {
  readonly partition: number;
  readonly offset: number;
}

/** Nothing of the partition is in its log, or nobody knows: Kafka's error, and what it says. */
export interface NotAppended {
  readonly error: number;
  readonly message: string;
  readonly partition: number;
}

/** One batch, of all records for one partition, in their order. */
interface Batch {
  readonly partition: Partition;
  /** Of the request. */
  readonly indexes: number[];
}

const builder = new BatchBuilder();

/**
 * The partition of each record: the one that was asked for, else by the key as Kafka's default partitioner does it, else the
 * same for all of the request. -1 where there is no such partition.
 */
export function placesOf(
  records: readonly NewRecord[],
  partitions: number,
  keyless: Uint8Array,
): readonly number[] {
  return records.map(({ partition, key }) => {
    if (partition !== null) return partition < partitions ? partition : -1;
    return partitionForKey(key ?? keyless, partitions);
  });
}

/**
 * Appends records, one batch a partition: all of it or nothing. Resolves once all are durable, with where they are; else with
 * the first partition that did not take them, while others may have. With a claim, batches that are there already are found again.
 */
export async function appendRecords(
  broker: Broker,
  topic: Topic,
  records: readonly NewRecord[],
  places: readonly number[],
  claim: Claim | null,
): Promise<ReadonlyMap<number, number> | NotAppended> {
  const batches = new Map<number, Batch>();
  for (const [index, place] of places.entries()) {
    const partition = topic.partitions[place];
    if (partition === undefined) return gone(place);
    const batch = batches.get(place) ?? { partition, indexes: [] };
    batches.set(place, batch);
    batch.indexes.push(index);
  }
  const bases = new Map<number, number>();
  const waits: Promise<NotAppended | null>[] = [];
  for (const [place, batch] of batches) {
    const appended = append(broker, batch, records, claim);
    if ("message" in appended) waits.push(Promise.resolve(appended));
    else {
      bases.set(place, appended.baseOffset);
      waits.push(durable(batch.partition, appended.endOffset));
    }
  }
  const failures = (await Promise.all(waits)).filter((failure) => failure !== null);
  return failures[0] ?? bases;
}

/** Where each record is, by where its partition's batch begins. */
export function offsetsOf(places: readonly number[], bases: ReadonlyMap<number, number>): readonly Placed[] {
  const counts = new Map<number, number>();
  return places.map((partition) => {
    const before = counts.get(partition) ?? 0;
    counts.set(partition, before + 1);
    return { partition, offset: (bases.get(partition) ?? 0) + before };
  });
}

/** What the largest batch of these would take, and of which partition it is; to be refused before anything is appended. */
export function largestBatch(
  records: readonly NewRecord[],
  places: readonly number[],
): { readonly partition: number; readonly sizeBytes: number } {
  const sizes = new Map<number, number>();
  for (const [index, place] of places.entries()) {
    const { key, value, headers } = records[index] ?? NOTHING;
    const size = maxRecordSizeBytes(
      key?.length ?? 0,
      value?.length ?? 0,
      (headers?.length ?? 0) + MARK_BYTES,
    );
    sizes.set(place, (sizes.get(place) ?? BATCH_HEADER_BYTES) + size);
  }
  const [largest = [0, 0] as const] = [...sizes].toSorted((a, b) => b[1] - a[1]);
  return { partition: largest[0], sizeBytes: largest[1] };
}

/** What the gateway adds to the headers of a record that it stamps while its clock is not believed, at most. */
const MARK_BYTES = 256;
const NOTHING: NewRecord = { key: null, value: null, headers: null, timestampMs: null, partition: null };

function append(
  broker: Broker,
  { partition, indexes }: Batch,
  records: readonly NewRecord[],
  claim: Claim | null,
): { readonly baseOffset: number; readonly endOffset: number } | NotAppended {
  const nowMs = broker.clock.nowMs();
  const marks = broker.stamps.witness?.arrivalHeaders() ?? null;
  builder.reset();
  for (const index of indexes) {
    const { key, value, headers, timestampMs } = records[index] ?? NOTHING;
    const marked = timestampMs === null && marks !== null ? withHeaders(headers, marks) : headers;
    if (timestampMs === null) partition.noteStamps(STAMP.arrival);
    builder.append(timestampMs ?? nowMs, key, value, marked);
  }
  const identity =
    claim === null
      ? {}
      : { producerId: claim.producerId, producerEpoch: claim.producerEpoch, baseSequence: 0 };
  const bytes = builder.buildView(identity);
  // As a client's: what the topic asks of records is asked of these.
  const result = partition.append(bytes, 0, bytes.length, nowMs, "client");
  if ("message" in result)
    return { error: result.error, message: result.message, partition: partition.index };
  return { baseOffset: result.baseOffset, endOffset: result.lastOffset + 1 };
}

function durable(partition: Partition, endOffset: number): Promise<NotAppended | null> {
  return new Promise((resolve) => {
    partition.whenDurable(endOffset, (error) => {
      const message = "the disk did not take it";
      resolve(error === 0 ? null : { error, message, partition: partition.index });
    });
  });
}

function gone(partition: number): NotAppended {
  return { error: ERROR.UNKNOWN_TOPIC_OR_PARTITION, message: "there is no such partition", partition };
}
