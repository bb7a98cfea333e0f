import { assert } from "../base/assert.ts";
import { crc32c } from "../base/crc32c.ts";
import { type Uuid, uuidFromBytes } from "../base/ids.ts";
import type { DiskFile } from "../io/disk.ts";
import { releaseMemory } from "../io/release-chunk.ts";
import { int32At, int64At, isSafeInt64At, putInt32, putInt64, uint32At } from "../records/big-endian.ts";

/**
 * The journal holds what commit rounds made durable before the segments were synced. It is two files ("halves")
 * written in turn. A round is one write and one sync; it begins at a multiple of 4096 bytes and is padded to one
 * with zeros, so that no block with an acknowledged round in it is ever written again before the half is reused:
 * a torn write can only hit the round that is in flight. Where the next round will go may stand one that was written
 * without a sync, and that the next replaces: see `writeAhead`. Big-endian:
 *
 *  position  size  field
 *         0     4  magic "HWJR"
 *         4     4  CRC32C of everything from position 8 to the end of the entries
 *         8     8  store id: random, so that no producer can forge a round within a record's value
 *        16     8  generation: counts up with every reuse of a half
 *        24     4  number of the round in its generation, from 0
 *        28     4  bytes of entries
 *        32     4  number of entries
 *        36     4  0
 *        40     -  entries, each:
 *                     0  1  kind: 1 record batches, 2 log start offset, 3 synced end
 *                     1  3  0
 *                     4  4  partition
 *                     8 16  topic id
 *                    24  8  base offset of the batches; the log start offset; or the offset below which everything
 *                           was acknowledged by a sync of segments before this was written: what is missing there is
 *                           damage. Readers from before there was kind 3 take it for batches, of which there are none
 *                    32  4  bytes that follow
 *                    36  -  record batches as they stand in the segment
 */
export const ROUND_HEADER_BYTES = 40;
export const ENTRY_HEADER_BYTES = 36;
export const ROUND_ALIGNMENT_BYTES = 4096;
const MAGIC = 0x48574a52;
const BATCHES_KIND = 1;
const LOG_START_KIND = 2;
const SYNCED_KIND = 3;
export const STORE_ID_BYTES = 8;

/** Kept free at the end of a half, so that there is always room for `writeAhead`. */
const AHEAD_BYTES = ROUND_ALIGNMENT_BYTES;

/** Bytes zeroed by one call of `zeroAhead`. */
const ZERO_SLICE_BYTES = 1024 * 1024;

export interface JournalOptions {
  readonly files: readonly [DiskFile, DiskFile];
  readonly storeId: Uint8Array;
  /** Of the first round that will be written: higher than any on the disk. */
  readonly generation: number;
  readonly maxRoundBytes: number;
  /** Whether the files are new, so that `zeroAhead` has work to do. */
  readonly fresh: boolean;
}

interface Half {
  readonly file: DiskFile;
  generation: number;
  /** Where the next round goes. */
  position: number;
  /** "clean": may be written from its start. "full": holds rounds that the segments don't have yet. */
  state: "clean" | "current" | "full";
  /** Bytes from the end that are known to be written, so that a sync of them changes no metadata. */
  zeroedFrom: number;
}

/** Everything of a log below is acknowledged. */
export interface SyncedEnd {
  /** 16 bytes. */
  readonly topicId: Uint8Array;
  readonly partition: number;
  readonly endOffset: number;
}

export const MAX_ENDS_AHEAD = Math.floor((AHEAD_BYTES - ROUND_HEADER_BYTES) / ENTRY_HEADER_BYTES);

/** Builds rounds and writes them. Reading is `readJournal`. */
export class Journal {
  readonly #storeId: Uint8Array;
  readonly #halves: readonly [Half, Half];
  readonly #buffer: Uint8Array;
  /** What is left of the buffer is for synced ends. */
  readonly #roundBytes: number;
  readonly #ahead = new Uint8Array(AHEAD_BYTES);
  #current: Half;
  #round = 0;
  #length = ROUND_HEADER_BYTES;
  #entries = 0;
  bytesWritten = 0;

