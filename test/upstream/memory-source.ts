import { type Uuid, ZERO_UUID } from "../../src/base/ids.ts";
import type { RunStart } from "../../src/broker/lineages.ts";
import {
  BATCH_HEADER_BYTES,
  batchNextOffset,
  batchSizeBytes,
  setBatchBaseOffset,
  writeBatchHeader,
} from "../../src/records/batch.ts";
import { BatchBuilder } from "../../src/records/builder.ts";
import type { LocalSource, SourceBounds, SourceSlice, SourceTopic } from "../../src/upstream/source.ts";

interface MemoryLog {
  topicId: Uuid;
  logStartOffset: number;
  endOffset: number;
  compacted: boolean;
  lineage: readonly RunStart[];
  readonly batches: Uint8Array[];
}

/** Logs in memory, as an uplink reads them. */
export class MemorySource implements LocalSource {
  readonly #topics = new Map<string, MemoryLog[]>();
  readonly #listeners = new Set<(topic: string, partition: number) => void>();

  /** Name of the run, where histories are kept; a test begins another by giving it another name. */
  run = "";

  /** A copy of the data folder as it is now. */
  copy(): MemorySource {
    const copy = new MemorySource();
    copy.run = this.run;
    for (const [name, logs] of this.#topics) {
      copy.#topics.set(
        name,
        logs.map((log) => ({ ...log, batches: [...log.batches] })),
      );
    }
    return copy;
  }

  createTopic(name: string, partitions: number, id: Uuid = newId()): Uuid {
    this.#topics.set(
      name,
      Array.from({ length: partitions }, () => ({
        topicId: id,
        logStartOffset: 0,
        endOffset: 0,
        compacted: false,
        lineage: [],
        batches: [],
      })),
    );
    for (const listener of this.#listeners) listener(name, -1);
    return id;
  }

  deleteTopic(name: string): void {
    this.#topics.delete(name);
    for (const listener of this.#listeners) listener(name, -1);
  }

  /** Appends one batch of records; returns the offset of the first. */
  append(topic: string, partition: number, records: readonly MemoryRecord[]): number {
    const builder = new BatchBuilder();
    for (const { key, value, timestampMs, headers } of records) {
      builder.append(timestampMs ?? 1_700_000_000_000, bytesOf(key), bytesOf(value), headers ?? null);
    }
    return this.appendBatch(topic, partition, builder.build());
  }

  /** Appends a batch that was built elsewhere; gives it its base offset. */
  appendBatch(topic: string, partition: number, batch: Uint8Array): number {
    const log = this.#log(topic, partition);
    const baseOffset = log.endOffset;
    if (this.run !== "" && log.lineage.at(-1)?.run !== this.run) {
      log.lineage = [...log.lineage, { run: this.run, startOffset: baseOffset }];
    }
    setBatchBaseOffset(batch, 0, baseOffset);
    log.batches.push(batch);
    log.endOffset = batchNextOffset(batch, 0);
    for (const listener of this.#listeners) listener(topic, partition);
    return baseOffset;
  }

  /** Appends a batch that has lost its records and kept their offsets. */
  appendEmpty(topic: string, partition: number, offsets: number): void {
    this.appendBatch(topic, partition, emptyBatch(offsets));
  }

  /** Retention: batches that end at or below `offset` are gone. */
  deleteBefore(topic: string, partition: number, offset: number): void {
    const log = this.#log(topic, partition);
    while (log.batches[0] !== undefined && batchNextOffset(log.batches[0], 0) <= offset) log.batches.shift();
    log.logStartOffset = offset;
  }

  /** Damage, or compaction: the batch that holds `offset` is gone, and its offsets with it. */
  loseBatch(topic: string, partition: number, offset: number): void {
    const { batches } = this.#log(topic, partition);
    batches.splice(lowerBound(batches, offset), 1);
  }

  /** From now on missing offsets are compaction's doing. */
  compact(topic: string): void {
    for (const log of this.#topics.get(topic) ?? []) log.compacted = true;
  }

  endOffset(topic: string, partition: number): number {
    return this.#log(topic, partition).endOffset;
  }

  topics(): readonly SourceTopic[] {
    return [...this.#topics].map(([name, logs]) => ({
      name,
      id: logs[0]?.topicId ?? ZERO_UUID,
      partitions: logs.length,
    }));
  }

  bounds(topic: string, partition: number): SourceBounds | null {
    const log = this.#topics.get(topic)?.[partition];
    if (log === undefined) return null;
    const { topicId, logStartOffset, endOffset, compacted, lineage } = log;
    const bounds = { topicId, logStartOffset, highWatermark: endOffset, compacted };
    return this.run === "" ? bounds : { ...bounds, lineage };
  }

  read(topic: string, partition: number, fromOffset: number, maxBytes: number): SourceSlice {
    const { batches, endOffset } = this.#log(topic, partition);
    let first = lowerBound(batches, fromOffset);
    const chosen: Uint8Array[] = [];
    let size = 0;
    for (; first < batches.length; first += 1) {
      const batch = batches[first] as Uint8Array;
      if (chosen.length > 0 && size + batchSizeBytes(batch, 0) > maxBytes) break;
      chosen.push(batch);
      size += batch.length;
    }
    const last = chosen.at(-1);
    const nextOffset = last === undefined ? endOffset : batchNextOffset(last, 0);
    return { bytes: Buffer.concat(chosen), nextOffset, aborted: [] };
  }

  onAppended(listener: (topic: string, partition: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #log(topic: string, partition: number): MemoryLog {
    const log = this.#topics.get(topic)?.[partition];
    if (log === undefined) throw new Error(`no ${topic}-${partition}`);
    return log;
  }
}

export interface MemoryRecord {
  readonly key: string | null;
  readonly value: string | null;
  readonly timestampMs?: number;
  readonly headers?: Uint8Array;
}

/** Index of the first batch that ends behind `offset`. */
function lowerBound(batches: readonly Uint8Array[], offset: number): number {
  let low = 0;
  let high = batches.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (batchNextOffset(batches[middle] as Uint8Array, 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

function bytesOf(text: string | null): Uint8Array | null {
  return text === null ? null : new TextEncoder().encode(text);
}

function emptyBatch(offsets: number): Uint8Array {
  const bytes = new Uint8Array(BATCH_HEADER_BYTES);
  writeBatchHeader(bytes, 0, {
    baseOffset: 0,
    sizeBytes: bytes.length,
    leaderEpoch: 0,
    attributes: 0,
    lastOffsetDelta: offsets - 1,
    baseTimestampMs: 0,
    maxTimestampMs: 0,
    producerId: -1,
    producerEpoch: -1,
    baseSequence: -1,
    recordCount: 0,
  });
  return bytes;
}

function newId(): Uuid {
  return crypto
    .getRandomValues(new Uint8Array(16))
    .toBase64({ alphabet: "base64url", omitPadding: true }) as Uuid;
}
