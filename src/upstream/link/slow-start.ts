import type { Random } from "../../io/random.ts";

/** The centre has to be away for this long. */
const OUTAGE_MS = 10_000;
const FIRST_BYTES_PER_SECOND = 32 * 1024;
/** How often the rate doubles on the way. */
const DOUBLINGS = 10;
/** Shortest and longest way of a fleet's gateways, as shares of what is set. */
const SHORTEST_SHARE = 0.5;
const LONGEST_SHARE = 1.5;

/**
 * After an outage every gateway of a fleet has a backlog, and all of them come at once. Each begins slowly, and doubles its
 * rate at a pace of its own.
 */
export class SlowStart {
  readonly #lengthMs: number;
  readonly #random: Random;
  /** Since when the centre is away, null while it is there or was never asked. */
  #awaySinceMs: number | null = null;
  #startedMs = 0;
  #endsMs = 0;

  /** 0 for none. */
  constructor(lengthMs: number, random: Random) {
    this.#lengthMs = lengthMs;
    this.#random = random;
  }

  /** An attempt failed. */
  lost(nowMs: number): void {
    this.#awaySinceMs ??= nowMs;
  }

  /** The centre answers. */
  reached(nowMs: number): void {
    const awayMs = this.#awaySinceMs === null ? 0 : nowMs - this.#awaySinceMs;
    this.#awaySinceMs = null;
    if (awayMs < OUTAGE_MS || this.#lengthMs === 0) return;
    const share = SHORTEST_SHARE + (LONGEST_SHARE - SHORTEST_SHARE) * this.#random.fraction();
    this.#startedMs = nowMs;
    this.#endsMs = nowMs + this.#lengthMs * share;
  }

  /** Bytes a second that may pass now; Infinity when it is over. */
  bytesPerSecond(nowMs: number): number {
    if (nowMs >= this.#endsMs) return Number.POSITIVE_INFINITY;
    const way = (nowMs - this.#startedMs) / (this.#endsMs - this.#startedMs);
    return FIRST_BYTES_PER_SECOND * 2 ** (DOUBLINGS * way);
  }
}
