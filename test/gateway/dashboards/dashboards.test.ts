import { beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { expose } from "../../../src/metrics/exposition.ts";
import { createMetrics } from "../../../src/metrics/metrics.ts";
import { metricsReference } from "../../../src/metrics/reference.ts";
import { Gauge } from "../../../src/metrics/registry.ts";
import { run } from "../../cli/support.ts";
import { DASHBOARDS, REFERENCE, readDashboard, readRules } from "./files.ts";
import { scrapeGateway } from "./gateway.ts";
import { type Checked, checkExpression, type Vocabulary } from "./promql.ts";
import { vocabularyOf } from "./vocabulary.ts";

const START_MS = 60_000;

let vocabulary: Vocabulary;
let scrape = "";

beforeAll(async () => {
  scrape = await scrapeGateway();
  const scraped = vocabularyOf(scrape);
  const unknown = [...unknownYet()].filter(([name]) => !scraped.has(name));
  // What a gateway does not know is not there: how far a centre is that never answered, what a device says of its life, lists that nobody gave it.
  expect(
    unknown
      .map(([name]) => name)
      .filter(
        (name) => !/^(?:headwater_(?:uplink|mirror|bridge|storage|revocation_list)_|node_disk_)/.test(name),
      ),
  ).toEqual([]);
  vocabulary = new Map([...unknown, ...scraped]);
}, START_MS);

/** What the program declares, all of it known, for the links of the gateway that is scraped. */
function unknownYet(): Vocabulary {
  const { registry } = createMetrics({
    ...{ version: "1", build: { bun: "1", arch: "x" }, dataFolder: "/data" },
    ...{ uplinks: ["main"], mirrors: ["commands"], bridges: ["plant"] },
    listeners: { counted: ["mqtt.tls"], secure: ["mqtt.tls"], http: ["http"] },
  });
  for (const { series } of registry.families)
    for (const { metric } of series) if (metric instanceof Gauge) metric.set(0);
  return vocabularyOf(expose(registry));
}

/** Metrics and their types, by a page of the reference. */
function referenceOf(page: string): ReadonlyMap<string, string> {
  return new Map(
    Array.from(page.matchAll(/^\| `(\w+)` +\| (\w+) +\|/gm), ([, name = "", type = ""]) => [name, type]),
  );
}

describe("the reference", () => {
  const page = readFileSync(REFERENCE, "utf8");

  test("is up to date: bun scripts/metrics-reference.ts > gateway/metrics.md", () => {
    expect(page).toBe(metricsReference());
  });

  test("has all that a gateway has, as what it is", () => {
    const known = referenceOf(page);
    const found = Array.from(scrape.matchAll(/^# TYPE (\w+) (\w+)$/gm), ([, name = "", type = ""]) => [
      name,
      type,
    ]);
    expect(found.length).toBeGreaterThan(100);
    expect(found.filter(([name = "", type = ""]) => known.get(name) !== type)).toEqual([]);
  });

  test("names every label that a series has, and where its values are closed every value", () => {
    for (const [name, { labels }] of vocabularyOf(scrape)) {
      const row =
        new RegExp(`^\\| \`${name.replace(/_(?:bucket|sum|count)$/, "")}\` +\\|.*$`, "m").exec(page)?.[0] ??
        "";
      for (const [label, values] of labels) {
        if (label === "le" || name === "up") continue;
        const shown = new RegExp(`\`${label}\`: ([^;|]*)`).exec(row)?.[1]?.trim() ?? "";
        const isOpen = shown === label.toUpperCase();
        const listed = new Set(shown.split(", "));
        expect({
          name,
          label,
          unknown: [...values].filter((value) => !isOpen && !listed.has(value)),
        }).toEqual({
          ...{ name, label, unknown: [] },
        });
      }
    }
  });
});

function expectSound(where: string, expression: string): Checked {
  const checked = checkExpression(expression, vocabulary);
  expect({ where, expression, problems: checked.problems }).toEqual({ where, expression, problems: [] });
  expect(checked.metrics).not.toEqual([]);
  return checked;
}

describe("expressions that are wrong are noticed", () => {
  test.each([
    ["headwater_redy", "no metric headwater_redy"],
    ['headwater_ready{door="mqtt"}', "headwater_ready has no label door"],
    ['headwater_connections{door="mqt"}', "headwater_connections has no door mqt"],
    [
      'rate(headwater_gap_records_total{reason=~"retention|lost"}[5m])',
      "headwater_gap_records_total has no reason lost",
    ],
    ["sum by (uplnk) (headwater_uplink_held)", "no metric here has the label uplnk"],
    ["headwater_disk_full > on (uplink) headwater_ready", "no metric here has the label uplink"],
    ["headwater_commit_rounds_total", "headwater_commit_rounds_total without rate or increase"],
    ["rate(headwater_commit_rounds_total)", "headwater_commit_rounds_total has to have a range in rate"],
    ["headwater_ready[5m]", "headwater_ready must not have a range in this"],
    ["rate(headwater_ready[5m])", "rate of the gauge headwater_ready"],
    [
      "histogram_quantile(0.9, sum by (le) (rate(headwater_commit_seconds[5m])))",
      "no metric headwater_commit_seconds",
    ],
    [
      "histogram_quantile(0.9, sum by (le) (rate(headwater_commit_seconds_count[5m])))",
      "histogram_quantile goes with _bucket, not headwater_commit_seconds_count",
    ],
    [
      "histogram_quantile(0.9, sum by (instance) (rate(headwater_commit_seconds_bucket[5m])))",
      "headwater_commit_seconds_bucket is summed without le",
    ],
    [
      "rate(headwater_commit_seconds_bucket[5m])",
      "histogram_quantile goes with _bucket, not headwater_commit_seconds_bucket",
    ],
    ["summ(headwater_ready)", "no function summ"],
    ["sum(headwater_ready", "a bracket is not closed"],
    ["headwater_ready)", "a bracket too many is closed"],
    ["headwater_ready ; 1", "not understood: ; 1"],
    ["headwater_ready{instance}", "headwater_ready has a matcher that is none"],
  ])("%s", (expression, problem) => {
    expect(checkExpression(expression, vocabulary).problems).toContain(problem);
  });
});

describe.each(DASHBOARDS)("%s", (file) => {
  const dashboard = readDashboard(file);
  const panels = dashboard.panels.filter(({ type }) => type !== "row");

  test("can be imported beside others: it has no id, and takes any data source", () => {
    expect(dashboard.id).toBeNull();
    expect(dashboard.uid).toBeUndefined();
    expect(dashboard.templating.list[0]).toMatchObject({ name: "datasource", type: "datasource" });
    const source = { type: "prometheus", uid: `\${datasource}` };
    for (const panel of panels)
      for (const { datasource } of [panel, ...(panel.targets ?? [])]) expect(datasource).toEqual(source);
  });

  test("panels have ids of their own, titles, and places that no other has", () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const taken = new Set<string>();
    for (const { title, gridPos } of dashboard.panels) {
      expect(title).not.toBe("");
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.has(`${x},${y}`)).toBe(false);
          taken.add(`${x},${y}`);
        }
    }
  });

  test("every expression and legend names what a gateway has", () => {
    for (const { title, targets = [] } of panels) {
      expect(targets).not.toEqual([]);
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
      for (const { expr, legendFormat } of targets) {
        const { labels } = expectSound(title, expr);
        for (const [, label = ""] of legendFormat.matchAll(/\{\{(.*?)\}\}/g)) expect(labels).toContain(label);
      }
    }
  });

  test("variables are known, and list labels that a gateway has", () => {
    const names = dashboard.templating.list.map(({ name }) => name);
    for (const { definition } of dashboard.templating.list.slice(1)) {
      const parts = /^label_values\((.+), (\w+)\)$/.exec(definition ?? "");
      expect(expectSound("variable", parts?.[1] ?? "").labels).toContain(parts?.[2] ?? "");
    }
    for (const [, name = ""] of JSON.stringify(dashboard).matchAll(/\$\{?([a-z]\w*)/g))
      expect(names).toContain(name);
  });
});

