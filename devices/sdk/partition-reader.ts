import {
  type Consumer,
  FetchIsolationLevels,
  ListOffsetTimestamps,
  type RecordsBatch,
} from "@platformatic/kafka";
import type { StreamStart } from "./device-stream.ts";
import { OffsetOutOfRangeError, type StreamGap } from "./gaps.ts";
import type { Place } from "./place.ts";

/** A record as it stands in a partition. */
export interface RawRecord {
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly (readonly [Buffer | null, Buffer | null])[];
}

export interface ReaderLimits {
  readonly maxBytes: number;
  readonly maxWaitMs: number;
  /** Told before the stream goes on behind a gap; null where it may not. */
  readonly onGap: ((gap: StreamGap) => void) | null;
}

type FetchedPartition = Awaited<ReturnType<Consumer["fetch"]>>["responses"][number]["partitions"][number];

/** Bits of a batch's attributes. */
const LOG_APPEND_TIME = 1 << 3;
const TRANSACTIONAL = 1 << 4;
const CONTROL = 1 << 5;
/** Waits between attempts at a broker that does not answer, doubled up to the last. */
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5_000;
/** Failures in a row after which the stream ends with the last of them. */
const MAX_FAILURES = 10;

/**
 * Reads one partition forward, what is committed of it. The client's own stream needs a group, and lets records of a
 * transaction pass whose end it has not fetched yet; so which records count is decided here.
 */
export class PartitionReader {
  /** Next offset to read. */
  offset = 0;
  readonly #consumer: Consumer<Buffer, Buffer, Buffer, Buffer>;
  readonly #place: Place;
  readonly #limits: ReaderLimits;
  /** Producers whose transaction was aborted, until its marker has come. */
  readonly #aborting = new Set<bigint>();

  constructor(consumer: Consumer<Buffer, Buffer, Buffer, Buffer>, place: Place, limits: ReaderLimits) {
    this.#consumer = consumer;
    this.#place = place;
    this.#limits = limits;
    consumer.topics.track(place.topic);
  }

  /** The last stable offset. */
  endOffset(): Promise<number> {
    return this.#list(ListOffsetTimestamps.LATEST);
  }

