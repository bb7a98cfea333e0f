import { HeadwaterError } from "../../base/errors.ts";
import type { DiskFile } from "../../io/disk.ts";
import { BATCH_HEADER_BYTES, completeBatchSizeBytes } from "../../records/batch.ts";
import { RecordCursor } from "../../records/reader.ts";

/** Keys that are named of one damaged place, and how much of it is looked at. */
export const MAX_LOST_KEYS = 100;
const MAX_LOOK_BYTES = 4 * 1024 * 1024;
const MAX_UNCOMPRESSED_BYTES = 16 * 1024 * 1024;

/**
 * Keys of records in bytes that can't be believed, as far as they can be read: with most damage one bit is wrong, and
 * everything around it says whose records they were. A hint for people and nothing else.
 */
export function lostKeys(file: DiskFile, start: number, end: number): string[] {
  const keys = new Set<string>();
  const length = Math.min(end - start, file.sizeBytes - start, MAX_LOOK_BYTES);
  if (length < BATCH_HEADER_BYTES) return [];
  const bytes = file.view(start, length).slice();
  const cursor = new RecordCursor({ maxUncompressedBytes: MAX_UNCOMPRESSED_BYTES });
  let at = 0;
  for (;;) {
    const sizeBytes = completeBatchSizeBytes(bytes, at, bytes.length);
    if (sizeBytes === 0) break;
    readKeys(cursor, bytes, at, sizeBytes, keys);
    at += sizeBytes;
  }
  return [...keys].sort();
}

function readKeys(
  cursor: RecordCursor,
  bytes: Uint8Array,
  at: number,
  sizeBytes: number,
  keys: Set<string>,
): void {
  try {
    cursor.open(bytes, at, at + sizeBytes);
    while (keys.size < MAX_LOST_KEYS && cursor.next()) {
      if (cursor.keyStart < 0 || cursor.isControl) continue;
      const key = keyText(cursor.bytes.subarray(cursor.keyStart, cursor.keyEnd));
      if (key !== null) keys.add(key);
    }
  } catch (error) {
    if (!(error instanceof HeadwaterError)) throw error;
    // Up to here it could be read.
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/** Null for what is no name that a device could have: then the key itself is damaged, or is no text. */
function keyText(key: Uint8Array): string | null {
  if (key.length === 0 || key.length > 256) return null;
  try {
    const text = decoder.decode(key);
    return /\p{C}/u.test(text) ? null : text;
  } catch {
    return null;
  }
}
