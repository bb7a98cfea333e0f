/**
 * A sealed file. What its user sees is cut into blocks of 4096 bytes; each is encrypted by itself, so that any can be read
 * and written without the others. Positions in bytes:
 *
 *      0   header, twice (at 0 and at 256), written once (file-header.ts)
 *    512   three slots of 4144 bytes: header 48, ciphertext up to 4096
 *  12944   block 0, block 1, ...: header 32, ciphertext 4096
 *
 * A block lies in its place once it is full, and in a slot while it is not: a block whose first half was acknowledged must not
 * be written over where it lies when its second half comes, since a power cut in between would take both. That is what
 * slots are for; `parking.ts` says which one is free. The file ends where its last block would, so that its length tells
 * that of its content.
 *
 * Header of a block: session 10 bytes, version uint48, tag 16 bytes. Of a slot besides: block uint48, length uint16, 8 bytes
 * of zero. A header of zeros: never written. The nonce is in none of them: `records.ts` makes it of version and place.
 *
 * Nothing but its own header and the blocks around it is near a block, and none of these changes when it is written: a
 * torn write takes what is being written, as without encryption.
 */
export const BLOCK_BYTES = 4096;
export const RECORD_HEADER_BYTES = 32;
export const SLOT_HEADER_BYTES = 48;
export const SLOTS = 3;
export const FILE_HEADER_BYTES = 512;

export const RECORD_BYTES = RECORD_HEADER_BYTES + BLOCK_BYTES;
const SLOT_BYTES = SLOT_HEADER_BYTES + BLOCK_BYTES;
const FIRST_RECORD = FILE_HEADER_BYTES + SLOTS * SLOT_BYTES;

export function slotPosition(slot: number): number {
  return FILE_HEADER_BYTES + slot * SLOT_BYTES;
}

export function recordPosition(block: number): number {
  return FIRST_RECORD + block * RECORD_BYTES;
}

/** Length of the file with so much content. */
export function sealedSizeBytes(sizeBytes: number): number {
  const rest = sizeBytes % BLOCK_BYTES;
  const blocks = (sizeBytes - rest) / BLOCK_BYTES;
  return recordPosition(blocks) + (rest === 0 ? 0 : RECORD_HEADER_BYTES + rest);
}

/** Bytes of content of a file that long, also of one that a power cut has left at any length. */
export function contentSizeBytes(sealedBytes: number): number {
  const behind = Math.max(0, sealedBytes - FIRST_RECORD);
  const rest = behind % RECORD_BYTES;
  return ((behind - rest) / RECORD_BYTES) * BLOCK_BYTES + Math.max(0, rest - RECORD_HEADER_BYTES);
}
