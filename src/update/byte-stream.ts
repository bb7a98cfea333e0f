import { HeadwaterError } from "../base/errors.ts";

/** Something that bytes can be had from, more than once. */
export interface ByteSource {
  /** For messages: a path or an address. */
  readonly name: string;
  /** Null where nobody knows it before the end. */
  readonly sizeBytes: number | null;
  /** From a position on. Chunks are good until the next one is asked for. Throws NETWORK, TIMED_OUT or DISK_IO. */
  chunks(position: number): AsyncIterable<Uint8Array>;
}

/** Bytes in pieces as they are wanted, of chunks as they come. Holds one chunk. */
export class ByteStream {
  readonly #name: string;
  readonly #chunks: AsyncIterator<Uint8Array>;
  #held = new Uint8Array(0);

  constructor(source: ByteSource, position: number) {
    this.#name = source.name;
    this.#chunks = source.chunks(position)[Symbol.asyncIterator]();
  }

  /** A copy of exactly so many bytes. Throws MALFORMED where there are less. */
  async take(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(length);
    let position = 0;
    for await (const part of this.parts(length)) {
      bytes.set(part, position);
      position += part.length;
    }
    return bytes;
  }

  /** The next `length` bytes, as they come. A part is good until the next is asked for. Throws MALFORMED as `take` does. */
  async *parts(length: number): AsyncGenerator<Uint8Array> {
    let left = length;
    while (left > 0) {
      if (this.#held.length === 0) await this.#more(left);
      const part = this.#held.subarray(0, left);
      this.#held = this.#held.subarray(part.length);
      left -= part.length;
      yield part;
    }
  }

  async skip(length: number): Promise<void> {
    for await (const part of this.parts(length)) if (part.length === 0) break;
  }

  /** Lets go of what the source holds for it. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #more(wanted: number): Promise<void> {
    const next = await this.#chunks.next();
    if (next.done === true) {
      throw new HeadwaterError("MALFORMED", `${this.#name} ends ${wanted} bytes too early: it is not whole`);
    }
    this.#held = next.value as Uint8Array<ArrayBuffer>;
  }
}
