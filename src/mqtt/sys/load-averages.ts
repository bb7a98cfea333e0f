/** Minutes that an average looks back over. */
export const LOAD_MINUTES = [1, 5, 15] as const;

const MINUTE_MS = 60_000;

/**
 * How often something happens, in times a minute, as averages that forget exponentially: over one, five and fifteen
 * minutes, like the load of a Unix machine.
 */
export class LoadAverage {
  /** In the order of LOAD_MINUTES. */
  readonly perMinute: [number, number, number] = [0, 0, 0];
  #total = 0;

  /** Takes the count since the start, `elapsedMs` after it was last told. */
  tell(total: number, elapsedMs: number): void {
    const added = total - this.#total;
    this.#total = total;
    if (elapsedMs <= 0) return;
    const rate = (added * MINUTE_MS) / elapsedMs;
    LOAD_MINUTES.forEach((minutes, index) => {
      const kept = Math.exp(-elapsedMs / (minutes * MINUTE_MS));
      this.perMinute[index] = rate + kept * ((this.perMinute[index] ?? 0) - rate);
    });
  }
}
