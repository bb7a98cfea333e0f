import type { SeededRandom } from "../../src/io/simulated/random.ts";
import type { CentreCall } from "../../src/upstream/centre.ts";
import type { WireMeter } from "../../src/upstream/link/wire-meter.ts";

export interface SlowLinkOptions {
  readonly bytesPerSecond: number;
  readonly roundTripMs: number;
  /** Chance that a request stalls for a second. */
  readonly stalls: number;
}

/** What a request and its answer take beside the batch: headers, names, positions. */
const REQUEST_BYTES = 180;
const ANSWER_BYTES = 90;
const STALL_MS = 1_000;

/**
 * A link that carries one request after the other, at its own speed and no faster than the meter lets it. Counts
 * what passed, whatever the meter says.
 */
export class SlowLink {
  totalBytes = 0;
  /** The same by hour of the run. */
  readonly bytesByHour: number[] = [];
  readonly #options: SlowLinkOptions;
  readonly #random: SeededRandom;
  #freeAtMs = 0;

  constructor(options: SlowLinkOptions, random: SeededRandom) {
    this.#options = options;
    this.#random = random;
  }

  /** How long a call is on its way there and back. `countHeaders` false is a meter that overlooks all but batches. */
  latencyMs(call: CentreCall, meter: WireMeter, nowMs: number, countHeaders: boolean): number {
    const batchBytes = call.kind === "produce" ? call.ask.batch.length : 0;
    const bytes = batchBytes + REQUEST_BYTES + ANSWER_BYTES;
    const rate = Math.min(this.#options.bytesPerSecond, meter.bytesPerSecond);
    const metered = countHeaders ? bytes : batchBytes;
    meter.sent(metered - (countHeaders ? ANSWER_BYTES : 0), nowMs);
    if (countHeaders) meter.received(ANSWER_BYTES, nowMs);
    const stallMs = this.#random.chance(this.#options.stalls) ? STALL_MS : 0;
    const leavesMs = Math.max(nowMs, this.#freeAtMs) + stallMs;
    this.#freeAtMs = leavesMs + (metered * 1000) / rate;
    this.totalBytes += bytes;
    const hour = Math.floor(this.#freeAtMs / 3_600_000);
    this.bytesByHour[hour] = (this.bytesByHour[hour] ?? 0) + bytes;
    return this.#freeAtMs - nowMs + this.#options.roundTripMs;
  }

  /** The connection is gone, and what waited for it. */
  reset(nowMs: number): void {
    this.#freeAtMs = nowMs;
  }
}
