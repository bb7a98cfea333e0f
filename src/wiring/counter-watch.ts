import type { Logger } from "../base/logger.ts";
import type { Broker } from "../broker/broker.ts";
import type { UplinkStatus } from "../http/status.ts";
import type { Clock, Timer } from "../io/clock.ts";

const INTERVAL_MS = 60_000;

/**
 * Looks every minute whether the counters add up: what came in against what is stored, and what is stored against what
 * went up. That they do not is a mistake of the program, told once for each place.
 */
export class CounterWatch {
  readonly #broker: Broker;
  readonly #uplinks: () => readonly UplinkStatus[];
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #told = new Set<string>();
  #timer: Timer | null = null;

  constructor(broker: Broker, uplinks: () => readonly UplinkStatus[], logger: Logger) {
    this.#broker = broker;
    this.#uplinks = uplinks;
    this.#clock = broker.clock;
    this.#logger = logger;
    this.#later();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** Where counters don't add up now. */
  look(): readonly string[] {
    const faults: string[] = [];
    for (const topic of this.#broker.topics.all()) {
      for (const { index, log, counters } of topic.partitions) {
        if (!counters.reconcile(log.logEndOffset)) faults.push(`${topic.name}-${index}`);
      }
    }
    for (const { name, counters } of this.#uplinks()) {
      for (const { topic, reconciled } of counters.topics) {
        if (!reconciled) faults.push(`${topic} in the uplink ${name}`);
      }
    }
    return faults;
  }

  #later(): void {
    this.#timer = this.#clock.after(INTERVAL_MS, () => {
      for (const where of this.look()) {
        if (this.#told.has(where)) continue;
        this.#told.add(where);
        this.#logger.error("counters of records do not add up", { where });
      }
      this.#later();
    });
  }
}
