import type { DeviceView } from "../../broker/device-views.ts";
import type { Partition } from "../../broker/partition.ts";
import type { RecordCursor } from "../../records/reader.ts";
import { ERROR } from "../wire/generated/errors.ts";
import type { KafkaViews } from "./kafka-views.ts";
import { KeyScan, type RecordTaker, type ScanBudget } from "./key-scan.ts";
import type { SlicedWork } from "./turns.ts";

/** A record of a view that was looked for by its time. */
export interface FoundRecord {
  readonly offset: number;
  readonly timestampMs: number;
}

/** What was found out about a view. */
export interface ViewOffset {
  readonly error: number;
  /** Null where no partition has the key: the view is empty, from 0 to 0. */
  readonly partition: Partition | null;
  /** Null where there is none, and where none was asked for. */
  readonly record: FoundRecord | null;
}

/** What is to be found out: the partition alone, or with it the first record of a time, or that of the latest time. */
export interface OffsetQuestion {
  readonly view: DeviceView;
  readonly wanted: "partition" | "latest-time" | { readonly timestampMs: number };
  readonly readCommitted: boolean;
  readonly answer: (found: ViewOffset) => void;
}

/** Answers the questions of one request, one after the other, in slices of the event loop. */
export class ViewOffsets implements SlicedWork {
  readonly #views: KafkaViews;
  readonly #questions: readonly OffsetQuestion[];
  #next = 0;
  #search: TimeSearch | null = null;

  constructor(views: KafkaViews, questions: readonly OffsetQuestion[]) {
    this.#views = views;
    this.#questions = questions;
  }

  start(): void {
    if (this.#questions.length > 0) this.#views.turns.add(this);
  }

  stop(): void {
    this.#views.turns.remove(this);
  }

  step(budget: ScanBudget): boolean {
    for (;;) {
      const question = this.#questions[this.#next];
      if (question === undefined) return true;
      if (budget.bytes <= 0) return false;
      const found = this.#look(question, budget);
      if (found === null) return false;
      this.#next += 1;
      this.#search = null;
      question.answer(found);
    }
  }

  #look({ view, wanted, readCommitted }: OffsetQuestion, budget: ScanBudget): ViewOffset | null {
    const home = this.#views.homes.of(view);
    // Each question costs something, so that many of them don't keep the event loop.
    budget.bytes -= QUESTION_COST_BYTES;
    if (!home.step(budget)) return null;
    const { partition } = home;
    const none = { error: ERROR.NONE, partition, record: null };
    if (partition === null || wanted === "partition") return none;
    if (partition.log.fault !== null) return { ...none, error: ERROR.KAFKA_STORAGE_ERROR };
    this.#search ??= new TimeSearch(wanted === "latest-time" ? null : wanted.timestampMs);
    return this.#search.step(partition, view.key, readCommitted, budget);
  }
}

const QUESTION_COST_BYTES = 512;

/** Looks for the first record at a time or later, or, with null, for the first of those with the latest time. */
class TimeSearch implements RecordTaker {
  readonly #timestampMs: number | null;
  #scan: KeyScan | null = null;
  #found: FoundRecord | null = null;

  constructor(timestampMs: number | null) {
    this.#timestampMs = timestampMs;
  }

  step(partition: Partition, key: Uint8Array, readCommitted: boolean, budget: ScanBudget): ViewOffset | null {
    if (this.#scan === null) {
      const fromOffset = this.#start(partition);
      if (fromOffset === null) return { error: ERROR.NONE, partition, record: null };
      this.#scan = new KeyScan(partition, { key, fromOffset, readCommitted }, this);
    }
    const state = this.#scan.step(budget);
    if (state === "more") return null;
    const error = typeof state === "object" ? state.error : ERROR.NONE;
    return { error, partition, record: error === ERROR.NONE ? this.#found : null };
  }

  take({ offset, timestampMs }: RecordCursor): boolean {
    if (this.#timestampMs === null) {
      if (this.#found === null || timestampMs > this.#found.timestampMs)
        this.#found = { offset, timestampMs };
      return true;
    }
    if (timestampMs < this.#timestampMs) return true;
    this.#found = { offset, timestampMs };
    return false;
  }

  /** No record of any key is as late before it; null where none is at all. */
  #start({ log }: Partition): number | null {
    if (this.#timestampMs === null) return log.logStartOffset;
    return log.offsetForTimestamp(this.#timestampMs)?.offset ?? null;
  }
}
