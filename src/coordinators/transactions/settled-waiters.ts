import type { Deadlines } from "../runtime/deadlines.ts";

/** Requests that wait for the end of transactions, all together. */
export const MAX_SETTLED_WAITERS = 10_000;

/** Requests that would be too early by a moment: the transaction before theirs is not complete yet. */
export class SettledWaiters {
  readonly #byId = new Map<string, Set<() => void>>();
  readonly #deadlines: Deadlines;
  #count = 0;
  #sequence = 0;

  constructor(deadlines: Deadlines) {
    this.#deadlines = deadlines;
  }

  /**
   * Runs `then` once, when the id's transaction is complete or `maxWaitMs` have passed. Returns false where too
   * many wait already, and nothing will be run.
   */
  wait(transactionalId: string, maxWaitMs: number, then: () => void): boolean {
    if (this.#count >= MAX_SETTLED_WAITERS || maxWaitMs <= 0) return false;
    const key = `settled ${this.#sequence}`;
    this.#sequence += 1;
    this.#count += 1;
    const waiting = this.#byId.get(transactionalId) ?? new Set();
    const wake = (): void => {
      if (!waiting.delete(wake)) return;
      if (waiting.size === 0 && this.#byId.get(transactionalId) === waiting)
        this.#byId.delete(transactionalId);
      this.#count -= 1;
      this.#deadlines.delete(key);
      then();
    };
    waiting.add(wake);
    this.#byId.set(transactionalId, waiting);
    this.#deadlines.set(key, maxWaitMs, wake);
    return true;
  }

  /** The id's transaction is complete. */
  settled(transactionalId: string): void {
    const waiting = this.#byId.get(transactionalId);
    if (waiting === undefined) return;
    for (const wake of [...waiting]) wake();
  }
}
