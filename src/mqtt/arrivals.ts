import type { Clock } from "../io/clock.ts";
import { Fifo } from "./sessions/fifo.ts";

/**
 * So many CONNECTs are read in a turn of the event loop: some 3 ms of work. When a site's power comes back thousands arrive
 * at once, and each costs more than a PUBLISH of those who are connected, who wait for the end of the turn.
 */
export const ARRIVALS_A_TURN = 64;

/** One who has not connected yet. */
export interface Arrival {
  /** Its turn has come. */
  goOn(): void;
}

/** Lets clients in, some a turn, in the order in which they came. Each waits at most once at a time. */
export class Arrivals {
  readonly #clock: Clock;
  readonly #waiting = new Fifo<Arrival>();
  /** Let in during this turn. */
  #count = 0;
  #isDue = false;
  #lettingIn = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether a client may go on at once; else `goOn` tells it when. */
  admits(arrival: Arrival): boolean {
    if (this.#lettingIn) return true;
    this.#endTurnLater();
    if (this.#waiting.length === 0 && this.#count < ARRIVALS_A_TURN) {
      this.#count++;
      return true;
    }
    this.#waiting.push(arrival);
    return false;
  }

  #endTurnLater(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#clock.soon(() => {
      this.#isDue = false;
      this.#letIn();
    });
  }

  #letIn(): void {
    this.#lettingIn = true;
    for (this.#count = 0; this.#count < ARRIVALS_A_TURN; this.#count++) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      next.goOn();
    }
    this.#lettingIn = false;
    if (this.#count > 0) this.#endTurnLater();
  }
}
