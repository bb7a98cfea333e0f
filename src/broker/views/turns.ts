import type { Clock } from "../../io/clock.ts";
import type { ScanBudget } from "./key-scan.ts";

/** What a scan does at once. */
const FIRST_BYTES = 64 * 1024;
/** What all scans together look through in one turn of the event loop ... */
const TURN_BYTES = 1024 * 1024;
/** ... and one of them before the next gets its share. */
const SHARE_BYTES = 256 * 1024;
/** No longer than this, whatever the bytes cost. */
const TURN_MS = 2;

/** Work that is done in slices. */
export interface SlicedWork {
  /** Does some of it; true once nothing is left to do. */
  step(budget: ScanBudget): boolean;
}

/** Shares turns of the event loop out among scans of logs, and leaves it to others in between. */
export class Turns {
  readonly #clock: Clock;
  readonly #waiting = new Set<SlicedWork>();
  #scheduled = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Works under way. */
  get count(): number {
    return this.#waiting.size;
  }

  /** Does a little now, and the rest in turns. Adding it again changes nothing. */
  add(work: SlicedWork): void {
    if (this.#waiting.has(work) || work.step({ bytes: FIRST_BYTES })) return;
    this.#waiting.add(work);
    this.#schedule();
  }

  remove(work: SlicedWork): void {
    this.#waiting.delete(work);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.soon(() => {
      this.#scheduled = false;
      this.#run();
      if (this.#waiting.size > 0) this.#schedule();
    });
  }

  #run(): void {
    const endMs = this.#clock.monotonicMs() + TURN_MS;
    let left = TURN_BYTES;
    // Who has had a share goes to the end, and is met again in this loop.
    for (const work of this.#waiting) {
      const budget = { bytes: Math.min(SHARE_BYTES, left) };
      const before = budget.bytes;
      this.#waiting.delete(work);
      if (!work.step(budget)) this.#waiting.add(work);
      left -= Math.max(1, before - budget.bytes);
      if (left <= 0 || this.#clock.monotonicMs() >= endMs) return;
    }
  }
}
