import { releaseMemory } from "../../../io/release-chunk.ts";

/** Negative numbers down to here can be held too, by codes at the upper end. */
const LEAST = -16;
const CODES = 0x1_0000_0000;
const HALF = 0x8000_0000;
const NOTHING = new Uint8Array(0);

/**
 * A column of exact integers that lie near each other, as offsets and sequences of what waits at one time do: 4 bytes each
 * while all are within 2^31 of the first that was put in, and 8 from then on. Negative ones from -16 up are marks, and near.
 */
export class NearNumbers {
  #near: Uint32Array | null;
  #far: Float64Array | null = null;
  /** Subtracted from what is near; NaN before the first. */
  #base = Number.NaN;

  constructor(length: number) {
    this.#near = new Uint32Array(length);
  }

  /** Of what was never put in, anything. */
  get(index: number): number {
    const near = this.#near;
    if (near === null) return this.#far?.[index] ?? 0;
    const value = near[index] ?? 0;
    return value >= CODES + LEAST ? value - CODES : value + this.#base;
  }

  set(index: number, value: number): void {
    const near = this.#near;
    if (near === null) {
      if (this.#far !== null) this.#far[index] = value;
      return;
    }
    if (value < 0) {
      near[index] = value + CODES;
      return;
    }
    // What was not put in yet is no number.
    if (Number.isNaN(this.#base)) this.#base = value - HALF;
    const relative = value - this.#base;
    if (relative >= 0 && relative < CODES + LEAST) near[index] = relative;
    else this.#widen(near)[index] = value;
  }

  /** Gives its memory back now. Not to be used after that. */
  release(): void {
    releaseMemory(this.#near ?? this.#far ?? NOTHING);
  }

  #widen(near: Uint32Array): Float64Array {
    const far = new Float64Array(near.length);
    for (let index = 0; index < far.length; index++) far[index] = this.get(index);
    this.#near = null;
    this.#far = far;
    releaseMemory(near);
    return far;
  }
}
