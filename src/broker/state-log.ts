import { assert } from "../base/assert.ts";
import type { Clock } from "../io/clock.ts";
import { BatchBuilder } from "../records/builder.ts";
import type { Partition } from "./partition.ts";
import { replayRecords } from "./replay.ts";
import type { AckCallback } from "./waiting.ts";

/** One record of a state log. */
export interface StateRecord {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
}

/** Records of one batch: all of them take effect, or none. */
const MAX_BATCH_BYTES = 512 * 1024;

/**
 * Broker state as a log of records, replayed at start. The log is kept short by itself: once it has grown well
 * beyond the last snapshot, the whole state is appended again, and what is before goes.
 */
export class StateLog {
  readonly #partition: Partition;
  readonly #clock: Clock;
  readonly #snapshot: () => readonly StateRecord[];
  readonly #maxBytes: number;
  readonly #builder = new BatchBuilder();
  #snapshotting = false;
  #bytesAfterSnapshot = 0;

  constructor(partition: Partition, clock: Clock, maxBytes: number, snapshot: () => readonly StateRecord[]) {
    this.#partition = partition;
    this.#clock = clock;
    this.#maxBytes = maxBytes;
    this.#snapshot = snapshot;
  }

  /**
   * Calls back with every record there is, oldest first. Views are good during the call. Returns false where the
   * log can't be read to its end: the state is older than it should be.
   */
  replay(callback: (record: StateRecord) => void): boolean {
    const complete = replayRecords(this.#partition, (cursor) =>
      callback({ key: cursor.key(), value: cursor.value() }),
    );
    if (!complete) return false;
    this.#bytesAfterSnapshot = this.#partition.log.sizeBytes;
    return true;
  }

  /** Appends records as one batch. Returns a Kafka error code, or 0 and calls back once they are durable. */
  append(records: readonly StateRecord[], durable: AckCallback): number {
    assert(records.length > 0, "a state change without records");
    const result = this.#appendBatch(records);
    if ("message" in result) return result.error;
    this.#partition.whenDurable(result.lastOffset + 1, durable);
    return 0;
  }

  /** Whether the disk is full, and what room is left is what the log has to spare. */
  get isTight(): boolean {
    const { files, spareBytes } = this.#partition.log;
    return (files.active?.roomBytes ?? 0) < spareBytes;
  }

  /** Call it once the state holds what was appended: where the log has grown, a snapshot takes its place. */
  shorten(): void {
    if (this.#bytesAfterSnapshot > this.#maxBytes && !this.isTight) this.#takeSnapshot();
  }

  #appendBatch(records: readonly StateRecord[]) {
    this.#builder.reset();
    const nowMs = this.#clock.nowMs();
    for (const record of records) this.#builder.append(nowMs, record.key, record.value, null);
    const batch = this.#builder.buildView();
    this.#bytesAfterSnapshot += batch.length;
    return this.#partition.append(batch, 0, batch.length, nowMs, "broker");
  }

  /** The state replayed from the snapshot on is the same as from the start, so the rest may go once it is durable. */
  #takeSnapshot(): void {
    if (this.#snapshotting) return;
    const startOffset = this.#partition.log.logEndOffset;
    let chunk: StateRecord[] = [];
    let chunkBytes = 0;
    let endOffset: number = startOffset;
    const flush = (): boolean => {
      if (chunk.length === 0) return true;
      const result = this.#appendBatch(chunk);
      chunk = [];
      chunkBytes = 0;
      if ("message" in result) return false;
      endOffset = result.lastOffset + 1;
      return true;
    };
    for (const record of this.#snapshot()) {
      chunk.push(record);
      chunkBytes += (record.key?.length ?? 0) + (record.value?.length ?? 0) + 16;
      if (chunkBytes >= MAX_BATCH_BYTES && !flush()) return;
    }
    if (!flush()) return;
    this.#snapshotting = true;
    this.#bytesAfterSnapshot = 0;
    this.#partition.whenDurable(endOffset, (error) => {
      this.#snapshotting = false;
      if (error === 0) this.#partition.log.deleteRecordsBefore(startOffset);
    });
  }
}
