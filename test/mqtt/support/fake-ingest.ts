import type { Ingest, IngestRecord, PendingBatch } from "../../../src/broker/ingest.ts";

export interface AppendedRecord {
  readonly topic: string;
  readonly key: string | null;
  readonly value: Uint8Array;
  readonly text: string;
  readonly timestampMs: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly batch: FakeBatch;
}

export class FakeBatch implements PendingBatch {
  state: "waiting" | "durable" | "refused" = "waiting";
  error = 0;
  sizeBytes = 0;
}

/** A log that keeps records in memory and settles when a test says so. A batch holds one topic's records. */
export class FakeIngest implements Ingest {
  readonly records: AppendedRecord[] = [];
  readonly #open = new Map<string, FakeBatch>();
  readonly #listeners: (() => void)[] = [];
  /** Where set, batches of these topics are refused with this error. */
  readonly refusals = new Map<string, number>();
  readonly #settleSoon: ((settle: () => void) => void) | null;

  /** `settleSoon` runs commit rounds by itself: it calls back when the next one ends. */
  constructor(settleSoon: ((settle: () => void) => void) | null = null) {
    this.#settleSoon = settleSoon;
  }

  append(record: IngestRecord): PendingBatch {
    let batch = this.#open.get(record.topic);
    if (batch === undefined) {
      if (this.#open.size === 0) this.#settleSoon?.(() => this.settle());
      batch = new FakeBatch();
      this.#open.set(record.topic, batch);
    }
    const value = record.value?.slice() ?? new Uint8Array(0);
    batch.sizeBytes += value.length;
    this.records.push({
      topic: record.topic,
      key: record.key === null ? null : Buffer.from(record.key).toString(),
      value,
      text: Buffer.from(value).toString(),
      timestampMs: record.timestampMs,
      headers: decodeHeaders(record.headers),
      batch,
    });
    return batch;
  }

  /** Placements of records that were appended together, by topic, in their order. */
  readonly placements: [string, string][] = [];
  /** Where set, records of more bytes together than this are refused. */
  maxTogetherBytes = Number.POSITIVE_INFINITY;

  appendTogether(records: readonly IngestRecord[], placement: Uint8Array): PendingBatch {
    const sizeBytes = records.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
    if (sizeBytes > this.maxTogetherBytes) return { state: "refused", error: 10, sizeBytes: 0 };
    this.placements.push([records[0]?.topic ?? "", Buffer.from(placement).toString()]);
    const [batch] = records.map((record) => this.append(record));
    if (batch === undefined) throw new Error("no record");
    return batch;
  }

  /** Its batches hold until `nextTurn`. */
  flush(): void {}

  onSettled(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Ends a commit round for all open batches, or only for this topic's. */
  settle(topic?: string): void {
    for (const [name, batch] of [...this.#open]) {
      if (topic !== undefined && name !== topic) continue;
      const error = this.refusals.get(name) ?? 0;
      batch.error = error;
      batch.state = error === 0 ? "durable" : "refused";
      this.#open.delete(name);
    }
    for (const listener of this.#listeners) listener();
  }

  /** Starts new batches, as a new turn of the event loop does; the old ones wait on. Returns those. */
  nextTurn(): FakeBatch[] {
    const batches = [...this.#open.values()];
    this.#open.clear();
    return batches;
  }

  /** Tells the listeners that something settled. */
  notify(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** Reads headers as a record batch v2 has them. */
export function decodeHeaders(bytes: Uint8Array | null): [string, string][] {
  if (bytes === null) return [];
  let at = 0;
  const zigzag = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
    }
  };
  const field = (): string => {
    const length = zigzag();
    at += length;
    return Buffer.from(bytes.subarray(at - length, at)).toString();
  };
  const headers = Array.from({ length: zigzag() }, (): [string, string] => [field(), field()]);
  if (at !== bytes.length) throw new Error(`${bytes.length - at} bytes behind the headers`);
  return headers;
}
