import { HeadwaterError } from "../base/errors.ts";
import { batchCompression, COMPRESSION_NONE } from "../records/batch.ts";
import { RecordCursor } from "../records/reader.ts";
import { beginIndexFile, type IndexedSegment, KEY_INDEX_KIND, sealIndexFile } from "./index-files.ts";
import { anchorStep, keyHash, MAX_UNIT, MIN_UNIT } from "./key-index.ts";
import { RiceWriter } from "./rice.ts";

/** Of the segment's bytes: what an index takes at most, unless the coarsest takes more; what hashes take of that. */
const MAX_SHARE = 0.02;
const MAX_HASHES_SHARE = 0.003;
/** A small segment's index may take this all the same. */
const MIN_BYTES = 512;
/** Batches with fewer records on average are named whole: a walk through one is as quick as its anchors. */
const MIN_RECORDS_PER_BATCH = 8;
/** Bytes of records gone through, and entries sorted or written, before work may be left off. */
const PORTION_BYTES = 32 * 1024;
const PORTION_ENTRIES = 2048;
/** What an entry counts as, in bytes of records. */
const ENTRY_COST_BYTES = 16;
const FINEST_ANCHORS = anchorStep(MIN_UNIT);
const NO_BYTES = new Uint8Array(0);

/** Work that may be left off wherever it yields, and gone on with in another turn. It yields what it has cost since, in bytes. */
export type Portions<Result> = Generator<number, Result, undefined>;

/** A list of numbers that grows. */
class Numbers {
  #values = new Uint32Array(1024);
  length = 0;

  push(value: number): void {
    if (this.length === this.#values.length) {
      const grown = new Uint32Array(this.length * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.length] = value;
    this.length += 1;
  }

  get values(): Uint32Array {
    return this.#values.subarray(0, this.length);
  }
}

/** Records with keys, in the order of their hashes: those of hashes[n] are order[starts[n]] up to order[starts[n + 1]]. */
interface Grouped {
  readonly hashes: Uint32Array;
  readonly starts: Uint32Array;
  readonly order: Uint32Array;
}

interface Lists {
  readonly places: Uint32Array;
  readonly lists: RiceWriter;
}

/** Builds the index of one segment from its batches. */
export class KeyIndexBuilder {
  readonly #cursor = new RecordCursor();
  readonly #positions = new Numbers();
  readonly #firstRecords = new Numbers();
  readonly #anchors = new Numbers();
  /**
   * Of each record with a key: its number, that of its batch, and its hash's number in the order of their coming. Of a
   * compressed batch, which is read as a whole, only the first record of each hash.
   */
  readonly #records = new Numbers();
  readonly #batches = new Numbers();
  readonly #classes = new Numbers();
  readonly #classOf = new Map<number, number>();
  /** Of each hash the last batch that it was found in. */
  readonly #lastBatches: number[] = [];
  #recordCount = 0;
  #plainCount = 0;

  /** Takes up the next batch of the segment; `bytes` need not stay. Returns the cost of the last portion. */
  *add(bytes: Uint8Array, position: number): Portions<number> {
    const batch = this.#positions.length;
    this.#positions.push(position);
    this.#firstRecords.push(this.#recordCount);
    const cursor = this.#cursor;
    const isPlain = batchCompression(bytes, 0) === COMPRESSION_NONE;
    let portionStart = 0;
    let sizeBytes = bytes.length;
    try {
      // The bytes of a small batch are good to its end.
      cursor.open(isPlain && bytes.length > PORTION_BYTES ? bytes.slice() : bytes);
      while (cursor.next()) {
        if (cursor.recordStart - portionStart > PORTION_BYTES) {
          yield cursor.recordStart - portionStart;
          portionStart = cursor.recordStart;
        }
        sizeBytes = cursor.bytes.length;
        if (this.#recordCount % FINEST_ANCHORS === 0)
          this.#anchors.push(isPlain ? position + cursor.recordStart : 0);
        const { keyStart, keyEnd } = cursor;
        if (keyStart >= 0) this.#take(keyHash(cursor.bytes, keyStart, keyEnd), batch, isPlain);
        this.#recordCount += 1;
        if (isPlain) this.#plainCount += 1;
      }
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
    } finally {
      cursor.open(NO_BYTES);
    }
    return sizeBytes - portionStart;
  }

  /** The index file. */
  *finish(segment: IndexedSegment): Portions<Uint8Array> {
    const limit = Math.max(MIN_BYTES, segment.sizeBytes * MAX_SHARE);
    const bits = this.#hashBits(segment);
    const grouped = yield* this.#grouped(bits);
    const isWorthRecords = this.#plainCount >= this.#positions.length * MIN_RECORDS_PER_BATCH;
    for (let shift = isWorthRecords ? -1 : 0; ; shift++) {
      const isCoarsest = shift === MAX_UNIT;
      const lists = yield* this.#lists(grouped, shift, isCoarsest ? Number.POSITIVE_INFINITY : limit);
      // Of records as many anchors as there is room for.
      for (let unit = shift < 0 ? MIN_UNIT : shift; lists !== null && unit <= shift; unit++) {
        const index = this.#write(segment, bits, grouped.hashes, lists, unit);
        if (index.length <= limit || isCoarsest) return index;
        yield index.length;
      }
    }
  }

  #take(hash: number, batch: number, isPlain: boolean): void {
    const found = this.#classFor(hash);
    if (!isPlain && this.#lastBatches[found] === batch) return;
    this.#lastBatches[found] = batch;
    this.#records.push(this.#recordCount);
    this.#batches.push(batch);
    this.#classes.push(found);
  }

  #classFor(hash: number): number {
    const known = this.#classOf.get(hash);
    if (known !== undefined) return known;
    const next = this.#classOf.size;
    this.#classOf.set(hash, next);
    return next;
  }

