import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { topicSettingsMarkdown } from "../../src/cli/topic-settings.ts";
import { type LoadResult, loadSettings } from "../../src/config/load.ts";
import { defaultSettings, OPTION_ENTRIES } from "../../src/config/options.ts";
import { formatProblem } from "../../src/config/problem.ts";
import { referenceMarkdown, settingDocs, settingsJson, settingsToml } from "../../src/config/reference.ts";

const TOP = resolve(import.meta.dirname, "../..");
const EXAMPLE = "gateway/config/headwater.toml";

function load(text: string): LoadResult {
  return loadSettings({ file: { path: "t", text }, env: {}, set: [], flags: new Map(), hostName: "h" });
}

function loaded(text: string) {
  const result = load(text);
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join("\n"));
  return result;
}

const CHANGED = `
gateway.id = "g"
mqtt.listen = "127.0.0.1:1884"
log.retention.ms = -1
log.segment.bytes = 1048577
auto.create.topics.enable = false
[uplink.central]
bootstrap = ["a:1", "[::1]:2"]
[[mqtt.route]]
filter = "x/{key}"
topic = "t"
headers = { "a.b" = "{key}", c = "\\"q\\"" }
timestamp = "payload:a.b"
format = "json"
[[mqtt.route]]
filter = "#"
topic = "u"
key = "none"
header.delivery = true
[[mqtt.route]]
filter = "y"
topic = "v"
payload = "senml+cbor"
errors.deadletterqueue.topic.name = "bad"
[[mqtt.route]]
filter = "z"
topic = "w"
payload = "cbor"
split = "payload:a.b"
key = "payload:id"
[[mqtt.route]]
filter = "zz"
topic = "w"
payload = "json"
split = "payload"
key = "payload:id"
schema = { type = "object" }
select = ["a.b", "c"]
rename = { a.b = "x" }
convert = { c = "0.5 * x - 3" }
deadband = { c = "2%", "a.b" = "change" }
max.silence.ms = "1h"
[[mqtt.route]]
filter = "spBv1.0/#"
topic = "w"
payload = "sparkplug-b"
key = "sparkplug:metric"
sparkplug.rebirth.ms = "30s"
sparkplug.aware = true
[[mqtt.route]]
filter = "s/#"
topic = "w"
payload = "senml+json"
convert = { v = ["degF -> Cel", "psi -> Pa"] }
schema = "schemas/pack.json"
[[mqtt.downlink]]
topic = "commands"
target = "a/{key}/{header:what.for}"
retain = true
reports.topic = "done"
[[mqtt.downlink]]
name = "second"
topic = "commands"
target = "b"
qos = 2
from = "earliest"
errors.deadletterqueue.topic.name = "bad"
`;

test("what config print writes is a file that gives the same settings", () => {
  for (const text of ['gateway.id = "g"', CHANGED]) {
    const { settings, sources } = loaded(text);
    expect(loaded(settingsToml(settings, sources)).settings).toEqual(settings);
  }
});

test("config print says where each value comes from", () => {
  const { settings, sources } = loaded(CHANGED);
  const toml = settingsToml(settings, sources);
  expect(toml).toContain('gateway.id = "g"  # t:2\n');
  expect(toml).toContain('data = "headwater-data"  # default\n');
  expect(toml).toContain('bootstrap = ["a:1", "[::1]:2"]  # t:8\n');
  const json = JSON.parse(JSON.stringify(settingsJson(settings, sources)));
  expect(json.settings["log.retention.ms"]).toEqual({ value: -1, source: "t:4" });
  expect(json.settings["kafka.listen"]).toEqual({ value: "127.0.0.1:9092", source: "default" });
  expect(json.uplinks.central.topics).toEqual({ value: ["*"], source: "default" });
});

test("the reference has every setting, and is what stands in the repository", () => {
  const markdown = referenceMarkdown();
  for (const [name] of OPTION_ENTRIES) expect(markdown).toContain(`- \`${name}\``);
  expect(settingDocs().map(({ key }) => key)).toContain("mqtt.route.filter");
  // Write it anew with: bun src/main.ts config docs > gateway/config/settings.md
  const topics = topicSettingsMarkdown();
  for (const name of ["headwater.full.policy", "headwater.priority", "durability"]) {
    expect(topics).toContain(`- \`${name}\``);
  }
  expect(topics).not.toContain("internal.segment.bytes");
  expect(readFileSync(join(TOP, "gateway/config/settings.md"), "utf8")).toBe(`${markdown}\n${topics}`);
});

test("the example file is right, and what it has in comments are the defaults", () => {
  const text = readFileSync(join(TOP, EXAMPLE), "utf8");
  expect(loaded(text).settings).toEqual(defaultSettings({ "gateway.id": "h" }));
  const [plain = "", sections = ""] = text.split("# --- sections ---");
  const settings = plain.replaceAll(/^#(?=[a-z.]+ = )/gm, "");
  expect(settings).not.toBe(plain);
  const { "gateway.id": id, ...others } = loaded(settings).settings;
  const { "gateway.id": _, ...defaults } = defaultSettings();
  expect(id).toBe("gateway-7");
  expect({ ...others, data: defaults.data }).toEqual(defaults);
  const { settings: withSections } = loaded(sections.replaceAll(/^#(?=\[|[a-z.]+ = )/gm, ""));
  expect(withSections.uplinks).toHaveLength(1);
  expect(withSections.mqttRoutes.length).toBeGreaterThan(1);
});
