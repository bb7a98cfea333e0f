import type { EventLoopLag } from "../metrics/event-loop-lag.ts";
import type { Metrics } from "../metrics/metrics.ts";

const SECOND_MS = 1_000;
const SECOND_US = 1_000_000;

/** Sets the metrics of the process before every scrape. */
export function collectProcessMetrics(metrics: Metrics, lag: EventLoopLag): void {
  metrics.startTimeSeconds.set(performance.timeOrigin / SECOND_MS);
  metrics.registry.beforeScrape(() => {
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed } = process.memoryUsage();
    metrics.cpuSeconds.set((user + system) / SECOND_US);
    metrics.residentBytes.set(rss);
    metrics.heapBytes.set(heapUsed);
    metrics.eventLoopLagSeconds.set(lag.takeLongestMs() / SECOND_MS);
  });
}
