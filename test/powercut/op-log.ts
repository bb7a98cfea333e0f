/** What the disk did, in the order in which it did it. */
export type Operation =
  | { readonly kind: "write"; readonly atMs: number; readonly position: number; readonly bytes: Uint8Array }
  | { readonly kind: "zero"; readonly atMs: number; readonly position: number; readonly length: number }
  | {
      /** Noted when it was over. A cut before that finds nothing of it done. */
      readonly kind: "flush";
      readonly atMs: number;
      /** Operations before this index are durable by it: those that had come when it began. */
      readonly covers: number;
    };

/**
 * An operation in the log's file, little-endian:
 *
 *     kind uint32 (1 write, 2 flush, 3 zero), covers uint32, time float64 (ms), position float64, length uint32,
 *     uint32 0, and of a write its bytes
 */
const HEADER_BYTES = 32;
const KINDS = ["write", "flush", "zero"] as const;

export function encodeHeader(operation: Operation): Uint8Array {
  const view = new DataView(new ArrayBuffer(HEADER_BYTES));
  view.setUint32(0, KINDS.indexOf(operation.kind) + 1, true);
  view.setFloat64(8, operation.atMs, true);
  if (operation.kind === "flush") view.setUint32(4, operation.covers, true);
  else {
    view.setFloat64(16, operation.position, true);
    view.setUint32(24, operation.kind === "write" ? operation.bytes.length : operation.length, true);
  }
  return new Uint8Array(view.buffer);
}

/** All whole operations in a log; writes are views of it. */
export function decodeLog(log: Uint8Array): Operation[] {
  const view = new DataView(log.buffer, log.byteOffset, log.length);
  const operations: Operation[] = [];
  for (let at = 0; at + HEADER_BYTES <= log.length; ) {
    const kind = KINDS[view.getUint32(at, true) - 1];
    const covers = view.getUint32(at + 4, true);
    const atMs = view.getFloat64(at + 8, true);
    const position = view.getFloat64(at + 16, true);
    const length = view.getUint32(at + 24, true);
    at += HEADER_BYTES;
    if (kind === "flush") operations.push({ kind, atMs, covers });
    else if (kind === "zero") operations.push({ kind, atMs, position, length });
    else if (kind === "write") {
      if (at + length > log.length) break;
      operations.push({ kind, atMs, position, bytes: log.subarray(at, at + length) });
      at += length;
    } else throw new Error(`no operation at ${at - HEADER_BYTES} of the disk's log`);
  }
  return operations;
}
