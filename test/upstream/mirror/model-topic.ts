import { HeadwaterError } from "../../../src/base/errors.ts";
import type { Uuid } from "../../../src/base/ids.ts";
import type { Clock } from "../../../src/io/clock.ts";
import type { Random } from "../../../src/io/random.ts";
import type { FetchedPartition } from "../../../src/kafka/client/fetch.ts";
import { ERROR } from "../../../src/kafka/wire/generated/errors.ts";
import { BatchBuilder } from "../../../src/records/builder.ts";
import type { CentralTopicFacts, MirrorCentre } from "../../../src/upstream/mirror/centre.ts";

export interface ModelRecord {
  readonly offset: number;
  readonly key: string;
  readonly value: string | null;
}

const encoder = new TextEncoder();
const NO_BYTES = new Uint8Array(0);

/** A topic of a centre, in memory: written to, compacted and cut off by a test. */
export class ModelTopic {
  partitions: ModelRecord[][];
  readonly starts: number[];
  readonly ends: number[];
  id: Uuid = "11111111-1111-1111-1111-111111111111" as Uuid;
  cleanupPolicy = "delete";
  deleteRetentionMs = 86_400_000;
  retentionMs = 86_400_000;
  exists = true;
  /** Of the record at offset 0; each has a millisecond more. */
  stampMs = 1_700_000_000_000;

  constructor(partitions: number) {
    this.partitions = Array.from({ length: partitions }, () => []);
    this.starts = this.partitions.map(() => 0);
    this.ends = this.partitions.map(() => 0);
  }

  write(partition: number, key: string, value: string | null): void {
    this.partitions[partition]?.push({ offset: this.ends[partition] ?? 0, key, value });
    this.ends[partition] = (this.ends[partition] ?? 0) + 1;
  }

  /** What one fetch brings. */
  from(partition: number, offset: number, max: number): readonly ModelRecord[] {
    const records = this.partitions[partition] ?? [];
    return records.filter((record) => record.offset >= offset).slice(0, Math.min(7, max));
  }

  /** Keeps the newest record of each key, and forgets deletions but for the very last record. */
  compact(): void {
    this.partitions = this.partitions.map((records) => {
      const newest = new Map(records.map((record) => [record.key, record]));
      return records.filter((record) => {
        return record === records.at(-1) || (newest.get(record.key) === record && record.value !== null);
      });
    });
  }

  /** Retention: records below the offset are gone. */
  cut(partition: number, offset: number): void {
    this.starts[partition] = offset;
    this.partitions[partition] = (this.partitions[partition] ?? []).filter(
      (record) => record.offset >= offset,
    );
  }
}

/** The way there for one process, over a network that fails. */
export class ModelCentre implements MirrorCentre {
  /** Of a hundred calls, how many fail. */
  failures = 0;
  /** Changes what the next fetch of a partition brings, once. */
  twist: ((fetched: FetchedPartition) => FetchedPartition | null) | null = null;
  /** By partition, what its leader answers instead, or null where it has none. */
  readonly broken = new Map<number, number | null>();
  /** By partition, where it has moved to. */
  readonly moved = new Map<number, string>();
  /** By partition, as of the last look. */
  #known: readonly (string | null)[] = [];
  /** Records in one answer, of all partitions together, in the order in which they are asked for. */
  answerRecords = Number.POSITIVE_INFINITY;
  readonly #topic: ModelTopic;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(topic: ModelTopic, clock: Clock, random: Random) {
    this.#topic = topic;
    this.#clock = clock;
    this.#random = random;
  }

  async look(topic: string): Promise<CentralTopicFacts | null> {
    await this.#travel(topic);
    if (!this.#topic.exists) return null;
    this.#known = this.#leaders();
    const { id, cleanupPolicy, deleteRetentionMs, partitions } = this.#topic;
    const keeping = { retentionMs: this.#topic.retentionMs, retentionBytes: Number.POSITIVE_INFINITY };
    return {
      ...{ clusterId: "centre", id, partitions: partitions.length, cleanupPolicy, deleteRetentionMs },
      keeping,
    };
  }

  leaders(_topic: string, partitions: number): readonly (string | null)[] {
    return Array.from({ length: partitions }, (_, index) => this.#known[index] ?? null);
  }

  #leaders(): readonly (string | null)[] {
    return this.#topic.partitions.map((_, index) =>
      this.broken.get(index) === null ? null : (this.moved.get(index) ?? `broker ${index % 2}`),
    );
  }

  async leadersNow(topic: string, facts: CentralTopicFacts): Promise<readonly (string | null)[] | null> {
    await this.#travel(topic);
    const isSame = this.#topic.exists && this.#topic.id === facts.id;
    return isSame ? this.#leaders() : null;
  }

  async offsets(topic: string, partitions: readonly number[], at: "earliest" | "latest") {
    await this.#travel(topic);
    const offsets = at === "earliest" ? this.#topic.starts : this.#topic.ends;
    return partitions.map((partition) => (this.broken.has(partition) ? null : (offsets[partition] ?? null)));
  }

  async take(
    topic: string,
    positions: readonly { readonly partition: number; readonly offset: number }[],
  ): Promise<readonly FetchedPartition[]> {
    await this.#travel(topic);
    const has = positions.some(({ partition, offset }) => offset < (this.#topic.ends[partition] ?? 0));
    if (!has) await new Promise<void>((done) => this.#clock.after(200, done));
    let left = this.answerRecords;
    return positions.map(({ partition, offset }) => {
      const fetched = this.#fetched(topic, partition, offset, left);
      left -= this.#topic.from(partition, offset, left).length;
      const twisted = this.twist?.(fetched) ?? null;
      if (twisted !== null) this.twist = null;
      return twisted ?? fetched;
    });
  }

  close(): void {}

  async #travel(topic: string): Promise<void> {
    await new Promise<void>((done) => this.#clock.after(5, done));
    if (this.#random.fraction() * 100 < this.failures) throw new HeadwaterError("NETWORK", "lost", { topic });
  }

  #fetched(topic: string, partition: number, offset: number, max: number): FetchedPartition {
    const end = this.#topic.ends[partition] ?? 0;
    const start = this.#topic.starts[partition] ?? 0;
    const denied = offset < start || offset > end ? ERROR.OFFSET_OUT_OF_RANGE : 0;
    const broken = this.broken.get(partition);
    const isLed = broken !== null && this.#known[partition] === this.#leaders()[partition];
    const error = isLed ? (broken ?? denied) : ERROR.NOT_LEADER_OR_FOLLOWER;
    const records = this.#topic.from(partition, offset, max);
    const isLast = this.#topic.partitions[partition]?.at(-1) === records.at(-1);
    const batches =
      error !== 0 || records.length === 0
        ? NO_BYTES
        : batchOf(records, isLast ? end : null, this.#topic.stampMs);
    const about = { topic, partition, offset, error, aborted: [], batches };
    return { ...about, logStartOffset: start, highWatermark: end, lastStableOffset: end };
  }
}

/** Where compaction took the last ones, the batch still covers them, as real ones do. */
function batchOf(records: readonly ModelRecord[], end: number | null, stampMs: number): Uint8Array {
  const builder = new BatchBuilder();
  const base = records[0]?.offset ?? 0;
  for (const { offset, key, value } of records) {
    const bytes = value === null ? null : encoder.encode(value);
    builder.appendAt(offset - base, stampMs + offset, encoder.encode(key), bytes, null);
  }
  const last = records.at(-1)?.offset ?? base;
  return builder.build({ baseOffset: base, lastOffsetDelta: (end === null ? last : end - 1) - base }).slice();
}
