/** Writes the reference of all metrics: bun scripts/metrics-reference.ts > gateway/metrics.md */
import { metricsReference } from "../src/metrics/reference.ts";

process.stdout.write(metricsReference());
