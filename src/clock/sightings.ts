import { SETTLED_PERIOD } from "./marks.ts";

/** All records below `offset` were there when the wall clock showed `shownMs`, in this period of it. */
export interface Sighting {
  readonly offset: number;
  readonly period: number;
  readonly shownMs: number;
}

/** Sightings of one partition. Where there are more, the newest one is replaced, and says the same later. */
export const MAX_SIGHTINGS = 64;

/** By when the records of a partition were there at the latest, whatever they are stamped with; in order of offsets. */
export class Sightings {
  #all: Sighting[];

  constructor(all: readonly Sighting[]) {
    this.#all = [...all];
  }

  get all(): readonly Sighting[] {
    return this.#all;
  }

  /** The first one after records below `endOffset` came; null where there is none. */
  after(endOffset: number): Sighting | null {
    return this.#all.find(({ offset }) => offset >= endOffset) ?? null;
  }

  add(sighting: Sighting): void {
    if (this.#all.length >= MAX_SIGHTINGS) this.#all.pop();
    this.#all.push(sighting);
  }

  /** A log that lost its end gives offsets anew: what was said of those goes. Says whether there was any. */
  cut(logEndOffset: number): boolean {
    const before = this.#all;
    this.#all = before.filter(({ offset }) => offset <= logEndOffset);
    return this.#all.length !== before.length;
  }

  /** Forgets what is of records that are gone, and which periods were right. Says whether it did. */
  shorten(logStartOffset: number, isSettled: (period: number) => boolean): boolean {
    const before = this.#all;
    this.#all = before
      .filter(({ offset }) => offset > logStartOffset)
      .map((one) =>
        one.period !== SETTLED_PERIOD && isSettled(one.period) ? { ...one, period: SETTLED_PERIOD } : one,
      );
    return this.#all.length !== before.length || this.#all.some((one, index) => one !== before[index]);
  }
}
