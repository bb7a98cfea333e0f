import type { PendingBatch } from "../broker/ingest.ts";

/** Nothing to wait for: what stands for the batch of a message that is in a log already. */
export const IN_THE_LOG: PendingBatch = { state: "durable", error: 0, sizeBytes: 0 };

/** Two batches that must both become durable: refused when one is, durable when both are. */
class JoinedBatch implements PendingBatch {
  readonly first: PendingBatch;
  readonly second: PendingBatch;

  constructor(first: PendingBatch, second: PendingBatch) {
    this.first = first;
    this.second = second;
  }

  get state(): "waiting" | "durable" | "refused" {
    const { first, second } = this;
    if (first.state === "refused" || second.state === "refused") return "refused";
    return first.state === "durable" && second.state === "durable" ? "durable" : "waiting";
  }

  get error(): number {
    return this.first.error === 0 ? this.second.error : this.first.error;
  }

  get why(): string | undefined {
    return this.first.error === 0 ? this.second.why : this.first.why;
  }

  get sizeBytes(): number {
    return this.first.sizeBytes + this.second.sizeBytes;
  }
}

/**
 * Joins batches. Messages of one turn mostly share both of theirs, and get one joined batch then, so that who waits
 * for them counts one run of messages and not each of them.
 */
export class BatchJoiner {
  #last: JoinedBatch | null = null;

  join(first: PendingBatch, second: PendingBatch): PendingBatch {
    if (second === IN_THE_LOG || first === second) return first;
    if (first === IN_THE_LOG) return second;
    const last = this.#last;
    if (last !== null && last.first === first && last.second === second) return last;
    const joined = new JoinedBatch(first, second);
    this.#last = joined;
    return joined;
  }
}
