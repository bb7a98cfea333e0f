import { crc32c } from "../base/crc32c.ts";
import type { Disk } from "../io/disk.ts";
import { putInt32, uint32At } from "../records/big-endian.ts";
import { ByteReader, ByteWriter } from "./encoding.ts";
import { COMPACTED_FILE } from "./folder-names.ts";
import { readCacheFile, writeCacheFile } from "./segment.ts";

/**
 * The file that says how far a partition's log is compacted. A cache: never synced, and without it the log is
 * compacted from its start again. Big-endian: magic "HWCO", CRC32C of what follows, the offset (8 bytes).
 */
const MAGIC = 0x4857434f;
const FILE_BYTES = 16;

/** Records below it were compacted; 0 where the file is missing or can't be believed. */
export function readCompactedOffset(disk: Disk, folder: string): number {
  const bytes = readCacheFile(disk, `${folder}/${COMPACTED_FILE}`, FILE_BYTES);
  if (bytes === null || bytes.length !== FILE_BYTES || uint32At(bytes, 0) !== MAGIC) return 0;
  if (crc32c(bytes, 8, FILE_BYTES) !== uint32At(bytes, 4)) return 0;
  return new ByteReader(bytes, 8, FILE_BYTES).int64();
}

/** Throws DISK_FULL or DISK_IO. */
export function writeCompactedOffset(disk: Disk, folder: string, offset: number): void {
  const writer = new ByteWriter();
  writer.int32(MAGIC);
  writer.int32(0);
  writer.int64(offset);
  const bytes = writer.view();
  putInt32(bytes, 4, crc32c(bytes, 8, bytes.length));
  writeCacheFile(disk, `${folder}/${COMPACTED_FILE}`, bytes);
}
