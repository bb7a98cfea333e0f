import { lz4CompressBlock, lz4DecompressBlock } from "./lz4-block.ts";
import { OutputBuffer } from "./output.ts";
import { malformed, tooLarge } from "./refusals.ts";
import { xxhash32 } from "./xxhash32.ts";

/**
 * LZ4 frames (lz4 frame format 1.6). Little-endian:
 *
 *   magic          4   184D2204; 184D2A50 to 184D2A5F is a frame to skip: a size of 4 bytes, and so many bytes
 *   FLG            1   bits 7-6 version 1, 5 independent blocks, 4 block checksums, 3 content size,
 *                      2 content checksum, 0 dictionary id
 *   BD             1   bits 6-4 largest block: 4 is 64 KiB, 5 256 KiB, 6 1 MiB, 7 4 MiB
 *   content size   8   if flagged
 *   header check   1   second byte of XXH32 from FLG on
 *   blocks             size of 4 bytes (bit 31: stored as it is), the bytes, XXH32 of them if flagged; size 0 ends
 *   content check  4   XXH32 of the content, if flagged
 *
 * Written as Kafka's Java client does: 64 KiB blocks, independent (it reads no others), no checksums, no size.
 */
const MAGIC = 0x184d2204;
const SKIPPABLE_MAGIC = 0x184d2a50;
const BLOCK_BYTES = 64 * 1024;
const WRITTEN_FLAGS = 0x60;
const WRITTEN_BLOCK_CODE = 0x40;
const STORED = 0x80000000;
const HEADER_BYTES = 7;
/** The most that a byte of a block can stand for: a match length goes on by 255 a byte. */
const MAX_RATIO = 255;

const output = new OutputBuffer();

export function lz4Compress(bytes: Uint8Array): Uint8Array {
  const blocks = Math.ceil(bytes.length / BLOCK_BYTES);
  // A block that doesn't shrink is stored, so no block takes more than its size and a length.
  output.reserve("lz4", 0, HEADER_BYTES + bytes.length + 4 * blocks + 4, Number.MAX_SAFE_INTEGER);
  const target = output.bytes;
  const view = new DataView(target.buffer);
  view.setUint32(0, MAGIC, true);
  target[4] = WRITTEN_FLAGS;
  target[5] = WRITTEN_BLOCK_CODE;
  target[6] = xxhash32(target, 4, 6) >>> 8;
  let at = HEADER_BYTES;
  for (let start = 0; start < bytes.length; start += BLOCK_BYTES) {
    const end = Math.min(start + BLOCK_BYTES, bytes.length);
    const size = lz4CompressBlock(bytes, start, end, target, at + 4, at + 4 + (end - start));
    if (size > 0) view.setUint32(at, size, true);
    else {
      view.setUint32(at, (end - start) | STORED, true);
      target.set(bytes.subarray(start, end), at + 4);
    }
    at += 4 + (size > 0 ? size : end - start);
  }
  view.setUint32(at, 0, true);
  return output.take(at + 4);
}

/** All frames in `bytes`. Throws MALFORMED. */
export function lz4Decompress(bytes: Uint8Array, maxOutputBytes: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length === 0) throw malformed("lz4", "no frame");
  let position = 0;
  let produced = 0;
  while (position < bytes.length) {
    need(bytes, position, 8);
    if ((view.getInt32(position, true) & ~0xf) === SKIPPABLE_MAGIC) {
      const sizeBytes = view.getUint32(position + 4, true);
      need(bytes, position + 8, sizeBytes);
      position += 8 + sizeBytes;
      continue;
    }
    const frame = readFrameHeader(bytes, view, position, maxOutputBytes);
    const start = produced;
    position = frame.blocksAt;
    for (;;) {
      need(bytes, position, 4);
      const word = view.getUint32(position, true);
      position += 4;
      if (word === 0) break;
      const end = position + (word & ~STORED);
      need(bytes, position, end - position + (frame.blockChecksums ? 4 : 0));
      if (frame.blockChecksums) verifyChecksum(view, bytes, position, end, end, "block");
      const windowStart = frame.independent ? produced : start;
      produced = readBlock(
        bytes,
        position,
        end,
        word >= STORED,
        frame.blockBytes,
        windowStart,
        produced,
        maxOutputBytes,
      );
      position = end + (frame.blockChecksums ? 4 : 0);
    }
    if (frame.contentChecksum) {
      need(bytes, position, 4);
      verifyChecksum(view, output.bytes, start, produced, position, "content");
      position += 4;
    }
    if (frame.contentBytes >= 0 && frame.contentBytes !== produced - start) {
      throw malformed("lz4", `frame states ${frame.contentBytes} bytes and has ${produced - start}`);
    }
  }
  return output.take(produced);
}

