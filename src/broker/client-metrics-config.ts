import { type ConfigDefinition, definition, int, parts, shortened, valueFault } from "./config-definition.ts";

/** Settings of a subscription to clients' metrics (KIP-714): stored and shown, for no client is asked for metrics. */
export const CLIENT_METRICS_CONFIGS: readonly ConfigDefinition[] = [
  int("interval.ms", "300000", null, null, "How often clients would be asked to send metrics."),
  definition(
    "match",
    "list",
    "",
    "Which clients would be asked, by selectors such as client_id=x.*.",
    () => null,
  ),
  definition("metrics", "list", "", "Prefixes of the names of metrics.", () => null),
];

const SELECTORS: ReadonlySet<string> = new Set([
  "client_instance_id",
  "client_id",
  "client_software_name",
  "client_software_version",
  "client_source_address",
  "client_source_port",
]);
const MIN_INTERVAL_MS = 100;
const MAX_INTERVAL_MS = 3_600_000;
const MAX_PATTERN_LENGTH = 255;

/** `invalidConfig`: Kafka answers INVALID_CONFIG to it, and else INVALID_REQUEST. */
export interface ClientMetricsFault {
  readonly invalidConfig: boolean;
  readonly message: string;
}

/** Why settings of a subscription are refused, as Kafka's ClientMetricsConfigs does, or null. */
export function clientMetricsFault(
  name: string,
  configs: ReadonlyMap<string, string>,
): ClientMetricsFault | null {
  if (name === "") return { invalidConfig: false, message: "Subscription name can't be empty" };
  for (const [key, value] of configs) {
    const found = CLIENT_METRICS_CONFIGS.find((known) => known.name === key);
    if (found === undefined)
      return { invalidConfig: false, message: `Unknown client metrics configuration: ${shortened(key)}` };
    const fault = valueFault(found, key, value);
    if (fault !== null) return { invalidConfig: true, message: fault };
    if (key === "interval.ms" && !(Number(value) >= MIN_INTERVAL_MS && Number(value) <= MAX_INTERVAL_MS)) {
      const words = `interval must be between ${MIN_INTERVAL_MS} and ${MAX_INTERVAL_MS} (1 hour)`;
      return { invalidConfig: false, message: `Invalid value ${value.trim()} for interval.ms, ${words}` };
    }
    const illegal = key === "match" ? parts(value).find((selector) => !isSelector(selector)) : undefined;
    if (illegal !== undefined)
      return { invalidConfig: true, message: `Illegal client matching pattern: ${shortened(illegal)}` };
  }
  return null;
}

/** A parameter and a regular expression; the expression is never run. */
function isSelector(selector: string): boolean {
  const [name, pattern, more] = selector.split("=");
  if (more !== undefined || pattern === undefined || !SELECTORS.has((name ?? "").trim())) return false;
  if (pattern.length > MAX_PATTERN_LENGTH) return false;
  try {
    new RegExp(pattern.trim());
    return true;
  } catch {
    return false;
  }
}
