import { HeadwaterError } from "../base/errors.ts";
import type { Offset } from "../base/ids.ts";
import { MAX_VARINT_BYTES, putVarint } from "../base/varint.ts";
import type { Disk, DiskFile } from "../io/disk.ts";
import {
  BATCH_HEADER_BYTES,
  batchBaseOffset,
  batchCompression,
  batchNextOffset,
  batchSizeBytes,
  COMPRESSION_NONE,
} from "../records/batch.ts";
import { RecordCursor } from "../records/reader.ts";
import type { AppendRefusal } from "./admission.ts";
import { type IndexBytes, type KeyHit, KeyIndex, keyHash } from "./key-index.ts";
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

/** Key indexes: of those used lately what tells where their lists are. */
export class KeyIndexCache {
  readonly #indexes = new Map<string, KeyIndex>();
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

  /** The index's file, to be closed. Throws DISK_IO. */
  file(segment: Segment): DiskFile {
    return this.#disk.openFile(segment.keyIndexPath, "read");
  }

  /** The file is gone or another. */
  forget(segment: Segment): void {
    const path = segment.keyIndexPath;
    this.#checked.delete(path);
    const cached = this.#indexes.get(path);
    if (cached === undefined) return;
    this.#indexes.delete(path);
    this.#bytes -= cached.heldBytes;
  }

  #check(segment: Segment): KeyIndex | null {
    const bytes = readCacheFile(this.#disk, segment.keyIndexPath, MAX_INDEX_FILE_BYTES);
    return bytes === null ? null : KeyIndex.open(inMemory(bytes), segment, true);
  }

  #reopen(segment: Segment): KeyIndex | null {
    let file: DiskFile | null = null;
    try {
      file = this.file(segment);
      return KeyIndex.open(file, segment, false);
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      return null;
    } finally {
      file?.close();
    }
  }
}

function inMemory(bytes: Uint8Array): IndexBytes {
  return {
    sizeBytes: bytes.length,
    view: (position, length) => bytes.subarray(position, position + length),
  };
}

