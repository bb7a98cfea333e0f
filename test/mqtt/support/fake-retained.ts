import type { AppendCallback, RetainedRecord, RetainedStorage } from "../../../src/mqtt/retained/storage.ts";
import { BatchBuilder } from "../../../src/records/builder.ts";
import { RecordCursor } from "../../../src/records/reader.ts";

/** Retained messages on a log in memory that settles when a test says so, or by itself. */
export class FakeRetained implements RetainedStorage {
  readonly batches: Uint8Array[] = [];
  /** Where set, what is appended is refused with this error. */
  refusal = 0;
  #nextOffset = 0;
  #waiting: { readonly done: AppendCallback; readonly firstOffset: number }[] = [];
  readonly #settleSoon: ((settle: () => void) => void) | null;

  constructor(settleSoon: ((settle: () => void) => void) | null = null) {
    this.#settleSoon = settleSoon;
  }

  append(records: readonly RetainedRecord[], done: AppendCallback): number {
    if (this.refusal !== 0) {
      done(this.refusal, -1);
      return -1;
    }
    const builder = new BatchBuilder();
    for (const { key, value, headers, timestampMs } of records)
      builder.append(timestampMs, key, value, headers);
    const firstOffset = this.#nextOffset;
    this.batches.push(builder.build({ baseOffset: firstOffset }));
    this.#nextOffset += records.length;
    if (this.#waiting.push({ done, firstOffset }) === 1) this.#settleSoon?.(() => this.settle());
    return firstOffset;
  }

  replay(onRecord: (cursor: RecordCursor) => void): boolean {
    const cursor = new RecordCursor();
    for (const batch of this.batches) {
      cursor.open(batch);
      while (cursor.next()) onRecord(cursor);
    }
    return true;
  }

  read(offset: number): RecordCursor | null {
    const cursor = new RecordCursor();
    for (const batch of this.batches) {
      cursor.open(batch);
      while (cursor.next()) if (cursor.offset === offset) return cursor;
    }
    return null;
  }

  /** Ends a commit round. */
  settle(error = 0): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { done, firstOffset } of waiting) done(error, firstOffset);
  }
}
