/**
 * Zig-zag variable-length integers as Kafka's records and Protocol Buffers have them: seven bits a byte, lowest
 * first, the high bit set on all but the last; 0, -1, 1, -2 ... become 0, 1, 2, 3 ...
 */
export const MAX_VARINT_BYTES = 5;
export const MAX_VARLONG_BYTES = 10;

/** Bytes that `putVarint` will write. `value` is an int32. */
export function varintSizeBytes(value: number): number {
  const zigzag = (value << 1) ^ (value >> 31);
  // 32 - clz32 counts the significant bits, seven to a byte; a value of 0 takes a byte all the same.
  return ((38 - Math.clz32(zigzag | 1)) / 7) | 0;
}

/** Bytes that `putVarlong` will write. `value` is a safe integer. */
export function varlongSizeBytes(value: number): number {
  if (value === (value | 0)) return varintSizeBytes(value);
  return longVarlongSizeBytes(value);
}

function longVarlongSizeBytes(value: number): number {
  let rest = Math.floor((value < 0 ? -value - 1 : value) / 64);
  let size = 1;
  for (; rest > 0; rest = Math.floor(rest / 128)) size++;
  return size;
}

/** Writes an int32 and returns the position after it. Small, so that engines inline it: most take one byte. */
export function putVarint(bytes: Uint8Array, position: number, value: number): number {
  const zigzag = (value << 1) ^ (value >> 31);
  if (zigzag >>> 7 !== 0) return putLongVarint(bytes, position, zigzag);
  bytes[position] = zigzag;
  return position + 1;
}

function putLongVarint(bytes: Uint8Array, position: number, zigzag: number): number {
  let rest = zigzag;
  let at = position;
  for (; rest >>> 7 !== 0; rest >>>= 7) bytes[at++] = rest | 0x80;
  bytes[at++] = rest;
  return at;
}

/** Writes a safe integer and returns the position after it. */
export function putVarlong(bytes: Uint8Array, position: number, value: number): number {
  if (value === (value | 0)) return putVarint(bytes, position, value);
  return putLongVarlong(bytes, position, value);
}

function putLongVarlong(bytes: Uint8Array, position: number, value: number): number {
  // The sign takes the lowest bit, so six bits of the value go into the first byte. Doubling the whole value
  // would lose bits beyond 2^53.
  const magnitude = value < 0 ? -value - 1 : value;
  let at = position;
  bytes[at++] = ((magnitude % 64) << 1) | (value < 0 ? 0x81 : 0x80);
  let rest = Math.floor(magnitude / 64);
  while (rest > 0x7f) {
    bytes[at++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  bytes[at++] = rest;
  return at;
}