interface Search {
  readonly key: Uint8Array;
  readonly pattern: Uint8Array;
  readonly hash: number;
  readonly fromOffset: number;
  readonly endOffset: number;
  readonly maxBytes: number;
  readonly batches: Uint8Array[];
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

/** Takes what the index names. Gives the offset at which it had to stop, or null. */
function lookUp(host: LogHost, segment: Segment, index: KeyIndex, search: Search): number | null {
  const file = host.keyIndexes.file(segment);
  try {
    let last = -1;
    const { hash, fromOffset } = search;
    search.lastWhole = -1;
    const known = index.stop;
    const isKnown = known !== null && known.hash === hash && known.offset === fromOffset;
    for (const hit of index.hits(hash, isKnown ? known.position : segment.locate(fromOffset), file)) {
      const takesRecord = search.records !== null && hit.from >= 0 && isVerified(segment);
      // Of a batch that is taken whole once is enough.
      if (!takesRecord && hit.position === last) continue;
      last = hit.position;
      const stop = takesRecord ? takeRecord(host, segment, hit, search) : takeRun(host, segment, hit, search);
      if (stop === null) continue;
      index.stop = { hash, offset: stop, position: hit.position };
      return stop;
    }
    return null;
  } finally {
    file.close();
  }
}

/** Whether its bytes are known to be what was written: then a record is taken without its batch's sum. */
function isVerified(segment: Segment): boolean {
  return segment.verifiedBytes >= segment.restoredBytes && !segment.damaged;
}

/** The batches of a run that have the key; a run of one batch is looked through by who gets it. */
function takeRun(host: LogHost, segment: Segment, hit: KeyHit, search: Search): number | null {
  const header = segment.open().view(hit.position, BATCH_HEADER_BYTES);
  if (batchSizeBytes(header, 0) === hit.endPosition - hit.position) {
    if (batchNextOffset(header, 0) <= search.fromOffset) return null;
    const baseOffset = batchBaseOffset(header, 0);
    if (baseOffset >= search.endOffset) return baseOffset;
    const sizeBytes = hit.endPosition - hit.position;
    return take(host, segment, hit.position, sizeBytes, search) ? null : baseOffset;
  }
  const walk = segment.walk(hit.position, hit.endPosition);
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

/** Just the record, where its batch is not compressed: of a large batch little is read. */
function takeRecord(host: LogHost, segment: Segment, hit: KeyHit, search: Search): number | null {
  const file = segment.open();
  const header = file.view(hit.position, BATCH_HEADER_BYTES);
  if (batchNextOffset(header, 0) <= search.fromOffset) return null;
  const baseOffset = batchBaseOffset(header, 0);
  if (baseOffset >= search.endOffset) return baseOffset;
  const isPlain = batchCompression(header, 0) === COMPRESSION_NONE;
  if (!isPlain) {
    const isNext = search.lastWhole !== hit.position;
    search.lastWhole = hit.position;
    const sizeBytes = hit.endPosition - hit.position;
    return !isNext || take(host, segment, hit.position, sizeBytes, search) ? null : baseOffset;
  }
  const from = hit.from === hit.position ? hit.position + BATCH_HEADER_BYTES : hit.from;
  let bytes = file.view(from, Math.min(RECORD_WINDOW_BYTES, hit.endPosition - from));
  let at = afterRecords(bytes, 0, hit.skip);
  if (at < 0 || afterRecords(bytes, at, 1) < 0) {
    // Large records: an anchor is as many of them away at most.
    const wanted = at < 0 ? RECORD_WINDOW_BYTES * LARGE_WINDOW : at + lengthAt(bytes, at);
    bytes = file.view(from, Math.min(wanted, hit.endPosition - from));
    at = afterRecords(bytes, 0, hit.skip);
  }
  if (at < 0 || afterRecords(bytes, at, 1) < 0) {
    bytes = file.view(from, hit.endPosition - from);
    at = afterRecords(bytes, 0, hit.skip);
    if (at < 0) throw new HeadwaterError("LOG_CORRUPT", `${segment.path} has no record behind byte ${from}`);
  }
  const end = afterRecords(bytes, at, 1);
  const sizeBytes = BATCH_HEADER_BYTES + (end < 0 ? bytes.length : end) - at;
  if (search.batches.length > 0 && search.bytes + sizeBytes > search.maxBytes) return baseOffset;
  search.batches.push(header);
  search.records?.push({ bytes, position: at });
  search.bytes += sizeBytes;
  host.touched(sizeBytes);
  return null;
}

/** Where the record after the next `count` starts, or -1 where the bytes end before. */
function afterRecords(bytes: Uint8Array, start: number, count: number): number {
  let at = start;
  for (let left = count; left > 0; left--) {
    let length = 0;
    let shift = 0;
    let byte: number;
    do {
      if (at >= bytes.length || shift > 28) return -1;
      byte = bytes[at] as number;
      length |= (byte & 0x7f) << shift;
      shift += 7;
      at += 1;
    } while (byte >= 0x80);
    at += length >>> 1;
    if (at > bytes.length) return -1;
  }
  return at;
}

/** Bytes of the record at `at`, as far as its length is there. */
function lengthAt(bytes: Uint8Array, at: number): number {
  const end = Math.min(at + MAX_VARINT_BYTES, bytes.length);
  let length = 0;
  for (let next = at; next < end; next++) {
    const byte = bytes[next] as number;
    length |= (byte & 0x7f) << (7 * (next - at));
    if (byte < 0x80) return next + 1 - at + (length >>> 1);
  }
  return RECORD_WINDOW_BYTES * LARGE_WINDOW;
}

const LARGE_WINDOW = 16;
/** What is read at once from where a record is near. */
const RECORD_WINDOW_BYTES = 1024;

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
  if (search.batches.length > 0 && search.bytes + sizeBytes > search.maxBytes) return false;
  search.batches.push(segment.open().view(position, sizeBytes));
  search.records?.push(null);
  search.bytes += sizeBytes;
  host.touched(sizeBytes);
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
