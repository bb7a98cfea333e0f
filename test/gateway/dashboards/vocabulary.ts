import type { Known, Vocabulary } from "./promql.ts";

const SAMPLE = /^([a-z][a-z0-9_]*)(?:\{(.*)\})? \S+$/;
const PAIR = /([a-z_]+)="((?:[^"\\]|\\.)*)"/g;

/** A metric while its samples are read. */
interface Growing {
  readonly type: Known["type"];
  readonly labels: Map<string, Set<string>>;
}

/** The metrics that a text in Prometheus' format has, and `up`, which Prometheus adds to each scrape. */
export function vocabularyOf(text: string): Vocabulary {
  const types = new Map<string, string>();
  const known = new Map<string, Growing>();
  known.set("up", { type: "gauge", labels: new Map() });
  for (const line of text.split("\n")) {
    const type = /^# TYPE (\S+) (\S+)$/.exec(line);
    if (type !== null) types.set(type[1] ?? "", type[2] ?? "");
    const sample = SAMPLE.exec(line);
    if (sample === null) continue;
    const name = sample[1] ?? "";
    const metric: Growing = known.get(name) ?? { type: typeOf(name, types), labels: new Map() };
    known.set(name, metric);
    for (const [, label = "", value = ""] of (sample[2] ?? "").matchAll(PAIR))
      metric.labels.set(label, (metric.labels.get(label) ?? new Set()).add(value));
  }
  return known;
}

function typeOf(name: string, types: ReadonlyMap<string, string>): Known["type"] {
  const type = types.get(name) ?? types.get(name.replace(/_(bucket|sum|count)$/, ""));
  if (type === "counter" || type === "gauge" || type === "histogram") return type;
  throw new Error(`${name} has no type`);
}
