import { assert } from "../../base/assert.ts";

/** Pieces that the sends of one turn may make, over all connections. */
const MAX_PIECES = 8192;
const NONE = -1;

/** Where one connection's bytes of this turn lie: a chain of pieces. Kept by the connection, filled here. */
export class PieceChain {
  first = NONE;
  last = NONE;
  sizeBytes = 0;

  clear(): void {
    this.first = NONE;
    this.last = NONE;
    this.sizeBytes = 0;
  }
}

/**
 * One buffer for what all connections send in a turn, so that none needs a buffer of its own: an idle connection
 * costs nothing, and a send allocates nothing. Cleared when the turn ends.
 */
export class TurnBuffer {
  readonly #bytes: Uint8Array;
  readonly #starts = new Int32Array(MAX_PIECES);
  readonly #lengths = new Int32Array(MAX_PIECES);
  readonly #next = new Int32Array(MAX_PIECES);
  #gathered: Uint8Array | null = null;
  #usedBytes = 0;
  #pieces = 0;

  constructor(sizeBytes: number) {
    this.#bytes = new Uint8Array(sizeBytes);
  }

  /** Copies bytes to the end of a chain; false where there is no room left for them. */
  add(chain: PieceChain, bytes: Uint8Array): boolean {
    if (this.#usedBytes + bytes.length > this.#bytes.length) return false;
    const { last } = chain;
    const extendsLast = last !== NONE && last === this.#pieces - 1;
    if (!extendsLast) {
      if (this.#pieces === MAX_PIECES) return false;
      const piece = this.#pieces++;
      this.#starts[piece] = this.#usedBytes;
      this.#lengths[piece] = 0;
      this.#next[piece] = NONE;
      if (last === NONE) chain.first = piece;
      else this.#next[last] = piece;
      chain.last = piece;
    }
    this.#bytes.set(bytes, this.#usedBytes);
    this.#lengths[chain.last] = (this.#lengths[chain.last] ?? 0) + bytes.length;
    this.#usedBytes += bytes.length;
    chain.sizeBytes += bytes.length;
    return true;
  }

  /** The chain's bytes in one piece, until the next call or `clear`. */
  gather(chain: PieceChain): Uint8Array {
    if (chain.first === NONE) return this.#bytes.subarray(0, 0);
    if (chain.first === chain.last) return this.#piece(chain.first);
    this.#gathered ??= new Uint8Array(this.#bytes.length);
    let length = 0;
    for (let piece = chain.first; piece !== NONE; piece = this.#next[piece] ?? NONE) {
      const bytes = this.#piece(piece);
      this.#gathered.set(bytes, length);
      length += bytes.length;
    }
    assert(length === chain.sizeBytes, "a chain holds what was added to it");
    return this.#gathered.subarray(0, length);
  }

  /** Forgets everything: no chain may refer to it any more. */
  clear(): void {
    this.#usedBytes = 0;
    this.#pieces = 0;
  }

  #piece(piece: number): Uint8Array {
    const start = this.#starts[piece] ?? 0;
    return this.#bytes.subarray(start, start + (this.#lengths[piece] ?? 0));
  }
}
