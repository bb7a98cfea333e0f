import {
  CborReader,
  INDEFINITE,
  MAJOR_ARRAY,
  MAJOR_BYTES,
  MAJOR_MAP,
  MAJOR_NEGATIVE,
  MAJOR_SIMPLE,
  MAJOR_TAG,
  MAJOR_TEXT,
  MAJOR_UNSIGNED,
} from "./cbor-reader.ts";
import { MAX_BIGNUM_BYTES, MAX_DECODED_BYTES, MAX_DEPTH, MAX_ITEMS } from "./limits.ts";

const TAG_DATE_TEXT = 0;
const TAG_EPOCH = 1;
export const TAG_BIGNUM = 2;
export const TAG_NEGATIVE_BIGNUM = 3;
/** Decimal fraction, which SenML may use for numbers (RFC 8428, 6). */
export const TAG_DECIMAL = 4;
const TAG_SELF_DESCRIBED = 55_799;

/** An item that is not announced by a count: an array or map that ends with a break. */
const UNTIL_BREAK = -1;

const strictText = new TextDecoder("utf-8", { fatal: true });

/**
 * What is wrong with a payload as one CBOR item, or null where it may be decoded: it is whole and within the
 * limits, maps have texts and integers for keys, texts are UTF-8, and the only tags are those of numbers and times.
 * Tags by which decoders make regular expressions, records, typed arrays and references, and lengths that are announced
 * and not there, never reach a decoder. The cost is that of looking once at each byte.
 */
export function cborFault(bytes: Uint8Array): string | null {
  if (bytes.length > MAX_DECODED_BYTES) return `${bytes.length} bytes are more than ${MAX_DECODED_BYTES}`;
  return new CborGuard(bytes).check();
}

class CborGuard extends CborReader {
  #depth = 0;
  /** Items that each open array, map and tag still waits for; of a map the keys count too. */
  readonly #left = new Float64Array(MAX_DEPTH);
  readonly #isMap = new Uint8Array(MAX_DEPTH);
  /** Whether a map of indefinite length waits for a value. */
  readonly #needsValue = new Uint8Array(MAX_DEPTH);

  check(): string | null {
    for (let items = 0; ; items++) {
      if (items === MAX_ITEMS) return `more than ${MAX_ITEMS} values`;
      const fault = this.#atEnd() ? this.#close() : this.#item();
      if (fault !== null) return fault;
      if (this.#depth === 0) return this.remaining === 0 ? null : `${this.remaining} bytes behind the value`;
    }
  }

  /** Whether the innermost array or map ends here by a break. */
  #atEnd(): boolean {
    return this.#depth > 0 && this.#left[this.#depth - 1] === UNTIL_BREAK && this.atBreak;
  }

  #close(): string | null {
    const top = this.#depth - 1;
    if (this.#needsValue[top] === 1) return "a key without a value";
    this.position++;
    this.#depth = top;
    this.#complete();
    return null;
  }

  #item(): string | null {
    const isKey = this.#awaitsKey();
    this.head();
    if (this.bad) return this.#broken();
    const { major, argument } = this;
    if (isKey) {
      if (major !== MAJOR_TEXT && major !== MAJOR_UNSIGNED && major !== MAJOR_NEGATIVE)
        return "a key that is neither a text nor an integer";
      if (argument >= Number.MAX_SAFE_INTEGER) return "a key beyond 53 bits";
    }
    switch (major) {
      case MAJOR_BYTES:
      case MAJOR_TEXT:
        return this.#string();
      case MAJOR_ARRAY:
        return this.#open(argument, false);
      case MAJOR_MAP:
        return this.#open(argument === INDEFINITE ? INDEFINITE : 2 * argument, true);
      case MAJOR_TAG:
        return this.#tagFault(argument) ?? this.#open(1, false);
      case MAJOR_SIMPLE:
        if (this.info < 20 || this.info === 24) return "a simple value that has no meaning";
    }
    this.#complete();
    return null;
  }

  #broken(): string {
    return this.remaining <= 9 ? "the end comes too early" : `byte ${this.position} begins no value`;
  }

  #string(): string | null {
    const { argument, position, major } = this;
    if (argument === INDEFINITE) return "a string of indefinite length";
    this.advance(argument);
    if (this.bad) return `a string of ${argument} bytes where ${this.remaining} are left`;
    if (major === MAJOR_TEXT && !isUtf8(this.bytes, position, this.position))
      return "a text that is not UTF-8";
    this.#complete();
    return null;
  }

  /** Every item has a byte at least, so that no announced count is believed that can't be true. */
  #open(count: number, isMap: boolean): string | null {
    if (count > this.remaining) return `${count} values are announced where ${this.remaining} bytes are left`;
    if (count === 0) {
      this.#complete();
      return null;
    }
    if (this.#depth === MAX_DEPTH) return `nested deeper than ${MAX_DEPTH}`;
    this.#left[this.#depth] = count;
    this.#isMap[this.#depth] = isMap ? 1 : 0;
    this.#needsValue[this.#depth] = 0;
    this.#depth++;
    return null;
  }

  #awaitsKey(): boolean {
    const top = this.#depth - 1;
    if (top < 0 || this.#isMap[top] === 0) return false;
    const left = this.#left[top] ?? 0;
    return left === UNTIL_BREAK ? this.#needsValue[top] === 0 : left % 2 === 0;
  }

  /** Counts an item that is whole, and all that it was the last of. */
  #complete(): void {
    while (this.#depth > 0) {
      const top = this.#depth - 1;
      const left = this.#left[top] ?? 0;
      if (left === UNTIL_BREAK) {
        if (this.#isMap[top] === 1) this.#needsValue[top] = this.#needsValue[top] === 1 ? 0 : 1;
        return;
      }
      this.#left[top] = left - 1;
      if (left > 1) return;
      this.#depth = top;
    }
  }

  /** What is wrong with a tag and the head of what it stands before. */
  #tagFault(tag: number): string | null {
    const first = this.bytes[this.position];
    if (first === undefined) return "the end comes too early";
    const major = first >> 5;
    switch (tag) {
      case TAG_SELF_DESCRIBED:
        return this.#depth === 0 ? null : "a value that describes itself inside another";
      case TAG_DATE_TEXT:
        return major === MAJOR_TEXT ? null : "a date that is no text";
      case TAG_EPOCH:
        return major === MAJOR_UNSIGNED || major === MAJOR_NEGATIVE || (first >= 0xf9 && first <= 0xfb)
          ? null
          : "a time that is no number";
      case TAG_BIGNUM:
      case TAG_NEGATIVE_BIGNUM:
        return this.#bignumFault(first);
      case TAG_DECIMAL:
        return first === 0x82 ? null : "a decimal fraction that is not exponent and mantissa";
      default:
        return `tag ${tag} is not taken`;
    }
  }

  #bignumFault(first: number): string | null {
    if (first >> 5 !== MAJOR_BYTES) return "a bignum that is no byte string";
    const info = first & 31;
    const length =
      info < 24 ? info : info === 24 ? (this.bytes[this.position + 1] ?? 0) : Number.POSITIVE_INFINITY;
    return length >= 1 && length <= MAX_BIGNUM_BYTES
      ? null
      : `a bignum that has not 1 to ${MAX_BIGNUM_BYTES} bytes`;
  }
}

function isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end && (bytes[at] ?? 0) < 0x80) at++;
  if (at === end) return true;
  try {
    strictText.decode(bytes.subarray(start, end));
    return true;
  } catch {
    return false;
  }
}
