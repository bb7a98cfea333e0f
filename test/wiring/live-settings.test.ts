import { expect, test } from "bun:test";
import { silentLogger } from "../../src/base/logger.ts";
import type { Broker } from "../../src/broker/broker.ts";
import { isLive } from "../../src/config/live.ts";
import { loadSettings } from "../../src/config/load.ts";
import { OPTION_ENTRIES, type Settings } from "../../src/config/options.ts";
import { Secret } from "../../src/config/secret.ts";
import { settingRows } from "../../src/config/setting-rows.ts";
import { SettingsInForce } from "../../src/wiring/reload.ts";
import type { Uplinks } from "../../src/wiring/uplinks.ts";

// What a setting says of itself, live or not, is held to what a reload hands to the parts of a running gateway.

const LOADED = loadSettings({
  file: {
    path: "gw.toml",
    text: `
[uplink.central]
bootstrap = "c:9092"
topics = ["t"]
[bridge.cloud]
url = "mqtt://h:1883"
out = [{ filter = "a/#" }]
`,
  },
  ...{ env: {}, set: [], flags: new Map(), hostName: "h" },
});
if (!LOADED.ok) throw new Error("the settings are wrong");
const BEFORE = LOADED.settings;

/** Another value of the same kind. */
function otherThan(value: unknown): unknown {
  if (value instanceof Secret) return new Secret(`${value.reveal()}x`);
  if (typeof value === "number") return value + 1;
  if (typeof value === "boolean") return !value;
  if (typeof value === "string") return `${value}x`;
  if (Array.isArray(value)) return [...value, "x"];
  return value === null ? "x" : { ...(value as object), other: "x" };
}

/** What a reload to these settings hands to the parts of a gateway, as text, and what it says of it. */
function reloaded(after: Settings) {
  const handed: unknown[] = [];
  const note = (name: string) => (value: unknown, more?: unknown) => void handed.push([name, value, more]);
  // The defaults of topics come as a map.
  const defaults = (given: { readonly topicDefaults: ReadonlyMap<string, string> }) =>
    void handed.push({ ...given, topicDefaults: [...given.topicDefaults] });
  const broker = { useDefaults: defaults, store: { setTimes: note("times") } };
  const uplinks = { setLink: note("link") };
  const inForce = new SettingsInForce(
    BEFORE,
    new Map(),
    {
      read: () => ({ settings: after, sources: new Map() }),
      file: null,
      check: () => LOADED,
      took: (settings) => void handed.push(["level", settings["log.level"]]),
    },
    silentLogger,
  );
  const outcome = inForce.reload({
    broker: broker as unknown as Broker,
    uplinks: uplinks as unknown as Uplinks,
  });
  return { outcome, handed: JSON.stringify(handed), settings: inForce.settings };
}

const UNCHANGED = reloaded(BEFORE);

/** A change is told once, as what it is; it is handed on if it is live, and else nothing is. */
function expectTold(key: string, after: Settings): void {
  const { outcome, handed } = reloaded(after);
  const expected = isLive(key) ? { live: [key], restart: [] } : { live: [], restart: [key] };
  expect([key, outcome]).toEqual([key, expected]);
  expect([key, handed !== UNCHANGED.handed]).toEqual([key, isLive(key)]);
}

test("nothing is told where nothing changes", () => {
  expect(UNCHANGED.outcome).toEqual({ live: [], restart: [] });
});

test("every setting says rightly whether a change needs a restart", () => {
  expect(OPTION_ENTRIES.length).toBeGreaterThan(100);
  for (const [name] of OPTION_ENTRIES) expectTold(name, { ...BEFORE, [name]: otherThan(BEFORE[name]) });
});

for (const kind of ["uplinks", "bridges"] as const) {
  test(`every setting of ${kind} does`, () => {
    const [section] = BEFORE[kind];
    if (section === undefined) throw new Error(`there are no ${kind}`);
    const entries = Object.entries(section).filter(([name]) => name !== "name");
    expect(entries.length).toBeGreaterThan(10);
    const prefix = `${kind.slice(0, -1)}.${section.name}`;
    for (const [name, value] of entries) {
      expectTold(`${prefix}.${name}`, { ...BEFORE, [kind]: [{ ...section, [name]: otherThan(value) }] });
    }
    const added = { ...section, name: "another" };
    expectTold(`${kind.slice(0, -1)}.another`, { ...BEFORE, [kind]: [section, added] });
    expectTold(prefix, { ...BEFORE, [kind]: [] });
  });
}

test("routes and downlinks do, and the list of settings says the same", () => {
  expectTold("mqtt.route", { ...BEFORE, mqttRoutes: [] });
  expectTold("mqtt.downlink", { ...BEFORE, mqttDownlinks: [{}] as unknown as Settings["mqttDownlinks"] });
  const rows = settingRows(BEFORE, new Map());
  for (const { key, restart } of rows) expect([key, restart]).toEqual([key, !isLive(key)]);
});
