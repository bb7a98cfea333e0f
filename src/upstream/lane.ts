import { assert } from "../base/assert.ts";
import { releaseMemory } from "../io/release-chunk.ts";
import {
  BATCH_HEADER_BYTES,
  COMPRESSION_NONE,
  TRANSACTIONAL_BIT,
  writeBatchHeader,
} from "../records/batch.ts";
import type { CentralBatch } from "./central-batch.ts";
import type { RefusedRecord } from "./reports.ts";
import type { Round } from "./round.ts";
import type { SourcePartition } from "./source-partition.ts";

/** A batch that is full or whose round is closed: compressed, and sent as often as it takes. */
export interface SealedBatch {
  readonly lane: Lane;
  readonly round: Round;
  /** Header room, then the records. */
  bytes: Uint8Array;
  compression: number;
  /** Not while it is being compressed: then it can't be sent. */
  ready: boolean;
  readonly recordCount: number;
  readonly baseTimestampMs: number;
  readonly maxTimestampMs: number;
  /** The record of a batch of one, for when the centre refuses it. */
  readonly only: (RefusedRecord & { readonly partition: SourcePartition; readonly offset: number }) | null;
  /** -1 until it is sent first; kept then, so that a repetition is known as one. */
  sequence: number;
  firstSentMs: number;
}

/** Who produces, as InitProducerId granted it. */
export interface Producer {
  readonly id: number;
  readonly epoch: number;
}

/**
 * The way to one central partition: batches in order, several in flight, each under its sequence. When one fails
 * in a way that may be repeated, those behind it fail too (their sequences don't follow); then all are sent
 * again, in order, once the last of them is answered.
 */
export class Lane {
  readonly topic: string;
  readonly partition: number;
  /** Being filled, or null. */
  open: CentralBatch | null = null;
  /** The record in an open batch that has just one. */
  openOnly: SealedBatch["only"] = null;
  /** No sends before this time. */
  retryAtMs = 0;
  /** Central offset behind the last record of the rounds that have ended; -1 while unknown. */
  centralEnd = -1;
  /** Failures in a row. */
  failures = 0;
  #queue: SealedBatch[] = [];
  #inFlight = 0;
  /** Batches at the head of the queue that have been sent since the last rewind. */
  #sent = 0;
  #rewinding = false;
  #nextSequence = 0;
  /**
   * Whether the partition has taken a batch of this producer id. Before that it takes any sequence as the first,
   * so that the second batch must not be on its way while the first may still fail.
   */
  #known = false;

  constructor(topic: string, partition: number) {
    this.topic = topic;
    this.partition = partition;
  }

  /** Whether nothing is open, waiting or in flight. */
  get idle(): boolean {
    return this.open === null && this.#queue.length === 0 && this.#inFlight === 0;
  }

  get rewinding(): boolean {
    return this.#rewinding;
  }

  /** Whether an earlier batch is still on its way: then one whose sequence does not follow is no surprise. */
  isBehindAnother(batch: SealedBatch): boolean {
    return this.#queue[0] !== batch;
  }

  push(batch: SealedBatch): void {
    this.#queue.push(batch);
  }

