import type { Random } from "../../io/random.ts";
import { type BackoffOptions, backoffMs } from "../../kafka/client/backoff.ts";

/** A partition of the centre that can't be read now. */
export interface Trouble {
  readonly partition: number;
  readonly reason: string;
  /** Monotonic; since then. */
  readonly sinceMs: number;
}

interface Failing {
  readonly sinceMs: number;
  reason: string;
  failures: number;
  retryMs: number;
}

/**
 * Which central partitions are asked for next, and in which order. One that fails waits alone, longer each time; one that
 * brought records goes behind the others, since an answer is filled from the front until it is full. Pure: it is told the time.
 */
export class Turns {
  readonly #backoff: BackoffOptions;
  readonly #random: Random;
  readonly #failing = new Map<number, Failing>();
  /** By partition, when it last brought records, in a count of such answers. */
  readonly #served = new Map<number, number>();
  #answers = 0;
  /** By partition, the trouble that was told of last. */
  readonly #told = new Map<number, string>();

  constructor(backoff: BackoffOptions, random: Random) {
    this.#backoff = backoff;
    this.#random = random;
  }

  get troubles(): readonly Trouble[] {
    return Array.from(this.#failing, ([partition, { reason, sinceMs }]) => ({ partition, reason, sinceMs }));
  }

  isFailing(partition: number): boolean {
    return this.#failing.has(partition);
  }

  /** Returns whether that is news. */
  failed(partition: number, reason: string, nowMs: number): boolean {
    const failing = this.#failing.get(partition) ?? { sinceMs: nowMs, reason, failures: 0, retryMs: nowMs };
    const isNew = this.#told.get(partition) !== reason;
    this.#told.set(partition, reason);
    failing.reason = reason;
    failing.failures += 1;
    failing.retryMs = nowMs + backoffMs(failing.failures, this.#backoff, this.#random);
    this.#failing.set(partition, failing);
    return isNew;
  }

  worked(partition: number, hasRecords: boolean): void {
    this.#failing.delete(partition);
    this.#told.delete(partition);
    if (!hasRecords) return;
    this.#answers += 1;
    this.#served.set(partition, this.#answers);
  }

  /** It may be well: asked for at once, and if it fails it goes on waiting as long as before. */
  retry(partition: number): void {
    const failing = this.#failing.get(partition);
    if (failing !== undefined) failing.retryMs = Number.NEGATIVE_INFINITY;
  }

  /** All of them are asked for anew. */
  clear(): void {
    this.#failing.clear();
  }

  /** Those of them to ask for now, the one that was served longest ago first. */
  due(partitions: readonly number[], nowMs: number): readonly number[] {
    return partitions
      .filter((partition) => nowMs >= (this.#failing.get(partition)?.retryMs ?? nowMs))
      .sort((a, b) => (this.#served.get(a) ?? 0) - (this.#served.get(b) ?? 0));
  }

  /** How long until one of them is due, where none is now. */
  waitMs(partitions: readonly number[], nowMs: number): number {
    const times = partitions.map((partition) => this.#failing.get(partition)?.retryMs ?? nowMs);
    return Math.max(0, Math.min(...times) - nowMs);
  }
}
