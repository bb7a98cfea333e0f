import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasCode } from "../../src/base/errors.ts";
import { formatSchemaProblem, schemaProblems, withSchemas } from "../../src/cli/route-schemas.ts";
import { DEFAULT_ROUTES, type MqttRouteSettings } from "../../src/config/route-options.ts";

const folder = mkdtempSync(join(tmpdir(), "headwater-schemas-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function route(schema: string): MqttRouteSettings {
  const [first] = DEFAULT_ROUTES;
  if (first === undefined) throw new Error("no default route");
  return { ...first, payload: "json", schema };
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

test("schemas stand in the setting, in a file, or nowhere", () => {
  const routes = [route(""), route('{"type":"object"}'), route(file("good.json", '{"type":"array"}'))];
  const checks = withSchemas(routes).map(({ schemaCheck }) => schemaCheck);
  expect(checks[0]).toBeNull();
  expect(checks.slice(1).map((check) => check?.fault({}))).toEqual([
    null,
    "the record must be array (schema #/type)",
  ]);
});

test("what is wrong is told with key, file and place, all of it at once", () => {
  const broken = file("broken.json", '{"type":');
  const wrong = file("wrong.json", '{"properties":{"a":{"type":"nmber"}}}');
  const missing = join(folder, "missing.json");
  const large = file("large.json", `"${"x".repeat(300_000)}"`);
  const pipe = join(folder, "pipe");
  expect(Bun.spawnSync(["mkfifo", pipe]).exitCode).toBe(0);
  const routes = [route('{"typ":1}'), ...[broken, wrong, missing, large, pipe, folder].map(route)];
  const lines = schemaProblems(routes).map(formatSchemaProblem);
  expect(lines).toHaveLength(7);
  const expected = [
    'mqtt.route[0].schema: at #/typ: there is no keyword "typ" in draft 2020-12',
    `mqtt.route[1].schema: ${broken}: it is no JSON: `,
    `mqtt.route[2].schema: ${wrong}: at #/properties/a/type: must be equal to one of the allowed values`,
    `mqtt.route[3].schema: ${missing}: ENOENT`,
    `mqtt.route[4].schema: ${large}: it has more than 262144 bytes`,
    `mqtt.route[5].schema: ${pipe}: it is not a regular file`,
    `mqtt.route[6].schema: ${folder}: it is not a regular file`,
  ];
  for (const [index, start] of expected.entries()) expect(lines[index]).toStartWith(start);
  try {
    withSchemas(routes);
    throw new Error("they were taken");
  } catch (error) {
    expect(hasCode(error, "CONFIG_INVALID")).toBe(true);
    for (const start of expected) expect(String(error)).toContain(start);
  }
});

test("headwater config check finds them, and serve does not start with them", () => {
  const config = file(
    "gateway.toml",
    '[[mqtt.route]]\nfilter = "a"\ntopic = "t"\npayload = "json"\nschema = { typ = 1 }\n',
  );
  const main = join(import.meta.dirname, "../../src/main.ts");
  const run = (...words: string[]) =>
    Bun.spawnSync([process.execPath, main, ...words], { env: { PATH: "" } });
  const checked = run("config", "check", config);
  expect(checked.exitCode).toBe(2);
  expect(checked.stdout.toString()).toBe(
    `${config}: mqtt.route[0].schema: at #/typ: there is no keyword "typ" in draft 2020-12\n`,
  );
  const asJson = JSON.parse(run("config", "check", config, "-o", "json").stdout.toString());
  expect(asJson).toMatchObject({ ok: false, problems: [{ key: "mqtt.route[0].schema", value: null }] });
  const served = run(
    "serve",
    "--config",
    config,
    "--data",
    join(folder, "data"),
    "--kafka",
    "127.0.0.1:0",
    "--mqtt",
    "127.0.0.1:0",
    "--http",
    "off",
  );
  expect(served.exitCode).toBe(2);
  expect(served.stderr.toString()).toContain("mqtt.route[0].schema: at #/typ");
}, 20_000);
