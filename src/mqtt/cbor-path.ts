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
} from "./payloads/cbor-reader.ts";
import { MAX_DEPTH } from "./payloads/limits.ts";

/** Tags that leave a time a time: date text, seconds since 1970, "this is CBOR". */
const PLAIN_TAGS = new Set([0, 1, 55_799]);

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Finds a number or text by its path in a CBOR item (RFC 8949), without decoding anything else: what is not on
 * the path is stepped over, so that bignums, regular expressions, cyclic references and huge announced lengths
 * cost what their bytes cost to skip. A path names text keys, integer keys (as SenML's labels are) and array
 * positions. Returns undefined where nothing is there, where something else is, or where the bytes are bad.
 */
export function findCborValue(bytes: Uint8Array, path: readonly string[]): number | string | undefined {
  const walk = new CborWalk(bytes);
  for (const name of path) if (!walk.enter(name)) return undefined;
  const value = walk.value();
  return walk.bad ? undefined : value;
}

class CborWalk extends CborReader {
  /** Steps into the member of this name of the item that starts here. */
  enter(name: string): boolean {
    this.#plainHead();
    if (this.bad) return false;
    if (this.major === MAJOR_MAP) return this.#enterMap(name, this.argument);
    if (this.major === MAJOR_ARRAY) return this.#enterArray(name, this.argument);
    return false;
  }

  value(): number | string | undefined {
    this.#plainHead();
    if (this.bad) return undefined;
    if (this.major === MAJOR_UNSIGNED) return this.argument;
    if (this.major === MAJOR_NEGATIVE) return -1 - this.argument;
    if (this.major === MAJOR_TEXT && this.argument !== INDEFINITE) {
      const start = this.position;
      this.advance(this.argument);
      return this.bad ? undefined : decoder.decode(this.bytes.subarray(start, this.position));
    }
    const isFloat = this.major === MAJOR_SIMPLE && this.info >= 25 && this.info <= 27;
    return isFloat ? this.float() : undefined;
  }

  #enterMap(name: string, pairs: number): boolean {
    const text = encoder.encode(name);
    for (let index = 0; this.#hasMember(index, pairs); index++) {
      const found = this.#keyIs(name, text);
      if (this.bad) return false;
      if (found) return true;
      this.#skip(1);
      if (this.bad) return false;
    }
    return false;
  }

  #enterArray(name: string, items: number): boolean {
    const wanted = Number(name);
    for (let index = 0; this.#hasMember(index, items); index++) {
      if (index === wanted) return true;
      this.#skip(1);
      if (this.bad) return false;
    }
    return false;
  }

  #hasMember(index: number, count: number): boolean {
    if (this.bad) return false;
    return count === INDEFINITE ? !this.atBreak : index < count;
  }

  /** Reads a map's key, whatever it is. */
  #keyIs(name: string, text: Uint8Array): boolean {
    const start = this.position;
    this.head();
    if (this.bad) return false;
    if (this.major === MAJOR_UNSIGNED) return String(this.argument) === name;
    if (this.major === MAJOR_NEGATIVE) return String(-1 - this.argument) === name;
    if (this.major !== MAJOR_TEXT || this.argument === INDEFINITE) {
      this.position = start;
      this.#skip(1);
      return false;
    }
    const from = this.position;
    this.advance(this.argument);
    if (this.bad || this.position - from !== text.length) return false;
    for (let index = 0; index < text.length; index++) {
      if (this.bytes[from + index] !== text[index]) return false;
    }
    return true;
  }

  /** Steps over an item and all that is in it. */
  #skip(depth: number): void {
    if (depth > MAX_DEPTH) {
      this.bad = true;
      return;
    }
    this.head();
    if (this.bad) return;
    const major = this.major;
    const argument = this.argument;
    if (major === MAJOR_TAG) this.#skip(depth + 1);
    else if (major === MAJOR_ARRAY) this.#skipMembers(argument, 1, depth);
    else if (major === MAJOR_MAP) this.#skipMembers(argument, 2, depth);
    else if (major === MAJOR_BYTES || major === MAJOR_TEXT) {
      if (argument === INDEFINITE) this.#skipMembers(argument, 1, depth);
      else this.advance(argument);
    }
  }

  #skipMembers(count: number, itemsEach: number, depth: number): void {
    for (let index = 0; this.#hasMember(index, count); index++) {
      for (let item = 0; item < itemsEach && !this.bad; item++) this.#skip(depth + 1);
    }
    if (count === INDEFINITE) this.advance(1);
  }

  /** Reads a head, and through tags that do not change what a time is. */
  #plainHead(): void {
    this.head();
    for (let depth = 0; !this.bad && this.major === MAJOR_TAG; depth++) {
      if (depth > MAX_DEPTH || !PLAIN_TAGS.has(this.argument)) this.bad = true;
      else this.head();
    }
  }
}
