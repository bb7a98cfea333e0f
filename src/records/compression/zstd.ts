import { malformed, tooLarge } from "./refusals.ts";
import { zlib } from "./zlib.ts";

/**
 * Zstandard (RFC 8878). The engine's decoder does the work; what it doesn't do is to bound its output, or to
 * notice a frame that is cut off. So the frames are walked first, block header by block header:
 *
 *   frame            magic FD2FB528 (little-endian), header, blocks, and a checksum of 4 bytes if flagged
 *   header           descriptor (bits 7-6 size of the content size, 5 single segment, 3 reserved, 2 checksum,
 *                    1-0 size of the dictionary id), window byte unless single segment, dictionary id, content size
 *   block            3 bytes little-endian: bit 0 last, bits 2-1 type (0 raw, 1 one repeated byte, 2 compressed),
 *                    the rest its size; then its bytes (one where it is repeated)
 *   skippable frame  magic 184D2A50 to 184D2A5F, a size of 4 bytes, and so many bytes
 */
const MAGIC = 0xfd2fb528 | 0;
const SKIPPABLE_MAGIC = 0x184d2a50;
const MAX_BLOCK_BYTES = 128 * 1024;
const DEFAULT_LEVEL = 3;
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const;
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const;

export function zstdCompress(bytes: Uint8Array, level = DEFAULT_LEVEL): Uint8Array {
  return Bun.zstdCompressSync(bytes as Uint8Array<ArrayBuffer>, { level });
}

/** All frames in `bytes`. Throws MALFORMED. */
export function zstdDecompress(bytes: Uint8Array, maxOutputBytes: number): Uint8Array {
  const mostBytes = checkFrames(bytes, maxOutputBytes);
  const output = decode(bytes, mostBytes, maxOutputBytes);
  if (output.length > maxOutputBytes) throw tooLarge("zstd", maxOutputBytes);
  return output;
}

function decode(bytes: Uint8Array, mostBytes: number, maxOutputBytes: number): Uint8Array {
  try {
    // The fast way takes no bound, and needs none where the blocks can't hold more.
    if (mostBytes <= maxOutputBytes) return Bun.zstdDecompressSync(bytes as Uint8Array<ArrayBuffer>);
    // The engine takes no bound of 0.
    const maxOutputLength = Math.max(maxOutputBytes, 1);
    return zlib().zstdDecompressSync(bytes, { maxOutputLength, chunkSize: MAX_BLOCK_BYTES });
  } catch (error) {
    if ((error as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge("zstd", maxOutputBytes);
    throw malformed("zstd", "bytes are damaged", error);
  }
}

/** Verifies that all frames are complete and returns the most that they can hold. */
function checkFrames(bytes: Uint8Array, maxOutputBytes: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let position = 0;
  let mostBytes = 0;
  if (bytes.length === 0) throw malformed("zstd", "no frame");
  while (position < bytes.length) {
    need(bytes, position, 8);
    const magic = view.getInt32(position, true);
    if ((magic & ~0xf) === SKIPPABLE_MAGIC) {
      const sizeBytes = view.getUint32(position + 4, true);
      need(bytes, position + 8, sizeBytes);
      position += 8 + sizeBytes;
      continue;
    }
    if (magic !== MAGIC) throw malformed("zstd", "frame has another magic number");
    const descriptor = bytes[position + 4] as number;
    const header = frameHeader(view, position + 4, descriptor);
    const blocks = checkBlocks(bytes, header.end);
    position = blocks.end + (descriptor & 0x04 ? 4 : 0);
    if (position > bytes.length) throw malformed("zstd", "checksum is cut off");
    if (header.contentBytes > maxOutputBytes) throw tooLarge("zstd", maxOutputBytes);
    if (header.contentBytes > blocks.mostBytes)
      throw malformed("zstd", "frame claims more than its blocks can hold");
    mostBytes += blocks.mostBytes;
  }
  return mostBytes;
}

/** Where the blocks begin, and the content size that is stated (0 where none is). */
function frameHeader(
  view: DataView,
  position: number,
  descriptor: number,
): { end: number; contentBytes: number } {
  const singleSegment = (descriptor & 0x20) !== 0;
  const sizeCode = descriptor >>> 6;
  const sizeBytes = sizeCode === 0 && singleSegment ? 1 : (CONTENT_SIZE_BYTES[sizeCode] ?? 0);
  const at = position + 1 + (singleSegment ? 0 : 1) + (DICTIONARY_ID_BYTES[descriptor & 3] ?? 0);
  const end = at + sizeBytes;
  if (end > view.byteLength) throw malformed("zstd", "frame header is cut off");
  return { end, contentBytes: contentSize(view, at, sizeBytes) };
}

function contentSize(view: DataView, position: number, sizeBytes: number): number {
  switch (sizeBytes) {
    case 1:
      return view.getUint8(position);
    case 2:
      return view.getUint16(position, true) + 256;
    case 4:
      return view.getUint32(position, true);
    case 8:
      return view.getUint32(position, true) + view.getUint32(position + 4, true) * 4294967296;
    default:
      return 0;
  }
}

function checkBlocks(bytes: Uint8Array, start: number): { end: number; mostBytes: number } {
  let position = start;
  let mostBytes = 0;
  for (let last = false; !last; ) {
    need(bytes, position, 3);
    const header =
      (bytes[position] as number) |
      ((bytes[position + 1] as number) << 8) |
      ((bytes[position + 2] as number) << 16);
    last = (header & 1) !== 0;
    const type = (header >>> 1) & 3;
    const size = header >>> 3;
    if (type === 3 || size > MAX_BLOCK_BYTES)
      throw malformed("zstd", `block of type ${type} with size ${size}`);
    const storedBytes = type === 1 ? 1 : size;
    position += 3;
    need(bytes, position, storedBytes);
    position += storedBytes;
    mostBytes += type === 2 ? MAX_BLOCK_BYTES : size;
  }
  return { end: position, mostBytes };
}

function need(bytes: Uint8Array, position: number, count: number): void {
  if (count > bytes.length - position) throw malformed("zstd", `cut off after ${bytes.length} bytes`);
}