  constructor(options: JournalOptions) {
    const { files, generation } = options;
    const half = (file: DiskFile): Half => ({
      file,
      generation: -1,
      position: 0,
      state: "clean",
      zeroedFrom: options.fresh ? file.sizeBytes : 0,
    });
    this.#storeId = options.storeId;
    this.#halves = [half(files[0]), half(files[1])];
    this.#current = this.#halves[0];
    this.#current.state = "current";
    this.#current.generation = generation;
    const halfBytes = Math.min(files[0].sizeBytes, files[1].sizeBytes) - 2 * AHEAD_BYTES;
    const smaller = Math.min(halfBytes, options.maxRoundBytes);
    this.#roundBytes = Math.floor(smaller / ROUND_ALIGNMENT_BYTES) * ROUND_ALIGNMENT_BYTES;
    assert(this.#roundBytes >= ROUND_ALIGNMENT_BYTES, "a journal holds three blocks at least");
    this.#buffer = new Uint8Array(this.#roundBytes + AHEAD_BYTES);
  }

  get generation(): number {
    return this.#current.generation;
  }

  /** Entries of the round that is being built. */
  get entries(): number {
    return this.#entries;
  }

  /** Whether so much, and a log start offset, can ever fit a round. */
  fitsAtAll(bytes: number, entries: number): boolean {
    return ROUND_HEADER_BYTES + (entries + 1) * ENTRY_HEADER_BYTES + bytes <= this.#roundBytes;
  }

  /** Whether `entries` entries of altogether `bytes` bytes still fit the round that is being built. */
  fits(entries: number, bytes: number): boolean {
    return this.#length + entries * ENTRY_HEADER_BYTES + bytes <= this.#roundBytes;
  }

  /** Whether one more synced end fits it. MAX_ENDS_AHEAD do, whatever else is in it. */
  get fitsEnd(): boolean {
    return this.#length + ENTRY_HEADER_BYTES <= this.#buffer.length;
  }

  /** Whether the round that is being built, with so many more synced ends as far as they fit it, can be written to the current half. */
  hasRoomFor(ends: number): boolean {
    const length = Math.min(this.#length + ends * ENTRY_HEADER_BYTES, this.#buffer.length);
    return this.#current.position + padded(length) + AHEAD_BYTES <= this.#current.file.sizeBytes;
  }

  addBatches(topicId: Uint8Array, partition: number, baseOffset: number, batches: Uint8Array): void {
    assert(this.fits(1, batches.length), "an entry fits its round");
    this.#addHeader(BATCHES_KIND, topicId, partition, baseOffset, batches.length);
    this.#buffer.set(batches, this.#length);
    this.#length += batches.length;
  }

  addLogStart(topicId: Uint8Array, partition: number, logStartOffset: number): void {
    assert(this.fits(1, 0), "an entry fits its round");
    this.#addHeader(LOG_START_KIND, topicId, partition, logStartOffset, 0);
  }

  addSynced({ topicId, partition, endOffset }: SyncedEnd): void {
    assert(this.fitsEnd, "an entry fits its round");
    this.#addHeader(SYNCED_KIND, topicId, partition, endOffset, 0);
  }

  /** Writes the round; durable after `sync`. The caller has made sure that there is room. Throws DISK_IO. */
  write(): void {
    assert(this.hasRoomFor(0), "a round fits its half");
    const sizeBytes = this.#store(this.#buffer, this.#length, this.#entries);
    this.#length = ROUND_HEADER_BYTES;
    this.#entries = 0;
    this.#current.position += sizeBytes;
    this.bytesWritten += sizeBytes;
    this.#round += 1;
  }

  /**
   * Writes a round of synced ends, MAX_ENDS_AHEAD at most, where the next round will go, and replace it: what is good to
   * know after a crash and not worth a sync. A process that is killed leaves it; of a power cut it may be lost. The round
   * that is being built is another. Throws DISK_IO.
   */
  writeAhead(ends: readonly SyncedEnd[]): void {
    assert(ends.length <= MAX_ENDS_AHEAD, "what is written ahead fits a block");
    let length = ROUND_HEADER_BYTES;
    for (const { topicId, partition, endOffset } of ends) {
      putEntry(this.#ahead, length, SYNCED_KIND, topicId, partition, endOffset, 0);
      length += ENTRY_HEADER_BYTES;
    }
    this.#store(this.#ahead, length, ends.length);
  }

  /** Gives the bytes that it has taken. */
  #store(bytes: Uint8Array, length: number, entries: number): number {
    const half = this.#current;
    putInt32(bytes, 0, MAGIC);
    bytes.set(this.#storeId, 8);
    putInt64(bytes, 16, half.generation);
    putInt32(bytes, 24, this.#round);
    putInt32(bytes, 28, length - ROUND_HEADER_BYTES);
    putInt32(bytes, 32, entries);
    putInt32(bytes, 36, 0);
    putInt32(bytes, 4, crc32c(bytes, 8, length));
    const size = padded(length);
    bytes.fill(0, length, size);
    half.file.write(half.position, bytes.subarray(0, size));
    return size;
  }

  async sync(): Promise<void> {
    await this.#current.file.sync();
  }

  /**
   * Goes on in the other half, if that is clean. The round being built moves along. Gives the generation that
   * has to be released once its entries are in the segments, or null where the other half is not clean yet.
   */
  switchHalf(): number | null {
    const [first, second] = this.#halves;
    const full = this.#current;
    const other = full === first ? second : first;
    if (other.state !== "clean") return null;
    full.state = "full";
    full.file.relax();
    other.state = "current";
    other.generation = full.generation + 1;
    other.position = 0;
    this.#current = other;
    this.#round = 0;
    return full.generation;
  }

  /** Everything in the generation is durable in the segments, and a checkpoint says so. */
  release(generation: number): void {
    for (const half of this.#halves) {
      if (half.state === "full" && half.generation === generation) half.state = "clean";
    }
  }

  /** Where the entries of a generation stand, for those of a log that can't be synced. */
  fileOf(generation: number): DiskFile | null {
    return this.#halves.find((half) => half.generation === generation)?.file ?? null;
  }

  /**
   * Writes zeros over a new journal, a slice at a time and from the end: blocks that were written once need no
   * change of metadata later. Gives whether there is more to do.
   */
  zeroAhead(): boolean {
    for (const half of this.#halves) {
      const floor = half.state === "clean" ? 0 : half.position + ZERO_SLICE_BYTES;
      if (half.zeroedFrom <= floor) continue;
      const from = Math.max(floor, half.zeroedFrom - ZERO_SLICE_BYTES);
      const zeros = new Uint8Array(half.zeroedFrom - from);
      half.file.write(from, zeros);
      releaseMemory(zeros);
      half.zeroedFrom = from;
      half.file.relax();
      return true;
    }
    return false;
  }

  close(): void {
    for (const half of this.#halves) half.file.close();
  }

  #addHeader(kind: number, topicId: Uint8Array, partition: number, offset: number, length: number): void {
    putEntry(this.#buffer, this.#length, kind, topicId, partition, offset, length);
    this.#length += ENTRY_HEADER_BYTES;
    this.#entries += 1;
  }
}

/** An entry as recovery finds it. Batches stay in the file until they are wanted. */
export interface JournalEntry {
  readonly kind: "batches" | "log-start" | "synced";
  readonly topicId: Uuid;
  readonly partition: number;
  readonly offset: number;
  readonly file: DiskFile;
  readonly position: number;
  readonly sizeBytes: number;
}

export interface JournalRound {
  readonly storeId: Uint8Array;
  readonly generation: number;
  readonly round: number;
  /** Where it stands in its file, and how much of that it takes. */
  readonly position: number;
  readonly paddedBytes: number;
  readonly entries: readonly JournalEntry[];
}

export interface JournalContents {
  /** Rounds of the half's latest generation, in order. */
  readonly rounds: readonly JournalRound[];
  readonly highestGeneration: number;
  /** Rounds that are missing before one that is there: not a torn end, but damage. */
  readonly missingRounds: number;
}

/**
 * Reads one half. Looks at every block, since a damaged round must not hide those behind it; what an earlier
 * use of the half left behind is told by its generation. `storeId` null takes any.
 */
export function readJournal(file: DiskFile, storeId: Uint8Array | null, checkSums = true): JournalContents {
  let rounds: JournalRound[] = [];
  let highestGeneration = -1;
  let position = 0;
  while (position + ROUND_HEADER_BYTES <= file.sizeBytes) {
    const size = roundSizeAt(file, position, storeId, checkSums);
    if (size === 0) {
      position += ROUND_ALIGNMENT_BYTES;
      continue;
    }
    const round = parseRound(file, position, size);
    if (round.generation > highestGeneration) {
      highestGeneration = round.generation;
      rounds = [];
    }
    if (round.generation === highestGeneration) rounds.push(round);
    position += padded(size);
  }
  const last = rounds.at(-1);
  const missingRounds = last === undefined ? 0 : last.round + 1 - rounds.length;
  return { rounds, highestGeneration, missingRounds };
}

/** Bytes [position, endPosition) of a round that was written and can't be believed. */
export interface DamagedRound {
  readonly position: number;
  readonly endPosition: number;
  /** No round of its generation follows: it may as well have been cut off while it was written. */
  readonly isLast: boolean;
}

/** Rounds of a half's latest generation that are damaged, for people: recovery does without them. */
export function damagedRounds(file: DiskFile, storeId: Uint8Array | null): DamagedRound[] {
  const { rounds, highestGeneration } = readJournal(file, storeId);
  const lastRound = rounds.at(-1)?.round ?? -1;
  const found: DamagedRound[] = [];
  let expected = 0;
  let position = 0;
  for (const next of [...rounds, null]) {
    // Between two rounds is nothing but damaged ones. Behind the last are those of an earlier use of the half.
    const end = next?.position ?? position;
    if (next !== null && next.round > expected && end > position)
      found.push({ position, endPosition: end, isLast: false });
    if (next === null) break;
    expected = next.round + 1;
    position = next.position + next.paddedBytes;
  }
  if (position + ROUND_HEADER_BYTES > file.sizeBytes) return found;
  const header = file.view(position, ROUND_HEADER_BYTES);
  const isRound = uint32At(header, 0) === MAGIC && isSafeInt64At(header, 16);
  const isOwn = isRound && !storeId?.some((byte, i) => header[8 + i] !== byte);
  // Numbers go on in it, so that it is none of an earlier use.
  if (!isOwn || int64At(header, 16) < highestGeneration || int32At(header, 24) !== lastRound + 1)
    return found;
  const payload = Math.max(0, Math.min(int32At(header, 28), file.sizeBytes - position - ROUND_HEADER_BYTES));
  found.push({ position, endPosition: position + padded(ROUND_HEADER_BYTES + payload), isLast: true });
  return found;
}

/** The store id of the first whole round, for a data folder whose format file is damaged. */
export function findStoreId(file: DiskFile): Uint8Array | null {
  return readJournal(file, null).rounds[0]?.storeId ?? null;
}

/** An entry's batches. A view: good until the turn ends. */
export function entryBatches(entry: JournalEntry): Uint8Array {
  return entry.file.view(entry.position, entry.sizeBytes);
}

/** Bytes of the round at `position`, without padding, or 0 where there is none that can be believed. */
function roundSizeAt(
  file: DiskFile,
  position: number,
  storeId: Uint8Array | null,
  checkSums: boolean,
): number {
  const header = file.view(position, ROUND_HEADER_BYTES);
  if (uint32At(header, 0) !== MAGIC || !isSafeInt64At(header, 16)) return 0;
  if (storeId?.some((byte, i) => header[8 + i] !== byte)) return 0;
  const payload = int32At(header, 28);
  if (payload < 0 || payload > file.sizeBytes - position - ROUND_HEADER_BYTES) return 0;
  const size = ROUND_HEADER_BYTES + payload;
  if (!checkSums) return size;
  const round = file.view(position, size);
  return crc32c(round, 8, size) === uint32At(round, 4) ? size : 0;
}

function parseRound(file: DiskFile, position: number, size: number): JournalRound {
  const bytes = file.view(position, size);
  const entries: JournalEntry[] = [];
  const count = int32At(bytes, 32);
  let at = ROUND_HEADER_BYTES;
  for (let i = 0; i < count; i++) {
    if (at + ENTRY_HEADER_BYTES > size) break;
    const sizeBytes = int32At(bytes, at + 32);
    if (sizeBytes < 0 || at + ENTRY_HEADER_BYTES + sizeBytes > size) break;
    entries.push({
      kind: kindOf(bytes[at]),
      partition: int32At(bytes, at + 4),
      topicId: uuidFromBytes(bytes, at + 8),
      offset: int64At(bytes, at + 24),
      file,
      position: position + at + ENTRY_HEADER_BYTES,
      sizeBytes,
    });
    at += ENTRY_HEADER_BYTES + sizeBytes;
  }
  return {
    storeId: bytes.slice(8, 8 + STORE_ID_BYTES),
    generation: int64At(bytes, 16),
    round: int32At(bytes, 24),
    position,
    paddedBytes: padded(size),
    entries,
  };
}

function putEntry(
  bytes: Uint8Array,
  at: number,
  kind: number,
  topicId: Uint8Array,
  partition: number,
  offset: number,
  length: number,
): void {
  putInt32(bytes, at, kind << 24);
  putInt32(bytes, at + 4, partition);
  bytes.set(topicId, at + 8);
  putInt64(bytes, at + 24, offset);
  putInt32(bytes, at + 32, length);
}

function kindOf(code: number | undefined): JournalEntry["kind"] {
  if (code === LOG_START_KIND) return "log-start";
  return code === SYNCED_KIND ? "synced" : "batches";
}

function padded(bytes: number): number {
  return Math.ceil(bytes / ROUND_ALIGNMENT_BYTES) * ROUND_ALIGNMENT_BYTES;
}
