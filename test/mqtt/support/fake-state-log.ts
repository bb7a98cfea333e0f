import type { StateLog } from "../../../src/mqtt/sessions/durable/state-log.ts";
import type { BatchBuilder } from "../../../src/records/builder.ts";
import { RecordCursor } from "../../../src/records/reader.ts";

/** The log of sessions in memory. It settles when a test says so, and outlives the door that writes it. */
export class FakeStateLog implements StateLog {
  /** Where set, what is appended is refused with this error. */
  refusal = 0;
  /** So many batches are taken before the refusal. */
  takenBefore = 0;
  #batches: Uint8Array[] = [];
  #durable = 0;
  #nextOffset = 0;
  #waiting: { readonly count: number; readonly done: (error: number) => void }[] = [];

  get batchCount(): number {
    return this.#batches.length;
  }

  append(builder: BatchBuilder): number {
    if (this.refusal !== 0 && this.takenBefore-- <= 0) return -this.refusal;
    const baseOffset = this.#nextOffset;
    this.#batches.push(builder.build({ baseOffset }));
    this.#nextOffset += builder.count;
    return baseOffset;
  }

  whenDurable(done: (error: number) => void): void {
    if (this.#durable === this.#batches.length) done(0);
    else this.#waiting.push({ count: this.#batches.length, done });
  }

  replay(onRecord: (cursor: RecordCursor) => void): boolean {
    const cursor = new RecordCursor();
    for (const batch of this.#batches) {
      cursor.open(batch);
      while (cursor.next()) onRecord(cursor);
    }
    return true;
  }

  read(offset: number): RecordCursor | null {
    const cursor = new RecordCursor();
    for (const batch of this.#batches) {
      cursor.open(batch);
      while (cursor.next()) if (cursor.offset === offset) return cursor;
    }
    return null;
  }

  /** The records that stand, by their keys in hex: what a compaction would leave. */
  standing(): Map<string, Uint8Array> {
    const standing = new Map<string, Uint8Array>();
    this.replay((cursor) => {
      const key = cursor.key()?.toHex() ?? "";
      const value = cursor.value()?.slice();
      standing.delete(key);
      if (value !== undefined) standing.set(key, value);
    });
    return standing;
  }

  /** Ends a commit round. */
  settle(): void {
    this.#durable = this.#batches.length;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { done } of waiting) done(0);
  }

  /** The power fails: what was not durable is gone, and nobody is told of anything any more. */
  cut(): void {
    this.#batches = this.#batches.slice(0, this.#durable);
    this.#waiting = [];
    this.#nextOffset = 0;
    const cursor = new RecordCursor();
    for (const batch of this.#batches) {
      cursor.open(batch);
      while (cursor.next()) this.#nextOffset = cursor.offset + 1;
    }
  }
}
