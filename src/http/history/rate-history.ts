import type { Broker } from "../../broker/broker.ts";
import type { Partition } from "../../broker/partition.ts";
import type { Clock, Timer } from "../../io/clock.ts";

/** How often it is looked, and how many looks are kept: the last hour. */
export const SAMPLE_MS = 10_000;
export const MAX_SAMPLES = 360;

/** What has gone through the doors since the start of the process, and where uplinks stand. */
export interface Traffic {
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly uplinks: readonly UplinkTraffic[];
}

export interface UplinkTraffic {
  readonly name: string;
  readonly lagRecords: number | null;
  readonly lagBytes: number | null;
  /** Over its sockets since the start. */
  readonly sentBytes: number;
}

/** Rates of the time since the sample before. */
export interface RateSample {
  /** Wall time of its end. */
  readonly atMs: number;
  readonly recordsInPerSecond: number;
  readonly bytesInPerSecond: number;
  readonly bytesOutPerSecond: number;
}

export interface UplinkSample {
  readonly atMs: number;
  readonly backlogRecords: number | null;
  readonly backlogBytes: number | null;
  readonly sentBytesPerSecond: number;
}

interface Counted {
  stored: number;
  perSecond: number | null;
}

/** Looks at the counters every ten seconds and remembers the rates of an hour. In memory alone: a start begins anew. */
export class RateHistory {
  readonly #broker: Broker;
  readonly #clock: Clock;
  readonly #traffic: () => Traffic;
  readonly #partitions = new WeakMap<Partition, Counted>();
  readonly #samples: RateSample[] = [];
  readonly #uplinks = new Map<string, UplinkSample[]>();
  #last: { readonly monotonicMs: number; readonly traffic: Traffic } | null = null;
  #timer: Timer | null = null;

  constructor(broker: Broker, traffic: () => Traffic) {
    this.#broker = broker;
    this.#clock = broker.clock;
    this.#traffic = traffic;
  }

  /** Looks from now on, until `stop`. */
  start(): void {
    this.sample();
    this.#timer = this.#clock.after(SAMPLE_MS, () => this.start());
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** Oldest first. */
  get samples(): readonly RateSample[] {
    return this.#samples;
  }

  /** Of one uplink, oldest first. */
  uplink(name: string): readonly UplinkSample[] {
    return this.#uplinks.get(name) ?? [];
  }

  /** Records that a partition stored a second, in the last ten; null before that is known. */
  recordsPerSecond(partition: Partition): number | null {
    return this.#partitions.get(partition)?.perSecond ?? null;
  }

  sample(): void {
    const traffic = this.#traffic();
    const monotonicMs = this.#clock.monotonicMs();
    const before = this.#last;
    const seconds = before === null ? 0 : (monotonicMs - before.monotonicMs) / 1000;
    if (before !== null && seconds <= 0) return;
    this.#last = { monotonicMs, traffic };
    const recordsInPerSecond = this.#countRecords(seconds);
    if (before === null) return;
    const atMs = this.#clock.nowMs();
    const rate = (now: number, then: number) => rounded(Math.max(0, now - then) / seconds);
    keep(this.#samples, {
      atMs,
      recordsInPerSecond,
      bytesInPerSecond: rate(traffic.bytesIn, before.traffic.bytesIn),
      bytesOutPerSecond: rate(traffic.bytesOut, before.traffic.bytesOut),
    });
    for (const { name, lagRecords, lagBytes, sentBytes } of traffic.uplinks) {
      const then = before.traffic.uplinks.find((one) => one.name === name)?.sentBytes ?? sentBytes;
      const samples = this.#uplinks.get(name) ?? [];
      this.#uplinks.set(name, samples);
      const sentBytesPerSecond = rate(sentBytes, then);
      keep(samples, { atMs, backlogRecords: lagRecords, backlogBytes: lagBytes, sentBytesPerSecond });
    }
  }

  /** Of all topics that are not the broker's own, together. */
  #countRecords(seconds: number): number {
    let sum = 0;
    for (const { internal, partitions } of this.#broker.topics.all()) {
      for (const partition of partitions) {
        const { stored } = partition.counters;
        const counted = this.#partitions.get(partition) ?? { stored, perSecond: null };
        if (seconds > 0) counted.perSecond = rounded((stored - counted.stored) / seconds);
        counted.stored = stored;
        this.#partitions.set(partition, counted);
        if (!internal) sum += counted.perSecond ?? 0;
      }
    }
    return rounded(sum);
  }
}

function keep<Sample>(samples: Sample[], sample: Sample): void {
  samples.push(sample);
  if (samples.length > MAX_SAMPLES) samples.shift();
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
