import type { Broker } from "../broker/broker.ts";
import { Turns } from "../broker/views/turns.ts";
import { type CountLimits, type WaitingCount, WaitingCounts } from "../broker/views/waiting-count.ts";

/** Answers that are counted for at a time. */
const MAX_COUNTING = 4;

/** The records of one device from an offset on. */
export interface WaitWant {
  readonly topic: string;
  readonly partition: number;
  readonly key: Uint8Array;
  readonly fromOffset: number;
  /** The first offset that does not count. */
  readonly untilOffset: number;
}

/** Counts what of devices waits, in slices of the event loop. */
export class DeviceWaits {
  readonly #broker: Broker;
  readonly #turns: Turns;
  #counting = 0;

  constructor(broker: Broker) {
    this.#broker = broker;
    this.#turns = new Turns(broker.clock);
  }

  /** A count for each, in their order; null where too many answers are being counted for. */
  async count(
    wants: readonly WaitWant[],
    limits: CountLimits,
  ): Promise<readonly Readonly<WaitingCount>[] | null> {
    if (this.#counting >= MAX_COUNTING) return null;
    const jobs = wants.map(({ topic, partition, ...want }) => ({
      ...want,
      partition: this.#broker.partition(topic, partition),
    }));
    this.#counting += 1;
    try {
      return await new Promise((resolve) => {
        new WaitingCounts(this.#turns, this.#broker.clock, jobs, limits, resolve).start();
      });
    } finally {
      this.#counting -= 1;
    }
  }
}
