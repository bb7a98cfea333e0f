import type { Clock } from "../../io/clock.ts";
import type { RecordCursor } from "../../records/reader.ts";
import type { Topic } from "../topics.ts";
import { KeyScan, type RecordTaker, type ScanBudget } from "./key-scan.ts";
import type { SlicedWork, Turns } from "./turns.ts";

/** Where to go on in a topic: partitions are gone through one after the other. */
export interface HistoryPlace {
  readonly partition: number;
  readonly offset: number;
}

/** A part of one device's history. */
export interface HistoryWant {
  readonly topic: Topic;
  readonly key: Uint8Array;
  /** Records of this time or later; null: all. */
  readonly fromMs: number | null;
  /** Records before this time; null: all. */
  readonly toMs: number | null;
  readonly place: HistoryPlace | null;
  /** Takes a record of the place's partition, whose bytes are good during the call. False where it has enough. */
  readonly take: (record: RecordCursor, partition: number) => boolean;
  /** How long it may take: then it ends where it is. */
  readonly maxMs: number;
  /** `next` is null once all was gone through; an error is Kafka's. Not called after `stop`. */
  readonly done: (next: HistoryPlace | null, error: number) => void;
}

/**
 * Goes through one device's committed records of a time, in all partitions of a topic, in slices of the event loop.
 */
export class DeviceHistory implements SlicedWork, RecordTaker {
  readonly #turns: Turns;
  readonly #clock: Clock;
  readonly #want: HistoryWant;
  readonly #endMs: number;
  #partition: number;
  #scan: KeyScan | null = null;

  constructor(turns: Turns, clock: Clock, want: HistoryWant) {
    this.#turns = turns;
    this.#clock = clock;
    this.#want = want;
    this.#endMs = clock.monotonicMs() + want.maxMs;
    this.#partition = want.place?.partition ?? 0;
  }

  start(): void {
    this.#turns.add(this);
  }

  stop(): void {
    this.#turns.remove(this);
  }

  step(budget: ScanBudget): boolean {
    for (;;) {
      this.#scan ??= this.#begin();
      const scan = this.#scan;
      if (scan === null) return this.#end(null, 0);
      const state = scan.step(budget);
      const here = { partition: this.#partition, offset: scan.position };
      if (typeof state === "object") return this.#end(here, state.error);
      if (state === "full") return this.#end(here, 0);
      if (state === "more") return this.#clock.monotonicMs() < this.#endMs ? false : this.#end(here, 0);
      this.#scan = null;
      this.#partition += 1;
    }
  }

  take(record: RecordCursor): boolean {
    const { fromMs, toMs, take } = this.#want;
    const { timestampMs } = record;
    if ((fromMs !== null && timestampMs < fromMs) || (toMs !== null && timestampMs >= toMs)) return true;
    return take(record, this.#partition);
  }

  #begin(): KeyScan | null {
    const { topic, key, fromMs, place } = this.#want;
    const partition = topic.partitions[this.#partition];
    if (partition === undefined || partition.deleted) return null;
    const { log } = partition;
    const found = fromMs === null ? log.logStartOffset : log.offsetForTimestamp(fromMs)?.offset;
    // No record of any device is so late.
    const from = found ?? log.highWatermark;
    const known = place?.partition === this.#partition ? place.offset : 0;
    return new KeyScan(partition, { key, fromOffset: Math.max(from, known), readCommitted: true }, this);
  }

  #end(next: HistoryPlace | null, error: number): true {
    this.#want.done(next, error);
    return true;
  }
}
