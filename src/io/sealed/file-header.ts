import { crc32c } from "../../base/crc32c.ts";
import { FILE_HEADER_BYTES, MAX_BLOCK_BYTES, MIN_BLOCK_BYTES } from "./layout.ts";

/**
 * What a sealed file begins with, big-endian, twice, so that one flipped bit does not cost all of it: magic "HWSEALED",
 * version uint32, number of the data key uint32, id 16 bytes, bytes of a block uint32, CRC32C of these uint32. Not authenticated: with another key or
 * id nothing in the file opens.
 */
export interface FileHeader {
  readonly keyNumber: number;
  readonly fileId: Uint8Array;
  readonly blockBytes: number;
}

export const FILE_ID_BYTES = 16;
const MAGIC = new TextEncoder().encode("HWSEALED");
const VERSION = 1;
const COPY_BYTES = FILE_HEADER_BYTES / 2;
const BLOCK_BYTES_AT = 32;
const SUM_AT = 36;

export function encodeFileHeader({ keyNumber, fileId, blockBytes }: FileHeader): Uint8Array {
  const bytes = new Uint8Array(FILE_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint32(8, VERSION);
  view.setUint32(12, keyNumber);
  bytes.set(fileId, 16);
  view.setUint32(BLOCK_BYTES_AT, blockBytes);
  view.setUint32(SUM_AT, crc32c(bytes, 0, SUM_AT));
  bytes.copyWithin(COPY_BYTES, 0, COPY_BYTES);
  return bytes;
}

/** "none" where nothing was ever written, null where it is no header. */
export function decodeFileHeader(bytes: Uint8Array): FileHeader | "none" | null {
  if (bytes.every((byte) => byte === 0)) return "none";
  return decodeCopy(bytes, 0) ?? decodeCopy(bytes, COPY_BYTES);
}

function decodeCopy(bytes: Uint8Array, at: number): FileHeader | null {
  if (bytes.length < at + SUM_AT + 4 || MAGIC.some((byte, i) => bytes[at + i] !== byte)) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at);
  if (view.getUint32(8) !== VERSION || view.getUint32(SUM_AT) !== crc32c(bytes, at, at + SUM_AT)) return null;
  const blockBytes = view.getUint32(BLOCK_BYTES_AT);
  if (blockBytes < MIN_BLOCK_BYTES || blockBytes > MAX_BLOCK_BYTES) return null;
  return { keyNumber: view.getUint32(12), fileId: bytes.slice(at + 16, at + BLOCK_BYTES_AT), blockBytes };
}
