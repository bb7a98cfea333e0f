import { type Offset, ZERO_UUID } from "../../../src/base/ids.ts";
import type { Partition } from "../../../src/broker/partition.ts";
import type { Topic } from "../../../src/broker/topics.ts";
import {
  DEFAULT_FETCH_PARTITION,
  DEFAULT_FETCH_REQUEST,
  FETCH_REQUEST,
} from "../../../src/kafka/wire/generated/fetch-request.ts";
import { FETCH_RESPONSE } from "../../../src/kafka/wire/generated/fetch-response.ts";
import {
  batchBaseOffset,
  batchIsControl,
  batchIsTransactional,
  batchLastOffset,
  batchProducerId,
  batchSizeBytes,
  checkBatch,
} from "../../../src/records/batch.ts";
import { BatchBuilder, type BuildOptions } from "../../../src/records/builder.ts";
import { type DecodedRecord, decodeRecords } from "../../../src/records/reader.ts";
import { Gateway, type TestClient } from "../support/door.ts";

export const NOW_MS = Date.UTC(2026, 0, 1);

/** A gateway with a topic `telemetry`, and a client. */
export async function opened(partitionCount = 1) {
  const gateway = await Gateway.open();
  const topic = gateway.broker.createTopic(
    { name: "telemetry", partitionCount, configs: new Map() },
    () => {},
  );
  if ("error" in topic) throw new Error(topic.message);
  await gateway.clock.settleAll();
  return { gateway, topic, client: await gateway.connect() };
}

export function partitionOf(topic: Topic, index = 0) {
  const partition = topic.partitions[index];
  if (partition === undefined) throw new Error(`no partition ${index}`);
  return partition;
}

export function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

export interface Reading {
  readonly key: string | Uint8Array | null;
  readonly value: string | null;
  readonly timestampMs?: number;
  readonly headers?: Uint8Array | null;
}

export function batchOf(readings: readonly Reading[], options: BuildOptions = {}): Uint8Array {
  const builder = new BatchBuilder();
  for (const { key, value, timestampMs = NOW_MS, headers = null } of readings) {
    const bytes = typeof key === "string" ? text(key) : key;
    builder.append(timestampMs, bytes, value === null ? null : text(value), headers);
  }
  return builder.build(options);
}

/** Appends, and throws where that is refused. Gives the base offset. */
export function append(partition: Partition, batch: Uint8Array, guard = 0): Offset {
  const result = partition.append(batch, 0, batch.length, NOW_MS, "client", guard);
  if ("message" in result) throw new Error(result.message);
  return result.baseOffset;
}

/** Ends the active segments and has everything sealed trimmed and indexed by key. */
export async function seal(gateway: Gateway, partitions: readonly Partition[]): Promise<void> {
  await gateway.clock.settleAll();
  for (const { log } of partitions) if (log.segments.length > 0) log.roll();
  // Each tick asks for what the next one finds done.
  for (let tick = 0; tick < 3; tick++) {
    gateway.clock.advance(61_000);
    const maintained = gateway.store.maintain(NOW_MS);
    await gateway.clock.settleAll();
    await maintained;
  }
}

export interface FetchOptions {
  readonly readCommitted?: boolean;
  readonly partitionMaxBytes?: number;
  readonly maxWaitMs?: number;
  readonly minBytes?: number;
  readonly partition?: number;
  readonly version?: number;
}

export function fetchRequest(topic: string, fetchOffset: number, options: FetchOptions = {}) {
  const { readCommitted = false, partitionMaxBytes = 1 << 20, maxWaitMs = 0, minBytes = 1 } = options;
  const { partition = 0 } = options;
  const partitions = [{ ...DEFAULT_FETCH_PARTITION, partition, fetchOffset, partitionMaxBytes }];
  const topics = [{ topic, topicId: ZERO_UUID, partitions }];
  return { ...DEFAULT_FETCH_REQUEST, maxWaitMs, minBytes, isolationLevel: readCommitted ? 1 : 0, topics };
}

export async function fetchOnce(
  client: TestClient,
  topic: string,
  offset: number,
  options: FetchOptions = {},
) {
  const request = fetchRequest(topic, offset, options);
  const answer = await client.ask(FETCH_REQUEST, FETCH_RESPONSE, request, options.version ?? 12);
  const partition = answer.responses[0]?.partitions[0];
  if (partition === undefined) throw new Error("no partition in the answer");
  return { ...partition, records: partition.records ?? new Uint8Array(0) };
}

export interface Consumed {
  readonly records: readonly DecodedRecord[];
  /** Where the consumer stands in the end. */
  readonly position: number;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly fetches: number;
}

/** What a client does: fetches from an offset until its position stays where it is, and hides what is aborted. */
export async function consume(
  client: TestClient,
  topic: string,
  fromOffset: number,
  options: FetchOptions = {},
): Promise<Consumed> {
  const records: DecodedRecord[] = [];
  let position = fromOffset;
  for (let fetches = 1; ; fetches++) {
    const answer = await fetchOnce(client, topic, position, options);
    if (answer.errorCode !== 0) throw new Error(`error ${answer.errorCode} at ${position} of ${topic}`);
    const { highWatermark, lastStableOffset } = answer;
    const aborted = [...(answer.abortedTransactions ?? [])].sort(
      (a, b) => Number(a.firstOffset) - Number(b.firstOffset),
    );
    const next = takeBatches(answer.records, position, aborted, records);
    if (next === position) {
      return {
        records,
        position,
        highWatermark: Number(highWatermark),
        lastStableOffset: Number(lastStableOffset),
        fetches,
      };
    }
    position = next;
  }
}

function takeBatches(
  bytes: Uint8Array,
  position: number,
  aborted: { readonly producerId: unknown; readonly firstOffset: unknown }[],
  records: DecodedRecord[],
): number {
  const hidden = new Set<number>();
  let next = position;
  for (let at = 0; at < bytes.length; at += batchSizeBytes(bytes, at)) {
    const size = batchSizeBytes(bytes, at);
    const fault = checkBatch(bytes, at, bytes.length);
    if (fault !== null) throw new Error(fault.reason);
    const producer = batchProducerId(bytes, at);
    while (aborted[0] !== undefined && Number(aborted[0].firstOffset) <= batchLastOffset(bytes, at)) {
      hidden.add(Number(aborted.shift()?.producerId));
    }
    if (batchLastOffset(bytes, at) < next && next > position) throw new Error("a batch that goes back");
    const isMarker = batchIsControl(bytes, at);
    if (isMarker) hidden.delete(producer);
    const isHidden = isMarker || (batchIsTransactional(bytes, at) && hidden.has(producer));
    if (!isHidden) {
      const found = decodeRecords(bytes, at, at + size);
      records.push(...found.filter(({ offset }) => offset >= position));
    }
    if (batchBaseOffset(bytes, at) > batchLastOffset(bytes, at))
      throw new Error("a batch that ends before it begins");
    next = Math.max(next, batchLastOffset(bytes, at) + 1);
  }
  return next;
}
