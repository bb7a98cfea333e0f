import { expect, test } from "bun:test";
import { LATENCY_BOUNDS_MS } from "../../src/log/commit.ts";
import { expose } from "../../src/metrics/exposition.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { Registry } from "../../src/metrics/registry.ts";

function metrics() {
  return createMetrics({
    version: "1",
    build: { arch: "x" },
    uplinks: ["a", "b"],
    mirrors: [],
    bridges: [],
    dataFolder: "/d",
  });
}

test("counters, gauges and labels are written as Prometheus reads them", () => {
  const registry = new Registry();
  const one = registry.counter("one_total", "One.\nTwo \\.");
  const doors = registry.counters("door_total", "By door.", "door", ["kafka", "mqtt"]);
  const level = registry.gauge("level", "Level.", { path: 'a"b\\c\nd' });
  one.add(1);
  one.add(2.5);
  doors.mqtt.add(7);
  level.set(-3);
  expect(expose(registry)).toBe(
    [
      "# HELP one_total One.\\nTwo \\\\.",
      "# TYPE one_total counter",
      "one_total 3.5",
      "# HELP door_total By door.",
      "# TYPE door_total counter",
      'door_total{door="kafka"} 0',
      'door_total{door="mqtt"} 7',
      "# HELP level Level.",
      "# TYPE level gauge",
      'level{path="a\\"b\\\\c\\nd"} -3',
      "",
    ].join("\n"),
  );
});

test("what is not known is left out, what is infinite is written", () => {
  const registry = new Registry();
  registry.gauge("unknown", "U.").set(Number.NaN);
  registry.gauge("endless", "E.").set(Number.POSITIVE_INFINITY);
  registry.gauges("none", "N.", "uplink", []);
  expect(expose(registry)).toBe("# HELP endless E.\n# TYPE endless gauge\nendless +Inf\n");
});

test("a histogram's buckets are cumulative, a bound belongs to its bucket", () => {
  const registry = new Registry();
  const latency = registry.histogram("latency", "L.", [1, 2, 5]);
  for (const value of [0.5, 1, 1.5, 5, 6]) latency.observe(value);
  expect(expose(registry).split("\n").slice(2, -1)).toEqual([
    'latency_bucket{le="1"} 2',
    'latency_bucket{le="2"} 3',
    'latency_bucket{le="5"} 4',
    'latency_bucket{le="+Inf"} 5',
    "latency_sum 14",
    "latency_count 5",
  ]);
});

test("counts from elsewhere replace a histogram's own", () => {
  const latency = new Registry().histogram("latency", "L.", [1, 2]);
  latency.observe(9);
  latency.load([3, 4, 5], 20);
  expect([latency.count, latency.sum]).toEqual([12, 20]);
  expect(() => latency.load([1, 2], 3)).toThrow("2 counts for 2 bounds");
});

test("collectors run before every scrape", () => {
  const registry = new Registry();
  const gauge = registry.gauge("scrapes", "S.");
  registry.beforeScrape(() => gauge.set(gauge.value + 1));
  expose(registry);
  expect(expose(registry)).toContain("scrapes 2");
});

test("a wrong declaration is a bug", () => {
  const registry = new Registry();
  registry.gauge("twice", "T.");
  expect(() => registry.gauge("twice", "T.")).toThrow("declared twice");
  expect(() => registry.counter("count", "C.")).toThrow("_total");
  expect(() => registry.gauge("Bad-name", "B.")).toThrow("bad metric name");
  expect(() => registry.histogram("h", "H.", [2, 1])).toThrow("bounds have to grow");
});

test("all declared metrics are well formed, and only uplinks from the settings have series", () => {
  const all = metrics();
  all.uplinkLagRecords.a?.set(5);
  const text = expose(all.registry);
  for (const line of text.trimEnd().split("\n")) {
    expect(line).toMatch(
      /^(# (HELP|TYPE) [a-z][a-z0-9_]* .+|[a-z][a-z0-9_]*(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? \S+)$/,
    );
  }
  expect(text).toContain('headwater_build_info{version="1",arch="x"} 1\n');
  expect(text).toContain('headwater_uplink_lag_records{uplink="a"} 5\n');
  expect(text.match(/^headwater_uplink_lag_records\{/gm)).toHaveLength(2);
});

test("commit latency has the bounds that the log counts by", () => {
  expect(metrics().commitSeconds.bounds).toEqual(LATENCY_BOUNDS_MS.map((bound) => bound / 1000));
});
