import { NO_TIMESTAMP } from "../../records/batch.ts";

/** Where nobody knows how far ahead of its clock a topic takes records. */
const UNKNOWN_SPAN_MS = 60_000;

interface Known {
  /** The newest timestamp that was taken, as it would have moved on until `takenAtMs`; NaN where none was. */
  takenMs: number;
  takenAtMs: number;
  /** The earliest that was refused for being ahead; NaN where none was. */
  refusedMs: number;
  refusedAtMs: number;
}

/**
 * What central topics let be known of the centre's clock, which alone decides what is too far ahead: a gateway whose own clock is
 * wrong can't reckon it. What was taken once would be taken so much later as time has passed since. Pure; times of day and
 * `nowMs`, the uplink's monotonic time, in milliseconds.
 */
export class CentreClock {
  readonly #byTopic = new Map<string, Known>();

  /** The topic has taken a batch whose newest record has this time. */
  taken(topic: string, timestampMs: number, nowMs: number): void {
    if (timestampMs === NO_TIMESTAMP) return;
    const known = this.#of(topic);
    const before = known.takenMs + (nowMs - known.takenAtMs);
    if (timestampMs <= before) return;
    known.takenMs = timestampMs;
    known.takenAtMs = nowMs;
  }

  /** The topic has refused a record for its time. Nothing is concluded from one that was too old. */
  refused(topic: string, timestampMs: number, nowMs: number): void {
    if (timestampMs === NO_TIMESTAMP) return;
    const known = this.#of(topic);
    const taken = this.acceptableMs(topic, nowMs);
    if (taken !== null && timestampMs < taken) return;
    const before = known.refusedMs + (nowMs - known.refusedAtMs);
    if (timestampMs >= before) return;
    known.refusedMs = timestampMs;
    known.refusedAtMs = nowMs;
  }

  /** A time that the topic would take now; null where nothing says so. */
  acceptableMs(topic: string, nowMs: number): number | null {
    const known = this.#byTopic.get(topic);
    if (known === undefined || Number.isNaN(known.takenMs)) return null;
    return Math.round(known.takenMs + (nowMs - known.takenAtMs));
  }

  /** The last time that the topic may take now, where it takes what is `aheadMs` ahead; Infinity while it refused none. */
  latestMs(topic: string, aheadMs: number, nowMs: number): number {
    const known = this.#byTopic.get(topic);
    if (known === undefined || Number.isNaN(known.refusedMs)) return Number.POSITIVE_INFINITY;
    const spanMs = Number.isFinite(aheadMs) ? aheadMs : UNKNOWN_SPAN_MS;
    const refusedMs = known.refusedMs + (nowMs - known.refusedAtMs);
    const acceptableMs = this.acceptableMs(topic, nowMs);
    return acceptableMs === null ? refusedMs - spanMs : Math.min(acceptableMs + spanMs, refusedMs - 1);
  }

  #of(topic: string): Known {
    let known = this.#byTopic.get(topic);
    if (known === undefined) {
      known = { takenMs: Number.NaN, takenAtMs: 0, refusedMs: Number.NaN, refusedAtMs: 0 };
      this.#byTopic.set(topic, known);
    }
    return known;
  }
}
