import { assert } from "../base/assert.ts";
import { lastAtMost } from "./offset-index.ts";

const FIRST_CAPACITY = 16;

/**
 * Sparse index of one segment by time: an entry (timestamp, position) says that no batch before the position
 * has a record later than the timestamp. Timestamps of batches may go back and forth, those of entries only
 * rise.
 */
export class TimeIndex {
  #timestamps = new Float64Array(FIRST_CAPACITY);
  #positions = new Uint32Array(FIRST_CAPACITY);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** `timestampMs` is the latest of all records before `position`. An entry that says nothing new is dropped. */
  add(timestampMs: number, position: number): void {
    const last = this.#count - 1;
    if (this.#count > 0) {
      assert(position > (this.#positions[last] as number), "a time index goes up");
      assert(timestampMs >= (this.#timestamps[last] as number), "the latest timestamp never goes back");
      // The same timestamp further on: a search for something later may start further on, too.
      if (timestampMs === this.#timestamps[last]) {
        this.#positions[last] = position;
        return;
      }
    }
    if (this.#count === this.#positions.length) this.#grow();
    this.#timestamps[this.#count] = timestampMs;
    this.#positions[this.#count] = position;
    this.#count += 1;
  }

  timestampAt(entry: number): number {
    return this.#timestamps[entry] as number;
  }

  positionAt(entry: number): number {
    return this.#positions[entry] as number;
  }

  /** A batch boundary before which every record is earlier than `timestampMs`. */
  positionBefore(timestampMs: number): number {
    const entry = lastAtMost(this.#timestamps, this.#count, timestampMs - 1);
    return entry < 0 ? 0 : (this.#positions[entry] as number);
  }

  #grow(): void {
    const capacity = this.#positions.length * 2;
    const timestamps = new Float64Array(capacity);
    const positions = new Uint32Array(capacity);
    timestamps.set(this.#timestamps);
    positions.set(this.#positions);
    this.#timestamps = timestamps;
    this.#positions = positions;
  }
}
