import { releaseMemory } from "../../../io/release-chunk.ts";
import { NearNumbers } from "./near-numbers.ts";

const FIRST_CAPACITY = 8;
/** Rings that were larger give their memory back when they are empty. */
const KEPT_CAPACITY = 64;

const NO_SEQUENCES = new NearNumbers(0);
const NO_SLOTS = new Uint32Array(0);
const NO_FLAGS = new Uint8Array(0);

/**
 * A session's messages in their order, 9 bytes each: the sequence, the slot of the message in the table, flags. It
 * grows by doubling; an empty one has nothing.
 */
export class EntryRing {
  #sequences = NO_SEQUENCES;
  #slots = NO_SLOTS;
  #flags = NO_FLAGS;
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(sequence: number, slot: number, flags: number): void {
    if (this.#length === this.#slots.length) this.#grow();
    const at = (this.#head + this.#length++) & (this.#slots.length - 1);
    this.#sequences.set(at, sequence);
    this.#slots[at] = slot;
    this.#flags[at] = flags;
  }

  /** Takes the first away. */
  shift(): void {
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    if (--this.#length === 0 && this.#slots.length > KEPT_CAPACITY) this.clear();
  }

  /** Takes the entry of this index away, at the cost of those before it. */
  removeAt(index: number): void {
    for (let at = index; at > 0; at--) {
      this.#sequences.set(this.#at(at), this.sequenceAt(at - 1));
      this.set(at, this.slotAt(at - 1), this.flagsAt(at - 1));
    }
    this.shift();
  }

  /** Takes away all whose flags are not to be kept. Gives how many of the first `count` are left. */
  compact(count: number, isKept: (flags: number) => boolean): number {
    const { length } = this;
    let kept = 0;
    let keptOfFirst = 0;
    for (let index = 0; index < length; index++) {
      const flags = this.flagsAt(index);
      if (!isKept(flags)) continue;
      this.#sequences.set(this.#at(kept), this.sequenceAt(index));
      this.set(kept, this.slotAt(index), flags);
      kept++;
      if (index < count) keptOfFirst++;
    }
    this.#length = kept;
    return keptOfFirst;
  }

  clear(): void {
    this.#release();
    this.#sequences = NO_SEQUENCES;
    this.#slots = NO_SLOTS;
    this.#flags = NO_FLAGS;
    this.#head = 0;
    this.#length = 0;
  }

  /** `index` counts from the first. */
  sequenceAt(index: number): number {
    return this.#sequences.get(this.#at(index));
  }

  slotAt(index: number): number {
    return this.#slots[this.#at(index)] ?? 0;
  }

  flagsAt(index: number): number {
    return this.#flags[this.#at(index)] ?? 0;
  }

  /** The entry of a sequence, or -1, by halving: where sequences only grow. */
  indexOf(sequence: number): number {
    let low = 0;
    let high = this.#length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const found = this.sequenceAt(middle);
      if (found === sequence) return middle;
      if (found < sequence) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  set(index: number, slot: number, flags: number): void {
    this.#slots[this.#at(index)] = slot;
    this.#flags[this.#at(index)] = flags;
  }

  /** Gives back now what the collector would only do much later. */
  #release(): void {
    this.#sequences.release();
    releaseMemory(this.#slots);
    releaseMemory(this.#flags);
  }

  #at(index: number): number {
    return (this.#head + index) & (this.#slots.length - 1);
  }

  #grow(): void {
    const capacity = Math.max(FIRST_CAPACITY, 2 * this.#slots.length);
    const sequences = new NearNumbers(capacity);
    const slots = new Uint32Array(capacity);
    const flags = new Uint8Array(capacity);
    for (let index = 0; index < this.#length; index++) {
      sequences.set(index, this.sequenceAt(index));
      slots[index] = this.slotAt(index);
      flags[index] = this.flagsAt(index);
    }
    this.#release();
    this.#sequences = sequences;
    this.#slots = slots;
    this.#flags = flags;
    this.#head = 0;
  }
}
