import type { DiskFile } from "../io/disk.ts";
import { BATCH_HEADER_BYTES, BATCH_MAGIC, batchMagic, batchSizeBytes } from "../records/batch.ts";

/** Headers are looked at through views of this size. */
const WINDOW_BYTES = 16 * 1024;

/**
 * Goes from batch header to batch header through part of a segment. It reads headers only: a batch's records
 * need not be in `bytes`. Views are good until the turn ends, so a walk is used up within a turn.
 */
export class BatchWalk {
  readonly #file: DiskFile;
  readonly #end: number;
  #next: number;
  #windowStart = 0;
  /** Where the header is: at `bytes[at]`. */
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  /** Position of the batch in the segment, and its whole size. */
  position = 0;
  sizeBytes = 0;
  /** Whether the walk ended at bytes that are no batch. */
  broken = false;

  /** `start` is the boundary of a batch; batches end at or before `end`. */
  constructor(file: DiskFile, start: number, end: number) {
    this.#file = file;
    this.#next = start;
    this.#end = end;
  }

  /** Moves to the next batch. False at the end, or where what follows is no batch (`broken`). */
  next(): boolean {
    const position = this.#next;
    if (position === this.#end) return false;
    if (this.#end - position < BATCH_HEADER_BYTES) return this.#fail();
    if (
      position < this.#windowStart ||
      position + BATCH_HEADER_BYTES > this.#windowStart + this.bytes.length
    ) {
      this.#windowStart = position;
      this.bytes = this.#file.view(position, Math.min(WINDOW_BYTES, this.#end - position));
    }
    const at = position - this.#windowStart;
    const sizeBytes = batchSizeBytes(this.bytes, at);
    if (
      sizeBytes < BATCH_HEADER_BYTES ||
      sizeBytes > this.#end - position ||
      batchMagic(this.bytes, at) !== BATCH_MAGIC
    ) {
      return this.#fail();
    }
    this.at = at;
    this.position = position;
    this.sizeBytes = sizeBytes;
    this.#next = position + sizeBytes;
    return true;
  }

  #fail(): false {
    this.broken = true;
    return false;
  }
}
