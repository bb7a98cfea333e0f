import { malformed, tooLarge } from "./refusals.ts";
import { zlib } from "./zlib.ts";

const DEFAULT_LEVEL = 6;
/** A gzip member has a header of 10 bytes and a trailer of 8 at least. */
const MIN_BYTES = 18;
const MIN_CHUNK_BYTES = 16 * 1024;
const MAX_CHUNK_BYTES = 1024 * 1024;

export function gzipCompress(bytes: Uint8Array, level = DEFAULT_LEVEL): Uint8Array {
  return Bun.gzipSync(bytes as Uint8Array<ArrayBuffer>, { level: level as 6 });
}

/** All members of a gzip file (RFC 1952). Throws MALFORMED, also for anything after the last. */
export function gzipDecompress(bytes: Uint8Array, maxOutputBytes: number): Uint8Array {
  if (bytes.length < MIN_BYTES) throw malformed("gzip", `${bytes.length} bytes are no gzip file`);
  const output = inflate(bytes, maxOutputBytes);
  // The engine takes no bound of 0.
  if (output.length > maxOutputBytes) throw tooLarge("gzip", maxOutputBytes);
  return output;
}

function inflate(bytes: Uint8Array, maxOutputBytes: number): Uint8Array {
  try {
    return zlib().gunzipSync(bytes, {
      maxOutputLength: Math.max(maxOutputBytes, 1),
      chunkSize: chunkSizeBytes(bytes, maxOutputBytes),
    });
  } catch (error) {
    if ((error as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge("gzip", maxOutputBytes);
    throw malformed("gzip", "bytes are damaged or cut off", error);
  }
}

/**
 * The last four bytes state the size, modulo 2^32, of the last member: only a hint, as anyone may have written
 * them, for how much to inflate at a time.
 */
function chunkSizeBytes(bytes: Uint8Array, maxOutputBytes: number): number {
  const end = bytes.length;
  const stated =
    (((bytes[end - 1] as number) << 24) |
      ((bytes[end - 2] as number) << 16) |
      ((bytes[end - 3] as number) << 8) |
      (bytes[end - 4] as number)) >>>
    0;
  return Math.max(MIN_CHUNK_BYTES, Math.min(stated + 1, maxOutputBytes, MAX_CHUNK_BYTES));
}
