import type { DownlinkCursors } from "../../../src/mqtt/downlink/downlink-cursor.ts";
import { FakeBatch } from "./fake-ingest.ts";

/** Cursors in memory, durable when a test says so. */
export class FakeCursors implements DownlinkCursors {
  readonly durable = new Map<string, string>();
  /** All that has become durable, in its order. */
  readonly history: string[] = [];
  /** Where not 0, what is written is refused with this error. */
  error = 0;
  readonly #values = new Map<string, Uint8Array>();
  #open: { readonly name: string; readonly value: Uint8Array | null; readonly batch: FakeBatch }[] = [];

  get(name: string): Uint8Array | null {
    return this.#values.get(name) ?? null;
  }

  set(name: string, value: Uint8Array | null): FakeBatch {
    const batch = new FakeBatch();
    this.#open.push({ name, value, batch });
    if (value === null) this.#values.delete(name);
    else this.#values.set(name, value);
    return batch;
  }

  together(change: () => void): void {
    change();
  }

  /** Ends a commit round. */
  settle(): void {
    const open = this.#open;
    this.#open = [];
    for (const { name, value, batch } of open) {
      batch.error = this.error;
      batch.state = this.error === 0 ? "durable" : "refused";
      if (this.error !== 0 || value === null) continue;
      this.durable.set(name, Buffer.from(value).toString());
      this.history.push(Buffer.from(value).toString());
    }
  }
}
