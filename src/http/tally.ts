const CLASSES = 5;
const HUNDRED = 100;

/** What came and went over HTTP, of all listeners of the door together. */
export class HttpTally {
  /** Answers by the first digit of their status, 1xx first. */
  readonly answers: number[] = new Array<number>(CLASSES).fill(0);
  /** Records that were appended, and bytes of their keys and values. */
  recordsIn = 0;
  bytesIn = 0;
  /** Bytes of records that were given out: lines of JSON, or a value as it is. */
  bytesOut = 0;

  appended(records: readonly { readonly key: Uint8Array | null; readonly value: Uint8Array | null }[]): void {
    this.recordsIn += records.length;
    for (const { key, value } of records) this.bytesIn += (key?.length ?? 0) + (value?.length ?? 0);
  }

  answered(status: number): void {
    const index = Math.floor(status / HUNDRED) - 1;
    this.answers[index] = (this.answers[index] ?? 0) + 1;
  }
}
