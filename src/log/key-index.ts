import { crc32c } from "../base/crc32c.ts";
import { int32At, uint32At } from "../records/big-endian.ts";
import { checkIndexFile, INDEX_HEADER_BYTES, type IndexedSegment, KEY_INDEX_KIND } from "./index-files.ts";
import { RiceReader } from "./rice.ts";

/**
 * Where a sealed segment has the records of a key, by the key's hash: what finds one device's history without
 * reading the others'. After the header of index-files.ts (entries: number of hashes), big-endian, int32 each:
 *
 *   how many bits of a hash count (the highest), what lists count (below 0 records, else runs of 2 to this power batches),
 *   runs, or batches where lists count records; anchors; bytes of the lists
 *   each run: position; where lists count records, of each batch also the number of its first record
 *   each hash, rising: hash, where its list starts in the lists
 *   anchors, where lists count records: position of every n-th record of the segment (anchorStep), 0 in a compressed batch
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
/** The finest that lists count: records, with the most anchors; -1 is records with the fewest. */
export const MIN_UNIT = -4;
/** Runs of 2 to this power batches: the coarsest. */
export const MAX_UNIT = 6;
const NO_BYTES = new Uint8Array(0);

/** Where lists count records: the position of each so many-th record is known. */
export function anchorStep(unit: number): number {
  return 2 ** (7 + unit);
}

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

/**
 * Places that may hold a record of a key, one after the other, in the order of the segment. The object is filled anew by
 * each `next`.
 */
export class KeyHits {
  /** Of the batch, or of the first of a run. */
  position = -1;
  /** Where the run ends. */
  endPosition = -1;
  /** Where to look for the record from: its position is so many records behind `from`; -1: anywhere in the batch. */
  from = -1;
  skip = 0;
  readonly #index: KeyIndex;
  readonly #list: RiceReader;
  readonly #bytes: IndexBytes;
  readonly #firstNumber: number;
  #run: number;
  #marked = -1;

  constructor(index: KeyIndex, list: RiceReader, bytes: IndexBytes, firstNumber: number, run: number) {
    this.#index = index;
    this.#list = list;
    this.#bytes = bytes;
    this.#firstNumber = firstNumber;
    this.#run = run;
  }