  /** Throws OffsetOutOfRangeError where an offset is asked for that the log has not. */
  async startAt(start: StreamStart): Promise<void> {
    this.offset = await this.#offsetOf(start);
    const isAsked = typeof start === "object" && !(start instanceof Date);
    if (!isAsked) return;
    const [first, end] = [await this.#list(ListOffsetTimestamps.EARLIEST), await this.endOffset()];
    if (this.offset > end) throw new OffsetOutOfRangeError(this.#place, this.offset, first, end);
    if (this.offset < first) this.#skipTo(first, end);
  }

  /** Some records from `offset` on, perhaps none, and moves it on behind them. Throws the client's errors. */
  async next(): Promise<readonly RawRecord[]> {
    const partition = await this.#fetch();
    // Each answer lists the aborted transactions that have records in it.
    const aborted = (partition?.abortedTransactions ?? []).toSorted((a, b) =>
      Number(a.firstOffset - b.firstOffset),
    );
    this.#aborting.clear();
    const records: RawRecord[] = [];
    for (const batch of partition?.records ?? []) {
      const lastOffset = Number(batch.firstOffset) + batch.lastOffsetDelta;
      while (aborted[0] !== undefined && Number(aborted[0].firstOffset) <= lastOffset) {
        this.#aborting.add((aborted.shift() as (typeof aborted)[number]).producerId);
      }
      // One by one: a batch may have more records than a call takes arguments.
      if (this.#counts(batch)) for (const record of recordsOf(batch, this.offset)) records.push(record);
      this.offset = Math.max(this.offset, lastOffset + 1);
    }
    return records;
  }

  #counts({ attributes, producerId }: RecordsBatch): boolean {
    if ((attributes & CONTROL) !== 0) {
      this.#aborting.delete(producerId);
      return false;
    }
    return (attributes & TRANSACTIONAL) === 0 || !this.#aborting.has(producerId);
  }

  async #offsetOf(start: StreamStart): Promise<number> {
    if (start === "earliest") return await this.#list(ListOffsetTimestamps.EARLIEST);
    if (start === "latest") return await this.endOffset();
    if (!(start instanceof Date)) {
      const { offset } = start;
      if (Number.isSafeInteger(offset) && offset >= 0) return offset;
      throw new RangeError(`${offset} is no offset to begin at`);
    }
    const found = await this.#list(BigInt(start.getTime()));
    // Nothing is as late: on with what comes.
    return found < 0 ? await this.endOffset() : found;
  }

  async #list(timestamp: bigint): Promise<number> {
    const { topic, partition } = this.#place;
    const offsets = await this.#consumer.listOffsets({
      topics: [topic],
      partitions: { [topic]: [partition] },
      timestamp,
      isolationLevel: FetchIsolationLevels.READ_COMMITTED,
    });
    return Number(offsets.get(topic)?.[partition] ?? -1n);
  }

  async #fetch(): Promise<FetchedPartition | null> {
    const { topic, partition } = this.#place;
    for (let failures = 0; ; failures += 1) {
      try {
        const metadata = await this.#consumer.metadata({ topics: [topic], forceUpdate: failures > 0 });
        const known = metadata.topics.get(topic);
        const leader = known?.partitions[partition]?.leader ?? -1;
        if (known === undefined || leader < 0) throw new Error(`${topic}-${partition} has no leader`);
        const response = await this.#consumer.fetch({
          node: leader,
          isolationLevel: FetchIsolationLevels.READ_COMMITTED,
          minBytes: 1,
          maxBytes: this.#limits.maxBytes,
          maxWaitTime: this.#limits.maxWaitMs,
          topics: [{ topicId: known.id, partitions: [this.#wanted()] }],
        });
        return response.responses[0]?.partitions[0] ?? null;
      } catch (error) {
        if (await this.#comeBackIntoRange(error)) continue;
        if (failures >= MAX_FAILURES || this.#consumer.closed) throw error;
        const waitMs = Math.min(FIRST_RETRY_MS * 2 ** failures, LAST_RETRY_MS);
        await new Promise((done) => setTimeout(done, waitMs));
      }
    }
  }

  #wanted() {
    return {
      partition: this.#place.partition,
      currentLeaderEpoch: -1,
      fetchOffset: BigInt(this.offset),
      lastFetchedEpoch: -1,
      partitionMaxBytes: this.#limits.maxBytes,
    };
  }

  /** Retention passed the position, or the log is another one. */
  async #comeBackIntoRange(error: unknown): Promise<boolean> {
    if (!isOutOfRange(error)) return false;
    const [first, end] = [await this.#list(ListOffsetTimestamps.EARLIEST), await this.endOffset()];
    if (this.offset > end) throw new OffsetOutOfRangeError(this.#place, this.offset, first, end);
    if (first <= this.offset) return false;
    this.#skipTo(first, end);
    return true;
  }

  #skipTo(first: number, end: number): void {
    const { onGap } = this.#limits;
    if (onGap === null) throw new OffsetOutOfRangeError(this.#place, this.offset, first, end);
    onGap({ fromOffset: this.offset, toOffset: first });
    this.offset = first;
  }
}

/** The client wraps what a broker says, by partition and by attempt. */
function isOutOfRange(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("apiId" in error && error.apiId === "OFFSET_OUT_OF_RANGE") return true;
  const inner: readonly unknown[] = error instanceof AggregateError ? error.errors : [];
  return [...inner, error.cause].some(isOutOfRange);
}

function recordsOf(batch: RecordsBatch, fromOffset: number): readonly RawRecord[] {
  const base = Number(batch.firstOffset);
  const baseMs = Number(batch.firstTimestamp);
  const appendMs = (batch.attributes & LOG_APPEND_TIME) === 0 ? null : Number(batch.maxTimestamp);
  return batch.records
    .map(({ offsetDelta, timestampDelta, key, value, headers }) => ({
      offset: base + offsetDelta,
      timestampMs: appendMs ?? baseMs + Number(timestampDelta),
      ...{ key, value, headers },
    }))
    .filter(({ offset }) => offset >= fromOffset);
}
