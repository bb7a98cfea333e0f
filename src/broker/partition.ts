import type { LeaderEpoch, Offset, Uuid } from "../base/ids.ts";
import { STAMP } from "../clock/marks.ts";
import { ERROR } from "../kafka/wire/generated/errors.ts";
import type { AppendResult } from "../log/append-read.ts";
import type { PartitionLog } from "../log/partition-log.ts";
import type { ProducerRefusal } from "../log/producer-state.ts";
import type { Marker } from "../log/transaction-state.ts";
import { buildTransactionMarker } from "../records/transaction-marker.ts";
import { PartitionCounters, type PartitionHooks } from "./partition-counters.ts";
import type { Stamps } from "./stamps.ts";
import { type AckCallback, AckQueue, type ReadWaiter } from "./waiting.ts";

/**
 * A partition as every door sees it: its log, and who waits on it. The one broker leads every partition, in
 * epoch 0, until there are clusters.
 */
export class Partition {
  readonly topic: string;
  readonly topicId: Uuid;
  readonly index: number;
  readonly log: PartitionLog;
  readonly leaderEpoch: LeaderEpoch;
  readonly counters: PartitionCounters;
  readonly #acks = new AckQueue();
  readonly #readers = new Set<ReadWaiter>();
  /** Who waits for the disk where the topic does not. */
  readonly #diskWaits = new Set<AckCallback>();
  readonly #awaitCommit: (partition: Partition) => void;
  #lastHighWatermark: Offset;
  #deleted = false;
  readonly #hooks: PartitionHooks | null;
  #begun = false;
  /** Whether the topic is about to be deleted: nothing is appended any more but what ends transactions. */
  closed = false;
  readonly #stamps: Stamps | null;
  /** Kinds of timestamps that were noted in a period of the clock. */
  #stampPeriod = -1;
  #stampKinds = 0;

  constructor(
    log: PartitionLog,
    leaderEpoch: LeaderEpoch,
    awaitCommit: (partition: Partition) => void,
    stamps: Stamps | null = null,
    hooks: PartitionHooks | null = null,
  ) {
    this.#hooks = hooks;
    this.counters = new PartitionCounters(log.logEndOffset);
    this.#stamps = stamps;
    this.topic = log.topic;
    this.topicId = log.topicId;
    this.index = log.partition;
    this.log = log;
    this.leaderEpoch = leaderEpoch;
    this.#awaitCommit = awaitCommit;
    this.#lastHighWatermark = log.highWatermark;
  }

  /** Whether anything was appended since the start. */
  get hasBegun(): boolean {
    return this.#begun;
  }

  get deleted(): boolean {
    return this.#deleted;
  }

  /** Readers of committed records see what is below. */
  get lastStableOffset(): Offset {
    return this.log.lastStableOffset;
  }

  /** The high watermark that waiters have been told of. */
  get settledOffset(): Offset {
    return this.#lastHighWatermark;
  }

  /**
   * Appends batches as they came off the wire; see PartitionLog.append, and `verify` for the guard of
   * a client's transaction. Durable only after `whenDurable`.
   */
  append(
    batches: Uint8Array,
    start: number,
    end: number,
    nowMs: number,
    origin: "client" | "broker",
    guard = 0,
  ): AppendResult {
    if (this.closed)
      return { error: ERROR.UNKNOWN_TOPIC_OR_PARTITION, message: "the topic is being deleted" };
    const { leaderEpoch } = this;
    if (origin === "client") this.noteStamps(STAMP.sender);
    this.#begin();
    const result = this.log.append(batches, start, end, { leaderEpoch, nowMs, origin, guard });
    const unplaced = this.counters.note(batches, start, end, result);
    if (unplaced > 0) this.#hooks?.onFull(this.topic, this.index, unplaced, end - start);
    if (result.error === 0) this.#awaitCommit(this);
    return result;
  }

