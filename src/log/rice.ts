/**
 * Lists of rising numbers in about as many bits as they say something (Golomb-Rice): a byte with a parameter k, then of
 * each number its step from the one before, less one (the first from -1): the step's part above k bits as so many ones
 * and a zero, then the k bits. Ones fill the last byte. A list's length is known to who wrote it.
 */
const GOLDEN = 0.69;
const MAX_PARAMETER = 30;

/** Writes lists back to back. */
export class RiceWriter {
  #bytes = new Uint8Array(4096);
  #length = 0;
  /** Bits that are not written yet: so many of the lowest of `#bits`. */
  #bits = 0;
  #pending = 0;

  get length(): number {
    return this.#length;
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Of numbers[order[from]] ... numbers[order[to - 1]], each shifted right, those that are beyond the one before. */
  list(numbers: Uint32Array, order: Uint32Array, from: number, to: number, shift: number): void {
    let count = 0;
    let last = -1;
    for (let index = from; index < to; index++) {
      const value = (numbers[order[index] as number] as number) >>> shift;
      if (value !== last) count += 1;
      last = value;
    }
    const parameter = count === 0 ? 0 : parameterFor((last + 1) / count);
    this.#byte(parameter);
    let previous = -1;
    for (let index = from; index < to; index++) {
      const value = (numbers[order[index] as number] as number) >>> shift;
      if (value === previous) continue;
      this.#step(value - previous - 1, parameter);
      previous = value;
    }
    if (this.#pending > 0) {
      const filler = 8 - this.#pending;
      this.#byte(((this.#bits << filler) | ((1 << filler) - 1)) & 0xff);
    }
    this.#bits = this.#pending = 0;
  }

  #step(step: number, parameter: number): void {
    for (let ones = step >>> parameter; ones > 0; ones--) this.#put(1, 1);
    this.#put(0, 1);
    let left = parameter;
    while (left > 0) {
      const count = Math.min(left, 16);
      left -= count;
      this.#put((step >>> left) & ((1 << count) - 1), count);
    }
  }

  /** At most 16 bits. */
  #put(value: number, count: number): void {
    this.#bits = (this.#bits << count) | value;
    this.#pending += count;
    while (this.#pending >= 8) {
      this.#pending -= 8;
      this.#byte((this.#bits >>> this.#pending) & 0xff);
    }
    this.#bits &= 0xff;
  }

  #byte(value: number): void {
    if (this.#length === this.#bytes.length) {
      const grown = new Uint8Array(this.#length * 2);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }
}

function parameterFor(meanStep: number): number {
  return Math.max(0, Math.min(MAX_PARAMETER, Math.floor(Math.log2(meanStep * GOLDEN))));
}

/** Reads one list. */
export class RiceReader {
  readonly #bytes: Uint8Array;
  readonly #parameter: number;
  /** In bits. */
  #at = 8;
  #value = -1;
  /** The same before the last number, and where `mark` was called. */
  #atBefore = 8;
  #valueBefore = -1;
  #atMark = 8;
  #valueMark = -1;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#parameter = Math.min(MAX_PARAMETER, bytes[0] ?? 0);
  }

  /** Remembers where it was before the last number. */
  mark(): void {
    this.#atMark = this.#atBefore;
    this.#valueMark = this.#valueBefore;
  }

  /** Goes back there; returns the number before, -1 for none. */
  reset(): number {
    this.#at = this.#atMark;
    this.#value = this.#valueMark;
    return this.#value;
  }

  /** The number before the place that is marked, -1 for none. */
  get markedValue(): number {
    return this.#valueMark;
  }

  /** The next number, or -1 at the end. */
  next(): number {
    const bytes = this.#bytes;
    const end = bytes.length * 8;
    let at = this.#at;
    let step = 0;
    while (at < end && (((bytes[at >>> 3] as number) >>> (7 - (at & 7))) & 1) === 1) {
      step += 1;
      at += 1;
    }
    if (at + 1 + this.#parameter > end) {
      this.#at = end;
      return -1;
    }
    at += 1;
    for (let left = this.#parameter; left > 0; ) {
      const inByte = 8 - (at & 7);
      const count = Math.min(left, inByte);
      const bits = ((bytes[at >>> 3] as number) >>> (inByte - count)) & ((1 << count) - 1);
      step = step * 2 ** count + bits;
      at += count;
      left -= count;
    }
    this.#atBefore = this.#at;
    this.#valueBefore = this.#value;
    this.#at = at;
    this.#value += step + 1;
    return this.#value;
  }
}
