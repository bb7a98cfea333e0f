import { crc32c } from "../base/crc32c.ts";
import { int32At, uint32At } from "../records/big-endian.ts";
import { checkIndexFile, INDEX_HEADER_BYTES, type IndexedSegment, KEY_INDEX_KIND } from "./index-files.ts";
import { RiceReader } from "./rice.ts";

/**
 * Where a sealed segment has the records of a key, by the key's hash: what finds one device's history without
 * reading the others'. After the header of index-files.ts (entries: number of hashes), big-endian, int32 each:
 *
 *   how many bits of a hash count (the highest), what lists count (-1 records, else runs of 2 to this power batches),
 *   runs, or batches where lists count records; anchors; bytes of the lists
 *   each run: position; where lists count records, of each batch also the number of its first record
 *   each hash, rising: hash, where its list starts in the lists
 *   anchors, where lists count records: position of every ANCHOR-th record of the segment, 0 in a compressed batch
 *   lists, back to back: numbers of records or runs, rising, see rice.ts; a list ends where the next starts
 *
 * How fine it is follows from what it may take, a share of the segment (key-index-builder.ts). It names records where that is enough, else
 * batches, else runs of batches; where nearly every record has a key of its own, keys share lists by the highest bits
 * of their hashes. Who looks something up compares keys himself. A record that is taken out of its batch alone comes
 * without the batch's sum: only from segments that this process has written or checked.
 */
const FIXED_BYTES = INDEX_HEADER_BYTES + 20;
const HASH_BYTES = 8;
/** Beyond it what tells where lists are is not kept in memory. */
const MAX_CORE_BYTES = 256 * 1024;
/** What lists count where they count records, and the power where they count the largest runs. */
export const PER_RECORD = -1;
export const MAX_RUN_POWER = 6;
export const ANCHOR = 16;
const NO_BYTES = new Uint8Array(0);

/** Hash of a record's key. CRC32C spreads well enough, and is at hand. */
export function keyHash(bytes: Uint8Array, start = 0, end = bytes.length): number {
  return crc32c(bytes, start, end);
}

/** Where the bytes of an index are. */
export interface IndexBytes {
  readonly sizeBytes: number;
  /** Good until the turn ends. */
  view(position: number, length: number): Uint8Array;
}

/** A place that may hold a record of a key. */
export interface KeyHit {
  /** Of the batch, or of the first of a run. */
  readonly position: number;
  /** Where the run ends. */
  readonly endPosition: number;
  /** Where to look for the record from: its position is so many records behind `from`; -1: anywhere in the batch. */
  readonly from: number;
  readonly skip: number;
}

/** A key index whose sum was checked. What tells where lists are is kept, the lists are read where they lie. */
export class KeyIndex {
  readonly sizeBytes: number;
  readonly segmentBytes: number;
  readonly #core: Uint8Array;
  readonly #hashBits: number;
  readonly #unit: number;
  readonly #runs: number;
  readonly #hashes: number;
  readonly #anchorsAt: number;
  readonly #listsAt: number;
  readonly #listsBytes: number;
  /** Where the last look into a list stopped, so that who goes on does not go through it again. */
  #reader: { readonly hash: number; readonly list: RiceReader } | null = null;

  /** Where the last search stopped: who goes on there need not find it. */
  stop: { readonly hash: number; readonly offset: number; readonly position: number } | null = null;

  /** The index of just this segment, or null where the bytes can't be believed; `isWhole`: sums all of them. */
  static open(bytes: IndexBytes, segment: IndexedSegment, isWhole: boolean): KeyIndex | null {
    if (bytes.sizeBytes < FIXED_BYTES) return null;
    const checked = isWhole ? bytes.view(0, bytes.sizeBytes) : bytes.view(0, FIXED_BYTES);
    const hashes = isWhole
      ? checkIndexFile(checked, KEY_INDEX_KIND, segment)
      : int32At(checked, INDEX_HEADER_BYTES - 20);
    if (hashes === null || hashes < 0) return null;
    const index = new KeyIndex(bytes, segment, checked, hashes);
    return index.#listsAt + index.#listsBytes === bytes.sizeBytes ? index : null;
  }

  private constructor(bytes: IndexBytes, segment: IndexedSegment, head: Uint8Array, hashes: number) {
    this.sizeBytes = bytes.sizeBytes;
    this.segmentBytes = segment.sizeBytes;
    this.#hashes = hashes;
    this.#hashBits = int32At(head, INDEX_HEADER_BYTES);
    this.#unit = int32At(head, INDEX_HEADER_BYTES + 4);
    this.#runs = uint32At(head, INDEX_HEADER_BYTES + 8);
    const anchors = uint32At(head, INDEX_HEADER_BYTES + 12);
    this.#listsBytes = uint32At(head, INDEX_HEADER_BYTES + 16);
    this.#anchorsAt = this.#hashesAt + hashes * HASH_BYTES;
    this.#listsAt = this.#anchorsAt + anchors * 4;
    const keeps = this.#anchorsAt <= Math.min(MAX_CORE_BYTES, bytes.sizeBytes);
    this.#core = keeps ? bytes.view(0, this.#anchorsAt).slice() : NO_BYTES;
  }

