import { BATCH_HEADER_BYTES } from "../../../records/batch.ts";
import { BatchBuilder, maxRecordSizeBytes } from "../../../records/builder.ts";
import type { StateLog } from "./state-log.ts";

/** A batch ends at this size, so that to read one message back is not to walk over many. */
export const MAX_BATCH_BYTES = 16 * 1024;

/** Told of a record's offset once its batch is appended. */
export type Placed = (offset: number) => void;

/**
 * Puts the records of a turn into batches, one behind the other. After a refusal nothing more is appended: what a turn
 * writes is in the log from its first record up to some point.
 */
export class TurnWriter {
  readonly #log: StateLog;
  readonly #builder = new BatchBuilder();
  #placed: { readonly delta: number; readonly slot: number }[] = [];
  readonly #place: (slot: number, offset: number) => void;
  #together = false;
  /** Told what became of the batch that is being filled. */
  #waiting: ((error: number) => void)[] = [];
  #nowMs = 0;
  #error = 0;

  /** `place` is told the offset of every record that was put with a slot. */
  constructor(log: StateLog, place: (slot: number, offset: number) => void) {
    this.#log = log;
    this.#place = place;
  }

  /** The Kafka error that a batch was refused with since `start`, else 0. */
  get error(): number {
    return this.#error;
  }

  start(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#error = 0;
    this.#together = false;
  }

  /** Records from here on, of about this size, go into one batch, until `apart`, whatever its size. */
  together(sizeBytes: number): void {
    if (this.#builder.sizeBytes + sizeBytes > MAX_BATCH_BYTES) this.#append();
    this.#together = true;
  }

  /** `told` hears whether their batch was appended: 0, or the Kafka error. */
  apart(told: (error: number) => void): void {
    this.#together = false;
    if (this.#error === 0) this.#waiting.push(told);
    else told(this.#error);
  }

  /** The bytes are copied. `slot` is -1 for a record whose offset nobody asks for. */
  put(key: Uint8Array, value: Uint8Array | null, slot: number): void {
    if (this.#error !== 0) return;
    const sizeBytes = maxRecordSizeBytes(key.length, value?.length ?? 0, 0);
    if (!this.#together && this.#builder.sizeBytes + sizeBytes > MAX_BATCH_BYTES) this.#append();
    const delta = this.#builder.append(this.#nowMs, key, value, null);
    if (slot >= 0) this.#placed.push({ delta, slot });
  }

  /** Appends what is left. */
  finish(): void {
    this.#append();
  }

  #append(): void {
    const builder = this.#builder;
    // Behind a batch that was refused nothing is appended.
    if (this.#error === 0 && builder.sizeBytes > BATCH_HEADER_BYTES && builder.count > 0) {
      const base = this.#log.append(builder);
      if (base < 0) this.#error = -base;
      else for (const { delta, slot } of this.#placed) this.#place(slot, base + delta);
    }
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#placed = [];
    builder.reset();
    for (const told of waiting) told(this.#error);
  }
}
