/**
 * Integers in Kafka's byte order, read and written without a DataView, so that nothing is allocated. Callers
 * have checked that the bytes are there.
 */

export function int16At(bytes: Uint8Array, position: number): number {
  return (((bytes[position] as number) << 24) >> 16) | (bytes[position + 1] as number);
}

export function int32At(bytes: Uint8Array, position: number): number {
  return (
    ((bytes[position] as number) << 24) |
    ((bytes[position + 1] as number) << 16) |
    ((bytes[position + 2] as number) << 8) |
    (bytes[position + 3] as number)
  );
}

export function uint32At(bytes: Uint8Array, position: number): number {
  return int32At(bytes, position) >>> 0;
}

/** Exact only where `isSafeInt64At` holds; else rounded to the nearest double. */
export function int64At(bytes: Uint8Array, position: number): number {
  return int32At(bytes, position) * 4294967296 + (int32At(bytes, position + 4) >>> 0);
}

/** Whether the int64 lies between -(2^53) and 2^53 - 1, where a number holds it exactly. */
export function isSafeInt64At(bytes: Uint8Array, position: number): boolean {
  const high = int32At(bytes, position);
  return high >= -0x200000 && high < 0x200000;
}

export function putInt16(bytes: Uint8Array, position: number, value: number): void {
  bytes[position] = value >> 8;
  bytes[position + 1] = value;
}

export function putInt32(bytes: Uint8Array, position: number, value: number): void {
  bytes[position] = value >> 24;
  bytes[position + 1] = value >> 16;
  bytes[position + 2] = value >> 8;
  bytes[position + 3] = value;
}

/** `value` is a safe integer. */
export function putInt64(bytes: Uint8Array, position: number, value: number): void {
  putInt32(bytes, position, Math.floor(value / 4294967296));
  putInt32(bytes, position + 4, value | 0);
}
