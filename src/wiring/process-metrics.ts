import type { Clock } from "../io/clock.ts";
import type { ProcessFigures } from "../io/process-figures.ts";
import { EventLoopLag } from "../metrics/event-loop-lag.ts";
import type { Metrics } from "../metrics/metrics.ts";

const MILLISECONDS = 1e3;

/** Sets the metrics of the process before every scrape, until `stop`. */
export class ProcessMetrics {
  readonly #figures: ProcessFigures;
  readonly #lag: EventLoopLag;

  constructor(metrics: Metrics, figures: ProcessFigures, clock: Clock) {
    this.#figures = figures;
    this.#lag = new EventLoopLag(clock, (lagMs) => metrics.eventLoopDelay.observe(lagMs / MILLISECONDS));
    metrics.startTimeSeconds.set(performance.timeOrigin / MILLISECONDS);
    metrics.registry.beforeScrape(() => this.#collect(metrics));
  }

  stop(): void {
    this.#lag.stop();
    this.#figures.stop();
  }

  #collect(metrics: Metrics): void {
    const figures = this.#figures.read();
    metrics.cpuSeconds.set(figures.cpuUserSec + figures.cpuSystemSec);
    metrics.cpuUserSeconds.set(figures.cpuUserSec);
    metrics.cpuSystemSeconds.set(figures.cpuSystemSec);
    metrics.residentBytes.set(figures.residentBytes);
    metrics.virtualBytes.set(figures.virtualBytes);
    metrics.openFiles.set(figures.openFiles);
    metrics.maxFiles.set(figures.maxFiles);
    metrics.majorFaults.set(figures.majorFaults);
    metrics.writtenBytes.set(figures.writtenBytes);
    metrics.heapBytes.set(figures.heapUsedBytes);
    metrics.externalBytes.set(figures.externalBytes);
    metrics.collections.set(figures.collections);
    metrics.eventLoopLagSeconds.set(this.#lag.takeLongestMs() / MILLISECONDS);
  }
}
