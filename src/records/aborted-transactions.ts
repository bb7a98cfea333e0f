import { batchIsControl, batchIsTransactional, batchLastOffset, batchProducerId } from "./batch.ts";

/** A transaction that was aborted, as fetch answers list them (KIP-98). */
export interface AbortedRange {
  readonly producerId: number;
  /** Of its first record in the partition. */
  readonly firstOffset: number;
}

/**
 * Tells which batches belong to aborted transactions: from the transaction's first offset to its marker, as the
 * broker lists them for read_committed. Batches have to be shown in order, from the first on
 * that may belong to one.
 */
export class AbortedTransactions {
  readonly #ranges: AbortedRange[];
  readonly #open = new Set<number>();

  constructor(ranges: readonly AbortedRange[]) {
    this.#ranges = ranges.toSorted((a, b) => a.firstOffset - b.firstOffset);
  }

  /** Whether the batch is of an aborted transaction, or such a transaction's marker. */
  hides(batches: Uint8Array, position: number): boolean {
    const lastOffset = batchLastOffset(batches, position);
    while ((this.#ranges[0]?.firstOffset ?? Number.POSITIVE_INFINITY) <= lastOffset) {
      this.#open.add((this.#ranges.shift() as AbortedRange).producerId);
    }
    if (!batchIsTransactional(batches, position)) return false;
    const producerId = batchProducerId(batches, position);
    // A marker of either kind ends the producer's transaction.
    if (batchIsControl(batches, position)) return this.#open.delete(producerId);
    return this.#open.has(producerId);
  }
}
