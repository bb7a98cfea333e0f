/** One of so many parts of its bound is what a budget keeps when memory is short. */
const KEPT_SHARE = 8;

/** What a budget may take back: indexes that can be read or built again. */
export interface IndexHolder {
  /** Writes the indexes where that is due, and lets go of them. Doesn't throw. */
  giveUpIndexes(): void;
}

/** Bounds the memory of all offset and time indexes. Those used longest ago are given up first. */
export class IndexBudget {
  readonly #maxBytes: number;
  readonly #held = new Map<IndexHolder, number>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The holder has just used, made or enlarged its indexes. */
  hold(holder: IndexHolder, bytes: number): void {
    this.release(holder);
    this.#held.set(holder, bytes);
    this.#bytes += bytes;
    this.#giveUp(this.#maxBytes, holder);
  }

  /**
   * Gives up all but a share: not what is used all the time, of which those of segments that still grow would be
   * written to the disk for it again and again.
   */
  shrink(): void {
    this.#giveUp(this.#maxBytes / KEPT_SHARE, null);
  }

  release(holder: IndexHolder): void {
    this.#bytes -= this.#held.get(holder) ?? 0;
    this.#held.delete(holder);
  }

  /** Those used longest ago, until the rest fits; not `keep`, which was used last. */
  #giveUp(maxBytes: number, keep: IndexHolder | null): void {
    for (const oldest of this.#held.keys()) {
      if (this.#bytes <= maxBytes || oldest === keep) return;
      this.release(oldest);
      oldest.giveUpIndexes();
    }
  }
}
