import { SystemProcess } from "../io/bun/process-figures.ts";
import { SystemStorage } from "../io/bun/storage-device.ts";
import type { Clock } from "../io/clock.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { collectMetrics } from "./metrics.ts";
import { ProcessMetrics } from "./process-metrics.ts";
import type { GatewayState } from "./status.ts";
import { WearWatch } from "./wear-watch.ts";

/** All that a running gateway measures of itself, for whoever scrapes it, until `stop`. */
export class Figures {
  readonly #process: ProcessMetrics;
  readonly #wear: WearWatch;

  constructor(metrics: Metrics, state: GatewayState, clock: Clock) {
    const { data, "disk.endurance.bytes": enduranceBytes } = state.settings;
    this.#process = new ProcessMetrics(metrics, new SystemProcess(), clock);
    this.#wear = new WearWatch(new SystemStorage(data), clock, enduranceBytes);
    this.#wear.start();
    state.wear = this.#wear;
    collectMetrics(metrics, state);
  }

  stop(): void {
    this.#process.stop();
    this.#wear.stop();
  }
}
