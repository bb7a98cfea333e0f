import { OutputBuffer } from "./output.ts";
import { malformed, tooLarge } from "./refusals.ts";
import { snappyCompressBlock, snappyDecompressBlock, snappyMaxBlockBytes } from "./snappy-block.ts";

/**
 * Snappy in the framing that Kafka's Java client writes (xerial's SnappyOutputStream), big-endian:
 *
 *   header   16   82 "SNAPPY" 00, version 1, lowest compatible version 1
 *   chunks        size of 4 bytes, then so many bytes of a snappy block
 *
 * Some clients write one bare block instead: decoding takes both, as Kafka's other readers do.
 */
const HEADER = Uint8Array.of(0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1);
const MAGIC_BYTES = 8;
const CHUNK_BYTES = 32 * 1024;
/** Three bytes stand for 64 at most: a block that claims more lies. */
const MAX_RATIO = 22;

const output = new OutputBuffer();

export function snappyCompress(bytes: Uint8Array): Uint8Array {
  const chunks = Math.ceil(bytes.length / CHUNK_BYTES);
  const mostBytes = HEADER.length + chunks * (4 + snappyMaxBlockBytes(CHUNK_BYTES));
  output.reserve("snappy", 0, mostBytes, Number.MAX_SAFE_INTEGER);
  const target = output.bytes;
  const view = new DataView(target.buffer);
  target.set(HEADER);
  let at = HEADER.length;
  for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
    const end = Math.min(start + CHUNK_BYTES, bytes.length);
    const blockEnd = snappyCompressBlock(bytes, start, end, target, at + 4);
    view.setUint32(at, blockEnd - at - 4);
    at = blockEnd;
  }
  return output.take(at);
}

/** Throws MALFORMED. */
export function snappyDecompress(bytes: Uint8Array, maxOutputBytes: number): Uint8Array {
  if (!startsWithMagic(bytes, 0)) return output.take(readBlock(bytes, 0, bytes.length, 0, maxOutputBytes));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let position = 0;
  let produced = 0;
  while (position < bytes.length) {
    // Streams may be put one after the other, each with its header.
    if (startsWithMagic(bytes, position)) {
      if (bytes.length - position < HEADER.length) throw malformed("snappy", "header is cut off");
      const lowestVersion = view.getUint32(position + 12);
      if (lowestVersion > 1) throw malformed("snappy", `framing needs version ${lowestVersion}`);
      position += HEADER.length;
      continue;
    }
    if (bytes.length - position < 4) throw malformed("snappy", "chunk size is cut off");
    const size = view.getUint32(position);
    position += 4;
    if (size > bytes.length - position) throw malformed("snappy", `chunk of ${size} bytes is cut off`);
    produced = readBlock(bytes, position, position + size, produced, maxOutputBytes);
    position += size;
  }
  return output.take(produced);
}

/** Decodes a block behind the `produced` bytes there are, and returns how many there are then. */
function readBlock(
  bytes: Uint8Array,
  start: number,
  end: number,
  produced: number,
  maxOutputBytes: number,
): number {
  let length = 0;
  let position = start;
  for (let shift = 0; ; shift += 7) {
    if (position >= end || shift > 28) throw malformed("snappy", "length of a block is cut off");
    const byte = bytes[position++] as number;
    length += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  if (length > maxOutputBytes - produced) throw tooLarge("snappy", maxOutputBytes);
  if (length > (end - position) * MAX_RATIO) throw malformed("snappy", "block claims more than it can hold");
  output.reserve("snappy", produced, produced + length, maxOutputBytes);
  snappyDecompressBlock(bytes, position, end, output.bytes, produced, produced + length);
  return produced + length;
}

function startsWithMagic(bytes: Uint8Array, position: number): boolean {
  if (bytes.length - position < MAGIC_BYTES) return false;
  for (let i = 0; i < MAGIC_BYTES; i++) {
    if (bytes[position + i] !== HEADER[i]) return false;
  }
  return true;
}
