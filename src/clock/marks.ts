/** What the timestamps of records are; a batch can have several kinds. */
export const STAMP = {
  /** The time at which we got it, by our own wall clock. */
  arrival: 1,
  /** What its sender, or its payload, says: none of our business. */
  sender: 2,
} as const;

/** From this offset on, up to the next mark, records came in this period of the clock and have such timestamps. */
export interface Mark {
  readonly offset: number;
  readonly period: number;
  readonly kinds: number;
}

/** A period that was right, whatever becomes known later: its marks are one. */
export const SETTLED_PERIOD = 0;
/** Marks of one partition; where a clock is set more often than that, the oldest times stay as they are. */
export const MAX_MARKS = 64;

/**
 * Which records of a partition came in which period of the clock: marks in the order of their offsets, so that the
 * records' bytes stay as they are.
 */
export class Marks {
  #all: Mark[];

  constructor(all: readonly Mark[]) {
    this.#all = [...all];
  }

  get all(): readonly Mark[] {
    return this.#all;
  }

  /** The mark that holds for the record at this offset, or null. */
  at(offset: number): Mark | null {
    return this.#all[this.indexAt(offset)] ?? null;
  }

  /** Where that one is, -1 for none. */
  indexAt(offset: number): number {
    let low = 0;
    let high = this.#all.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#all[middle] as Mark).offset <= offset) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Adds the mark of the log's end. A log that lost its end and gives offsets anew takes back what was said of them. */
  add(mark: Mark): void {
    while (this.#all.length > 0 && (this.#all.at(-1) as Mark).offset >= mark.offset) this.#all.pop();
    this.#all.push(mark);
    if (this.#all.length > MAX_MARKS) this.#all.shift();
  }

  /** Forgets what is below the start of the log, and makes one of neighbours that say the same. Says whether it did. */
  shorten(logStartOffset: number, isSettled: (period: number) => boolean): boolean {
    const before = this.#all;
    const kept: Mark[] = [];
    for (const [index, mark] of before.entries()) {
      const next = before[index + 1];
      if (next !== undefined && next.offset <= logStartOffset) continue;
      const settled = isSettled(mark.period)
        ? { offset: mark.offset, period: SETTLED_PERIOD, kinds: 0 }
        : mark;
      const last = kept.at(-1);
      if (last?.period === settled.period && last.kinds === settled.kinds) continue;
      // Before the first mark that says something there is nothing to say.
      if (kept.length === 0 && settled.period === SETTLED_PERIOD) continue;
      kept.push(settled);
    }
    this.#all = kept;
    return kept.length !== before.length || kept.some((mark, index) => mark !== before[index]);
  }
}
