import { assert } from "../../base/assert.ts";

const BLOCKS_OF_A_FILE = 2 ** 28;

/** Blocks that were opened, the oldest of which go when there are too many. */
export class BlockCache {
  readonly #maxBlocks: number;
  readonly #blocks = new Map<number, Uint8Array>();
  #files = 0;

  constructor(maxBlocks: number) {
    this.#maxBlocks = maxBlocks;
  }

  /** A number under which no block is known. */
  newFile(): number {
    return ++this.#files;
  }

  get(file: number, block: number): Uint8Array | undefined {
    return this.#blocks.get(keyOf(file, block));
  }

  put(file: number, block: number, bytes: Uint8Array): void {
    if (this.#blocks.size >= this.#maxBlocks) {
      const oldest = this.#blocks.keys().next();
      if (oldest.done !== true) this.#blocks.delete(oldest.value);
    }
    this.#blocks.set(keyOf(file, block), bytes);
  }

  forget(file: number, block: number): void {
    if (this.#blocks.size > 0) this.#blocks.delete(keyOf(file, block));
  }

  clear(): void {
    this.#blocks.clear();
  }
}

function keyOf(file: number, block: number): number {
  assert(block < BLOCKS_OF_A_FILE, `block ${block} of a file`);
  return file * BLOCKS_OF_A_FILE + block;
}
