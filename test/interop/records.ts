import { expect } from "bun:test";
import { murmur2 } from "../../src/records/murmur2.ts";
import type { ConsumeRequest, KafkaClient, ReadRecord, WrittenRecord } from "./clients/client.ts";

export const PARTITIONS = 3;
const DEVICES = 7;
const HEADERS: readonly (readonly (readonly [string, string])[])[] = [
  [
    ["unit", "°C"],
    ["site", "north"],
  ],
  [],
  [["unit", "mm/s"]],
];

/**
 * Readings with every shape of a record: keys and none, tombstones, characters of several bytes, headers and none. Times
 * are a second apart, from `firstMs` on. Headers go by partition, since kcat sets them for a whole run.
 */
export function readings(count: number, firstMs: number): readonly WrittenRecord[] {
  return Array.from({ length: count }, (_, index) => {
    const key = index % 10 === 4 ? null : `device-${index % DEVICES}`;
    const value = index % 25 === 7 ? null : JSON.stringify({ n: index, text: "Brunnen № ½ 水" });
    return {
      partition: index % PARTITIONS,
      key,
      value,
      headers: HEADERS[index % PARTITIONS] ?? [],
      timestampMs: firstMs + index * 1_000,
    };
  });
}

/** All records of a topic, read by this client partition by partition up to where each ends. */
export async function readTopic(
  client: KafkaClient,
  place: Pick<ConsumeRequest, "bootstrap" | "topic">,
  counts: readonly number[],
): Promise<readonly (readonly ReadRecord[])[]> {
  return await Promise.all(
    counts.map(async (count, partition) =>
      count === 0 ? [] : ((await client.consume?.({ ...place, partition, offset: 0, count })) ?? []),
    ),
  );
}

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * That what was read is what was written: exactly once, in order, with contiguous offsets from 0, nothing of a
 * record changed. `written` during `span`, which bounds the times that a client set by itself.
 */
export function expectSame(
  partitions: readonly (readonly ReadRecord[])[],
  written: readonly WrittenRecord[],
  producer: KafkaClient,
  span: Span,
): void {
  for (const [partition, records] of partitions.entries()) {
    expect(records.map((record) => record.offset)).toEqual(records.map((_, index) => index));
    expect(new Set(records.map((record) => record.partition))).toEqual(
      new Set(records.length === 0 ? [] : [partition]),
    );
    if (!producer.setsTimestamps) {
      for (const record of records) {
        expect(record.timestampMs).toBeGreaterThanOrEqual(span.fromMs);
        expect(record.timestampMs).toBeLessThanOrEqual(span.toMs);
      }
    }
  }
  if (producer.choosesPartitions) {
    for (const [partition, records] of partitions.entries()) {
      const wanted = written.filter((record) => record.partition === partition);
      expect(records.map((record) => content(record, producer))).toEqual(
        wanted.map((record) => content(record, producer)),
      );
    }
    return;
  }
  expectSamePerKey(partitions, written, producer);
}

/** For a client that partitions by key: each key on the partition that Kafka's hash picks, in order. */
function expectSamePerKey(
  partitions: readonly (readonly ReadRecord[])[],
  written: readonly WrittenRecord[],
  producer: KafkaClient,
): void {
  const all = partitions.flat();
  expect(all).toHaveLength(written.length);
  for (const [key, wanted] of Map.groupBy(written, (record) => record.key)) {
    const read = all.filter((record) => record.key === key);
    const contents = read.map((record) => content(record, producer));
    const expected = wanted.map((record) => content(record, producer));
    if (key === null) {
      // Records without a key may go anywhere, so only their number and content is promised.
      expect(contents.toSorted()).toEqual(expected.toSorted());
    } else {
      expect(contents).toEqual(expected);
      const partition = (murmur2(Buffer.from(key)) & 0x7fffffff) % partitions.length;
      expect(new Set(read.map((record) => record.partition))).toEqual(new Set([partition]));
    }
  }
}

function content(record: WrittenRecord, producer: KafkaClient): string {
  return JSON.stringify([
    record.key,
    record.value,
    record.headers,
    producer.setsTimestamps ? record.timestampMs : null,
  ]);
}
