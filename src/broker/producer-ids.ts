import type { AckCallback } from "./waiting.ts";

/** Ids taken from the metadata log at a time, as in Kafka's `ProducerIdsBlock`. */
const BLOCK_SIZE = 1000;

/**
 * Hands out producer ids, each once in the life of the data folder: a block is written down as taken before
 * any of it is used.
 */
export class ProducerIds {
  readonly #reserve: (nextProducerId: number, durable: AckCallback) => number;
  readonly #waiting: ((error: number, producerId: number) => void)[] = [];
  #next: number;
  #blockEnd: number;
  #reserving = false;

  /** `reserve` writes down that ids below its first argument are taken; it returns a Kafka error, or 0. */
  constructor(firstFreeId: number, reserve: (nextProducerId: number, durable: AckCallback) => number) {
    this.#next = firstFreeId;
    this.#blockEnd = firstFreeId;
    this.#reserve = reserve;
  }

  next(done: (error: number, producerId: number) => void): void {
    if (this.#waiting.length === 0 && this.#next < this.#blockEnd) {
      done(0, this.#next++);
      return;
    }
    this.#waiting.push(done);
    if (!this.#reserving) this.#takeBlock();
  }

  #takeBlock(): void {
    this.#reserving = true;
    const blockEnd = this.#blockEnd + BLOCK_SIZE;
    const error = this.#reserve(blockEnd, (failed) => this.#taken(failed, blockEnd));
    if (error !== 0) this.#taken(error, blockEnd);
  }

  #taken(error: number, blockEnd: number): void {
    this.#reserving = false;
    if (error === 0) {
      this.#next = this.#blockEnd;
      this.#blockEnd = blockEnd;
    }
    while (this.#waiting.length > 0) {
      if (error === 0 && this.#next === this.#blockEnd) {
        this.#takeBlock();
        return;
      }
      this.#waiting.shift()?.(error, error === 0 ? this.#next++ : -1);
    }
  }
}
