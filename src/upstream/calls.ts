import type { CallKind, CallOf, CentreCall, CentreCalls, CentreOutcome, Outcome } from "./centre.ts";

/**
 * Requests that wait for their outcome. Those of a failed attempt are forgotten together: an outcome that comes
 * later finds nobody.
 */
export class Calls {
  #nextId = 1;
  #asked: CentreCall[] = [];
  readonly #waiting = new Map<number, (outcome: CentreOutcome) => void>();

  get pending(): number {
    return this.#waiting.size;
  }

  /** Adds a request to those that `take` returns; `then` runs with its outcome. */
  ask<Kind extends CallKind>(
    kind: Kind,
    ask: CentreCalls[Kind]["ask"],
    then: (outcome: Outcome<CentreCalls[Kind]["answer"]>) => void,
  ): void {
    const id = this.#nextId++;
    const call: CallOf<Kind> = { id, kind, ask };
    // The driver answers a call with the answer of its kind: that is the one thing the compiler can't follow.
    this.#asked.push(call as unknown as CentreCall);
    this.#waiting.set(id, then as (outcome: CentreOutcome) => void);
  }

  /** The requests since the last call. */
  take(): readonly CentreCall[] {
    const asked = this.#asked;
    if (asked.length > 0) this.#asked = [];
    return asked;
  }

  settle(id: number, outcome: CentreOutcome): void {
    const then = this.#waiting.get(id);
    this.#waiting.delete(id);
    then?.(outcome);
  }

  forgetAll(): void {
    this.#asked = [];
    this.#waiting.clear();
  }
}
