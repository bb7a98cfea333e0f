import { crc32c } from "../../base/crc32c.ts";
import type { RecordCursor } from "../../records/reader.ts";
import type { OriginReader } from "../replay/origin.ts";

/** What a null key or value is summed as; an empty one is not. */
const NULL_SEED = 0x5f3759df;
/** Bytes that stand between the parts, so that none can give to the next. */
const BETWEEN = Uint8Array.of(0x1f);

/**
 * A sum over what of a record has to be the same at a gateway and at its centre: key, value, and the headers that no
 * uplink has added, in their order. Fills `origin` on the way.
 */
export class RecordHash {
  readonly #onHeader: (start: number, end: number) => void;
  #bytes: Uint8Array = BETWEEN;
  #sum = 0;

  constructor() {
    this.#onHeader = (start, end) => {
      this.#sum = crc32c(this.#bytes, start, end, this.#sum);
    };
  }

  of(record: RecordCursor, origin: OriginReader): number {
    this.#bytes = record.bytes;
    this.#sum = 0;
    this.#field(record.keyStart, record.keyEnd);
    this.#field(record.valueStart, record.valueEnd);
    origin.read(record, this.#onHeader);
    return this.#sum >>> 0;
  }

  #field(start: number, end: number): void {
    const sum = start < 0 ? this.#sum ^ NULL_SEED : crc32c(this.#bytes, start, end, this.#sum);
    this.#sum = crc32c(BETWEEN, 0, 1, sum >>> 0);
  }
}
