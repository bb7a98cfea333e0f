import type { DeviceView } from "./device-views.ts";

/** Ends of views that are known; of more, those asked for longest ago are found out again. */
export const MAX_KNOWN_TAILS = 65_536;

/**
 * Where a view's partition ends for readers of one kind: behind the last record that was found. The log goes on with
 * others' records; if a view ended where its log does, those who commit behind the record that they had last would show
 * a lag that grows while the device is silent. It is found out by who reads, and kept so that nobody looks through the
 * same twice.
 */
export class Tail {
  /** -1: not known. From here on to `coveredTo` the log has no record of the view. */
  endOffset = -1;
  coveredTo = -1;

  /** There is none in [endOffset, coveredTo). */
  note(endOffset: number, coveredTo: number): void {
    if (coveredTo < this.coveredTo) return;
    this.endOffset = Math.max(this.endOffset, endOffset);
    this.coveredTo = coveredTo;
  }

  /** Where to look on for who has read up to `position`. */
  startFor(position: number): number {
    return this.isBehind(position) ? Math.max(position, this.coveredTo) : position;
  }

  /** Whether everything that is known of the view is below. */
  isBehind(position: number): boolean {
    return this.endOffset >= 0 && position >= this.endOffset;
  }
}

/** The ends of views that are in use. */
export class Tails {
  readonly #maxKnown: number;
  readonly #tails = new Map<string, Tail>();

  constructor(maxKnown = MAX_KNOWN_TAILS) {
    this.#maxKnown = maxKnown;
  }

  /** That of the view's partition `index`, for those who read committed records or for those who read all. */
  of({ id }: DeviceView, index: number, readCommitted: boolean): Tail {
    const key = `${id}/${index}/${readCommitted ? "committed" : "all"}`;
    const tail = this.#tails.get(key) ?? new Tail();
    this.#tails.delete(key);
    this.#tails.set(key, tail);
    if (this.#tails.size <= this.#maxKnown) return tail;
    for (const oldest of this.#tails.keys()) {
      this.#tails.delete(oldest);
      break;
    }
    return tail;
  }
}
