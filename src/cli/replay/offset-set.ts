import { HeadwaterError } from "../../base/errors.ts";

/** Offsets [start, end). */
export interface OffsetRange {
  readonly start: number;
  readonly end: number;
}

const CHUNK_OFFSETS = 65_536;
const CHUNK_WORDS = CHUNK_OFFSETS / 32;
/** Chunks with holes that are held at once: 64 MiB. */
export const MAX_OPEN_CHUNKS = 8_192;

interface Chunk {
  readonly words: Uint32Array;
  count: number;
}

/** A chunk of which every offset is there. */
const FULL: Chunk = { words: new Uint32Array(CHUNK_WORDS).fill(0xffffffff), count: CHUNK_OFFSETS };

/** How many chunks with holes some sets hold together. */
export interface ChunkBudget {
  open: number;
}

/**
 * Offsets of a log, mostly in runs: a bit each, and nothing for a stretch of which all are there. Sets that share a
 * budget throw UNSUPPORTED together where they would hold more than `MAX_OPEN_CHUNKS`.
 */
export class OffsetSet {
  min = Number.POSITIVE_INFINITY;
  max = -1;
  count = 0;
  readonly #chunks = new Map<number, Chunk>();
  readonly #budget: ChunkBudget;

  constructor(budget: ChunkBudget = { open: 0 }) {
    this.#budget = budget;
  }

  /** False where it was there already. */
  add(offset: number): boolean {
    const index = Math.floor(offset / CHUNK_OFFSETS);
    const chunk = this.#chunks.get(index) ?? this.#open(index);
    const at = offset - index * CHUNK_OFFSETS;
    const bit = 1 << (at & 31);
    const word = chunk.words[at >>> 5] as number;
    if ((word & bit) !== 0) return false;
    chunk.words[at >>> 5] = word | bit;
    chunk.count += 1;
    this.count += 1;
    if (offset < this.min) this.min = offset;
    if (offset > this.max) this.max = offset;
    if (chunk.count === CHUNK_OFFSETS) {
      this.#chunks.set(index, FULL);
      this.#budget.open -= 1;
    }
    return true;
  }

  has(offset: number): boolean {
    const index = Math.floor(offset / CHUNK_OFFSETS);
    const at = offset - index * CHUNK_OFFSETS;
    const word = this.#chunks.get(index)?.words[at >>> 5] ?? 0;
    return (word & (1 << (at & 31))) !== 0;
  }

  /** The largest below `offset`, or -1. */
  previous(offset: number): number {
    for (let at = Math.min(offset - 1, this.max); at >= this.min; at--) {
      if (this.has(at)) return at;
      const index = Math.floor(at / CHUNK_OFFSETS);
      if (!this.#chunks.has(index)) at = index * CHUNK_OFFSETS;
    }
    return -1;
  }

  /** The smallest above `offset`, or -1. */
  next(offset: number): number {
    for (let at = Math.max(offset + 1, this.min); at <= this.max; at++) {
      if (this.has(at)) return at;
      const index = Math.floor(at / CHUNK_OFFSETS);
      if (!this.#chunks.has(index)) at = (index + 1) * CHUNK_OFFSETS - 1;
    }
    return -1;
  }

  /** Offsets of [start, end) that are not there, in runs as long as they are. */
  *missing(start: number, end: number): Generator<OffsetRange> {
    let from = -1;
    for (let at = start; at < end; ) {
      const index = Math.floor(at / CHUNK_OFFSETS);
      const chunk = this.#chunks.get(index);
      const chunkEnd = Math.min(end, (index + 1) * CHUNK_OFFSETS);
      if (chunk === undefined || chunk === FULL) {
        if (chunk === undefined && from < 0) from = at;
        else if (chunk === FULL && from >= 0) {
          yield { start: from, end: at };
          from = -1;
        }
        // Nothing but holes before the first offset and behind the last, however far those are.
        at = at > this.max ? end : chunk === undefined && at < this.min ? Math.min(end, this.min) : chunkEnd;
        continue;
      }
      for (; at < chunkEnd; at++) {
        const there = this.has(at);
        if (!there && from < 0) from = at;
        else if (there && from >= 0) {
          yield { start: from, end: at };
          from = -1;
        }
      }
    }
    if (from >= 0) yield { start: from, end };
  }

  #open(index: number): Chunk {
    if (this.#budget.open >= MAX_OPEN_CHUNKS) {
      throw new HeadwaterError("UNSUPPORTED", "too many holes to keep in mind; look at a shorter time span");
    }
    this.#budget.open += 1;
    const chunk = { words: new Uint32Array(CHUNK_WORDS), count: 0 };
    this.#chunks.set(index, chunk);
    return chunk;
  }
}
