import { assert } from "../base/assert.ts";
import { releaseMemory } from "../io/release-chunk.ts";
import { SipHash } from "./sip-hash.ts";

/** A slot: 96 bits of the key's hash, and its offset above the base plus one, 0 for a free slot. */
const SLOT_INTS = 4;
const SLOT_BYTES = SLOT_INTS * 4;
const MIN_SLOTS = 64;
/** Share of slots in use at which the map is full: beyond it searches get long. */
const MAX_LOAD = 0.75;
/** Offsets are kept relative to the base, in 32 bits, 0 set apart. */
const MAX_RELATIVE_OFFSET = 0xfffffffe;

/**
 * The latest offset of every key in a part of a log, in memory of a fixed size. Keys are told apart by 96 bits of
 * a hash with a secret of this map: two keys that share them would cost the older one its records, which for a
 * million keys happens once in 10^17 passes, and which nobody can bring about who does not know the secret.
 */
export class KeyOffsets {
  readonly #slots: Int32Array;
  readonly #mask: number;
  readonly #maxCount: number;
  readonly #baseOffset: number;
  readonly #hash: SipHash;
  #count = 0;

  /** For at most `records` keys, and as many as `maxBytes` hold. `secret` has 16 random bytes. */
  constructor(baseOffset: number, records: number, maxBytes: number, secret: Uint8Array) {
    let slots = MIN_SLOTS;
    while (slots * MAX_LOAD < records && slots * 2 * SLOT_BYTES <= maxBytes) slots *= 2;
    this.#slots = new Int32Array(slots * SLOT_INTS);
    this.#mask = slots - 1;
    this.#maxCount = Math.floor(slots * MAX_LOAD);
    this.#baseOffset = baseOffset;
    this.#hash = new SipHash(secret);
  }

  /** Keys in the map. */
  get count(): number {
    return this.#count;
  }

  /** Memory of the map. */
  get sizeBytes(): number {
    return this.#slots.byteLength;
  }

  /** Gives its memory back now. Not to be used after that. */
  release(): void {
    releaseMemory(this.#slots);
  }

  /** Notes a record. False, with nothing changed, where the map can't take the key or the offset. */
  put(bytes: Uint8Array, start: number, end: number, offset: number): boolean {
    const relative = offset - this.#baseOffset;
    assert(relative >= 0, "offset is below the map's base");
    if (relative > MAX_RELATIVE_OFFSET) return false;
    const at = this.#find(bytes, start, end);
    const slots = this.#slots;
    if (slots[at + 3] === 0) {
      if (this.#count >= this.#maxCount) return false;
      this.#count += 1;
      slots[at] = this.#hash.a;
      slots[at + 1] = this.#hash.b;
      slots[at + 2] = this.#hash.c;
    }
    slots[at + 3] = relative + 1;
    return true;
  }

  /** Offset of the latest record with the key, or -1. */
  get(bytes: Uint8Array, start: number, end: number): number {
    const relative = (this.#slots[this.#find(bytes, start, end) + 3] as number) >>> 0;
    return relative === 0 ? -1 : this.#baseOffset + relative - 1;
  }

  /** Where the key's slot is, or the free one that it would get. */
  #find(bytes: Uint8Array, start: number, end: number): number {
    const hash = this.#hash;
    hash.sum(bytes, start, end);
    const { a, b, c } = hash;
    const slots = this.#slots;
    for (let slot = hash.d & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const at = slot * SLOT_INTS;
      if (slots[at + 3] === 0) return at;
      if (slots[at] === a && slots[at + 1] === b && slots[at + 2] === c) return at;
    }
  }
}
