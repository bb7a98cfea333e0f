import { HeadwaterError } from "../base/errors.ts";
import type { Offset } from "../base/ids.ts";
import type { Disk } from "../io/disk.ts";
import { batchBaseOffset, batchNextOffset, batchSizeBytes } from "../records/batch.ts";
import { RecordCursor } from "../records/reader.ts";
import type { AppendRefusal } from "./admission.ts";
import { KeyIndex, keyHash } from "./key-index.ts";
import type { LogHost } from "./log-host.ts";
import type { PartitionLog } from "./partition-log.ts";
import { MAX_INDEX_FILE_BYTES, readCacheFile, type Segment } from "./segment.ts";

/** Batches that hold a record with the key; views that are good until the turn ends. */
export interface KeyBatches {
  readonly error: 0;
  readonly batches: readonly Uint8Array[];
  /** Where the search goes on: nothing between the last batch and this offset has the key. */
  readonly nextOffset: Offset;
  /** What was gone through in segments without an index, beside the batches that were found. */
  readonly scannedBytes: number;
}

export type KeyReadResult = KeyBatches | (AppendRefusal & { readonly batches: readonly Uint8Array[] });

/** Decoded key indexes, the one used longest ago given up first. */
export class KeyIndexCache {
  readonly #indexes = new Map<string, { index: KeyIndex; sizeBytes: number }>();
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
      return cached.index;
    }
    const bytes = readCacheFile(this.#disk, path, MAX_INDEX_FILE_BYTES);
    const index = bytes === null ? null : KeyIndex.decode(bytes, segment);
    if (bytes === null || index === null) return null;
    this.#indexes.set(path, { index, sizeBytes: bytes.length });
    this.#bytes += bytes.length;
    for (const [oldest, { sizeBytes }] of this.#indexes) {
      if (this.#bytes <= this.#maxBytes || oldest === path) break;
      this.#indexes.delete(oldest);
      this.#bytes -= sizeBytes;
    }
    return index;
  }

  /** The file is gone or another. */
  forget(segment: Segment): void {
    const cached = this.#indexes.get(segment.keyIndexPath);
    if (cached === undefined) return;
    this.#indexes.delete(segment.keyIndexPath);
    this.#bytes -= cached.sizeBytes;
  }
}

interface Search {
  readonly key: Uint8Array;
  readonly hash: number;
  readonly fromOffset: number;
  readonly endOffset: number;
  readonly maxBytes: number;
  readonly batches: Uint8Array[];
  bytes: number;
  scanBytes: number;
}

/** See PartitionLog.readKey. */
export function readByKey(
  host: LogHost,
  log: PartitionLog,
  key: Uint8Array,
  fromOffset: number,
  maxBytes: number,
  maxScanBytes = host.limits.keyScanBytes,
): KeyReadResult {
  const scanBytes = Math.min(host.limits.keyScanBytes, maxScanBytes);
  const search: Search = {
    key,
    hash: keyHash(key),
    fromOffset: Math.max(fromOffset, log.logStartOffset),
    endOffset: log.highWatermark,
    maxBytes,
    batches: [],
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

function found({ batches, scanBytes }: Search, nextOffset: number, allowedBytes: number): KeyBatches {
  return { error: 0, batches, nextOffset: nextOffset as Offset, scannedBytes: allowedBytes - scanBytes };
}

/** Takes the batches that the index names. Gives the offset at which it had to stop, or null. */
function lookUp(host: LogHost, segment: Segment, index: KeyIndex, search: Search): number | null {
  for (const position of index.positions(search.hash)) {
    const walk = segment.walk(position);
    if (!walk.next()) break;
    if (batchNextOffset(walk.bytes, walk.at) <= search.fromOffset) continue;
    const baseOffset = batchBaseOffset(walk.bytes, walk.at);
    if (baseOffset >= search.endOffset || !take(host, segment, position, walk.sizeBytes, search))
      return baseOffset;
  }
  return null;
}

/** Looks into every batch: for the active segment, and where the index is missing. */
function scan(host: LogHost, segment: Segment, search: Search): number | null {
  const walk = segment.walk(segment.locate(search.fromOffset));
  while (walk.next()) {
    const baseOffset = batchBaseOffset(walk.bytes, walk.at);
    if (baseOffset >= search.endOffset || search.scanBytes <= 0) return baseOffset;
    search.scanBytes -= walk.sizeBytes;
    const batch = segment.open().view(walk.position, walk.sizeBytes);
    if (!holdsKey(batch, search.key)) continue;
    if (!take(host, segment, walk.position, walk.sizeBytes, search)) return baseOffset;
  }
  return null;
}

function take(host: LogHost, segment: Segment, position: number, sizeBytes: number, search: Search): boolean {
  if (search.batches.length > 0 && search.bytes + sizeBytes > search.maxBytes) return false;
  search.batches.push(segment.open().view(position, sizeBytes));
  search.bytes += sizeBytes;
  host.touched(sizeBytes);
  return true;
}

const cursor = new RecordCursor();
const NO_BYTES = new Uint8Array(0);

/** Whether a record of the batch has the key. A batch that can't be read has none. */
function holdsKey(batch: Uint8Array, key: Uint8Array): boolean {
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