  #begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#hooks?.onBegun(this);
  }

  /** Says of which kinds (see STAMP) the timestamps are that the next append brings. */
  noteStamps(kinds: number): void {
    const witness = this.#stamps?.witness ?? null;
    if (witness === null) return;
    const noted = this.log.config.timestampType === "LogAppendTime" ? STAMP.arrival : kinds;
    if (this.#stampPeriod !== witness.period) {
      this.#stampPeriod = witness.period;
      this.#stampKinds = 0;
    }
    if ((this.#stampKinds & noted) === noted) return;
    this.#stampKinds |= noted;
    witness.stamped(this, this.#stampKinds);
  }

  /**
   * The guard under which a client's transactional batch may be appended, once the coordinator has said that this
   * partition is in the producer's transaction: 0 where the transaction is open here and nobody has to be asked.
   * With `implicit` the partition is added by that question, and each transaction begins with sequence 0.
   */
  verify(batch: Uint8Array, at: number, implicit: boolean, monotonicMs: number): number | ProducerRefusal {
    return this.log.producers.verify(batch, at, implicit, monotonicMs);
  }

  /** Ends a producer's transaction here. Refused where a newer producer or coordinator is known. */
  appendMarker(marker: Marker, nowMs: number): AppendResult {
    const bytes = buildTransactionMarker({ ...marker, timestampMs: nowMs });
    this.#begin();
    const result = this.log.append(bytes, 0, bytes.length, {
      leaderEpoch: this.leaderEpoch,
      nowMs,
      origin: "broker",
      transactionVersion: marker.transactionVersion ?? 0,
    });
    if (result.error !== 0) return result;
    this.counters.markers += 1;
    this.#awaitCommit(this);
    return result;
  }

  /** Calls back once every record below `endOffset` is durable, in this call where it is already. */
  whenDurable(endOffset: number, callback: AckCallback): void {
    if (this.#deleted) callback(ERROR.UNKNOWN_TOPIC_OR_PARTITION);
    else if (this.log.fault !== null) callback(ERROR.KAFKA_STORAGE_ERROR);
    else if (this.#acks.size === 0 && this.log.highWatermark >= endOffset) callback(0);
    else {
      this.#acks.add(endOffset, callback);
      this.#awaitCommit(this);
    }
  }

  /** The same for the disk, also where the topic waits for none: for what a power cut must not take by itself. */
  whenOnDisk(endOffset: number, callback: AckCallback): void {
    const { log } = this;
    if (this.#deleted || log.fault !== null || log.config.durability === "disk") {
      this.whenDurable(endOffset, callback);
      return;
    }
    const finish = (error: number): void => {
      if (this.#diskWaits.delete(finish)) callback(error);
    };
    this.#diskWaits.add(finish);
    this.#awaitCommit(this);
    log.makeDurable(() => finish(0));
  }

  /** Where the records of the largest leader epoch at or below this one end (KIP-101); -1 and -1 if unknown. */
  endOffsetFor(epoch: number): { readonly leaderEpoch: number; readonly endOffset: number } {
    // An epoch without records ends where the log does.
    if (epoch === this.leaderEpoch) return { leaderEpoch: epoch, endOffset: this.log.logEndOffset };
    return this.log.endOffsetFor(epoch);
  }

  addReader(waiter: ReadWaiter): void {
    this.#readers.add(waiter);
  }

  removeReader(waiter: ReadWaiter): void {
    this.#readers.delete(waiter);
  }

  /** After a commit round: releases acks and wakes readers. Says whether acks still wait. */
  settle(): boolean {
    if (this.log.fault !== null) {
      this.#endWaits(ERROR.KAFKA_STORAGE_ERROR);
      return false;
    }
    const highWatermark = this.log.highWatermark;
    this.#acks.release(highWatermark);
    if (highWatermark !== this.#lastHighWatermark) {
      this.#lastHighWatermark = highWatermark;
      this.#wakeReaders();
    }
    return this.#acks.size > 0 || this.#diskWaits.size > 0 || this.log.logEndOffset > highWatermark;
  }

  /** The topic is gone: whoever waits is told so. */
  retire(): void {
    this.#deleted = true;
    this.#endWaits(ERROR.UNKNOWN_TOPIC_OR_PARTITION);
  }

  #endWaits(error: number): void {
    this.#acks.fail(error);
    for (const finish of [...this.#diskWaits]) finish(error);
    this.#wakeReaders();
  }

  #wakeReaders(): void {
    for (const waiter of [...this.#readers]) waiter.wake();
  }
}
