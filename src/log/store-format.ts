import { crc32c } from "../base/crc32c.ts";
import { HeadwaterError } from "../base/errors.ts";
import { STORE_ID_BYTES } from "./journal.ts";

/**
 * The file `format` says what the data folder is, in one line: `headwater-log <version> <store id in hex>
 * <CRC32C of what is before, in hex>`.
 */
const VERSION = 1;
/**
 * The versions that this program reads, and the one that it writes a new folder in. Whatever an older program could not read,
 * in any file or topic of the data folder, needs a version of its own; see gateway/update.md for what that does to updates.
 */
export const LOG_FORMATS = { reads: [VERSION], writes: VERSION } as const;
export const MAX_FORMAT_BYTES = 1024;

export function encodeFormat(storeId: Uint8Array): Uint8Array {
  const words = `headwater-log ${VERSION} ${storeId.toHex()}`;
  return new TextEncoder().encode(`${words} ${checksum(words)}\n`);
}

/** The store id, or null where the file is damaged. Throws DATA_FORMAT_UNKNOWN for a sound file of another version. */
export function decodeFormat(bytes: Uint8Array, path: string): Uint8Array | null {
  const text = new TextDecoder().decode(bytes);
  const match = /^(headwater-log (\d{1,9}) ([0-9a-f]+)) ([0-9a-f]{8})\n$/.exec(text);
  if (match === null) return null;
  const [, words, version, id, sum] = match;
  if (words === undefined || id === undefined || sum !== checksum(words)) return null;
  if (Number(version) !== VERSION) {
    throw new HeadwaterError(
      "DATA_FORMAT_UNKNOWN",
      `${path} says format ${version}, this version reads ${VERSION}: use the version that wrote the data folder`,
      { path },
    );
  }
  return id.length === STORE_ID_BYTES * 2 ? Uint8Array.fromHex(id) : null;
}

/** The version that a sound file says, whether it is read here or not; null where the file is damaged. */
export function formatVersion(bytes: Uint8Array): number | null {
  const [, words = "", version, sum] =
    /^(headwater-log (\d{1,9}) [0-9a-f]+) ([0-9a-f]{8})\n$/.exec(new TextDecoder().decode(bytes)) ?? [];
  return sum === checksum(words) ? Number(version) : null;
}

function checksum(words: string): string {
  const bytes = new TextEncoder().encode(words);
  return crc32c(bytes, 0, bytes.length).toString(16).padStart(8, "0");
}
