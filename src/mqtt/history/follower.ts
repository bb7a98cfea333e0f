import { assert } from "../../base/assert.ts";
import { HeadwaterError } from "../../base/errors.ts";
import type { AbortedTransaction } from "../../log/transaction-state.ts";
import {
  batchBaseOffset,
  batchIsControl,
  batchIsTransactional,
  batchLastOffset,
  batchNextOffset,
  batchProducerId,
  batchSizeBytes,
} from "../../records/batch.ts";
import { RecordCursor } from "../../records/reader.ts";
import type { HistoryPartition, HistorySlice } from "./source.ts";

/** What one read takes from the log: small, so that a follower that has to wait holds little. */
export const READ_BYTES = 64 * 1024;
/** The same where nothing is held: whole batches are taken where they lie. */
const VIEW_BYTES = 256 * 1024;
const NO_BYTES = new Uint8Array(0);

/** Why records never come: retention took them, a disk lost them, or their batch is no batch. */
export type GapReason = "retention" | "damage" | "unreadable";

/** Who gets the records of a partition. */
export interface RecordConsumer {
  /**
   * Takes the record that the cursor is at; its bytes are good during the call. False where there is no room: it is
   * offered again after `resume`.
   */
  take(record: RecordCursor, follower: Follower): boolean;
  /**
   * Takes all records of the batch at `position`, of which none was handed over: its bytes are good during the call. Says
   * how many they were; -1 where they are to come one by one. Not asked where a key is looked for.
   */
  takeBatch?(bytes: Uint8Array, position: number, follower: Follower): number;
  /** Records in [fromOffset, toOffset) will never come. */
  gap(fromOffset: number, toOffset: number, reason: GapReason, follower: Follower): void;
  /** There is nothing more to read for now: what is appended from here on is live. Each time that it is so. */
  caughtUp?(follower: Follower): void;
  /** The last call: the topic is deleted, or its log can't be read. */
  ended(reason: "deleted" | "unreadable", follower: Follower): void;
}

/** What a turn of the event loop may still do. */
export interface SliceBudget {
  records: number;
  bytes: number;
}

/**
 * - "reading": there is more, as far as is known
 * - "waiting": at the end of the log
 * - "full": the consumer has no room
 * - "ended": for good
 */
export type FollowerState = "reading" | "waiting" | "full" | "ended";

/**
 * Reads one partition's committed, durable records in their order and hands them to a consumer, so many at a time:
 * markers and records of aborted transactions are left out. With a key, only records that have it. What it was
 * handed from the log is copied, since it may have to wait in the middle of a batch: at most one read, and one
 * decompressed batch.
 */
export class Follower {
  readonly partition: HistoryPartition;
  /** Everything below was handed over, or is nothing for the consumer. */
  position = 0;
  /** Finds where to begin, at the first step: to search a log by time takes a while. */
  #findStart: (() => number) | null = null;
  readonly #key: Uint8Array | null;
  readonly #consumer: RecordConsumer;
  readonly #cursor = new RecordCursor();
  #state: FollowerState = "reading";
  /** Batches that were read, and where the next of them begins. */
  #bytes: Uint8Array = NO_BYTES;
  #at = 0;
  /** Whether they are the log's own, and good in this turn only. */
  #isView = false;
  #nextOffset = 0;
  #aborted: readonly AbortedTransaction[] = [];
  /** End offset of the batch that the cursor is in; -1 between batches. */
  #batchEnd = -1;
  /** Whether the cursor is at a record that the consumer has refused. */
  #refused = false;

  constructor(
    partition: HistoryPartition,
    from: number | (() => number),
    key: Uint8Array | null,
    consumer: RecordConsumer,
  ) {
    this.partition = partition;
    if (typeof from === "number") this.position = from;
    else this.#findStart = from;
    this.#key = key;
    this.#consumer = consumer;
  }

  get state(): FollowerState {
    return this.#state;
  }

