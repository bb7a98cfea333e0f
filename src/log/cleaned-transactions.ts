import {
  batchIsTransactional,
  batchLastOffset,
  batchProducerId,
  batchRecordCount,
} from "../records/batch.ts";
import { markerOf } from "../records/transaction-marker.ts";
import type { AbortedTransaction } from "./transaction-state.ts";

interface Running {
  readonly aborted: AbortedTransaction;
  /** Whether a batch of it was met. */
  hasBatches: boolean;
}

/**
 * Follows the transactions of a log while batches are gone through in order: which data belongs to an aborted one
 * and goes, and which markers have no data left that they speak of.
 */
export class CleanedTransactions {
  /** By first offset, the smallest last. */
  readonly #aborted: AbortedTransaction[];
  /** Aborted transactions that have begun, by producer. One whose marker is gone ends where that was. */
  readonly #running = new Map<number, Running>();
  /** Producers with data of a transaction that was not aborted, whose marker comes. */
  readonly #committed = new Set<number>();
  #marked: AbortedTransaction[] = [];

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#aborted = [...aborted].sort((a, b) => b.firstOffset - a.firstOffset);
  }

  /** Whether a batch of data belongs to an aborted transaction. */
  isAborted(batch: Uint8Array): boolean {
    const offset = batchLastOffset(batch, 0);
    this.#begin(offset);
    if (!batchIsTransactional(batch, 0)) return false;
    const producerId = batchProducerId(batch, 0);
    const running = this.#runningAt(producerId, offset);
    if (running === null) {
      this.#committed.add(producerId);
      return false;
    }
    running.hasBatches = true;
    return true;
  }

  /** Whether a control batch ends a transaction of which no batch is left before it. */
  isIdleMarker(batch: Uint8Array): boolean {
    const offset = batchLastOffset(batch, 0);
    this.#begin(offset);
    if (batchRecordCount(batch, 0) === 0) return true;
    const producerId = batchProducerId(batch, 0);
    const marker = markerOf(batch, 0);
    if (marker === null) return false;
    if (marker.outcome === "commit") return !this.#committed.delete(producerId);
    const running = this.#runningAt(producerId, offset);
    this.#running.delete(producerId);
    if (running === null || !running.hasBatches) return true;
    this.#marked.push(running.aborted);
    return false;
  }

  /**
   * The aborted transactions whose markers were met since the last call and that readers still have to know of. The
   * others have nothing left, and a reader who was told of one and meets no marker would leave out too much.
   */
  takeMarked(): readonly AbortedTransaction[] {
    const marked = this.#marked;
    this.#marked = [];
    return marked;
  }

  #runningAt(producerId: number, offset: number): Running | null {
    const running = this.#running.get(producerId);
    if (running === undefined) return null;
    if (running.aborted.lastOffset >= offset) return running;
    this.#running.delete(producerId);
    return null;
  }

  #begin(offset: number): void {
    for (let next = this.#aborted.at(-1); next !== undefined; next = this.#aborted.at(-1)) {
      if (next.firstOffset > offset) return;
      this.#aborted.pop();
      const running = this.#running.get(next.producerId);
      if (running === undefined || running.aborted.lastOffset < next.firstOffset) {
        this.#running.set(next.producerId, { aborted: next, hasBatches: false });
      }
    }
  }
}
