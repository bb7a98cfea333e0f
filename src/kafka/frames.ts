/** What a frame's handler says of its bytes: whether something still refers to them. */
export type FrameUse = "read" | "kept";

/**
 * Memory in which split frames are assembled, shared by connections: one buffer that is used again where the
 * frame that was in it has been read.
 */
export class AssemblyMemory {
  #spare: Uint8Array | null = null;

  /** At least so many bytes, of any content. */
  take(sizeBytes: number): Uint8Array {
    const spare = this.#spare;
    if (spare === null || spare.length < sizeBytes) return new Uint8Array(sizeBytes);
    this.#spare = null;
    return spare;
  }

  /** Takes memory back that nothing refers to any more. */
  give(bytes: Uint8Array): void {
    const kept = this.#spare?.length ?? 0;
    if (bytes.length > kept && bytes.length <= FIRST_ASSEMBLY_BYTES) this.#spare = bytes;
  }
}

/**
 * Cuts a byte stream into Kafka's frames (int32 length, then that many bytes) without copying: a frame that
 * lies in one chunk is a view of it, only a split frame is assembled.
 */
export class FrameReader {
  #maxFrameBytes: number;
  #minFrameBytes = MIN_FRAME_BYTES;
  readonly #memory: AssemblyMemory;
  /** The frame being assembled, or null; a frame whose length prefix is split is assembled from its first byte. */
  #partial: Uint8Array | null = null;
  #filled = 0;
  #prefix = new Uint8Array(4);
  #prefixFilled = 0;

  constructor(maxFrameBytes: number, memory = new AssemblyMemory()) {
    this.#maxFrameBytes = maxFrameBytes;
    this.#memory = memory;
  }

  /** Takes frames up to this size from now on; `anyBytes`: however short, since they are no requests. */
  limit(maxFrameBytes: number, anyBytes: boolean): void {
    this.#maxFrameBytes = maxFrameBytes;
    this.#minFrameBytes = anyBytes ? 1 : MIN_FRAME_BYTES;
  }

  /** Bytes held for a frame that has not come whole. */
  get heldBytes(): number {
    return this.#partial === null ? 0 : this.#partial.length;
  }

  /**
   * Hands every whole frame in `chunk` to `onFrame`, in order, without its length prefix, which says whether
   * it is done with the bytes. Returns why the stream can't be one of Kafka's, or null. Memory for a large frame grows with what has arrived: a length
   * alone reserves nothing.
   */
  push(chunk: Uint8Array, onFrame: (frame: Uint8Array) => FrameUse): string | null {
    let position = 0;
    while (position < chunk.length) {
      if (this.#partial !== null) {
        position = this.#fill(this.#partial, chunk, position, onFrame);
        continue;
      }
      const left = chunk.length - position;
      if (this.#prefixFilled > 0 || left < 4) {
        const take = Math.min(4 - this.#prefixFilled, left);
        this.#prefix.set(chunk.subarray(position, position + take), this.#prefixFilled);
        this.#prefixFilled += take;
        position += take;
        if (this.#prefixFilled < 4) break;
        this.#prefixFilled = 0;
        const length = int32(this.#prefix, 0);
        const fault = this.#lengthFault(length);
        if (fault !== null) return fault;
        this.#begin(length);
        continue;
      }
      const length = int32(chunk, position);
      const fault = this.#lengthFault(length);
      if (fault !== null) return fault;
      position += 4;
      if (chunk.length - position >= length) {
        onFrame(chunk.subarray(position, position + length));
        position += length;
      } else {
        this.#begin(length);
      }
    }
    return null;
  }

  #lengthFault(length: number): string | null {
    if (length >= this.#minFrameBytes && length <= this.#maxFrameBytes) return null;
    return `a frame of ${length} bytes; between ${this.#minFrameBytes} and ${this.#maxFrameBytes} are taken${guess(length)}`;
  }

  #begin(length: number): void {
    this.#frameLength = length;
    this.#partial = this.#memory.take(Math.min(length, FIRST_ASSEMBLY_BYTES));
    this.#filled = 0;
  }

  #frameLength = 0;

  #fill(
    partial: Uint8Array,
    chunk: Uint8Array,
    position: number,
    onFrame: (frame: Uint8Array) => FrameUse,
  ): number {
    const take = Math.min(this.#frameLength - this.#filled, chunk.length - position);
    let target = partial;
    if (this.#filled + take > target.length) {
      target = new Uint8Array(Math.min(this.#frameLength, Math.max(this.#filled + take, target.length * 2)));
      target.set(partial.subarray(0, this.#filled));
      this.#partial = target;
    }
    target.set(chunk.subarray(position, position + take), this.#filled);
    this.#filled += take;
    if (this.#filled === this.#frameLength) {
      this.#partial = null;
      const use = onFrame(
        target.length === this.#frameLength ? target : target.subarray(0, this.#frameLength),
      );
      if (use === "read") this.#memory.give(target);
    }
    return position + take;
  }
}

/** The shortest request header: api key, version, correlation id, null client id. */
const MIN_FRAME_BYTES = 8;
const FIRST_ASSEMBLY_BYTES = 256 * 1024;

function int32(bytes: Uint8Array, position: number): number {
  return (
    ((bytes[position] ?? 0) << 24) |
    ((bytes[position + 1] ?? 0) << 16) |
    ((bytes[position + 2] ?? 0) << 8) |
    (bytes[position + 3] ?? 0)
  );
}

/** Names the usual strangers at the door by their first four bytes. */
function guess(length: number): string {
  if (length >>> 8 === 0x160301 || length >>> 8 === 0x160302 || length >>> 8 === 0x160303) {
    return " (this looks like TLS; this listener speaks plain text)";
  }
  const text = String.fromCharCode(length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255, length & 255);
  if (/^(GET |POST|PUT |HEAD|DELE|OPTI|PRI )/.test(text)) return " (this looks like HTTP)";
  if (length >>> 24 === 0x10) return " (this looks like MQTT)";
  return "";
}
