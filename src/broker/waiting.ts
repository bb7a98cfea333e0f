/**
 * What waits for the disk or for new records. Acks wait until the high watermark has passed their records;
 * long polls wait until there is enough to read.
 */

/** Called once: with 0 when the records are durable, else with the Kafka error that ended the wait. */
export type AckCallback = (error: number) => void;

/**
 * Acks of one partition in the order of their appends. A retry of an old batch has an older end offset and is
 * released with those before it: late, never early.
 */
export class AckQueue {
  #endOffsets: number[] = [];
  #callbacks: AckCallback[] = [];
  #head = 0;

  get size(): number {
    return this.#callbacks.length - this.#head;
  }

  add(endOffset: number, callback: AckCallback): void {
    this.#endOffsets.push(endOffset);
    this.#callbacks.push(callback);
  }

  /** Releases every ack at the head whose records end at or before `durableEndOffset`. */
  release(durableEndOffset: number): void {
    while (this.#head < this.#callbacks.length) {
      const endOffset = this.#endOffsets[this.#head];
      if (endOffset === undefined || endOffset > durableEndOffset) break;
      this.#shift()?.(0);
    }
    this.#compact();
  }

  /** Ends every wait with `error`: the log failed or was deleted. */
  fail(error: number): void {
    while (this.#head < this.#callbacks.length) this.#shift()?.(error);
    this.#compact();
  }

  #shift(): AckCallback | undefined {
    const callback = this.#callbacks[this.#head];
    this.#head += 1;
    return callback;
  }

  #compact(): void {
    if (this.#head < this.#callbacks.length && this.#head < 1024) return;
    this.#callbacks.splice(0, this.#head);
    this.#endOffsets.splice(0, this.#head);
    this.#head = 0;
  }
}

/** A long poll: told that one of its partitions has more to read, or is gone. */
export interface ReadWaiter {
  wake(): void;
}