  /** As many bits of hashes as leave a directory that is small enough. */
  #hashBits(segment: IndexedSegment): number {
    const allowed = Math.max(MIN_BYTES / 2, segment.sizeBytes * MAX_HASHES_SHARE) / 8;
    let bits = 32;
    if (this.#classOf.size > allowed) bits = Math.max(1, Math.floor(Math.log2(allowed)));
    return bits;
  }

  /** Records in the order of their hashes, and of their numbers: a counting sort, since the numbers rise as they are. */
  *#grouped(bits: number): Portions<Grouped> {
    const shift = 32 - bits;
    const cuts = Uint32Array.from(this.#classOf.keys(), (hash) => (hash >>> shift) * 2 ** shift);
    yield cuts.length * ENTRY_COST_BYTES;
    const hashes = unique(cuts.slice().sort());
    yield cuts.length * ENTRY_COST_BYTES;
    const placeOf = new Uint32Array(cuts.length);
    for (let index = 0; index < cuts.length; index++) {
      if (index % PORTION_ENTRIES === PORTION_ENTRIES - 1) yield PORTION_ENTRIES * ENTRY_COST_BYTES;
      placeOf[index] = placeIn(hashes, cuts[index] as number);
    }
    const classes = this.#classes.values;
    const starts = new Uint32Array(hashes.length + 1);
    for (let index = 0; index < classes.length; index++) {
      if (index % PORTION_ENTRIES === PORTION_ENTRIES - 1) yield PORTION_ENTRIES * ENTRY_COST_BYTES;
      const next = (placeOf[classes[index] as number] as number) + 1;
      starts[next] = (starts[next] as number) + 1;
    }
    for (let place = 1; place < starts.length; place++) {
      starts[place] = (starts[place] as number) + (starts[place - 1] as number);
    }
    const fill = starts.slice();
    const order = new Uint32Array(classes.length);
    for (let index = 0; index < classes.length; index++) {
      if (index % PORTION_ENTRIES === PORTION_ENTRIES - 1) yield PORTION_ENTRIES * ENTRY_COST_BYTES;
      const place = placeOf[classes[index] as number] as number;
      const at = fill[place] as number;
      order[at] = index;
      fill[place] = at + 1;
    }
    return { hashes, starts, order };
  }

  /** Where each hash's list starts, and the lists: of records, or of runs by so many bits; null where they are beyond the limit. */
  *#lists({ starts, order }: Grouped, shift: number, limit: number): Portions<Lists | null> {
    const numbers = shift < 0 ? this.#records.values : this.#batches.values;
    const lists = new RiceWriter();
    const count = starts.length - 1;
    const places = new Uint32Array(count);
    let entries = 0;
    for (let place = 0; place < count; place++) {
      places[place] = lists.length;
      const from = starts[place] as number;
      const to = starts[place + 1] as number;
      lists.list(numbers, order, from, to, Math.max(0, shift));
      entries += to - from + 1;
      if (entries < PORTION_ENTRIES) continue;
      yield entries * ENTRY_COST_BYTES;
      entries = 0;
      if (lists.length > limit) return null;
    }
    return { places, lists };
  }

  #write(
    segment: IndexedSegment,
    bits: number,
    hashes: Uint32Array,
    { places, lists }: Lists,
    unit: number,
  ): Uint8Array {
    const isPerRecord = unit < 0;
    const positions = this.#positions.values;
    const firstRecords = this.#firstRecords.values;
    const anchors = this.#anchors.values;
    const anchorEvery = isPerRecord ? anchorStep(unit) / FINEST_ANCHORS : Number.POSITIVE_INFINITY;
    const writer = beginIndexFile(KEY_INDEX_KIND, hashes.length, segment);
    writer.int32(bits);
    writer.int32(unit);
    const step = 2 ** Math.max(0, unit);
    writer.int32(Math.ceil(positions.length / step));
    writer.int32(Math.ceil(anchors.length / anchorEvery));
    writer.int32(lists.length);
    for (let batch = 0; batch < positions.length; batch += step) {
      writer.int32(positions[batch] as number);
      if (isPerRecord) writer.int32(firstRecords[batch] as number);
    }
    for (let place = 0; place < hashes.length; place++) {
      writer.int32(hashes[place] as number);
      writer.int32(places[place] as number);
    }
    if (isPerRecord) {
      for (let at = 0; at < anchors.length; at += anchorEvery) writer.int32(anchors[at] as number);
    }
    writer.bytes(lists.bytes());
    return sealIndexFile(writer);
  }
}

/** The numbers of a sorted list, each once; in place. */
function unique(sorted: Uint32Array): Uint32Array {
  let count = 0;
  for (const value of sorted) {
    if (count > 0 && sorted[count - 1] === value) continue;
    sorted[count] = value;
    count += 1;
  }
  return sorted.subarray(0, count);
}

/** Where a number is that is in a sorted list. */
function placeIn(sorted: Uint32Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low + 1 < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) <= value) low = middle;
    else high = middle;
  }
  return low;
}
