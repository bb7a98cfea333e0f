/** Time, as rooms see it. The real one is in io/bun; tests and the simulator own theirs. */
export interface Clock {
  /** Wall time in milliseconds since 1970-01-01 UTC. It may jump: never measure a duration with it. */
  nowMs(): number;
  /** Milliseconds that only ever grow, from an arbitrary start; may be fractional. */
  monotonicMs(): number;
  /** Calls back once, `delayMs` or more from now. */
  after(delayMs: number, callback: () => void): Timer;
  /** Calls back once, when this turn of the event loop (all input at hand included) is over. */
  soon(callback: () => void): void;
}

export interface Timer {
  /** Does nothing where the timer has fired or was cancelled. */
  cancel(): void;
}
