import { crc32c } from "../base/crc32c.ts";
import { HeadwaterError } from "../base/errors.ts";
import { putVarint } from "../base/varint.ts";
import { releaseMemory } from "../io/release-chunk.ts";
import { uint32At } from "../records/big-endian.ts";
import { RecordCursor } from "../records/reader.ts";
import {
  beginIndexFile,
  checkIndexFile,
  INDEX_HEADER_BYTES,
  type IndexedSegment,
  KEY_INDEX_KIND,
  sealIndexFile,
} from "./index-files.ts";

/**
 * Which batches of a sealed segment hold a key, by the key's hash: what finds one device's history without
 * reading the others'. After the header of index-files.ts (entries: number of hashes), big-endian:
 *
 *   count of batches int32, then each: position int32
 *   each hash, rising: hash int32, where its list starts in the lists int32
 *   lists, back to back: numbers of batches, rising, as zigzag varints of the steps between them (the first
 *     from 0); a list ends where the next starts
 *
 * Two keys of one hash share a list, and a batch that can't be read is in none: who looks something up compares
 * keys himself.
 */
const NO_BYTES = new Uint8Array(0);
const VARINT_BYTES = 5;

/** Hash of a record's key. CRC32C spreads well enough, and is at hand. */
export function keyHash(bytes: Uint8Array, start = 0, end = bytes.length): number {
  return crc32c(bytes, start, end);
}

/** Builds the index of one segment from its batches. */
export class KeyIndexBuilder {
  readonly #cursor = new RecordCursor();
  readonly #positions: number[] = [];
  /** Pairs of hash and batch number, as hash * MAX_BATCHES + number: sorted as plain doubles. */
  #pairs = new Float64Array(1024);
  #count = 0;

  /** Takes up the next batch of the segment; `bytes` need not stay. */
  add(bytes: Uint8Array, position: number): void {
    const batch = this.#positions.length;
    this.#positions.push(position);
    if (batch >= MAX_BATCHES) return;
    const first = this.#count;
    try {
      this.#cursor.open(bytes);
      while (this.#cursor.next()) {
        const { keyStart, keyEnd } = this.#cursor;
        if (keyStart >= 0) this.#push(keyHash(this.#cursor.bytes, keyStart, keyEnd) * MAX_BATCHES + batch);
      }
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
    } finally {
      this.#cursor.open(NO_BYTES);
    }
    this.#dropDuplicates(first);
  }

  /** The index file, or null where the segment has more batches than an index can tell apart. */
  finish(segment: IndexedSegment): Uint8Array | null {
    if (this.#positions.length > MAX_BATCHES) return null;
    const pairs = this.#pairs.subarray(0, this.#count).sort();
    const directory: number[] = [];
    const lists = new Uint8Array(pairs.length * VARINT_BYTES);
    let length = 0;
    let hash = -1;
    let previous = 0;
    for (const pair of pairs) {
      const pairHash = Math.floor(pair / MAX_BATCHES);
      const batch = pair - pairHash * MAX_BATCHES;
      if (pairHash !== hash) {
        hash = pairHash;
        previous = 0;
        directory.push(hash, length);
      }
      length = putVarint(lists, length, batch - previous);
      previous = batch;
    }
    const writer = beginIndexFile(KEY_INDEX_KIND, directory.length / 2, segment);
    writer.int32(this.#positions.length);
    for (const position of this.#positions) writer.int32(position);
    for (const value of directory) writer.int32(value);
    writer.bytes(lists.subarray(0, length));
    releaseMemory(lists);
    releaseMemory(this.#pairs);
    return sealIndexFile(writer);
  }

  #push(pair: number): void {
    if (this.#count === this.#pairs.length) {
      const grown = new Float64Array(this.#count * 2);
      grown.set(this.#pairs);
      releaseMemory(this.#pairs);
      this.#pairs = grown;
    }
    this.#pairs[this.#count] = pair;
    this.#count += 1;
  }

  /** A batch has many records of few keys, or few of many: either way each key counts once. */
  #dropDuplicates(first: number): void {
    const pairs = this.#pairs.subarray(first, this.#count).sort();
    let kept = 0;
    for (let i = 0; i < pairs.length; i++) {
      if (i > 0 && pairs[i] === pairs[i - 1]) continue;
      pairs[kept] = pairs[i] as number;
      kept += 1;
    }
    this.#count = first + kept;
  }
}

/** Hash and batch number share the 53 exact bits of a double. A segment with more batches has no key index. */
const MAX_BATCHES = 2 ** 21;

/** A key index, read whole. */
export class KeyIndex {
  readonly #bytes: Uint8Array;
  readonly #hashes: number;
  readonly #batches: number;

  private constructor(bytes: Uint8Array, hashes: number, batches: number) {
    this.#bytes = bytes;
    this.#hashes = hashes;
    this.#batches = batches;
  }

  /** The index of just this segment, or null where the bytes can't be believed. */
  static decode(bytes: Uint8Array, segment: IndexedSegment): KeyIndex | null {
    const hashes = checkIndexFile(bytes, KEY_INDEX_KIND, segment);
    if (hashes === null || bytes.length < INDEX_HEADER_BYTES + 4) return null;
    const batches = uint32At(bytes, INDEX_HEADER_BYTES);
    const lists = INDEX_HEADER_BYTES + 4 + batches * 4 + hashes * 8;
    return hashes < 0 || lists > bytes.length ? null : new KeyIndex(bytes, hashes, batches);
  }

  /** Positions in the segment, rising, of the batches that hold a key of this hash. */
  positions(hash: number): number[] {
    const entry = this.#find(hash);
    if (entry < 0) return [];
    const lists = this.#directory + this.#hashes * 8;
    const start = lists + uint32At(this.#bytes, this.#directory + entry * 8 + 4);
    const isLast = entry === this.#hashes - 1;
    const end = isLast ? this.#bytes.length : lists + uint32At(this.#bytes, this.#directory + entry * 8 + 12);
    const positions: number[] = [];
    let batch = 0;
    for (let at = start; at < end; ) {
      let value = 0;
      let shift = 0;
      let byte: number;
      do {
        byte = this.#bytes[at] as number;
        at += 1;
        value |= (byte & 0x7f) << shift;
        shift += 7;
      } while (byte >= 0x80 && at < end);
      batch += (value >>> 1) ^ -(value & 1);
      if (batch < this.#batches) positions.push(uint32At(this.#bytes, INDEX_HEADER_BYTES + 4 + batch * 4));
    }
    return positions;
  }

  get #directory(): number {
    return INDEX_HEADER_BYTES + 4 + this.#batches * 4;
  }

  #find(hash: number): number {
    let low = 0;
    let high = this.#hashes - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const value = uint32At(this.#bytes, this.#directory + middle * 8);
      if (value === hash) return middle;
      if (value < hash) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }
}
