import {
  type Crc32cKernel,
  loadCrc32cKernel,
  WASM_DATA,
  WASM_MAX_BYTES,
  WASM_MIN_BYTES,
} from "./crc32c-wasm.ts";

/** The Castagnoli polynomial, bits reversed (RFC 3720, appendix B.4). */
const POLYNOMIAL = 0x82f63b78;
const TABLES = makeTables();

/** Bytes of long input after which the kernel pays: an idle gateway does without its code and its compiler. */
export const KERNEL_FROM_BYTES = 1024 * 1024;

/** Long input that was summed before there was a kernel. */
let summedBytes = 0;
/** Loaded once there is much to sum; null where the machine can't run it. */
let kernel: Crc32cKernel | null | undefined;

/**
 * CRC32C of `bytes` from `start` to `end` (exclusive), unsigned. `seed` is the CRC of what came before, so that
 * a message can be summed in pieces: `crc32c(b, 0, b.length, crc32c(a, 0, a.length))`.
 *
 * Short input goes through tables here; longer input, once there was much of it, is copied into WebAssembly, where
 * folding is several times as fast (see crc32c-wasm.ts).
 */
export function crc32c(bytes: Uint8Array, start: number, end: number, seed = 0): number {
  if (end - start < WASM_MIN_BYTES) return ~registerByTables(bytes, start, end, ~seed) >>> 0;
  if (kernel === undefined) {
    summedBytes += end - start;
    if (summedBytes >= KERNEL_FROM_BYTES) kernel = loadCrc32cKernel(TABLES);
  }
  if (kernel === undefined || kernel === null) return ~registerByTables(bytes, start, end, ~seed) >>> 0;
  let register = ~seed;
  let position = start;
  while (end - position >= WASM_MIN_BYTES) {
    const length = Math.min(end - position, WASM_MAX_BYTES);
    kernel.memory.set(bytes.subarray(position, position + length), WASM_DATA);
    register = kernel.fold(register, length);
    position += length;
  }
  return ~registerByTables(bytes, position, end, register) >>> 0;
}

/** The same by tables alone: what machines without WebAssembly SIMD use. */
export function crc32cByTables(bytes: Uint8Array, start: number, end: number, seed = 0): number {
  return ~registerByTables(bytes, start, end, ~seed) >>> 0;
}

/**
 * "Slicing by 16": sixteen table look-ups that don't wait for each other, then the odd bytes one by one. The
 * indices are within the arrays by construction, which is what the casts say.
 */
function registerByTables(bytes: Uint8Array, start: number, end: number, initial: number): number {
  const table = TABLES;
  let register = initial;
  let i = start;
  for (const last = end - 16; i <= last; i += 16) {
    register =
      (table[3840 + (((bytes[i] as number) ^ register) & 255)] as number) ^
      (table[3584 + (((bytes[i + 1] as number) ^ (register >>> 8)) & 255)] as number) ^
      (table[3328 + (((bytes[i + 2] as number) ^ (register >>> 16)) & 255)] as number) ^
      (table[3072 + ((bytes[i + 3] as number) ^ (register >>> 24))] as number) ^
      (table[2816 + (bytes[i + 4] as number)] as number) ^
      (table[2560 + (bytes[i + 5] as number)] as number) ^
      (table[2304 + (bytes[i + 6] as number)] as number) ^
      (table[2048 + (bytes[i + 7] as number)] as number) ^
      (table[1792 + (bytes[i + 8] as number)] as number) ^
      (table[1536 + (bytes[i + 9] as number)] as number) ^
      (table[1280 + (bytes[i + 10] as number)] as number) ^
      (table[1024 + (bytes[i + 11] as number)] as number) ^
      (table[768 + (bytes[i + 12] as number)] as number) ^
      (table[512 + (bytes[i + 13] as number)] as number) ^
      (table[256 + (bytes[i + 14] as number)] as number) ^
      (table[bytes[i + 15] as number] as number);
  }
  for (; i < end; i++) {
    register = (table[((bytes[i] as number) ^ register) & 255] as number) ^ (register >>> 8);
  }
  return register;
}

/** Table n maps a byte to its effect on the register n bytes later. */
function makeTables(): Int32Array {
  const tables = new Int32Array(16 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let register = byte;
    for (let bit = 0; bit < 8; bit++) register = (register >>> 1) ^ (register & 1 ? POLYNOMIAL : 0);
    tables[byte] = register;
  }
  for (let i = 256; i < tables.length; i++) {
    const before = tables[i - 256] as number;
    tables[i] = (tables[before & 255] as number) ^ (before >>> 8);
  }
  return tables;
}