  /** Moves to the next place; false at the end. */
  next(): boolean {
    const list = this.#list;
    let number: number;
    do {
      number = list.next();
      if (number < 0) return false;
    } while (number < this.#firstNumber);
    this.#run = this.#index.place(number, this.#run, this, this.#bytes);
    if (this.#run !== this.#marked) list.mark();
    this.#marked = this.#run;
    return true;
  }
}

/** A key index whose sum was checked. What tells where lists are is kept, the lists are read where they lie. */
export class KeyIndex {
  readonly sizeBytes: number;
  readonly segmentBytes: number;
  readonly #core: Uint8Array;
  readonly #hashBits: number;
  readonly #unit: number;
  readonly #anchorStep: number;
  readonly #runs: number;
  readonly #hashes: number;
  readonly #runBytes: number;
  readonly #hashesAt: number;
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
    this.#runBytes = this.#isPerRecord ? 8 : 4;
    this.#hashesAt = FIXED_BYTES + this.#runs * this.#runBytes;
    this.#anchorsAt = this.#hashesAt + hashes * HASH_BYTES;
    this.#listsAt = this.#anchorsAt + anchors * 4;
    this.#anchorStep = anchorStep(this.#unit);
    const keeps = this.#listsAt <= Math.min(MAX_CORE_BYTES, bytes.sizeBytes);
    this.#core = keeps ? bytes.view(0, this.#listsAt).slice() : NO_BYTES;
  }

  /** Memory that it takes. */
  get heldBytes(): number {
    return this.#core.length + 200;
  }

  /** What lists count, for tests and figures: below 0 records, else runs of 2 to this power batches. */
  get unit(): number {
    return this.#unit;
  }

  /** Places of a hash from the batch on that begins at `fromPosition`; null: none. */
  hits(hash: number, fromPosition: number, bytes: IndexBytes): KeyHits | null {
    const first = this.#runAt(fromPosition, bytes);
    const from = this.#isPerRecord ? this.#firstRecord(first, bytes) : first;
    const list = this.#list(hash, from, bytes);
    return list === null ? null : new KeyHits(this, list, bytes, from, first);
  }

  /** Says where a number of a list is. `from` is a run at or before it. Gives its run. */
  place(number: number, from: number, hit: KeyHits, bytes: IndexBytes): number {
    const run = this.#isPerRecord ? this.#runOf(number, from, bytes) : number;
    const position = this.#position(run, bytes);
    hit.position = position;
    hit.endPosition = run + 1 < this.#runs ? this.#position(run + 1, bytes) : this.segmentBytes;
    hit.from = -1;
    hit.skip = 0;
    if (!this.#isPerRecord) return run;
    const anchor = Math.floor(number / this.#anchorStep);
    const firstRecord = this.#firstRecord(run, bytes);
    const anchorAt = this.#int(this.#anchorsAt + anchor * 4, bytes);
    // Of a compressed batch nothing is known; before the first anchor within it the batch itself is one.
    const isBefore = anchor * this.#anchorStep < firstRecord || anchorAt <= position;
    hit.from = isBefore ? position : anchorAt;
    hit.skip = number - (isBefore ? firstRecord : anchor * this.#anchorStep);
    return run;
  }

  #list(hash: number, from: number, bytes: IndexBytes): RiceReader | null {
    const known = this.#reader;
    if (known !== null && known.hash === hash && known.list.markedValue < from) {
      known.list.reset();
      return known.list;
    }
    const shift = 32 - this.#hashBits;
    const entry = this.#find(shift === 0 ? hash : (hash >>> shift) * 2 ** shift, bytes);
    if (entry < 0) return null;
    const isLast = entry === this.#hashes - 1;
    const listAt = (place: number) => this.#int(this.#hashesAt + place * HASH_BYTES + 4, bytes);
    const start = listAt(entry);
    const end = isLast ? this.#listsBytes : listAt(entry + 1);
    if (start > end || end > this.#listsBytes) return null;
    const list = new RiceReader(bytes.view(this.#listsAt + start, end - start).slice());
    this.#reader = { hash, list };
    return list;
  }

  #find(hash: number, bytes: IndexBytes): number {
    let low = 0;
    let high = this.#hashes - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const value = this.#int(this.#hashesAt + middle * HASH_BYTES, bytes);
      if (value === hash) return middle;
      if (value < hash) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  /** The run that holds the position. */
  #runAt(position: number, bytes: IndexBytes): number {
    return this.#lastRun(0, this.#runs, position, 0, bytes);
  }

  /** The batch that holds the record: most often one of the next. */
  #runOf(record: number, from: number, bytes: IndexBytes): number {
    let low = from;
    let step = 1;
    while (low + step < this.#runs && this.#firstRecord(low + step, bytes) <= record) {
      low += step;
      step *= 2;
    }
    return this.#lastRun(low, Math.min(low + step, this.#runs), record, 4, bytes);
  }

  /** The last run of [from, end) whose number, at `field` of its entry, is not above the limit; that of the first is not. */
  #lastRun(from: number, end: number, limit: number, field: number, bytes: IndexBytes): number {
    let low = from;
    let high = end;
    while (low + 1 < high) {
      const middle = (low + high) >>> 1;
      if (this.#int(FIXED_BYTES + middle * this.#runBytes + field, bytes) <= limit) low = middle;
      else high = middle;
    }
    return low;
  }

  #position(run: number, bytes: IndexBytes): number {
    return this.#int(FIXED_BYTES + run * this.#runBytes, bytes);
  }

  #firstRecord(run: number, bytes: IndexBytes): number {
    return this.#int(FIXED_BYTES + run * this.#runBytes + 4, bytes);
  }

  /** From what is kept in memory where it is. */
  #int(at: number, bytes: IndexBytes): number {
    return at + 4 <= this.#core.length ? uint32At(this.#core, at) : uint32At(bytes.view(at, 4), 0);
  }

  get #isPerRecord(): boolean {
    return this.#unit < 0;
  }
}