  /** Memory that it takes. */
  get heldBytes(): number {
    return this.#core.length + 200;
  }

  /** What lists count, for tests and figures: -1 records, else runs of 2 to this power batches. */
  get unit(): number {
    return this.#unit;
  }

  /** Places of a hash from the batch on that begins at `fromPosition`, in the order of the segment. */
  *hits(hash: number, fromPosition: number, bytes: IndexBytes): Generator<KeyHit, void, undefined> {
    const source: IndexBytes = this.#core.length > 0 ? new CoreFirst(this.#core, bytes) : bytes;
    const first = this.#runAt(fromPosition, source);
    const isPerRecord = this.#unit === PER_RECORD;
    const from = isPerRecord ? this.#firstRecord(first, source) : first;
    const list = this.#list(hash, from, source);
    if (list === null) return;
    let marked = -1;
    let run = first;
    for (;;) {
      const number = list.next();
      if (number < 0) return;
      if (number < from) continue;
      run = isPerRecord ? this.#runOf(number, run, source) : number;
      if (run !== marked) list.mark();
      marked = run;
      yield this.#hit(run, number, source);
    }
  }

  #hit(run: number, number: number, source: IndexBytes): KeyHit {
    const position = this.#position(run, source);
    const endPosition = run + 1 < this.#runs ? this.#position(run + 1, source) : this.segmentBytes;
    if (this.#unit !== PER_RECORD) return { position, endPosition, from: -1, skip: 0 };
    const anchor = Math.floor(number / ANCHOR);
    const firstRecord = this.#firstRecord(run, source);
    const from = uint32At(source.view(this.#anchorsAt + anchor * 4, 4), 0);
    // Of a compressed batch nothing is known; before the first anchor within it the batch itself is one.
    if (anchor * ANCHOR < firstRecord || from <= position) {
      return { position, endPosition, from: position, skip: number - firstRecord };
    }
    return { position, endPosition, from, skip: number - anchor * ANCHOR };
  }

  #list(hash: number, from: number, source: IndexBytes): RiceReader | null {
    const known = this.#reader;
    if (known !== null && known.hash === hash && known.list.markedValue < from) {
      known.list.reset();
      return known.list;
    }
    const shift = 32 - this.#hashBits;
    const entry = this.#find(shift === 0 ? hash : (hash >>> shift) * 2 ** shift, source);
    if (entry < 0) return null;
    const isLast = entry === this.#hashes - 1;
    const listAt = (place: number) => uint32At(source.view(this.#hashesAt + place * HASH_BYTES + 4, 4), 0);
    const start = listAt(entry);
    const end = isLast ? this.#listsBytes : listAt(entry + 1);
    if (start > end || end > this.#listsBytes) return null;
    const list = new RiceReader(source.view(this.#listsAt + start, end - start).slice());
    this.#reader = { hash, list };
    return list;
  }

  #find(hash: number, source: IndexBytes): number {
    let low = 0;
    let high = this.#hashes - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const value = uint32At(source.view(this.#hashesAt + middle * HASH_BYTES, 4), 0);
      if (value === hash) return middle;
      if (value < hash) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  /** The run that holds the position. */
  #runAt(position: number, source: IndexBytes): number {
    return this.#lastRun(0, (run) => this.#position(run, source) <= position);
  }

  /** The batch that holds the record. */
  #runOf(record: number, from: number, source: IndexBytes): number {
    return this.#lastRun(from, (run) => this.#firstRecord(run, source) <= record);
  }

  #lastRun(from: number, holds: (run: number) => boolean): number {
    let low = from;
    let high = this.#runs;
    while (low + 1 < high) {
      const middle = (low + high) >>> 1;
      if (holds(middle)) low = middle;
      else high = middle;
    }
    return low;
  }

  #position(run: number, source: IndexBytes): number {
    return uint32At(source.view(FIXED_BYTES + run * this.#runBytes, 4), 0);
  }

  #firstRecord(run: number, source: IndexBytes): number {
    return uint32At(source.view(FIXED_BYTES + run * this.#runBytes + 4, 4), 0);
  }

  get #runBytes(): number {
    return this.#unit === PER_RECORD ? 8 : 4;
  }

  get #hashesAt(): number {
    return FIXED_BYTES + this.#runs * this.#runBytes;
  }
}

/** What is kept in memory, and behind it what is read. */
class CoreFirst implements IndexBytes {
  readonly #core: Uint8Array;
  readonly #bytes: IndexBytes;

  constructor(core: Uint8Array, bytes: IndexBytes) {
    this.#core = core;
    this.#bytes = bytes;
  }

  get sizeBytes(): number {
    return this.#bytes.sizeBytes;
  }

  view(position: number, length: number): Uint8Array {
    const end = position + length;
    return end <= this.#core.length ? this.#core.subarray(position, end) : this.#bytes.view(position, length);
  }
}
