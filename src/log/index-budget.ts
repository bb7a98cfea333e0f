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
    for (const oldest of this.#held.keys()) {
      if (this.#bytes <= this.#maxBytes || oldest === holder) return;
      this.release(oldest);
      oldest.giveUpIndexes();
    }
  }

  release(holder: IndexHolder): void {
    this.#bytes -= this.#held.get(holder) ?? 0;
    this.#held.delete(holder);
  }
}
