import { HeadwaterError } from "../../base/errors.ts";
import {
  COMPRESSION_GZIP,
  COMPRESSION_LZ4,
  COMPRESSION_NONE,
  COMPRESSION_SNAPPY,
  COMPRESSION_ZSTD,
} from "../batch.ts";
import { gzipCompress, gzipDecompress } from "./gzip.ts";
import { lz4Compress, lz4Decompress } from "./lz4.ts";
import { snappyCompress, snappyDecompress } from "./snappy.ts";
import { zstdCompress, zstdDecompress } from "./zstd.ts";

/** Kafka's names of the codes in a batch's attributes, by code. */
export const COMPRESSION_NAMES = ["none", "gzip", "snappy", "lz4", "zstd"] as const;
export type CompressionName = (typeof COMPRESSION_NAMES)[number];

/** The code of a name as in `compression.type`, or null where there is none such. */
export function compressionByName(name: string): number | null {
  const code = (COMPRESSION_NAMES as readonly string[]).indexOf(name);
  return code === -1 ? null : code;
}

/**
 * Compresses in the form that Kafka's Java client writes and every client reads. `level` counts for gzip (1 to
 * 9, default 6) and zstd (1 to 22, default 3); lz4 and snappy have one. Without compression the same bytes
 * come back.
 */
export function compress(compression: number, bytes: Uint8Array, level?: number): Uint8Array {
  switch (compression) {
    case COMPRESSION_NONE:
      return bytes;
    case COMPRESSION_GZIP:
      return gzipCompress(bytes, level);
    case COMPRESSION_SNAPPY:
      return snappyCompress(bytes);
    case COMPRESSION_LZ4:
      return lz4Compress(bytes);
    case COMPRESSION_ZSTD:
      return zstdCompress(bytes, level);
    default:
      throw new HeadwaterError("UNSUPPORTED", `compression code ${compression} is unassigned`);
  }
}

/**
 * Decompresses bytes from anywhere. Throws MALFORMED for what the codec didn't write, for what is cut off, and
 * for what has or claims more than `maxOutputBytes`, which is also the most that is allocated. Without
 * compression the same bytes come back.
 */
export function decompress(compression: number, bytes: Uint8Array, maxOutputBytes: number): Uint8Array {
  switch (compression) {
    case COMPRESSION_NONE:
      return bytes;
    case COMPRESSION_GZIP:
      return gzipDecompress(bytes, maxOutputBytes);
    case COMPRESSION_SNAPPY:
      return snappyDecompress(bytes, maxOutputBytes);
    case COMPRESSION_LZ4:
      return lz4Decompress(bytes, maxOutputBytes);
    case COMPRESSION_ZSTD:
      return zstdDecompress(bytes, maxOutputBytes);
    default:
      throw new HeadwaterError("UNSUPPORTED", `compression code ${compression} is unassigned`);
  }
}
