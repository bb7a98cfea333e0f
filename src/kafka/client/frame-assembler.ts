/**
 * Cuts a stream of responses into frames (int32 length, then that many bytes). A frame that came in one chunk is
 * a view of it; one that came in several is assembled once its length is known.
 */
export class FrameAssembler {
  readonly #maxFrameBytes: number;
  readonly #prefix = new Uint8Array(4);
  #prefixFilled = 0;
  #frame: Uint8Array | null = null;
  #length = 0;
  #filled = 0;

  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Hands over every frame that is whole, without its length. Returns what is wrong with the stream, or null. */
  push(chunk: Uint8Array, onFrame: (frame: Uint8Array) => void): string | null {
    let position = 0;
    while (position < chunk.length) {
      if (this.#frame === null) {
        if (this.#prefixFilled < 4) {
          this.#prefix[this.#prefixFilled++] = chunk[position++] as number;
          continue;
        }
        this.#length = new DataView(this.#prefix.buffer).getInt32(0);
        if (this.#length < MIN_FRAME_BYTES || this.#length > this.#maxFrameBytes) {
          if (this.#length === HTTP) return ANSWERS_HTTP;
          return `a response of ${this.#length} bytes; between ${MIN_FRAME_BYTES} and ${this.#maxFrameBytes} are taken`;
        }
        if (chunk.length - position >= this.#length) {
          this.#prefixFilled = 0;
          onFrame(chunk.subarray(position, position + this.#length));
          position += this.#length;
          continue;
        }
        // Memory grows with what arrives: a length alone reserves little.
        this.#frame = new Uint8Array(Math.min(this.#length, FIRST_PIECE_BYTES));
        this.#filled = 0;
      }
      position += this.#fill(this.#frame, chunk, position, onFrame);
    }
    return null;
  }

  #fill(
    frame: Uint8Array,
    chunk: Uint8Array,
    position: number,
    onFrame: (frame: Uint8Array) => void,
  ): number {
    const taken = Math.min(this.#length - this.#filled, chunk.length - position);
    let target = frame;
    if (this.#filled + taken > target.length) {
      target = new Uint8Array(Math.min(this.#length, Math.max(target.length * 2, this.#filled + taken)));
      target.set(frame.subarray(0, this.#filled));
      this.#frame = target;
    }
    target.set(chunk.subarray(position, position + taken), this.#filled);
    this.#filled += taken;
    if (this.#filled === this.#length) {
      this.#frame = null;
      this.#prefixFilled = 0;
      onFrame(target.subarray(0, this.#length));
    }
    return taken;
  }
}

/** What is wrong with a stream that begins as an answer of HTTP does. */
export const ANSWERS_HTTP = "HTTP, which is not Kafka's protocol; is it the port of Kafka's listener?";

/** The letters as a length. */
const HTTP = 0x48545450;
/** A correlation id and nothing more. */
const MIN_FRAME_BYTES = 4;
const FIRST_PIECE_BYTES = 64 * 1024;
