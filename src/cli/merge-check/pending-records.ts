const CHUNK_RECORDS = 4_096;
/** Chunks held at once in one comparison: 4 million records, 50 MB. */
export const MAX_PENDING_CHUNKS = 1_024;

interface Chunk {
  readonly hashes: Uint32Array;
  readonly timesMs: Float64Array;
  readonly there: Uint8Array;
  left: number;
}

/** How many chunks all logs of a comparison hold together. */
export interface PendingBudget {
  chunks: number;
}

/** What a gateway's log has and the centre has not shown yet, by offset: what it takes to tell it again. */
export class PendingRecords {
  readonly #chunks = new Map<number, Chunk>();
  readonly #budget: PendingBudget;
  /** The next chunk, so that records that are matched as they come cost no new one. */
  #spare: Chunk | null = null;

  constructor(budget: PendingBudget) {
    this.#budget = budget;
  }

  add(offset: number, hash: number, timeMs: number): void {
    const index = Math.floor(offset / CHUNK_RECORDS);
    let chunk = this.#chunks.get(index);
    if (chunk === undefined) {
      chunk = this.#spare ?? newChunk();
      this.#spare = null;
      this.#chunks.set(index, chunk);
      this.#budget.chunks += 1;
    }
    const at = offset - index * CHUNK_RECORDS;
    chunk.hashes[at] = hash;
    chunk.timesMs[at] = timeMs;
    chunk.there[at] = 1;
    chunk.left += 1;
  }

  /**
   * Takes a record out, and says in what it differs. Null where there is none. One with another content stays: another
   * history may have it.
   */
  match(offset: number, hash: number, timeMs: number): Match | null {
    const index = Math.floor(offset / CHUNK_RECORDS);
    const chunk = this.#chunks.get(index);
    const at = offset - index * CHUNK_RECORDS;
    if (chunk === undefined || chunk.there[at] !== 1) return null;
    if (chunk.hashes[at] !== hash) return "content";
    chunk.there[at] = 0;
    chunk.left -= 1;
    const differs = chunk.timesMs[at] !== timeMs ? "time" : "nothing";
    if (chunk.left === 0) this.#drop(index);
    return differs;
  }

  /** Forgets what is below `offset`, whole chunks only: it will not come in order any more. */
  dropBelow(offset: number): void {
    for (const index of [...this.#chunks.keys()])
      if ((index + 1) * CHUNK_RECORDS <= offset) this.#drop(index);
  }

  get chunkCount(): number {
    return this.#chunks.size;
  }

  #drop(index: number): void {
    const chunk = this.#chunks.get(index);
    if (chunk === undefined) return;
    this.#chunks.delete(index);
    this.#budget.chunks -= 1;
    if (chunk.left > 0) chunk.there.fill(0);
    chunk.left = 0;
    this.#spare = chunk;
  }
}

function newChunk(): Chunk {
  return {
    hashes: new Uint32Array(CHUNK_RECORDS),
    timesMs: new Float64Array(CHUNK_RECORDS),
    there: new Uint8Array(CHUNK_RECORDS),
    left: 0,
  };
}

export type Match = "nothing" | "content" | "time";
