import { assert } from "../../../base/assert.ts";
import { NearNumbers } from "./near-numbers.ts";

const CHUNK_SHIFT = 12;
const CHUNK_ENTRIES = 1 << CHUNK_SHIFT;
const NO_SLOT = -1;
/** Of a message that is not appended. */
const NO_OFFSET = -1;
const NEVER = 0;
const MAX_EXPIRY_SEC = 0xffff_ffff;

/** So many messages in columns; chunks are never moved, so that growing copies nothing. */
class Chunk {
  readonly numbers = new NearNumbers(CHUNK_ENTRIES);
  readonly offsets = new NearNumbers(CHUNK_ENTRIES);
  readonly sizes = new Uint32Array(CHUNK_ENTRIES);
  readonly expiries = new Uint32Array(CHUNK_ENTRIES);
  readonly references = new Uint32Array(CHUNK_ENTRIES);
}

/**
 * Messages that durable sessions wait for, 20 bytes each: their number, where their record lies, how large they are,
 * when they expire, and how many still need them. A slot is a message's place here, and used again once nobody needs it.
 */
export class MessageTable {
  readonly #chunks: Chunk[] = [];
  /** First of the free slots; each has the next one, counted from 1, in place of its expiry. */
  #free = NO_SLOT;
  #used = 0;
  #count = 0;
  #sizeBytes = 0;

  /** Messages that somebody needs. */
  get count(): number {
    return this.#count;
  }

  /** Their bytes. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Slots that were ever used; none is beyond. */
  get slots(): number {
    return this.#used;
  }

  /** It expires at this kept time, rounded up to whole seconds. */
  add(number: number, sizeBytes: number, references: number, expiresAtMs = Number.POSITIVE_INFINITY): number {
    let slot = this.#free;
    if (slot === NO_SLOT) {
      slot = this.#used++;
      if (slot >> CHUNK_SHIFT === this.#chunks.length) this.#chunks.push(new Chunk());
    }
    const chunk = this.#chunk(slot);
    const at = slot & (CHUNK_ENTRIES - 1);
    if (slot === this.#free) this.#free = (chunk.expiries[at] ?? 0) - 1;
    chunk.numbers.set(at, number);
    chunk.offsets.set(at, NO_OFFSET);
    chunk.sizes[at] = sizeBytes;
    const expiresAtSec = Math.max(1, Math.ceil(expiresAtMs / 1_000));
    chunk.expiries[at] = expiresAtSec > MAX_EXPIRY_SEC ? NEVER : expiresAtSec;
    chunk.references[at] = references;
    this.#count++;
    this.#sizeBytes += sizeBytes;
    return slot;
  }

  number(slot: number): number {
    return this.#chunk(slot).numbers.get(slot & (CHUNK_ENTRIES - 1));
  }

  /** Of the record; -1 before it is appended. */
  offset(slot: number): number {
    return this.#chunk(slot).offsets.get(slot & (CHUNK_ENTRIES - 1));
  }

  setOffset(slot: number, offset: number): void {
    this.#chunk(slot).offsets.set(slot & (CHUNK_ENTRIES - 1), offset);
  }

  sizeOf(slot: number): number {
    return this.#chunk(slot).sizes[slot & (CHUNK_ENTRIES - 1)] ?? 0;
  }

  /** Kept time; infinity where it never expires. */
  expiresAtMs(slot: number): number {
    const expiresAtSec = this.#chunk(slot).expiries[slot & (CHUNK_ENTRIES - 1)] ?? NEVER;
    return expiresAtSec === NEVER ? Number.POSITIVE_INFINITY : expiresAtSec * 1_000;
  }

  references(slot: number): number {
    return this.#chunk(slot).references[slot & (CHUNK_ENTRIES - 1)] ?? 0;
  }

  need(slot: number): void {
    const { references } = this.#chunk(slot);
    const at = slot & (CHUNK_ENTRIES - 1);
    references[at] = (references[at] ?? 0) + 1;
  }

  /** One needs it no more. True where that was the last: the caller frees the slot. */
  release(slot: number): boolean {
    const { references } = this.#chunk(slot);
    const at = slot & (CHUNK_ENTRIES - 1);
    const left = (references[at] ?? 0) - 1;
    assert(left >= 0, "a message that nobody needs is let go of");
    references[at] = left;
    return left === 0;
  }

  /** Every message has a size, a free slot has none. */
  isFree(slot: number): boolean {
    return this.sizeOf(slot) === 0;
  }

  free(slot: number): void {
    this.#count--;
    this.#sizeBytes -= this.sizeOf(slot);
    const chunk = this.#chunk(slot);
    const at = slot & (CHUNK_ENTRIES - 1);
    chunk.references[at] = 0;
    chunk.sizes[at] = 0;
    chunk.expiries[at] = this.#free + 1;
    this.#free = slot;
  }

  /**
   * The slot of a message by its number, or -1, by halving: only while slots are filled from an empty table in the
   * order of their numbers, as a start does it.
   */
  find(number: number): number {
    let low = 0;
    let high = this.#used - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const found = this.number(middle);
      if (found === number) return middle;
      if (found < number) low = middle + 1;
      else high = middle - 1;
    }
    return NO_SLOT;
  }

  #chunk(slot: number): Chunk {
    const chunk = this.#chunks[slot >> CHUNK_SHIFT];
    assert(chunk !== undefined, "a slot that was never used");
    return chunk;
  }
}
