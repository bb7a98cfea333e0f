import type { Partition } from "../../broker/partition.ts";
import { KeyScan, type ScanBudget, type ViewBug } from "../../broker/views/key-scan.ts";
import type { Tail } from "../../broker/views/tails.ts";
import type { SlicedWork } from "../../broker/views/turns.ts";
import type { FetchPartition } from "../fetch-partition.ts";
import { ERROR } from "../wire/generated/errors.ts";
import type { KafkaViews } from "./kafka-views.ts";
import { type Room, ViewRecords } from "./view-records.ts";

/** What one fetch collects of views at most before it is answered. */
const MAX_FETCH_BYTES = 1024 * 1024;
/** From what all fetches hold together on, each is answered with the least that it may have. */
const MAX_HELD_BYTES = 32 * 1024 * 1024;

/** What is told of one view. */
export interface ViewAnswer {
  readonly error: number;
  readonly records: Uint8Array;
  /** Where the view ends for who has read these records: the high watermark that he is told. */
  readonly endOffset: number;
}

/**
 * The views of one fetch request. They are looked through in slices of the event loop, all of them in turns, as far as
 * readers may see and as the answer has room; `onNews` runs once there is nothing more to do for now.
 */
export class ViewReads implements SlicedWork, Room {
  readonly #views: KafkaViews;
  readonly #reads = new Map<FetchPartition, ViewRead>();
  readonly #active = new Set<ViewRead>();
  readonly #maxBytes: number;
  readonly #onNews: () => void;
  #heldBytes = 0;
  #refused = false;
  #advancing = false;
  #stopped = false;

  constructor(
    targets: Iterable<FetchPartition>,
    readCommitted: boolean,
    maxBytes: number,
    views: KafkaViews,
    onNews: () => void,
  ) {
    this.#views = views;
    this.#maxBytes = Math.min(maxBytes, MAX_FETCH_BYTES);
    this.#onNews = onNews;
    for (const target of targets) {
      const {
        view,
        viewPartition: partition,
        index,
        fetchOffset: fromOffset,
        maxBytes: targetBytes,
      } = target;
      if (view === null || partition === null || fromOffset === null) continue;
      const want = { fromOffset, maxBytes: targetBytes, readCommitted, bugs: views.bugs };
      const tail = views.tails.of(view, index, readCommitted);
      this.#reads.set(target, new ViewRead(view.key, partition, tail, want, this));
    }
  }

  get isEmpty(): boolean {
    return this.#reads.size === 0;
  }

  /** Bytes of records so far. */
  get sizeBytes(): number {
    return this.#heldBytes;
  }

  /** Whether there is more to look through. */
  get isSearching(): boolean {
    return this.#active.size > 0;
  }

