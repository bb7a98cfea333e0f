import { assert } from "../../base/assert.ts";

const BLOCKS_OF_A_FILE = 2 ** 28;

/** Blocks that were opened, the oldest of which go when there are too many. */
export class BlockCache {
  readonly #maxBytes: number;
  #bytes = 0;
  readonly #blocks = new Map<number, Uint8Array>();
  #files = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** A number under which no block is known. */
  newFile(): number {
    return ++this.#files;
  }

  get(file: number, block: number): Uint8Array | undefined {
    return this.#blocks.get(keyOf(file, block));
  }

  put(file: number, block: number, bytes: Uint8Array): void {
    while (this.#bytes + bytes.length > this.#maxBytes) {
      const oldest = this.#blocks.keys().next();
      if (oldest.done === true) break;
      this.#drop(oldest.value);
    }
    const key = keyOf(file, block);
    this.#drop(key);
    this.#blocks.set(key, bytes);
    this.#bytes += bytes.length;
  }

  forget(file: number, block: number): void {
    this.#drop(keyOf(file, block));
  }

  #drop(key: number): void {
    const bytes = this.#blocks.get(key);
    if (bytes === undefined) return;
    this.#bytes -= bytes.length;
    this.#blocks.delete(key);
  }
}

function keyOf(file: number, block: number): number {
  assert(block < BLOCKS_OF_A_FILE, `block ${block} of a file`);
  return file * BLOCKS_OF_A_FILE + block;
}
