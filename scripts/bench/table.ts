import type { Footprint } from "./footprint.ts";
import type { Load, Measurement } from "./loads.ts";

interface Row {
  readonly load: Load;
  readonly ours: readonly Measurement[];
  readonly theirs: readonly Measurement[];
}

/** Tables in Markdown: medians, ratios of CPU per message, and whether each bound is kept. */
export function renderTable(rows: readonly Row[], footprints: readonly Footprint[]): string {
  const lines = [
    "| load | peer | our CPU us/msg | peer's | ratio | at most | kept | our msg/s | peer's | our p50 / p99 ms | peer's |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
  ];
  for (const { load, ours, theirs } of rows) {
    const own = median(ours, (measurement) => measurement.cpuUs);
    const other = median(theirs, (measurement) => measurement.cpuUs);
    const ratio = own === null || other === null ? null : own / other;
    const kept = ratio === null || load.target === null ? "" : ratio <= load.target ? "yes" : "NO";
    const cells = [
      load.name,
      load.peer,
      show(own),
      show(other),
      show(ratio),
      show(load.target),
      kept,
      rate(ours),
      rate(theirs),
      latency(ours),
      latency(theirs),
    ];
    lines.push(`| ${cells.join(" | ")} |`);
  }
  if (footprints.length > 0) {
    lines.push("", "| alone | value | at most | kept |", "| --- | --- | --- | --- |");
    for (const { name, value, unit, bound } of footprints) {
      const kept = bound === null ? "" : value <= bound ? "yes" : "NO";
      lines.push(`| ${name} | ${value} ${unit} | ${bound === null ? "" : `${bound} ${unit}`} | ${kept} |`);
    }
  }
  return lines.join("\n");
}

function median(
  measurements: readonly Measurement[],
  of: (measurement: Measurement) => number | null,
): number | null {
  const values = measurements.flatMap((measurement) => of(measurement) ?? []).sort((a, b) => a - b);
  return values[Math.floor((values.length - 1) / 2)] ?? null;
}

function show(value: number | null): string {
  return value === null ? "" : String(Number(value.toPrecision(3)));
}

function rate(measurements: readonly Measurement[]): string {
  const value = median(measurements, (measurement) => measurement.perSecond);
  return value === null ? "" : Math.round(value).toLocaleString("en");
}

function latency(measurements: readonly Measurement[]): string {
  const p50 = median(measurements, (measurement) => measurement.p50Ms);
  const p99 = median(measurements, (measurement) => measurement.p99Ms);
  return p50 === null ? "" : `${show(p50)} / ${show(p99)}`;
}
