/** Room for small pieces, so that thousands of acks of four bytes each don't become thousands of arrays. */
const CHUNK_BYTES = 16_384;

/** Copies of bytes in the order they were added, taken out in chunks. */
export class ByteQueue {
  readonly #chunks: Uint8Array[] = [];
  /** Bytes of the first chunk that are gone already. */
  #start = 0;
  /** Bytes of the last chunk that are in use. */
  #end = 0;
  #sizeBytes = 0;

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  add(bytes: Uint8Array): void {
    let rest = bytes;
    const last = this.#chunks.at(-1);
    if (last !== undefined) {
      const count = Math.min(last.length - this.#end, rest.length);
      last.set(rest.subarray(0, count), this.#end);
      this.#end += count;
      rest = rest.subarray(count);
    }
    if (rest.length > 0) {
      const chunk = new Uint8Array(Math.max(CHUNK_BYTES, rest.length));
      chunk.set(rest);
      this.#chunks.push(chunk);
      this.#end = rest.length;
    }
    this.#sizeBytes += bytes.length;
  }

  /** The bytes to go next, until `take` or `add`; empty only where the queue is. */
  peek(): Uint8Array {
    const [first] = this.#chunks;
    if (first === undefined) return new Uint8Array(0);
    return first.subarray(this.#start, this.#chunks.length === 1 ? this.#end : first.length);
  }

  /** Drops this many of the bytes that `peek` showed. */
  take(count: number): void {
    this.#sizeBytes -= count;
    this.#start += count;
    const [first] = this.#chunks;
    if (first === undefined) return;
    if (this.#start < (this.#chunks.length === 1 ? this.#end : first.length)) return;
    this.#chunks.shift();
    this.#start = 0;
    if (this.#chunks.length === 0) this.#end = 0;
  }
}
