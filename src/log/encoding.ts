import { HeadwaterError } from "../base/errors.ts";
import { int32At, int64At, putInt32, putInt64, uint32At } from "../records/big-endian.ts";

/** A byte array that grows as it is written. For files off the hot path. */
export class ByteWriter {
  #bytes = new Uint8Array(1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  uint8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }

  int32(value: number): void {
    this.#reserve(4);
    putInt32(this.#bytes, this.#length, value);
    this.#length += 4;
  }

  int64(value: number): void {
    this.#reserve(8);
    putInt64(this.#bytes, this.#length, value);
    this.#length += 8;
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  /** UTF-8 after its length as int32. */
  text(value: string): void {
    const bytes = new TextEncoder().encode(value);
    this.int32(bytes.length);
    this.bytes(bytes);
  }

  /** What was written; good until the next write. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.view());
    this.#bytes = grown;
  }
}

/** Reads what a ByteWriter wrote. Throws MALFORMED where bytes are missing. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #position: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, position = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#position = position;
    this.#end = end;
  }

  get remaining(): number {
    return this.#end - this.#position;
  }

  uint8(): number {
    return this.#bytes[this.#take(1)] as number;
  }

  int32(): number {
    return int32At(this.#bytes, this.#take(4));
  }

  uint32(): number {
    return uint32At(this.#bytes, this.#take(4));
  }

  int64(): number {
    return int64At(this.#bytes, this.#take(8));
  }

  /** A view of the next `count` bytes. */
  bytes(count: number): Uint8Array {
    const start = this.#take(count);
    return this.#bytes.subarray(start, start + count);
  }

  text(): string {
    return new TextDecoder().decode(this.bytes(this.int32()));
  }

  /** A count of things that take at least `eachBytes` each, refused where the bytes can't hold so many. */
  count(eachBytes: number): number {
    const count = this.int32();
    if (count < 0 || count * eachBytes > this.remaining) {
      throw new HeadwaterError(
        "MALFORMED",
        `a count of ${count} does not fit the ${this.remaining} bytes left`,
      );
    }
    return count;
  }

  #take(count: number): number {
    if (count < 0 || count > this.remaining) {
      throw new HeadwaterError("MALFORMED", `${count} bytes wanted, ${this.remaining} left`);
    }
    const start = this.#position;
    this.#position += count;
    return start;
  }
}
