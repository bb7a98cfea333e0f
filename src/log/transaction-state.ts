/** Ends a producer's transaction in a partition. */
export interface Marker {
  readonly producerId: number;
  /** With transaction version 2 the producer's next epoch, else the one that it wrote with. */
  readonly producerEpoch: number;
  readonly coordinatorEpoch: number;
  readonly outcome: "commit" | "abort";
  /** From 2 on a marker has to raise the producer's epoch (KIP-890). Default 0: it may keep it. */
  readonly transactionVersion?: number;
}

/** A transaction whose marker is not in the log. */
export interface OpenTransaction {
  readonly producerId: number;
  /** Of its first record in this partition. */
  readonly firstOffset: number;
}

/** A transaction that a marker has ended. */
export interface EndedTransaction extends OpenTransaction {
  /** The marker's. */
  readonly lastOffset: number;
  /** Where the first transaction that was still open then begins, or the offset after the marker. */
  readonly lastStableOffset: number;
  readonly outcome: "commit" | "abort";
}

/** What a reader of committed records has to leave out, as Kafka's transaction index has it. */
export type AbortedTransaction = Omit<EndedTransaction, "outcome">;

/**
 * The transactions of one log that readers of committed records have to wait for: those that no marker has ended,
 * and those whose marker a power cut could still take.
 */
export class OpenTransactions {
  /** By first offset, in the order of the log. */
  readonly #open = new Map<number, number>();
  /** Ended by a marker that was not below the high watermark when somebody looked last, in its order. */
  #ended: { readonly firstOffset: number; readonly lastOffset: number }[] = [];

  get count(): number {
    return this.#open.size;
  }

  begin(producerId: number, firstOffset: number): void {
    this.#open.set(firstOffset, producerId);
  }

  end(firstOffset: number, lastOffset: number): void {
    this.#open.delete(firstOffset);
    this.#ended.push({ firstOffset, lastOffset });
  }

  /** Where the first transaction that is open begins; null where none is. */
  firstOpen(): number | null {
    for (const firstOffset of this.#open.keys()) return firstOffset;
    return null;
  }

  /** Where the first transaction begins whose outcome readers below the high watermark can't know; null for none. */
  firstUnstable(highWatermark: number): number | null {
    const first = this.#ended[0];
    if (first !== undefined && first.lastOffset < highWatermark) {
      this.#ended = this.#ended.filter((ended) => ended.lastOffset >= highWatermark);
    }
    let unstable = this.firstOpen();
    for (const { firstOffset } of this.#ended) {
      if (unstable === null || firstOffset < unstable) unstable = firstOffset;
    }
    return unstable;
  }

  all(): OpenTransaction[] {
    return [...this.#open].map(([firstOffset, producerId]) => ({ producerId, firstOffset }));
  }

  restore(open: readonly OpenTransaction[]): void {
    this.#open.clear();
    this.#ended = [];
    const inOrder = [...open].sort((a, b) => a.firstOffset - b.firstOffset);
    for (const { producerId, firstOffset } of inOrder) this.begin(producerId, firstOffset);
  }
}
