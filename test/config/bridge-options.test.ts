import { describe, expect, test } from "bun:test";
import { filtersOverlap } from "../../src/config/bridge-options.ts";
import { loadSettings } from "../../src/config/load.ts";
import { formatProblem } from "../../src/config/problem.ts";
import { settingsJson, settingsToml } from "../../src/config/reference.ts";

function load(text: string, env: Readonly<Record<string, string>> = {}) {
  return loadSettings({ file: { path: "gw.toml", text }, env, set: [], flags: new Map(), hostName: "h" });
}

function good(text: string, env: Readonly<Record<string, string>> = {}) {
  const result = load(text, env);
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join("\n"));
  return result;
}

const SMALL = '[bridge.up]\nurl = "mqtt://central.example.org"\nout = [{ filter = "devices/#" }]\n';

test("a bridge needs a url and a rule; the rest has defaults", () => {
  const [bridge] = good(SMALL).settings.bridges;
  expect(bridge).toMatchObject({
    name: "up",
    url: { host: "central.example.org", port: 1883, tls: false },
    version: 5,
    from: "latest",
    in: [],
    out: [{ filter: "devices/#", qos: 1, localPrefix: "", remotePrefix: "" }],
  });
});

test("rules with prefixes, written either way; several bridges; environment", () => {
  const { settings, sources } = good(
    `[bridge.b]
url = "mqtts://[::1]:99"
version = 4
user.name = "u"
password.file = "/run/secret"
in = [{ filter = "a/#", qos = 2, local.prefix = "x/", remote.prefix = "y/" }, { "remote.prefix" = "one/topic", "local.prefix" = "here" }]
${SMALL}`,
    { HEADWATER_BRIDGE_UP_KEEP_ALIVE_MS: "20s" },
  );
  expect(settings.bridges.map(({ name }) => name)).toEqual(["b", "up"]);
  const [b, up] = settings.bridges;
  expect(b?.url).toEqual({ host: "::1", port: 99, tls: true });
  expect(b?.in).toEqual([
    { filter: "a/#", qos: 2, localPrefix: "x/", remotePrefix: "y/" },
    { filter: "", qos: 1, localPrefix: "here", remotePrefix: "one/topic" },
  ]);
  expect(up?.["keep.alive.ms"]).toBe(20_000);
  const again = good(settingsToml(settings, sources));
  expect(again.settings.bridges).toEqual(settings.bridges);
  expect(JSON.stringify(settingsJson(settings, sources))).toContain("mqtts://[::1]:99");
});

