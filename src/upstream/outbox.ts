import { assert } from "../base/assert.ts";
import { releaseMemory } from "../io/release-chunk.ts";
import type { RecordCursor } from "../records/reader.ts";
import { CentralBatch } from "./central-batch.ts";
import { type Lane, type Producer, type SealedBatch, seal } from "./lane.ts";
import type { Adaptation } from "./link/adaptation.ts";
import type { Compression } from "./link/compression.ts";
import type { Round } from "./round.ts";
import type { UplinkLimits } from "./settings.ts";
import type { SourcePartition } from "./source-partition.ts";
import type { Timing } from "./times/record-times.ts";

/** Buffers kept for the next batches. */
const MAX_SPARE_BATCHES = 16;

/**
 * Batches between the source and the centre: open ones that are being filled, sealed ones that wait or are in
 * flight. It counts the bytes of both, and that is what bounds the read-ahead.
 */
export class Outbox {
  /** Bytes held: open batches before, sealed ones after compression. */
  bufferedBytes = 0;
  /** Batches, open or sealed. */
  batchCount = 0;
  /** Records a batch may have; halved when the centre refuses one, to find the record it does not take. */
  maxBatchRecords: number;
  readonly #limits: UplinkLimits;
  readonly #compression: Compression;
  readonly #sizes: Adaptation;
  /** Bytes of batches that were sent and not answered. */
  #inFlightBytes = 0;
  readonly #spare: CentralBatch[] = [];
  /** Lanes that may have something to send. */
  readonly #ready = new Set<Lane>();

  constructor(limits: UplinkLimits, compression: Compression, sizes: Adaptation) {
    this.#limits = limits;
    this.#sizes = sizes;
    this.#compression = compression;
    this.maxBatchRecords = limits.maxRoundRecords;
  }

  get full(): boolean {
    return this.bufferedBytes >= this.#limits.maxBufferedBytes;
  }

  /** Adds the record that `record` is at to the lane's open batch, as part of `round`; see CentralBatch for `timing`. */
  add(
    lane: Lane,
    record: RecordCursor,
    from: SourcePartition,
    round: Round,
    timing: Timing | null = null,
  ): void {
    let open = lane.open;
    if (open === null) {
      open = this.#spare.pop() ?? new CentralBatch();
      lane.open = open;
      this.batchCount += 1;
      const { offset, timestampMs, contentBytes: bytes } = record;
      lane.openOnly = { partition: from, offset, key: record.key()?.slice() ?? null, bytes, timestampMs };
      round.open.add(lane);
      round.lanes.add(lane);
    }
    const before = open.sizeBytes;
    open.append(record, from.origin, timing);
    const added = open.sizeBytes - before;
    this.bufferedBytes += added;
    round.sizeBytes += added;
    round.records += 1;
    const timestampMs = timing?.timestampMs ?? record.timestampMs;
    if (timestampMs > round.newestTimestampMs) round.newestTimestampMs = timestampMs;
    if (open.sizeBytes >= this.#sizes.batchBytes || open.recordCount >= this.maxBatchRecords) {
      this.#seal(lane, round);
    }
  }

  /** Seals what the round has open. */
  sealAll(round: Round): void {
    for (const lane of round.open) this.#seal(lane, round);
  }

  /**
   * Hands over what can be sent now, batch by batch in the order of each lane. `allowed` says whether batches of
   * a round may go to a lane yet.
   */
  dispatch(
    nowMs: number,
    producer: Producer,
    transactional: boolean,
    allowed: (batch: SealedBatch) => boolean,
    send: (batch: SealedBatch) => void,
  ): void {
    for (const lane of this.#ready) {
      let batch = lane.peek(nowMs, this.#limits.maxInFlight);
      while (batch !== null && this.#fits(batch) && allowed(batch)) {
        this.#inFlightBytes += batch.bytes.length;
        lane.send(batch, producer, transactional, nowMs);
        send(batch);
        batch = lane.peek(nowMs, this.#limits.maxInFlight);
      }
      if (lane.idle) this.#ready.delete(lane);
    }
  }

  /** A batch is not on its way any more, whatever became of it. */
  answered(batch: SealedBatch): void {
    this.#inFlightBytes -= batch.bytes.length;
  }

  /** A batch arrived. */
  acknowledged(batch: SealedBatch): void {
    batch.lane.acknowledged(batch);
    this.bufferedBytes -= batch.bytes.length;
    this.batchCount -= 1;
    batch.round.outstanding -= 1;
    batch.round.sentBytes += batch.bytes.length;
    // Nobody sends it again. Left to the collector, megabytes of such would wait for it.
    releaseMemory(batch.bytes);
    if (this.maxBatchRecords < this.#limits.maxRoundRecords) this.maxBatchRecords *= 2;
  }

  /** Bytes of batches that were handed over and not answered: they may be on the wire yet. */
  get inFlightBytes(): number {
    return this.#inFlightBytes;
  }

  /** When a lane that waits after a failure may go on, or null where none waits. */
  nextRetryMs(nowMs: number): number | null {
    let next: number | null = null;
    for (const lane of this.#ready) {
      if (lane.retryAtMs > nowMs && (next === null || lane.retryAtMs < next)) next = lane.retryAtMs;
    }
    return next;
  }

  /** The longest time that any batch has been tried for, in milliseconds. */
  longestTryMs(nowMs: number): number {
    let longest = 0;
    for (const lane of this.#ready) {
      const oldest = lane.oldestSent;
      if (oldest !== null && lane.failures > 0) longest = Math.max(longest, nowMs - oldest.firstSentMs);
    }
    return longest;
  }

  /** Forgets everything. Lanes are cleared by their routes. */
  clear(): void {
    for (const lane of this.#ready) lane.clear();
    this.#ready.clear();
    this.bufferedBytes = 0;
    this.batchCount = 0;
    this.#inFlightBytes = 0;
    this.#compression.restart();
  }

  /** Whether the link takes one more batch now. */
  #fits({ bytes }: SealedBatch): boolean {
    return this.#inFlightBytes === 0 || this.#inFlightBytes + bytes.length <= this.#sizes.windowBytes;
  }

  #seal(lane: Lane, round: Round): void {
    const open = lane.open;
    assert(open !== null, "an open lane has a batch");
    const later = this.#compression.takesLater(open.sizeBytes);
    const batch = seal(lane, round, later ? null : this.#compression.now);
    this.bufferedBytes += batch.bytes.length - open.sizeBytes;
    if (later) {
      this.#compression.later(batch, (savedBytes) => {
        this.bufferedBytes -= savedBytes;
        this.#ready.add(lane);
      });
    }
    open.reset();
    if (this.#spare.length < MAX_SPARE_BATCHES) this.#spare.push(open);
    round.open.delete(lane);
    round.outstanding += 1;
    this.#ready.add(lane);
  }
}
