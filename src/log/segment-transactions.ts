import { assert } from "../base/assert.ts";
import type { AbortedTransaction, OpenTransaction } from "./transaction-state.ts";

/** The transactions that a reader of a segment has to know of. */
export interface TransactionLists {
  /** Open where the segment begins. */
  readonly open: readonly OpenTransaction[];
  /** Whose abort marker is in the segment, in the order of the markers. */
  readonly aborted: readonly AbortedTransaction[];
}

/** What a checkpoint keeps of them: the lists themselves only where no index file has them. */
export interface SegmentTransactionsState {
  /** -1 where that is not known. */
  readonly openCount: number;
  readonly abortedCount: number;
  readonly lists: TransactionLists | null;
}

export const NO_TRANSACTIONS: SegmentTransactionsState = { openCount: 0, abortedCount: 0, lists: null };
const UNKNOWN = -1;
const NONE: TransactionLists = { open: [], aborted: [] };
/** Memory of an entry, about. */
const ENTRY_BYTES = 64;

/**
 * Transactions at the base of a segment and aborted ones that end in it. Of a segment that takes appends they are
 * in memory; of a sealed one in an index file beside it, and read when somebody asks. What is lost is found again
 * by a walk through the batches (see transaction-index.ts).
 */
export class SegmentTransactions {
  #openCount = UNKNOWN;
  #abortedCount = UNKNOWN;
  #lists: { readonly open: readonly OpenTransaction[]; readonly aborted: AbortedTransaction[] } | null = null;
  /** Whether the index file has what is in memory. */
  #saved = false;

  /** -1 where not known. */
  get openCount(): number {
    return this.#openCount;
  }

  /** -1 where not known. */
  get abortedCount(): number {
    return this.#abortedCount;
  }

  /** Whether they are in memory, as they have to be where batches are taken. */
  get isHeld(): boolean {
    return this.#lists !== null;
  }

  /** Whether there is something that an index file should have and doesn't. */
  get unsaved(): boolean {
    return this.#lists !== null && !this.#saved && this.#openCount + this.#abortedCount > 0;
  }

  get sizeBytes(): number {
    if (this.#lists === null) return 0;
    return (this.#lists.open.length + this.#lists.aborted.length) * ENTRY_BYTES;
  }

  /** What there is in memory, or can be said without: null where it has to be read, or found again. */
  get lists(): TransactionLists | null {
    if (this.#lists !== null) return this.#lists;
    return this.#openCount === 0 && this.#abortedCount === 0 ? NONE : null;
  }

  /** The segment begins now. */
  begin(open: readonly OpenTransaction[]): void {
    this.take({ open, aborted: [] }, false);
  }

  add({ producerId, firstOffset, lastOffset, lastStableOffset }: AbortedTransaction): void {
    assert(this.#lists !== null, "a segment that takes batches knows its transactions");
    this.#lists.aborted.push({ producerId, firstOffset, lastOffset, lastStableOffset });
    this.#abortedCount += 1;
    this.#saved = false;
  }

  /** Takes what was read, or found by a walk. */
  take(lists: TransactionLists, saved: boolean): void {
    this.#lists = { open: lists.open, aborted: [...lists.aborted] };
    this.#openCount = lists.open.length;
    this.#abortedCount = lists.aborted.length;
    this.#saved = saved;
  }

  noteSaved(): void {
    this.#saved = true;
  }

  /** Lets go of what the index file has. */
  release(): void {
    if (this.#saved) this.#lists = null;
  }

  /** They have to be found again: the segment's batches are others than they were. */
  forget(): void {
    this.#openCount = UNKNOWN;
    this.#abortedCount = UNKNOWN;
    this.#lists = null;
    this.#saved = false;
  }

  /** As of `endOffset`. */
  state(endOffset: number): SegmentTransactionsState {
    if (this.#lists === null || this.#saved || !this.unsaved) {
      return { openCount: this.#openCount, abortedCount: this.#abortedCount, lists: null };
    }
    const aborted = this.#lists.aborted.filter((transaction) => transaction.lastOffset < endOffset);
    const lists = { open: this.#lists.open, aborted };
    return { openCount: lists.open.length, abortedCount: aborted.length, lists };
  }

  restore(state: SegmentTransactionsState | undefined): void {
    this.forget();
    if (state === undefined) return;
    if (state.lists !== null) this.take(state.lists, false);
    this.#openCount = state.openCount;
    this.#abortedCount = state.abortedCount;
  }
}
