import type { Partition } from "../../broker/partition.ts";
import type { DeviceView } from "../../broker/views/device-views.ts";
import { KeyScan, type RecordTaker, type ScanBudget } from "../../broker/views/key-scan.ts";
import type { Tail } from "../../broker/views/tails.ts";
import type { SlicedWork } from "../../broker/views/turns.ts";
import type { RecordCursor } from "../../records/reader.ts";
import { ERROR } from "../wire/generated/errors.ts";
import type { KafkaViews } from "./kafka-views.ts";

/** A record of a view that was looked for by its time. */
export interface FoundRecord {
  readonly offset: number;
  readonly timestampMs: number;
}

/** What was found out about a view. */
export interface ViewOffset {
  readonly error: number;
  /** Null where there is none, and where none was asked for. */
  readonly record: FoundRecord | null;
  /** Where the view ends; null where that was not asked for. */
  readonly endOffset: number | null;
}

/** What is to be found out of a view's partition: where it ends, its first record of a time, that of the latest time. */
export interface OffsetQuestion {
  readonly view: DeviceView;
  /** By the view's own number, and as the topic's. */
  readonly index: number;
  readonly partition: Partition;
  readonly wanted: "end" | "latest-time" | { readonly timestampMs: number };
  readonly readCommitted: boolean;
  readonly answer: (found: ViewOffset) => void;
}

/** Answers the questions of one request, one after the other, in slices of the event loop. */
export class ViewOffsets implements SlicedWork {
  readonly #views: KafkaViews;
  readonly #questions: readonly OffsetQuestion[];
  #next = 0;
  #search: Search | null = null;

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

  #look(question: OffsetQuestion, budget: ScanBudget): ViewOffset | null {
    const { view, index, partition, wanted, readCommitted } = question;
    // Each question costs something, so that many of them don't keep the event loop.
    budget.bytes -= QUESTION_COST_BYTES;
    if (partition.log.fault !== null)
      return { error: ERROR.KAFKA_STORAGE_ERROR, record: null, endOffset: null };
    const target = { partition, key: view.key, readCommitted };
    this.#search ??=
      wanted === "end"
        ? new EndSearch(target, this.#views.tails.of(view, index, readCommitted))
        : new TimeSearch(target, wanted === "latest-time" ? null : wanted.timestampMs);
    return this.#search.step(budget);
  }
}

interface Search {
  /** Null as long as it is not found out. */
  step(budget: ScanBudget): ViewOffset | null;
}

interface SearchTarget {
  readonly partition: Partition;
  readonly key: Uint8Array;
  readonly readCommitted: boolean;
}

const QUESTION_COST_BYTES = 512;

/**
 * Looks for the last record, segment by segment from the end of the log. Where there is none, the view ends where the log
 * does.
 */
class EndSearch implements Search, RecordTaker {
  readonly #target: SearchTarget;
  readonly #tail: Tail;
  /** Where the part begins that was looked through before. */
  #until = Number.MAX_SAFE_INTEGER;
  /** Up to where readers saw the log at the beginning of the search. */
  #coveredTo = -1;
  #scan: KeyScan | null = null;
  #behindLast = -1;

  constructor(target: SearchTarget, tail: Tail) {
    this.#target = target;
    this.#tail = tail;
  }

  take({ offset }: RecordCursor): boolean {
    this.#behindLast = offset + 1;
    return true;
  }

  step(budget: ScanBudget): ViewOffset | null {
    const { partition } = this.#target;
    const { log } = partition;
    for (;;) {
      this.#scan ??= this.#previous();
      const state = this.#scan.step(budget);
      if (state === "more") return null;
      const end = Math.max(this.#tail.endOffset, log.logStartOffset);
      const none = { record: null, endOffset: end };
      if (typeof state === "object") return { ...none, error: state.error };
      // What is known from before is all that there is below.
      const isLast = this.#until <= Math.max(log.logStartOffset, this.#tail.coveredTo);
      if (this.#behindLast < 0 && !isLast) {
        this.#scan = null;
        continue;
      }
      const known = Math.max(this.#behindLast, this.#tail.endOffset);
      this.#tail.note(known < 0 ? this.#coveredTo : known, this.#coveredTo);
      return { ...none, error: ERROR.NONE, endOffset: Math.max(this.#tail.endOffset, log.logStartOffset) };
    }
  }

  /** The part before the one that was looked through: of a segment, but for what is known. */
  #previous(): KeyScan {
    const { partition, key, readCommitted } = this.#target;
    const untilOffset = this.#until;
    const segment = partition.log.segments.findLast(({ baseOffset }) => baseOffset < untilOffset);
    this.#until = Math.max(segment?.baseOffset ?? 0, this.#tail.coveredTo);
    const scan = new KeyScan(partition, { key, fromOffset: this.#until, untilOffset, readCommitted }, this);
    if (this.#coveredTo < 0) this.#coveredTo = Math.max(scan.endOffset, partition.log.logStartOffset);
    return scan;
  }
}

/** Looks for the first record at a time or later, or, with null, for the first of those with the latest time. */
class TimeSearch implements Search, RecordTaker {
  readonly #target: SearchTarget;
  readonly #timestampMs: number | null;
  #scan: KeyScan | null = null;
  #found: FoundRecord | null = null;

  constructor(target: SearchTarget, timestampMs: number | null) {
    this.#target = target;
    this.#timestampMs = timestampMs;
  }

  step(budget: ScanBudget): ViewOffset | null {
    const { partition, key, readCommitted } = this.#target;
    const none = { error: ERROR.NONE, record: null, endOffset: null };
    if (this.#scan === null) {
      const fromOffset = this.#start(partition);
      if (fromOffset === null) return none;
      this.#scan = new KeyScan(partition, { key, fromOffset, readCommitted }, this);
    }
    const state = this.#scan.step(budget);
    if (state === "more") return null;
    const error = typeof state === "object" ? state.error : ERROR.NONE;
    return { ...none, error, record: error === ERROR.NONE ? this.#found : null };
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
