import type { Clock } from "../../io/clock.ts";
import type { RecordCursor } from "../../records/reader.ts";
import type { Partition } from "../partition.ts";
import { KeyScan, type RecordTaker, type ScanBudget } from "./key-scan.ts";
import type { SlicedWork, Turns } from "./turns.ts";

/** Records of one key in a part of one partition's log. */
export interface CountJob {
  /** Null where it is not there any more: nothing is counted then. */
  readonly partition: Partition | null;
  readonly key: Uint8Array;
  readonly fromOffset: number;
  /** The first offset that does not count. */
  readonly untilOffset: number;
}

/** What was found of a job. */
export interface WaitingCount {
  records: number;
  /** Of keys and values. */
  bytes: number;
  /** Timestamp of the first; null where none was found. */
  firstMs: number | null;
  /** Whether that is all; else there are so many at least. */
  isComplete: boolean;
}

/** What counting may cost, all jobs together. */
export interface CountLimits {
  /** Of the logs that are looked through. Each job has an equal part of it, and what those before it left. */
  readonly bytes: number;
  readonly maxMs: number;
}

/** Counts committed records of keys, job after job, in slices of the event loop. */
export class WaitingCounts implements SlicedWork, RecordTaker {
  readonly #turns: Turns;
  readonly #clock: Clock;
  readonly #jobs: readonly CountJob[];
  readonly #done: (counts: readonly WaitingCount[]) => void;
  readonly #counts: WaitingCount[];
  readonly #endMs: number;
  #leftBytes: number;
  #jobBytes = 0;
  #index = -1;
  #scan: KeyScan | null = null;

  /** `done` gets a count for each job, in their order. */
  constructor(
    turns: Turns,
    clock: Clock,
    jobs: readonly CountJob[],
    limits: CountLimits,
    done: (counts: readonly WaitingCount[]) => void,
  ) {
    this.#turns = turns;
    this.#clock = clock;
    this.#jobs = jobs;
    this.#done = done;
    this.#counts = jobs.map(() => ({ records: 0, bytes: 0, firstMs: null, isComplete: false }));
    this.#endMs = clock.monotonicMs() + limits.maxMs;
    this.#leftBytes = limits.bytes;
  }

  start(): void {
    this.#turns.add(this);
  }

  step(budget: ScanBudget): boolean {
    while (budget.bytes > 0) {
      this.#scan ??= this.#next();
      if (this.#scan === null) {
        this.#done(this.#counts);
        return true;
      }
      const before = Math.min(budget.bytes, this.#jobBytes);
      const part = { bytes: before };
      const state = this.#scan.step(part);
      const usedBytes = before - part.bytes;
      budget.bytes -= usedBytes;
      this.#jobBytes -= usedBytes;
      this.#leftBytes -= usedBytes;
      const count = this.#counts[this.#index];
      if (state === "end" && count !== undefined) count.isComplete = true;
      const isOver = this.#jobBytes <= 0 || this.#clock.monotonicMs() >= this.#endMs;
      if (state !== "more" || isOver) this.#scan = null;
    }
    return false;
  }

  take(record: RecordCursor): boolean {
    const count = this.#counts[this.#index];
    if (count === undefined) return false;
    count.records += 1;
    count.bytes += (record.value()?.length ?? 0) + (record.key()?.length ?? 0);
    count.firstMs ??= record.timestampMs;
    return true;
  }

  /** Null once all are done, or no more may be. */
  #next(): KeyScan | null {
    for (;;) {
      this.#index += 1;
      const job = this.#jobs[this.#index];
      const isSpent = this.#leftBytes <= 0 || this.#clock.monotonicMs() >= this.#endMs;
      if (job === undefined || isSpent) return null;
      const { partition, key, fromOffset, untilOffset } = job;
      if (partition === null || partition.deleted) continue;
      this.#jobBytes = Math.ceil(this.#leftBytes / (this.#jobs.length - this.#index));
      return new KeyScan(partition, { key, fromOffset, untilOffset, readCommitted: true }, this);
    }
  }
}
