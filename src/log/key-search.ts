import { HeadwaterError } from "../base/errors.ts";
import type { Offset } from "../base/ids.ts";
import { MAX_VARINT_BYTES, putVarint } from "../base/varint.ts";
import type { Disk, DiskFile } from "../io/disk.ts";
import {
  BATCH_HEADER_BYTES,
  batchBaseOffset,
  batchCompression,
  batchNextOffset,
  batchRecordCount,
  batchSizeBytes,
  COMPRESSION_NONE,
} from "../records/batch.ts";
import { RecordCursor } from "../records/reader.ts";
import type { AppendRefusal } from "./admission.ts";
import { type IndexBytes, type KeyHits, KeyIndex, keyHash } from "./key-index.ts";
import type { LogHost } from "./log-host.ts";
import type { PartitionLog } from "./partition-log.ts";
import { MAX_INDEX_FILE_BYTES, readCacheFile, type Segment } from "./segment.ts";

export interface KeyReadOptions {
  /** Bounds walks through what has no index further than the limits. */
  readonly maxScanBytes?: number;
  /** Takes single records out of batches where the index has them. Default: whole batches. */
  readonly records?: boolean;
}

/** A record where it stands; see RecordCursor.readOne. */
export interface KeyRecord {
  readonly bytes: Uint8Array;
  readonly position: number;
}

/** Batches that hold a record with the key; views that are good until the turn ends. */
export interface KeyBatches {
  readonly error: 0;
  readonly batches: readonly Uint8Array[];
  /** Where it was asked for: of a batch that is only a header the record that was found; null of a whole one. */
  readonly records: readonly (KeyRecord | null)[];
  /** Where the search goes on: nothing between the last batch and this offset has the key. */
  readonly nextOffset: Offset;
  /** What was gone through in segments without an index, beside the batches that were found. */
  readonly scannedBytes: number;
}

export type KeyReadResult = KeyBatches | (AppendRefusal & { readonly batches: readonly Uint8Array[] });

/** Files of key indexes that are open at a time. */
const MAX_OPEN_FILES = 64;

/** Key indexes: of those used lately what tells where their lists are. */
export class KeyIndexCache {
  readonly #indexes = new Map<string, KeyIndex>();
  /** Files that were read a moment ago, the one used longest ago first. */
  readonly #files = new Map<string, DiskFile>();
  /** Files whose sum was checked since the start, by path. */
  readonly #checked = new Set<string>();
  readonly #disk: Disk;
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(disk: Disk, maxBytes: number) {
    this.#disk = disk;
    this.#maxBytes = maxBytes;
  }