interface Frame {
  readonly independent: boolean;
  readonly blockChecksums: boolean;
  readonly contentChecksum: boolean;
  readonly blockBytes: number;
  /** -1 where none is stated. */
  readonly contentBytes: number;
  readonly blocksAt: number;
}

function readFrameHeader(bytes: Uint8Array, view: DataView, position: number, maxOutputBytes: number): Frame {
  if (view.getInt32(position, true) !== MAGIC) throw malformed("lz4", "frame has another magic number");
  const flags = bytes[position + 4] as number;
  const blockCode = bytes[position + 5] as number;
  if (flags >>> 6 !== 1) throw malformed("lz4", `frame format version ${flags >>> 6}`);
  if ((flags & 0x01) !== 0) throw malformed("lz4", "frame needs a dictionary");
  if ((flags & 0x02) !== 0 || (blockCode & 0x8f) !== 0) throw malformed("lz4", "reserved bits are set");
  const sizeCode = blockCode >>> 4;
  if (sizeCode < 4) throw malformed("lz4", `block size code ${sizeCode}`);
  const hasContentSize = (flags & 0x08) !== 0;
  const checkAt = position + (hasContentSize ? 14 : 6);
  need(bytes, position, checkAt + 1 - position);
  if (((xxhash32(bytes, position + 4, checkAt) >>> 8) & 0xff) !== bytes[checkAt]) {
    throw malformed("lz4", "header checksum is wrong");
  }
  const contentBytes = hasContentSize
    ? view.getUint32(position + 6, true) + view.getUint32(position + 10, true) * 4294967296
    : -1;
  if (contentBytes > maxOutputBytes) throw tooLarge("lz4", maxOutputBytes);
  return {
    independent: (flags & 0x20) !== 0,
    blockChecksums: (flags & 0x10) !== 0,
    contentChecksum: (flags & 0x04) !== 0,
    blockBytes: 1 << (8 + 2 * sizeCode),
    contentBytes,
    blocksAt: checkAt + 1,
  };
}

/** Decodes a block behind the `produced` bytes there are, and returns how many there are then. */
function readBlock(
  bytes: Uint8Array,
  start: number,
  end: number,
  stored: boolean,
  blockBytes: number,
  windowStart: number,
  produced: number,
  maxOutputBytes: number,
): number {
  const size = end - start;
  if (size > blockBytes) throw malformed("lz4", `block of ${size} bytes, the frame allows ${blockBytes}`);
  if (stored) {
    output.reserve("lz4", produced, produced + size, maxOutputBytes);
    output.bytes.set(bytes.subarray(start, end), produced);
    return produced + size;
  }
  // Room for all that the block can hold, as far as the caller takes it; the decoder stops at the end of it.
  const mostBytes = Math.min(blockBytes, size * MAX_RATIO, maxOutputBytes - produced);
  output.reserve("lz4", produced, produced + mostBytes, maxOutputBytes);
  return lz4DecompressBlock(bytes, start, end, output.bytes, windowStart, produced, produced + mostBytes);
}

function verifyChecksum(
  view: DataView,
  bytes: Uint8Array,
  start: number,
  end: number,
  checksumAt: number,
  what: string,
): void {
  if (xxhash32(bytes, start, end) !== view.getUint32(checksumAt, true)) {
    throw malformed("lz4", `${what} checksum is wrong`);
  }
}

function need(bytes: Uint8Array, position: number, count: number): void {
  if (count > bytes.length - position) throw malformed("lz4", `cut off after ${bytes.length} bytes`);
}
