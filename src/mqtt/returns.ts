import type { Clock } from "../io/clock.ts";
import type { Session } from "./sessions/session.ts";

/** How long sessions that come back may keep the event loop with what has waited for them, and how long it rests then. */
const SLICE_MS = 2;
const REST_MS = 1;

/**
 * Sends sessions that come back what has waited for them. After a power cut a whole site comes back at once, each with a
 * queue: the loop goes on with everybody else in between.
 */
export class Returns {
  readonly #clock: Clock;
  readonly #send: (session: Session) => void;
  readonly #waiting = new Set<Session>();
  #resting = false;
  #startedMs = 0;
  #spentMs = 0;

  constructor(clock: Clock, send: (session: Session) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  /** Sends at once, or, where others have kept the loop for long enough, after those that wait already. */
  add(session: Session): void {
    this.#waiting.add(session);
    if (!this.#resting) this.#goOn();
  }

  #goOn(): void {
    let nowMs = this.#clock.monotonicMs();
    // What was spent is forgotten with time.
    if (nowMs - this.#startedMs > SLICE_MS + REST_MS) this.#spentMs = 0;
    if (this.#spentMs === 0) this.#startedMs = nowMs;
    for (const session of this.#waiting) {
      this.#waiting.delete(session);
      this.#send(session);
      const beforeMs = nowMs;
      nowMs = this.#clock.monotonicMs();
      this.#spentMs += nowMs - beforeMs;
      if (this.#spentMs < SLICE_MS) continue;
      this.#rest();
      return;
    }
  }

  #rest(): void {
    this.#resting = true;
    this.#clock.after(REST_MS, () => {
      this.#resting = false;
      this.#spentMs = 0;
      this.#goOn();
    });
  }
}
