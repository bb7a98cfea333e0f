/** Intervals are between the starts of bursts, so that who sends ten records a minute at once is expected every minute. */
const BURST_MS = 1_000;
/** From so many intervals on it is known whether they are regular. */
const MIN_INTERVALS = 4;
/** Weight of the newest interval. */
const SHARE = 1 / 8;
/** Nobody is silent for less: the checks, and the clocks of devices, are no finer. */
const MIN_SILENCE_MS = 10_000;
/** Rates are of about the last minute. */
const WINDOW_MS = 60_000;

/** When a device counts as silent. */
export interface SilenceRule {
  /** Of a regular device's intervals; 0 for no such rule. */
  readonly factor: number;
  /** Of any device, in milliseconds; -1 for no such rule. */
  readonly afterMs: number;
}

/** What a device lost. */
export interface DeviceGaps {
  records: number;
  /** When the newest was noted, milliseconds since 1970, and why it came about. */
  lastAtMs: number;
  reason: string;
}

/** What is kept of a device over restarts. Times are milliseconds since 1970. */
export interface DeviceFacts {
  /** The records' key, a character for each byte. */
  readonly key: string;
  readonly topic: string;
  partition: number;
  lastOffset: number;
  firstSeenMs: number;
  lastSeenMs: number;
  records: number;
  /** Of keys and values. */
  bytes: number;
  /** Whether `records` and `bytes` are all that there were; else there were so many at least. */
  exact: boolean;
  /** The beginning of the last value; null for a tombstone. */
  value: Uint8Array | null;
  valueSizeBytes: number;
  /** Mean length of an interval and how far they are from it, and how many were seen. */
  intervalMs: number;
  deviationMs: number;
  intervals: number;
  silent: boolean;
  gaps: DeviceGaps | null;
  /** The MQTT client that sent for it last, and from where. */
  clientId: string | null;
  address: string | null;
}

/**
 * A device of one topic. Silence and intervals are measured by monotonic time, and only while the gateway runs. All that
 * a record changes is in one object, one after the other: with thousands of devices, memory is what a record costs.
 */
export class Device implements DeviceFacts {
  readonly key: string;
  readonly topic: string;
  /** The part of the table that it is written down with. */
  readonly bucket: number;
  partition: number;
  lastOffset: number;
  lastSeenMs: number;
  records: number;
  bytes: number;
  valueSizeBytes: number;
  value: Uint8Array | null;
  /** Rises with every record of any device: who has the smallest has been silent for longest. */
  turn = 0;
  #seenAtMs: number;
  #windowAtMs: number;
  #windowCount = 0;
  /** Start of the last burst; -1 before the first of this run. */
  #burstAtMs = -1;
  silent: boolean;
  #countBefore = 0;
  intervalMs: number;
  deviationMs: number;
  intervals: number;
  exact: boolean;
  firstSeenMs: number;
  gaps: DeviceGaps | null;
  clientId: string | null;
  address: string | null;

  constructor(facts: DeviceFacts, bucket: number, monotonicMs: number) {
    this.key = facts.key;
    this.topic = facts.topic;
    this.bucket = bucket;
    this.partition = facts.partition;
    this.lastOffset = facts.lastOffset;
    this.lastSeenMs = facts.lastSeenMs;
    this.records = facts.records;
    this.bytes = facts.bytes;
    this.valueSizeBytes = facts.valueSizeBytes;
    this.value = facts.value;
    this.#seenAtMs = monotonicMs;
    this.#windowAtMs = monotonicMs;
    this.silent = facts.silent;
    this.intervalMs = facts.intervalMs;
    this.deviationMs = facts.deviationMs;
    this.intervals = facts.intervals;
    this.exact = facts.exact;
    this.firstSeenMs = facts.firstSeenMs;
    this.gaps = facts.gaps;
    this.clientId = facts.clientId;
    this.address = facts.address;
  }

  get facts(): DeviceFacts {
    return this;
  }

  /** What is kept over restarts, and nothing else. */
  kept(): DeviceFacts {
    const { key, topic, partition, lastOffset, firstSeenMs, lastSeenMs, records, bytes, exact, value } = this;
    const { valueSizeBytes, intervalMs, deviationMs, intervals, silent, gaps, clientId, address } = this;
    return {
      ...{ key, topic, partition, lastOffset, firstSeenMs, lastSeenMs, records, bytes, exact, value },
      ...{ valueSizeBytes, intervalMs, deviationMs, intervals, silent, gaps, clientId, address },
    };
  }

  /** Whether the topic and the key, as it stands in the bytes, are this device's. */
  isOf(topic: string, bytes: Uint8Array, keyStart: number, keyEnd: number): boolean {
    const { key } = this;
    if (key.length !== keyEnd - keyStart || this.topic !== topic) return false;
    // Names of devices differ in their ends.
    for (let at = key.length - 1; at >= 0; at--) {
      if (key.charCodeAt(at) !== bytes[keyStart + at]) return false;
    }
    return true;
  }

  /** So many records came at this moment. */
  arrived(monotonicMs: number, count: number): void {
    this.#seenAtMs = monotonicMs;
    this.silent = false;
    this.#turnWindow(monotonicMs);
    this.#windowCount += count;
    const sinceMs = monotonicMs - this.#burstAtMs;
    if (this.#burstAtMs >= 0 && sinceMs < BURST_MS) return;
    if (this.#burstAtMs >= 0) this.#learn(sinceMs);
    this.#burstAtMs = monotonicMs;
  }

  /** Records a second, of the last minute or so. */
  rate(monotonicMs: number): number {
    this.#turnWindow(monotonicMs);
    const share = (monotonicMs - this.#windowAtMs) / WINDOW_MS;
    return (this.#countBefore * (1 - share) + this.#windowCount) / (WINDOW_MS / 1000);
  }

  /** Mean interval of a device that is regular; null of others. */
  get regularMs(): number | null {
    const { intervalMs, deviationMs, intervals } = this;
    return intervals >= MIN_INTERVALS && deviationMs <= intervalMs / 2 ? intervalMs : null;
  }

  /** Whether it has just become silent. */
  falls(monotonicMs: number, { factor, afterMs }: SilenceRule): boolean {
    if (this.silent) return false;
    const silentMs = monotonicMs - this.#seenAtMs;
    const { regularMs } = this;
    const isLate =
      factor > 0 && regularMs !== null && silentMs > Math.max(MIN_SILENCE_MS, regularMs * factor);
    this.silent = isLate || (afterMs >= 0 && silentMs > afterMs);
    return this.silent;
  }

  #learn(sinceMs: number): void {
    if (this.intervals === 0) this.intervalMs = sinceMs;
    const off = Math.abs(sinceMs - this.intervalMs);
    this.deviationMs += (off - this.deviationMs) * SHARE;
    this.intervalMs += (sinceMs - this.intervalMs) * SHARE;
    this.intervals += 1;
  }

  #turnWindow(monotonicMs: number): void {
    const passed = monotonicMs - this.#windowAtMs;
    if (passed < WINDOW_MS) return;
    this.#countBefore = passed < 2 * WINDOW_MS ? this.#windowCount : 0;
    this.#windowCount = 0;
    this.#windowAtMs += Math.floor(passed / WINDOW_MS) * WINDOW_MS;
  }
}
