import type { MemoryBound, MemoryReading } from "../io/memory.ts";

const MIB = 1024 * 1024;
const PERCENT = 100;

export type MemoryLevel = "normal" | "tight" | "critical";

/** On a large machine a small share is plenty. */
const MAX_LOW_BYTES = 128 * MIB;
/** What is critical of what is low. */
const CRITICAL_SHARE = 1 / 3;
/** Of ten seconds, for which somebody has to wait for memory, and everybody. */
const TIGHT_STALL_SHARE = 0.1;
const CRITICAL_STALL_SHARE = 0.25;
/** Above this share of what takes a level up, it is not over. */
const OVER_BELOW = 0.8;
/** For so long nothing may speak for a level, before it is left for the one below. */
const CALM_MS = 60_000;

/**
 * How short memory is. It rises at once, since the kernel waits for nobody, and falls a step at a time, each after a
 * minute in which it was clearly better: what made it better is mostly what was given back.
 */
export class MemoryLevels {
  readonly #lowPercent: number;
  #level: MemoryLevel = "normal";
  /** Since when nothing has spoken for the level. */
  #calmSinceMs: number | null = null;

  constructor(lowPercent: number) {
    this.#lowPercent = lowPercent;
  }

  get level(): MemoryLevel {
    return this.#level;
  }

  /** Takes a reading of this moment of the monotonic clock; gives the level from now on. */
  judge(reading: MemoryReading, monotonicMs: number): MemoryLevel {
    const tight = this.#wantOf(reading, 1, reading.stalled?.someShare ?? 0, TIGHT_STALL_SHARE);
    const critical = this.#wantOf(
      reading,
      CRITICAL_SHARE,
      reading.stalled?.fullShare ?? 0,
      CRITICAL_STALL_SHARE,
    );
    if (critical >= 1) return this.#enter("critical");
    if (this.#level === "critical") {
      if (this.#isCalm(critical, monotonicMs)) this.#enter("tight");
    } else if (tight >= 1) this.#enter("tight");
    else if (this.#level === "tight" && this.#isCalm(tight, monotonicMs)) this.#enter("normal");
    return this.#level;
  }

  /** The bound that is nearest to being low; null where there is none. */
  nearest({ bounds }: MemoryReading): MemoryBound | null {
    const [first] = bounds.toSorted((a, b) => this.#scarcity(b) - this.#scarcity(a));
    return first ?? null;
  }

  /** How much speaks for a level: from 1 on it is reached. */
  #wantOf(reading: MemoryReading, share: number, stalledShare: number, limit: number): number {
    const nearest = this.nearest(reading);
    const scarcity = nearest === null ? 0 : this.#scarcity(nearest) * share;
    return Math.max(scarcity, stalledShare / limit);
  }

  #scarcity({ limitBytes, availableBytes }: MemoryBound): number {
    const lowBytes = Math.min((limitBytes * this.#lowPercent) / PERCENT, MAX_LOW_BYTES);
    return lowBytes / Math.max(availableBytes, 1);
  }

  #isCalm(want: number, monotonicMs: number): boolean {
    if (want >= OVER_BELOW) {
      this.#calmSinceMs = null;
      return false;
    }
    this.#calmSinceMs ??= monotonicMs;
    return monotonicMs - this.#calmSinceMs >= CALM_MS;
  }

  #enter(level: MemoryLevel): MemoryLevel {
    this.#level = level;
    this.#calmSinceMs = null;
    return level;
  }
}