  /** Whether there is no point in waiting for more. */
  get isUrgent(): boolean {
    if (this.#refused) return true;
    for (const read of this.#reads.values()) if (read.isUrgent) return true;
    return false;
  }

  /** Looks for what has come since; `onNews` does not run in this call. */
  advance(): void {
    for (const read of this.#reads.values()) if (!read.isUrgent) this.#active.add(read);
    if (this.#active.size === 0) return;
    this.#advancing = true;
    this.#views.turns.add(this);
    this.#advancing = false;
  }

  /** Whose records may be waited for. */
  partitions(): readonly Partition[] {
    return [...new Set([...this.#reads.values()].map(({ partition }) => partition))];
  }

  answer(target: FetchPartition): ViewAnswer {
    const read = this.#reads.get(target);
    const error = ERROR.OFFSET_OUT_OF_RANGE;
    return read?.answer() ?? { error, records: NO_BYTES, endOffset: 0 };
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#views.turns.remove(this);
    this.#views.heldBytes -= this.#heldBytes;
    this.#active.clear();
  }

  step(budget: ScanBudget): boolean {
    // A read that needs more goes behind the others.
    for (const read of this.#active) {
      if (budget.bytes <= 0) return false;
      this.#active.delete(read);
      if (!read.step(budget)) this.#active.add(read);
    }
    if (!this.#advancing) this.#onNews();
    return true;
  }

  fits(sizeBytes: number): boolean {
    const { heldBytes } = this.#views;
    const fits =
      this.#heldBytes === 0 || (this.#heldBytes + sizeBytes <= this.#maxBytes && heldBytes < MAX_HELD_BYTES);
    this.#refused ||= !fits;
    return fits;
  }

  take(sizeBytes: number): void {
    this.#heldBytes += sizeBytes;
    this.#views.heldBytes += sizeBytes;
  }
}

interface Want {
  readonly fromOffset: number;
  readonly maxBytes: number;
  readonly readCommitted: boolean;
  readonly bugs: ReadonlySet<ViewBug>;
}

/** One partition of a view in a fetch. */
class ViewRead {
  readonly partition: Partition;
  readonly #key: Uint8Array;
  readonly #tail: Tail;
  readonly #want: Want;
  readonly #room: Room;
  #scan: KeyScan | null = null;
  #records: ViewRecords | null = null;
  #error: number = ERROR.NONE;
  #full = false;
  /** Whether all that readers may see was looked through by the last step. */
  #reachedEnd = false;

  constructor(key: Uint8Array, partition: Partition, tail: Tail, want: Want, room: Room) {
    this.partition = partition;
    this.#key = key;
    this.#tail = tail;
    this.#want = want;
    this.#room = room;
  }

  get isUrgent(): boolean {
    return this.#full || this.#error !== ERROR.NONE;
  }

  /** True once there is nothing more to do for now. */
  step(budget: ScanBudget): boolean {
    this.#scan ??= this.#begin();
    if (this.#scan === null) return true;
    const state = this.#scan.step(budget);
    // What a reader has skipped that was not decided yet may still come to be seen by others.
    const isWithin = this.#want.fromOffset <= this.#scan.endOffset || this.#want.bugs.has("skip-undecided");
    if (isWithin) this.#tail.note(this.#behindLast, this.#scan.position);
    this.#reachedEnd = state === "end";
    if (state === "more") return false;
    this.#full = state === "full";
    if (typeof state === "object") this.#error = state.error;
    return true;
  }

  /** Behind the last record that it has, or where it began. */
  get #behindLast(): number {
    return Math.max(this.#want.fromOffset, this.#records?.nextOffset ?? -1);
  }

  answer(): ViewAnswer {
    const { fromOffset, bugs } = this.#want;
    if (this.#scan === null || this.#records === null) {
      return { error: this.#error, records: NO_BYTES, endOffset: fromOffset };
    }
    let reached = this.#full ? this.#scan.position : this.#behindLast;
    let endOffset: number = this.#scan.endOffset;
    if (this.#reachedEnd) {
      endOffset = Math.max(this.#tail.endOffset, this.partition.log.logStartOffset, reached);
      reached = bugs.has("leave-lag") ? fromOffset : endOffset;
    }
    const records = this.#records.finish(fromOffset, reached);
    const error = records.length > 0 ? ERROR.NONE : this.#error;
    return { error, records, endOffset };
  }

  #begin(): KeyScan | null {
    const { partition } = this;
    const { log } = partition;
    const { fromOffset, maxBytes, readCommitted, bugs } = this.#want;
    const tail = this.#tail;
    // Who had everything below the log's start has lost nothing by it.
    const hadAll = tail.isBehind(fromOffset) && tail.coveredTo >= log.logStartOffset;
    if ((fromOffset < log.logStartOffset && !hadAll) || fromOffset > log.logEndOffset) {
      this.#error = ERROR.OFFSET_OUT_OF_RANGE;
      return null;
    }
    this.#records = new ViewRecords(this.#room, maxBytes, partition.leaderEpoch);
    const from = Math.max(tail.startFor(fromOffset), log.logStartOffset);
    const want = { key: this.#key, fromOffset: from, readCommitted, bugs };
    return new KeyScan(partition, want, this.#records);
  }
}

const NO_BYTES = new Uint8Array(0);