  /** The batch that would be sent next, or null. */
  peek(nowMs: number, maxInFlight: number): SealedBatch | null {
    const limit = this.#known ? maxInFlight : 1;
    if (this.#rewinding || this.#inFlight >= limit || nowMs < this.retryAtMs) return null;
    const next = this.#queue[this.#sent];
    return next?.ready === true ? next : null;
  }

  /** Gives the batch that `peek` returned its sequence and header, and counts it as sent. */
  send(batch: SealedBatch, producer: Producer, transactional: boolean, nowMs: number): void {
    assert(this.#queue[this.#sent] === batch, "batches of a lane are sent in order");
    if (batch.sequence === -1) {
      batch.sequence = this.#nextSequence;
      batch.firstSentMs = nowMs;
      this.#nextSequence = (this.#nextSequence + batch.recordCount) % SEQUENCES;
      writeHeader(batch, producer, transactional);
    }
    this.#sent += 1;
    this.#inFlight += 1;
  }

  /**
   * Takes a sent batch off the queue. Mostly it is the first; but answers that come over two connections may
   * overtake each other, and the centre has taken what was before it, too.
   */
  acknowledged(batch: SealedBatch): void {
    const index = this.#queue.indexOf(batch);
    assert(index !== -1 && index < this.#sent, "only a batch that was sent is acknowledged");
    this.#queue.splice(index, 1);
    this.#sent -= 1;
    this.#inFlight -= 1;
    this.failures = 0;
    this.#known = true;
    this.#endRewind();
  }

  /** Counts a sent batch as failed but repeatable: it and all behind it are sent again from `retryAtMs` on. */
  failed(retryAtMs: number): void {
    this.#inFlight -= 1;
    if (!this.#rewinding) {
      this.#rewinding = true;
      this.failures += 1;
      this.retryAtMs = retryAtMs;
    }
    this.#endRewind();
  }

  /** Once nothing is in flight any more, all that is left is sent again. */
  #endRewind(): void {
    if (!this.#rewinding || this.#inFlight > 0) return;
    this.#rewinding = false;
    this.#sent = 0;
  }

  /** The oldest batch without an acknowledgement that was sent once, or null. */
  get oldestSent(): SealedBatch | null {
    const batch = this.#queue[0];
    return batch !== undefined && batch.sequence !== -1 ? batch : null;
  }

  /** Sequences begin at 0 again under a new epoch, or a new producer id. Nothing may be in flight. */
  restartSequence(newProducerId: boolean): void {
    assert(this.#inFlight === 0, "a lane in flight keeps its sequence");
    this.#nextSequence = 0;
    if (newProducerId) this.#known = false;
  }

  /** Forgets everything but where the central partition ends: what was in flight is nobody's any more. */
  clear(): void {
    this.open = null;
    this.openOnly = null;
    this.#queue = [];
    this.#inFlight = 0;
    this.#sent = 0;
    this.#rewinding = false;
    this.#nextSequence = 0;
    this.#known = false;
    this.retryAtMs = 0;
    this.failures = 0;
  }
}

/** Sequences count on from 0 after 2^31 - 1. */
const SEQUENCES = 0x80000000;

function writeHeader(batch: SealedBatch, producer: Producer, transactional: boolean): void {
  writeBatchHeader(batch.bytes, 0, {
    baseOffset: 0,
    sizeBytes: batch.bytes.length,
    leaderEpoch: -1,
    attributes: batch.compression | (transactional ? TRANSACTIONAL_BIT : 0),
    lastOffsetDelta: batch.recordCount - 1,
    baseTimestampMs: batch.baseTimestampMs,
    maxTimestampMs: batch.maxTimestampMs,
    producerId: producer.id,
    producerEpoch: producer.epoch,
    baseSequence: batch.sequence,
    recordCount: batch.recordCount,
  });
}

/** Seals what `lane.open` holds. `compress` returns null where it does not pay; null leaves it for later. */
export function seal(lane: Lane, round: Round, compress: Compress | null): SealedBatch {
  const open = lane.open;
  assert(open !== null && open.recordCount > 0, "only an open batch with records can be sealed");
  const records = open.bytes.subarray(0, open.sizeBytes);
  const compressed = compress?.(records) ?? null;
  const bytes = withHeaderRoom(compressed?.bytes ?? records);
  if (compressed !== null) releaseMemory(compressed.bytes);
  const batch: SealedBatch = {
    lane,
    round,
    bytes,
    compression: compressed?.code ?? COMPRESSION_NONE,
    ready: compress !== null,
    recordCount: open.recordCount,
    baseTimestampMs: open.baseTimestampMs,
    maxTimestampMs: open.maxTimestampMs,
    only: open.recordCount === 1 ? lane.openOnly : null,
    sequence: -1,
    firstSentMs: 0,
  };
  lane.open = null;
  lane.openOnly = null;
  lane.push(batch);
  return batch;
}

/** A batch's bytes, but for the header. */
export function withHeaderRoom(body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(BATCH_HEADER_BYTES + body.length);
  bytes.set(body, BATCH_HEADER_BYTES);
  return bytes;
}

/** Compresses a batch's records; null to send them as they are. The input is not kept, and the output is nobody else's. */
export type Compress = (records: Uint8Array) => { readonly code: number; readonly bytes: Uint8Array } | null;
