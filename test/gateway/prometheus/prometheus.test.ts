import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DASHBOARDS, RULES, readDashboard, readRules } from "../dashboards/files.ts";
import { openGateway, produce, type Scraped } from "../dashboards/gateway.ts";
import { JOB, Prometheus } from "./prometheus.ts";
import { type Series, SICKNESSES } from "./sickness.ts";

const LIMIT_MS = 60_000;
const folder = mkdtempSync(join(tmpdir(), "headwater-promtool-"));
let gateway: Scraped;
let prometheus: Prometheus;
let traffic: ReturnType<typeof setInterval>;

beforeAll(async () => {
  gateway = await openGateway();
  const { http } = gateway.headwater;
  // The other one goes on being silent.
  traffic = setInterval(() => void produce(http, "pump-2").catch(() => {}), 200);
  prometheus = await Prometheus.start(http);
}, LIMIT_MS);

afterAll(async () => {
  clearInterval(traffic);
  await prometheus?.stop();
  await gateway?.dispose();
  rmSync(folder, { recursive: true, force: true });
}, LIMIT_MS);

async function promtool(args: readonly string[], input = ""): Promise<{ code: number; said: string }> {
  const child = Bun.spawn(["promtool", ...args], {
    stdin: new Blob([input]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, said: `${out}${err}`.trim() };
}

describe("promtool", () => {
  test("finds nothing to say of what a gateway tells", async () => {
    expect(await promtool(["check", "metrics"], await gateway.scrape())).toEqual({ code: 0, said: "" });
    const wrong = await promtool(["check", "metrics"], "# TYPE wrong counter\nwrong 1\n");
    expect(wrong.code).not.toBe(0);
  });

  test("takes the rules", async () => {
    expect(await promtool(["check", "rules", RULES])).toMatchObject({ code: 0 });
  });

  test(
    "has each alert fire, alone, for a gateway that it is for, and none for one like it that is well",
    async () => {
      expect(Object.keys(SICKNESSES).toSorted()).toEqual(
        readRules()
          .map(({ alert }) => alert)
          .toSorted(),
      );
      const steps = new Set(Object.values(SICKNESSES).map(({ step = 1 }) => step));
      for (const step of steps) {
        const file = join(folder, `alerts-${step}.test.json`);
        writeFileSync(file, JSON.stringify(ruleTests(step)));
        const { code, said } = await promtool(["test", "rules", file]);
        expect({ code, said: code === 0 ? "" : said }).toEqual({ code: 0, said: "" });
      }
    },
    LIMIT_MS,
  );
});

/** What promtool is given, of those with this step: YAML takes JSON. */
function ruleTests(minutes: number): object {
  const evaluation_interval = `${minutes}m`;
  const tests = Object.entries(SICKNESSES)
    .filter(([, { step = 1 }]) => step === minutes)
    .flatMap(([alert, { after, sick, calm }]) => [
      ruleTest(alert, sick, after, [{ labels: `{alertname="${alert}"}`, value: 1 }]),
      ruleTest(`not ${alert}`, calm, after, []),
    ])
    .map((one) => ({ ...one, interval: evaluation_interval }));
  return { rule_files: [RULES], evaluation_interval, tests };
}

function ruleTest(name: string, series: Series, after: number, samples: readonly object[]): object {
  return {
    name,
    input_series: Object.entries(series).map(([of, values]) => ({ series: labelled(of), values })),
    promql_expr_test: [
      {
        expr: 'count by (alertname) (ALERTS{alertstate="firing"})',
        eval_time: `${after}m`,
        exp_samples: samples,
      },
    ],
  };
}

function labelled(series: string): string {
  const own = `job="${JOB}",instance="gateway-1:8080"`;
  return series.includes("{") ? series.replace("{", `{${own},`) : `${series}{${own}}`;
}

/**
 * Of these a gateway whose centre never answered knows nothing, and what says how long a device lasts is known ten
 * minutes after a start, and not of every device.
 */
const NOT_KNOWN =
  /headwater_uplink_(?:lag|freshness|canary|budget|goodput)|headwater_mirror_(?:lag|complete|freshness)|headwater_storage_|node_disk_/;
/** Comparisons that hold for nobody who is well. */
const NOBODY = /headwater_uplink_flow_alarms\{[^}]*\} > 0\) and/;

describe("Prometheus", () => {
  const expressions = DASHBOARDS.flatMap((file) =>
    readDashboard(file).panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr }) => [file, title, expr] as const),
    ),
  );

  test(
    "gets series for every expression of the dashboards that a gateway can have",
    async () => {
      const { http } = gateway.headwater;
      // Two scrapes are a rate.
      await prometheus.until("a rate", async () => {
        const found = await prometheus.query("rate(kafka_server_brokertopicmetrics_messagesin_total[15s])");
        return found.some(({ value }) => Number(value[1]) > 0);
      });
      const without: string[] = [];
      for (const [file, title, expression] of expressions) {
        const found = await prometheus.query(asGrafana(expression, http));
        const isExpected = !NOT_KNOWN.test(expression) && !NOBODY.test(expression);
        if (isExpected && found.length === 0) without.push(`${file}, ${title}: ${expression}`);
      }
      expect(without).toEqual([]);
      expect(expressions.length).toBeGreaterThan(60);
    },
    LIMIT_MS,
  );

  test("lists the gateway for the variables of the dashboards", async () => {
    const { http } = gateway.headwater;
    const found = await prometheus.query("headwater_build_info");
    expect(found.map(({ metric }) => [metric.job, metric.instance])).toEqual([[JOB, http]]);
  });

  test("counts what came over HTTP", async () => {
    const [found] = await prometheus.query('kafka_server_brokertopicmetrics_messagesin_total{door="http"}');
    expect(Number(found?.value[1])).toBeGreaterThan(1);
  });

  test(
    "goes by all rules",
    async () => {
      const rules = async () => {
        const { groups } = (await prometheus.ask("rules")) as {
          readonly groups: readonly {
            readonly rules: readonly {
              readonly name: string;
              readonly health: string;
              readonly lastError?: string;
            }[];
          }[];
        };
        return groups.flatMap((group) => group.rules);
      };
      await prometheus.until("every rule", async () =>
        (await rules()).every(({ health }) => health !== "unknown"),
      );
      const known = await rules();
      expect(known).toHaveLength(readRules().length);
      expect(known.filter(({ health }) => health !== "ok")).toEqual([]);
    },
    LIMIT_MS,
  );
});

/** An expression as Grafana sends it. */
function asGrafana(expression: string, instance: string): string {
  return expression
    .replaceAll("$__rate_interval", "15s")
    .replaceAll("$__range", "1m")
    .replaceAll("$job", JOB)
    .replaceAll("$instance", instance);
}