describe("alerts", () => {
  const rules = readRules();

  test("have names of their own, and a severity", () => {
    expect(rules.length).toBeGreaterThan(15);
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const { labels } of rules) expect(["critical", "warning", "info"]).toContain(labels.severity ?? "");
  });

  test.each(rules.map((rule) => [rule.alert, rule] as const))("%s names what a gateway has", (name, rule) => {
    const { labels } = expectSound(name, rule.expr);
    for (const key of ["summary", "description", "command"]) {
      const text = rule.annotations[key] ?? "";
      expect(text).not.toBe("");
      for (const [, label = ""] of text.matchAll(/\$labels\.(\w+)/g)) expect(labels).toContain(label);
    }
  });

  test("what they say to run are commands that there are, with options that they have", async () => {
    const commands = new Set(rules.flatMap(({ annotations }) => (annotations.command ?? "").split("; ")));
    for (const command of commands) {
      const [program = "", ...words] = command.replaceAll(/\{\{.*?\}\}/g, "main").split(" ");
      expect(["headwater", "systemctl", "journalctl", "curl", "df", "cat", "timedatectl"]).toContain(program);
      if (program === "headwater") {
        const { code, out, err } = await run([...words, "--help"]);
        expect({ command, code, err }).toEqual({ command, code: 0, err: "" });
        for (const option of words.filter((word) => word.startsWith("--"))) expect(out).toContain(option);
      }
    }
  });
});
