import type { DiskFile } from "../../io/disk.ts";
import { BATCH_HEADER_BYTES, checkBatch, completeBatchSizeBytes } from "../../records/batch.ts";

/** Read at once; a batch that is larger is read by itself. */
const WINDOW_BYTES = 1024 * 1024;
const NO_BYTES = new Uint8Array(0);

/** Reads a segment from batch to batch, in large pieces: whoever checks a whole log makes few calls of the disk. */
export class BatchSource {
  readonly #file: DiskFile;
  #start = 0;
  #bytes: Uint8Array = NO_BYTES;

  constructor(file: DiskFile) {
    this.#file = file;
  }

  /**
   * The batch that stands at `position` and ends at `end` at the latest, and why it can't be believed, if it can't. Null
   * where there is no room for one. The bytes are good until the next call.
   */
  batchAt(
    position: number,
    end: number,
  ): { readonly bytes: Uint8Array; readonly fault: string | null } | null {
    const limit = Math.min(end, this.#file.sizeBytes);
    if (limit - position < BATCH_HEADER_BYTES) return null;
    const header = this.#view(position, BATCH_HEADER_BYTES, limit);
    const sizeBytes = completeBatchSizeBytes(header, 0, limit - position);
    if (sizeBytes === 0) return { bytes: header, fault: "no batch begins here" };
    const bytes = this.#view(position, sizeBytes, limit);
    return { bytes, fault: checkBatch(bytes, 0, sizeBytes)?.reason ?? null };
  }

  /** Whether all is zero from `position` to the end of the file. */
  isZeroFrom(position: number): boolean {
    for (let at = position; at < this.#file.sizeBytes; at += WINDOW_BYTES) {
      const bytes = this.#file.view(at, Math.min(WINDOW_BYTES, this.#file.sizeBytes - at));
      if (bytes.some((byte) => byte !== 0)) return false;
    }
    return true;
  }

  #view(position: number, length: number, limit: number): Uint8Array {
    if (position < this.#start || position + length > this.#start + this.#bytes.length) {
      this.#bytes = this.#file.view(position, Math.min(limit - position, Math.max(length, WINDOW_BYTES)));
      this.#start = position;
    }
    return this.#bytes.subarray(position - this.#start, position - this.#start + length);
  }
}
