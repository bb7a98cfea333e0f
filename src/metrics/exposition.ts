import { type Family, Histogram, type Labels, type Registry } from "./registry.ts";

/** Content type of Prometheus' text format. */
export const EXPOSITION_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/**
 * All metrics in Prometheus' text format, 0.0.4. Families without a series, and gauges that are not known (NaN),
 * are left out.
 */
export function expose(registry: Registry): string {
  registry.collect();
  return registry.families.map(family).join("");
}

function family({ name, help, type, series }: Family): string {
  const lines = series.flatMap(({ labels, metric }) => {
    if (metric instanceof Histogram) return histogram(name, labels, metric);
    return Number.isNaN(metric.value) ? [] : [sample(name, labels, metric.value)];
  });
  if (lines.length === 0) return "";
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function histogram(name: string, labels: Labels, metric: Histogram): readonly string[] {
  const lines: string[] = [];
  let count = 0;
  for (const [index, bound] of metric.bounds.entries()) {
    count += metric.cells[index] ?? 0;
    lines.push(sample(`${name}_bucket`, { ...labels, le: String(bound) }, count));
  }
  lines.push(sample(`${name}_bucket`, { ...labels, le: "+Inf" }, metric.count));
  lines.push(sample(`${name}_sum`, labels, metric.sum), sample(`${name}_count`, labels, metric.count));
  return lines;
}

function sample(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${number(value)}\n`;
}

function number(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
