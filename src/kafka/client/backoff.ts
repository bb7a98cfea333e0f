import type { Clock } from "../../io/clock.ts";
import type { Random } from "../../io/random.ts";

export interface BackoffOptions {
  /** Upper bound of the first wait. */
  readonly baseMs: number;
  /** Upper bound of all waits. */
  readonly maxMs: number;
}

export const DEFAULT_BACKOFF: BackoffOptions = { baseMs: 100, maxMs: 5_000 };

/**
 * How long to wait after failure number `failures` (1 is the first): anywhere up to a bound that doubles, so that
 * many clients who lost the same broker don't come back together. A tenth of the bound is the least, so that a
 * row of small draws does not hammer it.
 */
export function backoffMs(failures: number, options: BackoffOptions, random: Random): number {
  const bound = Math.min(options.maxMs, options.baseMs * 2 ** Math.min(failures - 1, 30));
  return bound * (0.1 + 0.9 * random.fraction());
}

/** Resolves after `durationMs`. */
export function sleep(clock: Clock, durationMs: number): Promise<void> {
  return new Promise((done) => {
    clock.after(durationMs, done);
  });
}
