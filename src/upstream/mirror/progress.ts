import type { Clock } from "../../io/clock.ts";
import type { MirrorFlow } from "./settings.ts";
import type { Trouble } from "./turns.ts";

/** How a mirror gets on, for whoever asks. */
export class MirrorProgress {
  /** Records, since the start of the process. */
  mirrored = 0;
  filtered = 0;
  readonly #clock: Clock;
  readonly #knownNowMs: () => number | null;
  #movedMs: number;
  #completeMs: number | null = null;
  #newestMs = -1;

  constructor(clock: Clock, knownNowMs: () => number | null) {
    this.#clock = clock;
    this.#knownNowMs = knownNowMs;
    this.#movedMs = clock.monotonicMs();
  }

  /** It came to the end, or further; or nothing is meant to. */
  moved(): void {
    this.#movedMs = this.#clock.monotonicMs();
  }

  /** All that the centre has is here. */
  complete(): void {
    this.moved();
    this.#completeMs = this.#movedMs;
  }

  /** The newest of records that were looked at; what is stamped ahead of the time counts as of when it came. */
  looked(newestMs: number): void {
    this.#newestMs = Math.max(this.#newestMs, Math.min(newestMs, this.#knownNowMs() ?? newestMs));
  }

  flow(troubles: readonly Trouble[]): MirrorFlow {
    const nowMs = this.#clock.monotonicMs();
    const wallMs = this.#knownNowMs();
    const isFresh = wallMs !== null && this.#newestMs >= 0 && this.#newestMs <= wallMs;
    return {
      quietForMs: nowMs - this.#movedMs,
      completeAgoMs: this.#completeMs === null ? null : nowMs - this.#completeMs,
      freshnessMs: isFresh ? wallMs - this.#newestMs : null,
      troubles: troubles.map(({ partition, reason, sinceMs }) => ({
        ...{ partition, reason, forMs: nowMs - sinceMs },
      })),
    };
  }
}
