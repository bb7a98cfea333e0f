import { assert } from "../base/assert.ts";
import { createMetrics } from "./metrics.ts";
import { type Family, Histogram } from "./registry.ts";

/** Stands where a gateway has a name of its own. */
const NAMED = "NAME";
const LISTENERS = ["kafka", "kafka.tls", "mqtt", "mqtt.tls", "mqtt.websocket", "mqtt.websocket.tls"];

/** Which part of the reference a metric is in: the first whose pattern fits. */
const PARTS: readonly (readonly [string, RegExp])[] = [
  ["State", /^headwater_(?:build_info|ready|security_|update_|clock_|topics$|devices|device_)/],
  ["Process", /^(?:process_|nodejs_|headwater_(?:process|gc|eventloop|memory)_)/],
  ["Storage device", /^(?:node_disk_|headwater_storage_)/],
  [
    "Log",
    /^(?:kafka_log_|kafka_server_replicamanager|node_filesystem_|headwater_(?:commit|compaction|log|disk|gap)_)/,
  ],
  [
    "Listeners and doors",
    /^(?:headwater_(?:listener|http|connections|certificate|revocation)|kafka_(?:network|server_broker))/,
  ],
  ["Kafka clients", /^(?:kafka_|headwater_transaction)/],
  ["MQTT clients", /^headwater_(?:mqtt|sparkplug)_/],
  ["Uplinks and mirrors", /^headwater_(?:uplink|mirror)_/],
  ["Bridges", /^headwater_bridge_/],
];

const HEAD = `# Metrics

What a gateway has at \`/metrics\` of its HTTP door, in Prometheus' text format 0.0.4. \`gateway/dashboards\` has dashboards and
alerts for them. A series whose value is not known is left out. Labels have the values that stand here and no others, or, in capitals,
names of the gateway's own settings, topics and devices: what clients send makes no series.

Totals are counted since the start of the process, unless the text says otherwise.
`;

/** All metrics that there are, as a page of Markdown. */
export function metricsReference(): string {
  const { registry } = createMetrics({
    ...{ version: NAMED, build: { bun: NAMED, arch: NAMED }, dataFolder: NAMED },
    ...{ uplinks: [NAMED], mirrors: [NAMED], bridges: [NAMED] },
    listeners: {
      counted: LISTENERS,
      secure: LISTENERS.filter((name) => name.endsWith(".tls")),
      http: ["http", "http.tls"],
    },
  });
  const parts = PARTS.map(([title]) => ({ title, rows: [] as Row[] }));
  for (const family of registry.families) {
    const index = PARTS.findIndex(([, pattern]) => pattern.test(family.name));
    const part = parts[index];
    assert(part !== undefined, `${family.name} is in no part of the reference`);
    part.rows.push(rowOf(family));
  }
  const shown = parts.map(({ title, rows }) => `\n## ${title}\n\n${table(rows)}`);
  return `${HEAD}${shown.join("")}`;
}

type Row = readonly [name: string, type: string, labels: string, help: string];
const COLUMNS: Row = ["Metric", "Type", "Labels", "What it tells"];

/** With columns as wide as what is in them. */
function table(rows: readonly Row[]): string {
  const widths = COLUMNS.map((title, column) =>
    Math.max(...[title, ...rows.map((row) => row[column] ?? "")].map(({ length }) => length)),
  );
  const line = (cells: Row) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |\n`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |\n`;
  return `${line(COLUMNS)}${rule}${rows.map(line).join("")}`;
}

function rowOf({ name, type, help, series, labelNames }: Family): Row {
  const values = new Map<string, Set<string>>((labelNames ?? []).map((label) => [label, new Set()]));
  for (const { labels } of series) {
    for (const [label, value] of Object.entries(labels)) {
      const seen = values.get(label) ?? new Set();
      values.set(label, seen.add(value));
    }
  }
  const shown = Array.from(values, ([label, known]) => `\`${label}\`: ${valuesText(label, known)}`).join(
    "; ",
  );
  const [first] = series;
  const bounds =
    first?.metric instanceof Histogram ? ` Buckets up to ${first.metric.bounds.join(", ")}.` : "";
  return [`\`${name}\``, type, shown, inTable(`${help}${bounds}`)];
}

function valuesText(label: string, known: ReadonlySet<string>): string {
  return known.size === 0 || known.has(NAMED) ? label.toUpperCase() : [...known].join(", ");
}

function inTable(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}
