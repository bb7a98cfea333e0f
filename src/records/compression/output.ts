import { tooLarge } from "./refusals.ts";

const INITIAL_BYTES = 128 * 1024;
/** A buffer beyond this is not kept for the next use. */
const RETAINED_BYTES = 1024 * 1024;

/**
 * Where a codec writes when it can't know how much there will be. One buffer serves all calls, as they never
 * overlap; the result is copied out of it, which costs less than new zeroed memory of a guessed size.
 */
export class OutputBuffer {
  bytes = new Uint8Array(INITIAL_BYTES);

  /** Makes room for `needed` bytes, the first `used` of which are kept. Throws MALFORMED beyond `limit`. */
  reserve(codec: string, used: number, needed: number, limit: number): void {
    if (needed > limit) throw tooLarge(codec, limit);
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.min(limit, Math.max(needed, this.bytes.length * 2)));
    grown.set(this.bytes.subarray(0, used));
    this.bytes = grown;
  }

  /** A copy of the first `length` bytes. */
  take(length: number): Uint8Array<ArrayBuffer> {
    const result = this.bytes.slice(0, length);
    if (this.bytes.length > RETAINED_BYTES) this.bytes = new Uint8Array(INITIAL_BYTES);
    return result;
  }
}
