import { assert } from "../base/assert.ts";

const FIRST_CAPACITY = 16;

/**
 * Sparse index of one segment: for some batches, where they start. A look-up gives the nearest batch before an
 * offset or a position, from which a reader walks the batch headers.
 */
export class OffsetIndex {
  #relativeOffsets = new Uint32Array(FIRST_CAPACITY);
  #positions = new Uint32Array(FIRST_CAPACITY);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Entries come in rising order. */
  add(relativeOffset: number, position: number): void {
    const last = this.#count - 1;
    assert(
      this.#count === 0 ||
        (relativeOffset > (this.#relativeOffsets[last] as number) &&
          position > (this.#positions[last] as number)),
      "an offset index goes up",
    );
    if (this.#count === this.#positions.length) this.#grow();
    this.#relativeOffsets[this.#count] = relativeOffset;
    this.#positions[this.#count] = position;
    this.#count += 1;
  }

  relativeOffsetAt(entry: number): number {
    return this.#relativeOffsets[entry] as number;
  }

  positionAt(entry: number): number {
    return this.#positions[entry] as number;
  }

  /** Position of the last indexed batch that starts at or before the offset; 0 where there is none. */
  positionBefore(relativeOffset: number): number {
    const entry = lastAtMost(this.#relativeOffsets, this.#count, relativeOffset);
    return entry < 0 ? 0 : (this.#positions[entry] as number);
  }

  /** Last indexed position at or before `position`; 0 where there is none. */
  boundaryBefore(position: number): number {
    const entry = lastAtMost(this.#positions, this.#count, position);
    return entry < 0 ? 0 : (this.#positions[entry] as number);
  }

  #grow(): void {
    const capacity = this.#positions.length * 2;
    const offsets = new Uint32Array(capacity);
    const positions = new Uint32Array(capacity);
    offsets.set(this.#relativeOffsets);
    positions.set(this.#positions);
    this.#relativeOffsets = offsets;
    this.#positions = positions;
  }
}

/** Index of the last of the first `count` rising values that is at most `limit`, or -1. */
export function lastAtMost(values: Uint32Array | Float64Array, count: number, limit: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] as number) <= limit) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
