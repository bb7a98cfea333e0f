/** A producer whose transaction somebody is being asked about. */
interface Verification {
  readonly guard: number;
  readonly startedMs: number;
  /** Whether partitions are added by writing to them, which begins each transaction with sequence 0. */
  readonly implicit: boolean;
  producerEpoch: number;
  lowestSequence: number;
}

/**
 * Producers whose first records of a transaction wait until the coordinator has said that the partition belongs
 * to it (KIP-890). A guard is good for the transaction that it was given out for: once that has begun here, or a
 * marker has ended it, an answer that comes late lets nothing in.
 */
export class Verifications {
  readonly #byProducer = new Map<number, Verification>();
  readonly #maxProducers: number;
  #lastGuard = 0;

  constructor(maxProducers: number) {
    this.#maxProducers = maxProducers;
  }

  /** The guard under which the batch may go in once the coordinator agrees: 1 or more. */
  start(
    producerId: number,
    producerEpoch: number,
    sequence: number,
    implicit: boolean,
    nowMs: number,
  ): number {
    const known = this.#byProducer.get(producerId);
    if (known !== undefined) {
      if (producerEpoch === known.producerEpoch)
        known.lowestSequence = Math.min(known.lowestSequence, sequence);
      if (producerEpoch > known.producerEpoch) {
        known.producerEpoch = producerEpoch;
        known.lowestSequence = sequence;
      }
      return known.guard;
    }
    this.#lastGuard += 1;
    const started = { implicit, producerEpoch, lowestSequence: sequence, startedMs: nowMs };
    this.#byProducer.set(producerId, { ...started, guard: this.#lastGuard });
    if (this.#byProducer.size > this.#maxProducers) this.#forgetOldest();
    return this.#lastGuard;
  }

  get(producerId: number): Readonly<Verification> | null {
    return this.#byProducer.get(producerId) ?? null;
  }

  end(producerId: number): void {
    this.#byProducer.delete(producerId);
  }

  /** Forgets those that nobody answered for `expirationMs` or longer. */
  expire(nowMs: number, expirationMs: number): void {
    for (const [producerId, { startedMs }] of this.#byProducer) {
      if (nowMs - startedMs < expirationMs) return;
      this.#byProducer.delete(producerId);
    }
  }

  #forgetOldest(): void {
    for (const producerId of this.#byProducer.keys()) {
      this.#byProducer.delete(producerId);
      return;
    }
  }
}