  /** The segment's key index, or null where there is none that fits it. */
  get(segment: Segment): KeyIndex | null {
    const path = segment.keyIndexPath;
    const cached = this.#indexes.get(path);
    if (cached !== undefined) {
      this.#indexes.delete(path);
      this.#indexes.set(path, cached);
      return cached;
    }
    const index = this.#checked.has(path) ? this.#reopen(segment) : this.#check(segment);
    if (index === null) return null;
    this.#checked.add(path);
    this.#indexes.set(path, index);
    this.#bytes += index.heldBytes;
    for (const [oldest, { heldBytes }] of this.#indexes) {
      if (this.#bytes <= this.#maxBytes || oldest === path) break;
      this.#indexes.delete(oldest);
      this.#bytes -= heldBytes;
    }
    return index;
  }

  /** The index's file; this closes it. Throws DISK_IO. */
  file(segment: Segment): DiskFile {
    const path = segment.keyIndexPath;
    const known = this.#files.get(path);
    if (known !== undefined) {
      this.#files.delete(path);
      this.#files.set(path, known);
      return known;
    }
    const file = this.#disk.openFile(path, "read");
    this.#files.set(path, file);
    for (const [oldest, { path: oldestPath }] of this.#files.entries()) {
      if (this.#files.size <= MAX_OPEN_FILES || oldestPath === path) break;
      this.#closeFile(oldest);
    }
    return file;
  }

  /** Called about once a second: nothing stays open that nobody asks for. */
  closeFiles(): void {
    for (const path of [...this.#files.keys()]) this.#closeFile(path);
  }

  /** Lets go of all indexes: they are read again when they are asked for. */
  shrink(): void {
    this.closeFiles();
    this.#indexes.clear();
    this.#bytes = 0;
  }

  /** The file is gone or another. */
  forget(segment: Segment): void {
    const path = segment.keyIndexPath;
    this.#closeFile(path);
    this.#checked.delete(path);
    const cached = this.#indexes.get(path);
    if (cached === undefined) return;
    this.#indexes.delete(path);
    this.#bytes -= cached.heldBytes;
  }

  #closeFile(path: string): void {
    this.#files.get(path)?.close();
    this.#files.delete(path);
  }

  #check(segment: Segment): KeyIndex | null {
    const bytes = readCacheFile(this.#disk, segment.keyIndexPath, MAX_INDEX_FILE_BYTES);
    return bytes === null ? null : KeyIndex.open(inMemory(bytes), segment, true);
  }

  #reopen(segment: Segment): KeyIndex | null {
    try {
      return KeyIndex.open(this.file(segment), segment, false);
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      return null;
    }
  }
}

function inMemory(bytes: Uint8Array): IndexBytes {
  return {
    sizeBytes: bytes.length,
    view: (position, length) => bytes.subarray(position, position + length),
  };
}

/** Where single records and headers are put: many small pieces of segments, of which each view would be an object. */
class Pieces {
  bytes = NO_BYTES;
  /** The pieces so far; behind it is room. */
  end = 0;

  /** Room for so many bytes behind `end`. What was put before stays where it is, perhaps in other bytes. */
  reserve(sizeBytes: number): void {
    if (this.end + sizeBytes <= this.bytes.length) return;
    this.bytes = new Uint8Array(Math.max(PIECES_BYTES, sizeBytes));
    this.end = 0;
  }
}

interface Search {
  readonly key: Uint8Array;
  readonly pattern: Uint8Array;
  readonly hash: number;
  readonly fromOffset: number;
  readonly endOffset: number;
  readonly maxBytes: number;
  readonly batches: Uint8Array[];
  readonly pieces: Pieces;
  /** For each batch the one record that was found, with the batch's header alone; null where whole batches are asked for. */
  readonly records: (KeyRecord | null)[] | null;
  bytes: number;
  scanBytes: number;
  /** Position in its segment of the compressed batch that was taken last. */
  lastWhole: number;
}

/** See PartitionLog.readKey. */
export function readByKey(
  host: LogHost,
  log: PartitionLog,
  key: Uint8Array,
  fromOffset: number,
  maxBytes: number,
  options: KeyReadOptions = {},
): KeyReadResult {
  const { maxScanBytes = host.limits.keyScanBytes } = options;
  const scanBytes = Math.min(host.limits.keyScanBytes, maxScanBytes);
  const search: Search = {
    key,
    pattern: keyPattern(key),
    pieces: new Pieces(),
    hash: keyHash(key),
    fromOffset: Math.max(fromOffset, log.logStartOffset),
    endOffset: log.highWatermark,
    maxBytes,
    batches: [],
    records: options.records === true ? [] : null,
    lastWhole: -1,
    bytes: 0,
    scanBytes,
  };
  for (const segment of log.segments) {
    if (segment.nextOffset <= search.fromOffset) continue;
    if (segment.baseOffset >= search.endOffset) break;
    const index = segment.sealed ? host.keyIndexes.get(segment) : null;
    const stop = index === null ? scan(host, segment, search) : lookUp(host, segment, index, search);
    if (stop !== null) return found(search, stop, scanBytes);
  }
  return found(search, Math.max(search.fromOffset, search.endOffset), scanBytes);
}

function found(
  { batches, records, scanBytes }: Search,
  nextOffset: number,
  allowedBytes: number,
): KeyBatches {
  const scannedBytes = allowedBytes - scanBytes;
  return { error: 0, batches, records: records ?? [], nextOffset: nextOffset as Offset, scannedBytes };
}

/** An index's file, opened with the first look into it: most segments don't have the key, which is known without. */
class FileWhenRead implements IndexBytes {
  readonly sizeBytes: number;
  readonly #indexes: KeyIndexCache;
  readonly #segment: Segment;

  constructor(indexes: KeyIndexCache, segment: Segment, sizeBytes: number) {
    this.#indexes = indexes;
    this.#segment = segment;
    this.sizeBytes = sizeBytes;
  }

  view(position: number, length: number): Uint8Array {
    return this.#indexes.file(this.#segment).view(position, length);
  }
}

/** Takes what the index names. Gives the offset at which it had to stop, or null. */
function lookUp(host: LogHost, segment: Segment, index: KeyIndex, search: Search): number | null {
  let last = -1;
  const { hash, fromOffset } = search;
  search.lastWhole = -1;
  const known = index.stop;
  const isKnown = known !== null && known.hash === hash && known.offset === fromOffset;
  const start = isKnown ? known.position : segment.locate(fromOffset);
  const hits = index.hits(hash, start, new FileWhenRead(host.keyIndexes, segment, index.sizeBytes));
  const takesRecords = search.records !== null && isVerified(segment);
  while (hits?.next() === true) {
    const takesRecord = takesRecords && hits.from >= 0;
    // Of a batch that is taken whole once is enough.
    if (!takesRecord && hits.position === last) continue;
    last = hits.position;
    const stop = takesRecord
      ? takeRecord(host, segment, hits, search)
      : takeRun(host, segment, hits, search, takesRecords);
    if (stop === null) continue;
    index.stop = { hash, offset: stop, position: hits.position };
    return stop;
  }
  return null;
}

/** Whether its bytes are known to be what was written: then a record is taken without its batch's sum. */
function isVerified(segment: Segment): boolean {
  return segment.verifiedBytes >= segment.restoredBytes && !segment.damaged;
}

/** The batches of a run that have the key; a run of one batch is looked through by who gets it, or for its records. */
function takeRun(
  host: LogHost,
  segment: Segment,
  { position, endPosition }: KeyHits,
  search: Search,
  takesRecords: boolean,
): number | null {
  const sizeBytes = endPosition - position;
  const { pieces } = search;
  // What is small is read at once.
  const readBytes = sizeBytes <= SMALL_RUN_BYTES ? sizeBytes : BATCH_HEADER_BYTES;
  pieces.reserve(readBytes);
  const { bytes, end: at } = pieces;
  segment.open().copy(position, readBytes, bytes, at);
  if (batchSizeBytes(bytes, at) === sizeBytes) {
    if (batchNextOffset(bytes, at) <= search.fromOffset) return null;
    const baseOffset = batchBaseOffset(bytes, at);
    if (baseOffset >= search.endOffset) return baseOffset;
    const isPlain = batchCompression(bytes, at) === COMPRESSION_NONE;
    if (isPlain && takesRecords && batchRecordCount(bytes, at) >= MIN_SEARCHED_RECORDS)
      return takeFound(host, segment.open().view(position, sizeBytes), search);
    if (readBytes < sizeBytes) return take(host, segment, position, sizeBytes, search) ? null : baseOffset;
    pieces.end += sizeBytes;
    return takeBatch(host, bytes.subarray(at, at + sizeBytes), search) ? null : baseOffset;
  }
  if (readBytes === sizeBytes && isVerified(segment)) {
    pieces.end += sizeBytes;
    return takeSmallRun(host, bytes, at, at + sizeBytes, search);
  }
  const walk = segment.walk(position, endPosition);
  while (walk.next()) {
    if (batchNextOffset(walk.bytes, walk.at) <= search.fromOffset) continue;
    const baseOffset = batchBaseOffset(walk.bytes, walk.at);
    if (baseOffset >= search.endOffset || search.scanBytes <= 0) return baseOffset;
    search.scanBytes -= walk.sizeBytes;
    if (!holdsKey(segment.open().view(walk.position, walk.sizeBytes), search)) continue;
    if (!take(host, segment, walk.position, walk.sizeBytes, search)) return baseOffset;
  }
  return null;
}

/** The same of a run that was read: batches that are known to be whole, back to back. */
function takeSmallRun(
  host: LogHost,
  bytes: Uint8Array,
  start: number,
  end: number,
  search: Search,
): number | null {
  for (let at = start; at + BATCH_HEADER_BYTES <= end; ) {
    const batch = bytes.subarray(at, Math.min(end, at + batchSizeBytes(bytes, at)));
    at += Math.max(BATCH_HEADER_BYTES, batch.length);
    if (batchNextOffset(batch, 0) <= search.fromOffset) continue;
    const baseOffset = batchBaseOffset(batch, 0);
    if (baseOffset >= search.endOffset || search.scanBytes <= 0) return baseOffset;
    search.scanBytes -= batch.length;
    if (holdsKey(batch, search) && !takeBatch(host, batch, search)) return baseOffset;
  }
  return null;
}

/** A batch with fewer records is as quickly gone through. */
const MIN_SEARCHED_RECORDS = 4;

/**
 * The records of a batch in which the key stands somewhere, by the engine's own search for bytes; who gets them looks
 * where. Gives where to go on, or null.
 */
function takeFound(host: LogHost, batch: Uint8Array, search: Search): number | null {
  const bytes = asBuffer(batch);
  let at = BATCH_HEADER_BYTES;
  for (let found = bytes.indexOf(search.pattern, at); found >= 0; ) {
    const next = afterRecords(batch, at, 1);
    if (next < 0) throw new HeadwaterError("LOG_CORRUPT", "a record goes beyond its batch");
    if (next > found) {
      const offset = recordOffset(batch, 0, batch, at);
      if (offset >= search.fromOffset) {
        if (!hasRoom(search, next - at)) return offset;
        takeOne(host, batch, batch, at, next, search);
      }
      found = bytes.indexOf(search.pattern, next);
    }
    at = next;
  }
  return null;
}

/** Whether one more record may be taken: the first always may. */
function hasRoom(search: Search, recordBytes: number): boolean {
  return search.batches.length === 0 || search.bytes + BATCH_HEADER_BYTES + recordBytes <= search.maxBytes;
}

function takeOne(
  host: LogHost,
  header: Uint8Array,
  bytes: Uint8Array,
  position: number,
  end: number,
  search: Search,
): void {
  const sizeBytes = BATCH_HEADER_BYTES + end - position;
  search.batches.push(header);
  search.records?.push({ bytes, position });
  search.bytes += sizeBytes;
  host.touched(sizeBytes);
}

/** Just the record, where its batch is not compressed: of a large batch little is read. */
function takeRecord(host: LogHost, segment: Segment, hit: KeyHits, search: Search): number | null {
  const { position, endPosition, from, skip } = hit;
  const { pieces } = search;
  const file = segment.open();
  pieces.reserve(FIRST_WINDOW_BYTES);
  const { bytes: headers, end: header } = pieces;
  file.copy(position, BATCH_HEADER_BYTES, headers, header);
  if (batchNextOffset(headers, header) <= search.fromOffset) return null;
  const baseOffset = batchBaseOffset(headers, header);
  if (baseOffset >= search.endOffset) return baseOffset;
  const sizeBytes = endPosition - position;
  if (batchCompression(headers, header) !== COMPRESSION_NONE) {
    const isNext = search.lastWhole !== position;
    search.lastWhole = position;
    return !isNext || take(host, segment, position, sizeBytes, search) ? null : baseOffset;
  }
  const start = from === position ? position + BATCH_HEADER_BYTES : from;
  // As far as records of the usual size would reach, and on where they are larger.
  const usualBytes = sizeBytes / Math.max(1, batchRecordCount(headers, header));
  let windowBytes = Math.ceil(usualBytes * (skip + 1.25)) + MIN_WINDOW_BYTES;
  pieces.end += BATCH_HEADER_BYTES;
  for (;;) {
    const isAll = windowBytes >= endPosition - start;
    const window = isAll ? endPosition - start : windowBytes;
    pieces.reserve(window);
    const { bytes, end: windowAt } = pieces;
    file.copy(start, window, bytes, windowAt);
    const at = afterRecords(bytes, windowAt, skip, windowAt + window);
    const end = at < 0 ? -1 : afterRecords(bytes, at, 1, windowAt + window);
    if (end >= 0) {
      const offset = recordOffset(headers, header, bytes, at);
      if (offset < search.fromOffset) return null;
      if (!hasRoom(search, end - at)) return offset;
      // Only the record stays.
      bytes.copyWithin(windowAt, at, end);
      pieces.end += end - at;
      takeOne(
        host,
        headers.subarray(header, header + BATCH_HEADER_BYTES),
        bytes,
        windowAt,
        pieces.end,
        search,
      );
      return null;
    }
    if (isAll) throw new HeadwaterError("LOG_CORRUPT", `${segment.path} has no record behind byte ${start}`);
    windowBytes *= 4;
  }
}

/** What is read beyond where a record is likely to end. */
const MIN_WINDOW_BYTES = 32;
/** Room that there is for a header and what is behind it, so that most often both are in the same bytes. */
const FIRST_WINDOW_BYTES = 4 * 1024;
/** Pieces that are put together. */
const PIECES_BYTES = 32 * 1024;
/** Up to here a batch, or a run of them, is copied as a whole. */
const SMALL_RUN_BYTES = 4 * 1024;

/** Offset of the record at `position`: behind its length and its attributes stand the deltas of time and of offset. */
function recordOffset(headers: Uint8Array, header: number, bytes: Uint8Array, position: number): number {
  const delta = afterVarint(bytes, afterVarint(bytes, position) + 1);
  let value = 0;
  let shift = 0;
  for (let at = delta; at < bytes.length && shift <= 28; at++) {
    const byte = bytes[at] as number;
    value |= (byte & 0x7f) << shift;
    shift += 7;
    if (byte < 0x80) break;
  }
  return batchBaseOffset(headers, header) + ((value >>> 1) ^ -(value & 1));
}

function afterVarint(bytes: Uint8Array, position: number): number {
  let at = position;
  while (at < bytes.length && (bytes[at] as number) >= 0x80) at += 1;
  return at + 1;
}

/** Where the record after the next `count` starts, or -1 where the bytes end before: at `limit`. */
function afterRecords(bytes: Uint8Array, start: number, count: number, limit = bytes.length): number {
  let at = start;
  for (let left = count; left > 0; left--) {
    let length = 0;
    let shift = 0;
    let byte: number;
    do {
      if (at >= limit || shift > 28) return -1;
      byte = bytes[at] as number;
      length |= (byte & 0x7f) << shift;
      shift += 7;
      at += 1;
    } while (byte >= 0x80);
    at += length >>> 1;
    if (at > limit) return -1;
  }
  return at;
}

/** Looks into every batch: for the active segment, and where the index is missing. */
function scan(host: LogHost, segment: Segment, search: Search): number | null {
  const walk = segment.walk(segment.locate(search.fromOffset));
  while (walk.next()) {
    const baseOffset = batchBaseOffset(walk.bytes, walk.at);
    if (baseOffset >= search.endOffset || search.scanBytes <= 0) return baseOffset;
    search.scanBytes -= walk.sizeBytes;
    const batch = segment.open().view(walk.position, walk.sizeBytes);
    if (!holdsKey(batch, search)) continue;
    if (!take(host, segment, walk.position, walk.sizeBytes, search)) return baseOffset;
  }
  return null;
}

function take(host: LogHost, segment: Segment, position: number, sizeBytes: number, search: Search): boolean {
  return (
    (search.batches.length === 0 || search.bytes + sizeBytes <= search.maxBytes) &&
    takeBatch(host, segment.open().view(position, sizeBytes), search)
  );
}

function takeBatch(host: LogHost, batch: Uint8Array, search: Search): boolean {
  if (search.batches.length > 0 && search.bytes + batch.length > search.maxBytes) return false;
  search.batches.push(batch);
  search.records?.push(null);
  search.bytes += batch.length;
  host.touched(batch.length);
  return true;
}

const cursor = new RecordCursor();
const NO_BYTES = new Uint8Array(0);

/** Whether a record of the batch has the key. A batch that can't be read has none. */
function holdsKey(batch: Uint8Array, { key, pattern }: Search): boolean {
  // Most batches are told by the engine's own search for bytes, many times as fast as a walk.
  const isPlain = batchCompression(batch, 0) === COMPRESSION_NONE;
  if (isPlain && asBuffer(batch).indexOf(pattern, BATCH_HEADER_BYTES) < 0) return false;
  try {
    cursor.open(batch, 0, batchSizeBytes(batch, 0));
    while (cursor.next()) {
      const { bytes, keyStart, keyEnd } = cursor;
      if (keyStart < 0 || keyEnd - keyStart !== key.length) continue;
      let i = 0;
      while (i < key.length && bytes[keyStart + i] === key[i]) i += 1;
      if (i === key.length) return true;
    }
    return false;
  } catch (error) {
    if (!(error instanceof HeadwaterError)) throw error;
    return false;
  } finally {
    cursor.open(NO_BYTES);
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** A key as it stands in a record: its length, and its bytes. */
function keyPattern(key: Uint8Array): Uint8Array {
  const pattern = new Uint8Array(MAX_VARINT_BYTES + key.length);
  const at = putVarint(pattern, 0, key.length);
  pattern.set(key, at);
  return pattern.subarray(0, at + key.length);
}