describe("what is wrong is named, with what to write", () => {
  const rules = 'out = [{ filter = "a/#" }]';
  const cases: readonly (readonly [string, string])[] = [
    ["[bridge.up]", "gw.toml:1: bridge.up.url: it is missing"],
    [`[bridge.UP]\nurl = "mqtt://h"\n${rules}`, "rename the bridge"],
    ['[bridge.up]\nurl = "mqtt://h"', "nothing is carried either way; give it rules"],
    [`[bridge.up]\nurl = "http://h"\n${rules}`, "http:// is not spoken; write mqtt://host:1883"],
    [`[bridge.up]\nurl = "h:1883"\n${rules}`, "it is no URL of a broker alone"],
    [`[bridge.up]\nurl = "mqtt://h/path"\n${rules}`, "it is no URL of a broker alone"],
    [`[bridge.up]\nurl = "mqtt://u:p@h"\n${rules}`, "take them out: write user.name and password.file"],
    [`[bridge.up]\nurl = "mqtt://h:0"\n${rules}`, "port 0 cannot be reached"],
    [`[bridge.up]\nurl = "mqtt://h"\nversion = 3\n${rules}`, "it is below 4"],
    [
      `[bridge.up]\nurl = "mqtt://h"\npassword = "x"\n${rules}`,
      "bridge.up.password = ***: there is no such setting; did you mean bridge.up.password.file?",
    ],
    [`[bridge.up]\nurl = "mqtt://h"\npassword.file = "x"\n${rules}`, "there is no user.name"],
    [`[bridge.up]\nurl = "mqtts://h"\ntls.key.file = "x"\n${rules}`, "certificate and key go together"],
    [`[bridge.up]\nurl = "mqtt://h"\ntls.ca.file = "x"\n${rules}`, "write mqtts:// in url"],
    ['[bridge.up]\nurl = "mqtt://h"\nout = "a"', 'bridge.up.out = "a": it is a text; write a list of tables'],
    ['[bridge.up]\nurl = "mqtt://h"\nout = ["a"]', "a rule is a text"],
    ['[bridge.up]\nurl = "mqtt://h"\nout = [{ filter = "a", topic = "b" }]', "a rule has no topic"],
    [
      '[bridge.up]\nurl = "mqtt://h"\nout = [{ filter = "a", qos = 3 }]',
      "the qos of a rule is not 0, 1 or 2",
    ],
    ['[bridge.up]\nurl = "mqtt://h"\nout = [{ filter = "" }]', "filter and prefix are empty"],
    ['[bridge.up]\nurl = "mqtt://h"\nout = [{ filter = "a/#/b" }]', '"a/#/b" is no topic filter'],
    [
      '[bridge.up]\nurl = "mqtt://h"\nout = [{ filter = "#", local.prefix = "a" }]',
      '"a#" is no topic filter',
    ],
    [
      '[bridge.up]\nurl = "mqtt://h"\nout = [{ filter = "#", local.prefix = "+/" }]',
      "a prefix holds a wildcard",
    ],
    ['[bridge.up]\nurl = "mqtt://h"\nin = [{ filter = "$share/g/a" }]', "can't be bridged"],
    [
      '[bridge.up]\nurl = "mqtt://h"\nversion = 4\nin = [{ filter = "#" }]\nout = [{ filter = "devices/#" }]',
      'what goes out as "devices/#" comes back in by "#"; speak version 5',
    ],
    [`[bridge.up]\nurl = "mqtt://localhost:1883"\n${rules}`, "it is this gateway's own door"],
    [`mqtt.listen = "off"\n[bridge.up]\nurl = "mqtt://h"\n${rules}`, "mqtt.listen is off"],
    [
      `[bridge.up]\nurl = "mqtt://h"\nretry.backoff.max.ms = 10\n${rules}`,
      'bridge.up.retry.backoff.max.ms = "10ms": it is below retry.backoff.ms',
    ],
  ];
  for (const [text, expected] of cases) {
    test(expected, () => {
      const result = load(text);
      expect(result.ok ? "nothing" : result.problems.map(formatProblem).join("\n")).toContain(expected);
    });
  }
});

test("in 3.1.1 the same filters both ways are fine where prefixes part them", () => {
  const bridge = 'url = "mqtt://h"\nversion = 4';
  const parted =
    'in = [{ filter = "#", remote.prefix = "to-gw/" }]\nout = [{ filter = "#", remote.prefix = "from-gw/" }]';
  expect(load(`[bridge.up]\n${bridge}\n${parted}`).ok).toBe(true);
});

test("two filters overlap where some topic matches both", () => {
  const overlapping: readonly [string, string][] = [
    ["a", "a"],
    ["a/+", "+/b"],
    ["a/#", "a"],
    ["#", "x/y/z"],
    ["a/b/#", "a/+/c"],
    ["$a/#", "$a/b"],
  ];
  const apart: readonly [string, string][] = [
    ["a", "b"],
    ["a/b", "a"],
    ["a/+", "a"],
    ["a/b/#", "a/c/#"],
    ["#", "$SYS/x"],
    ["+/x", "$a/x"],
  ];
  for (const [one, other] of overlapping) {
    expect([filtersOverlap(one, other), filtersOverlap(other, one)]).toEqual([true, true]);
  }
  for (const [one, other] of apart) {
    expect([filtersOverlap(one, other), filtersOverlap(other, one)]).toEqual([false, false]);
  }
});