  /** Bytes of the log that it holds between two turns. */
  get heldBytes(): number {
    const decompressed = this.#cursor.bytes === this.#bytes ? 0 : this.#cursor.bytes.length;
    return this.#bytes.length + (this.#batchEnd < 0 ? 0 : decompressed);
  }

  /** Lets go of what it holds; it is read again. */
  release(): void {
    this.#cursor.close();
    this.#bytes = NO_BYTES;
    this.#isView = false;
    this.#at = 0;
    this.#batchEnd = -1;
    this.#refused = false;
  }

  /** There may be more to read, or room for it. */
  wake(): void {
    if (this.#state !== "ended") this.#state = "reading";
  }

  /** No more, and nobody is told. */
  stop(): void {
    this.#state = "ended";
    this.release();
  }

  /** Goes on until the budget is used up, or nothing is to be done. */
  step(budget: SliceBudget): void {
    // What was read is paid for: a batch that is larger than the budget could not be taken otherwise, and never be passed.
    const isRead = () => this.#isView && this.#at < this.#bytes.length;
    while (this.#state === "reading" && budget.records > 0 && (budget.bytes > 0 || isRead())) {
      if (this.#batchEnd >= 0) this.#handOver(budget);
      else if (this.#at < this.#bytes.length) this.#openBatch(budget);
      else this.#readOn(budget);
    }
    // All that came before was taken: it is read on from the position.
    if (this.#isView) this.release();
  }

  #readOn(budget: SliceBudget): void {
    const { partition } = this;
    this.release();
    if (partition.deleted) {
      this.#end("deleted");
      return;
    }
    if (this.#findStart !== null) {
      this.position = this.#findStart();
      this.#findStart = null;
      budget.bytes -= MIN_READ_COST_BYTES;
    }
    const { logStartOffset } = partition;
    if (this.position < logStartOffset) {
      const from = this.position;
      this.position = logStartOffset;
      this.#consumer.gap(from, logStartOffset, "retention", this);
      return;
    }
    const { endOffset } = partition;
    if (this.position >= endOffset) {
      this.#state = "waiting";
      partition.awaitMore();
      this.#consumer.caughtUp?.(this);
      return;
    }
    const slice =
      this.#key === null
        ? partition.read(this.position, this.#takesBatches ? VIEW_BYTES : READ_BYTES)
        : partition.readKey(this.#key, this.position, READ_BYTES);
    if (slice === null || !this.#accept(slice, endOffset)) {
      this.#end("unreadable");
      return;
    }
    // A search by key costs time where it finds nothing, too.
    budget.bytes -= Math.max(this.#bytes.length, MIN_READ_COST_BYTES);
  }

  /** Takes over what was read. False where it can't be told what of it was committed. */
  #accept(slice: HistorySlice, endOffset: number): boolean {
    const { partition } = this;
    if (slice.batches.length === 0 && this.#key === null) {
      // Below the end a log always has a batch, but where its last ones were damaged.
      const from = this.position;
      this.position = endOffset;
      this.#consumer.gap(from, endOffset, "damage", this);
      return true;
    }
    const [only] = slice.batches;
    this.#isView = this.#takesBatches && only !== undefined && slice.batches.length === 1;
    this.#bytes = this.#isView && only !== undefined ? only : joined(slice.batches);
    this.#nextOffset = Math.max(slice.nextOffset, this.position);
    if (this.#bytes.length === 0) this.position = this.#nextOffset;
    if (!anyTransactional(this.#bytes)) {
      this.#aborted = [];
      return true;
    }
    const aborted = partition.abortedTransactions(batchBaseOffset(this.#bytes, 0), slice.nextOffset);
    this.#aborted = aborted ?? [];
    return aborted !== null;
  }

  get #takesBatches(): boolean {
    return this.#key === null && this.#consumer.takeBatch !== undefined;
  }

  #openBatch(budget: SliceBudget): void {
    const bytes = this.#bytes;
    const at = this.#at;
    const base = batchBaseOffset(bytes, at);
    const end = batchNextOffset(bytes, at);
    this.#at += batchSizeBytes(bytes, at);
    if (base > this.position && this.#key === null && !this.partition.compacted) {
      const from = this.position;
      this.position = base;
      this.#consumer.gap(from, base, "damage", this);
      if (this.#state === "ended") return;
    }
    if (batchIsControl(bytes, at) || this.#isAborted(at)) {
      this.#finishBatch(end);
      return;
    }
    const taken = base >= this.position ? this.#takeWhole(at) : -1;
    if (taken >= 0) {
      budget.records -= taken;
      this.#finishBatch(end);
      return;
    }
    this.#keep();
    this.#cursor.open(this.#bytes, at, this.#at);
    this.#batchEnd = end;
  }

  #takeWhole(at: number): number {
    return this.#takesBatches ? (this.#consumer.takeBatch?.(this.#bytes, at, this) ?? -1) : -1;
  }

  /** Copies what may not be finished in this turn. */
  #keep(): void {
    if (!this.#isView) return;
    this.#isView = false;
    this.#bytes = this.#bytes.slice();
  }

  #handOver(budget: SliceBudget): void {
    const cursor = this.#cursor;
    const end = this.#batchEnd;
    try {
      while (budget.records > 0) {
        if (!this.#refused && !cursor.next()) {
          this.#finishBatch(end);
          return;
        }
        this.#refused = false;
        // Not counted, or one that had to let go of a large batch would never get beyond the start of it.
        if (cursor.offset < this.position) continue;
        budget.records -= 1;
        if (!this.#hasKey(cursor)) continue;
        if (!this.#consumer.take(cursor, this)) {
          // It may have stopped this follower for good.
          if (this.#state !== "reading") return;
          this.#refused = true;
          this.#state = "full";
          return;
        }
        if (this.#state === "ended") return;
        this.position = cursor.offset + 1;
      }
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      const from = this.position;
      this.#finishBatch(end);
      this.#consumer.gap(from, end, "unreadable", this);
    }
  }

  #finishBatch(endOffset: number): void {
    this.#cursor.close();
    this.#batchEnd = -1;
    this.#refused = false;
    this.position = Math.max(this.position, endOffset);
    if (this.#at < this.#bytes.length) return;
    // Between the last batch of a search by key and where it goes on, nothing has the key.
    this.position = Math.max(this.position, this.#nextOffset);
    this.#bytes = NO_BYTES;
    this.#at = 0;
  }

  #hasKey(cursor: RecordCursor): boolean {
    const key = this.#key;
    if (key === null) return true;
    const { bytes, keyStart, keyEnd } = cursor;
    if (keyStart < 0 || keyEnd - keyStart !== key.length) return false;
    for (let index = 0; index < key.length; index++) {
      if (bytes[keyStart + index] !== key[index]) return false;
    }
    return true;
  }

  #isAborted(at: number): boolean {
    const bytes = this.#bytes;
    if (this.#aborted.length === 0 || !batchIsTransactional(bytes, at)) return false;
    const producerId = batchProducerId(bytes, at);
    const first = batchBaseOffset(bytes, at);
    const last = batchLastOffset(bytes, at);
    return this.#aborted.some(
      (transaction) =>
        transaction.producerId === producerId &&
        transaction.firstOffset <= last &&
        first <= transaction.lastOffset,
    );
  }

  #end(reason: "deleted" | "unreadable"): void {
    assert(this.#state !== "ended", "a follower that ends twice");
    this.#state = "ended";
    this.release();
    this.#consumer.ended(reason, this);
  }
}

/** What a read counts at least, and a search by time. */
const MIN_READ_COST_BYTES = 4 * 1024;

function joined(batches: readonly Uint8Array[]): Uint8Array {
  const [only] = batches;
  if (only === undefined) return NO_BYTES;
  if (batches.length === 1) return only.slice();
  const all = new Uint8Array(batches.reduce((size, batch) => size + batch.length, 0));
  let at = 0;
  for (const batch of batches) {
    all.set(batch, at);
    at += batch.length;
  }
  return all;
}

function anyTransactional(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += batchSizeBytes(bytes, at)) {
    if (batchIsTransactional(bytes, at)) return true;
  }
  return false;
}
