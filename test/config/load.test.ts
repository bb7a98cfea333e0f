import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type LoadResult, loadSettings } from "../../src/config/load.ts";
import { defaultSettings, type SettingName, type Settings } from "../../src/config/options.ts";
import { formatProblem, formatSource } from "../../src/config/problem.ts";
import { NO_PAYLOAD_SETTINGS } from "../../src/config/route-payload-options.ts";

interface Given {
  readonly file?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly set?: readonly string[];
  readonly flags?: Readonly<Partial<Record<SettingName, string>>>;
}

function load({ file, env = {}, set = [], flags = {} }: Given): LoadResult {
  return loadSettings({
    file: file === undefined ? null : { path: "gw.toml", text: file },
    env,
    set,
    flags: new Map(Object.entries(flags) as [SettingName, string][]),
    hostName: "Pi 3",
  });
}

function good(given: Given): Settings {
  const result = load(given);
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join("\n"));
  return result.settings;
}

function problems(given: Given): readonly string[] {
  const result = load(given);
  return result.ok ? [] : result.problems.map(formatProblem);
}

test("nothing given: every default, and the host's name made legal", () => {
  expect(good({})).toEqual(defaultSettings({ "gateway.id": "Pi-3" }));
});

test("a flag beats --set beats the environment beats the file beats the default", () => {
  const file = 'data = "file"';
  const env = { HEADWATER_DATA: "env" };
  const set = ["data=set"];
  const flags = { data: "flag" };
  const cases: readonly (readonly [Given, string, string])[] = [
    [{}, "headwater-data", "default"],
    [{ file }, "file", "gw.toml:1"],
    [{ file, env }, "env", "environment HEADWATER_DATA"],
    [{ file, env, set }, "set", "--set"],
    [{ file, env, set, flags }, "flag", "--data"],
  ];
  for (const [given, value, source] of cases) {
    const result = load(given);
    expect(result.ok && result.settings.data).toBe(value);
    expect(result.ok && formatSource(result.sources.get("data") ?? { kind: "set" })).toBe(source);
  }
});

test("the last --set of a key counts", () => {
  expect(good({ set: ["num.partitions=2", "num.partitions=3"] })["num.partitions"]).toBe(3);
});

test("one value, four spellings", () => {
  const files = [
    'log.retention.ms = "1d"',
    "[log]\nretention.ms = 86_400_000",
    '[log.retention]\nms = "24h"',
  ];
  for (const file of files) expect(good({ file })["log.retention.ms"]).toBe(86_400_000);
  expect(good({ env: { HEADWATER_LOG_RETENTION_MS: "86400000" } })["log.retention.ms"]).toBe(86_400_000);
  expect(good({ set: ["log.retention.ms = 1d"] })["log.retention.ms"]).toBe(86_400_000);
  expect(good({ set: ["log.retention.ms=-1"] })["log.retention.ms"]).toBe(-1);
});

test("an uplink from file, environment and --set together", () => {
  const { uplinks } = good({
    file: '[uplink.central]\nbootstrap = ["a:1", "b:2"]\n[uplink.backup]\nbootstrap = "c:3"\n',
    env: { HEADWATER_UPLINK_CENTRAL_LINGER_MS: "1s" },
    set: ['uplink.central.topics=["telemetry", "site-*"]', "uplink.backup.delivery=idempotent"],
  });
  expect(uplinks.map(({ name }) => name)).toEqual(["backup", "central"]);
  const central = uplinks[1];
  expect(central?.bootstrap).toEqual([
    { host: "a", port: 1 },
    { host: "b", port: 2 },
  ]);
  expect(central?.topics).toEqual(["telemetry", "site-*"]);
  expect(central?.["linger.ms"]).toBe(1000);
  expect(central?.delivery).toBe("transactional");
  expect(uplinks[0]?.delivery).toBe("idempotent");
});

test("routes note how messages were published where a bridge carries them on, unless they say otherwise", () => {
  const noted = (file: string) => good({ file }).mqttRoutes.map(({ deliveryHeaders }) => deliveryHeaders);
  const bridge = (rules: string) => `[bridge.up]\nurl = "mqtt://site"\n${rules}\n`;
  const out = bridge('out = [{ filter = "#" }]');
  const routes = ["", "header.delivery = false", "header.delivery = true"]
    .map((line, index) => `[[mqtt.route]]\nfilter = "r${index}/#"\ntopic = "t"\n${line}\n`)
    .join("");
  expect(noted(out)).toEqual([true, true]);
  expect(noted(bridge('in = [{ filter = "#" }]'))).toEqual([false, false]);
  expect(noted("")).toEqual([false, false]);
  expect(noted(out + routes)).toEqual([true, false, true]);
  expect(noted(routes)).toEqual([false, false, true]);
});

test("routes, from tables and from text", () => {
  const file = `
[[mqtt.route]]
filter = "plant/{area}/{key}/#"
topic = "plant-{area}"
headers = { area = "{area}", "a.b" = "x" }
timestamp = "payload:meta.ts"
format = "cbor"
header.topic = false
header.delivery = true
[[mqtt.route]]
filter = "#"
topic = "rest"
key = "none"
`;
  expect(good({ file }).mqttRoutes).toEqual([
    {
      filter: "plant/{area}/{key}/#",
      topic: "plant-{area}",
      key: "{key}",
      headers: { area: "{area}", "a.b": "x" },
      topicHeader: false,
      deliveryHeaders: true,
      timestamp: { payload: "meta.ts", format: "cbor" },
      payload: "pass",
      split: null,
      deadLetterTopic: "dlq.mqtt",
      ...NO_PAYLOAD_SETTINGS,
    },
    {
      filter: "#",
      topic: "rest",
      key: null,
      headers: {},
      topicHeader: true,
      deliveryHeaders: false,
      timestamp: "arrival",
      payload: "pass",
      split: null,
      deadLetterTopic: "dlq.mqtt",
      ...NO_PAYLOAD_SETTINGS,
    },
  ]);
  const text = '[{filter = "a/+", topic = "t"}]';
  for (const given of [{ set: [`mqtt.route=${text}`] }, { env: { HEADWATER_MQTT_ROUTE: text } }]) {
    const [route, ...others] = good(given).mqttRoutes;
    expect(route?.key).toBe("{topic}");
    expect(others).toEqual([]);
  }
});

test("routes that decode: key and timestamp out of the payload, or SenML's own", () => {
  const route = (settings: string) => {
    const [found] = good({ file: `[[mqtt.route]]\nfilter = "a/{key}"\ntopic = "t"\n${settings}` }).mqttRoutes;
    return found;
  };
  for (const payload of ["senml+json", "senml+cbor"] as const) {
    const timestamp = { payload: "t", format: "auto" } as const;
    const expected = { payload, key: { payload: "n" }, timestamp, split: null };
    expect(route(`payload = "${payload}"`)).toMatchObject(expected);
    expect(route(`payload = "${payload}"\nkey = "{key}"\ntimestamp = "arrival"`)).toMatchObject({
      key: "{key}",
      timestamp: "arrival",
    });
  }
  expect(route('payload = "cbor"')).toMatchObject({ key: "{key}", timestamp: "arrival", split: null });
  expect(route('payload = "json"\nkey = "payload:meta.id"\nsplit = "payload:list.all"')).toMatchObject({
    key: { payload: "meta.id" },
    split: "list.all",
  });
  expect(route('payload = "json"\nsplit = "payload"')?.split).toBe("");
  expect(route('errors.deadletterqueue.topic.name = "bad"')?.deadLetterTopic).toBe("bad");
});

describe("problems name file, line, key, value and remedy", () => {
  const route = '[[mqtt.route]]\nfilter = "a/{x}"\ntopic = "t"\n';
  const cases: readonly (readonly [string, string])[] = [
    ['\nkafka.listen = "foo"', 'gw.toml:2: kafka.listen = "foo": no port in it; write host:port'],
    ["[kafka]\n\nlisten = 9092", "gw.toml:3: kafka.listen = 9092: it is a number; write host:port"],
    ['[http]\nlisten = "x:70000"', 'gw.toml:2: http.listen = "x:70000": port 70000 is above 65535'],
    [
      '[log]\nlevel = "loud"',
      'gw.toml:2: log.level = "loud": it is not one of the choices; write one of debug',
    ],
    ["num.partitions = 0", "gw.toml:1: num.partitions = 0: it is below 1; write 1 to 10000"],
    ["num.partitions = 1.5", "gw.toml:1: num.partitions = 1.5: it is not a whole number"],
    [
      '[bridge.a]\nurl = "mqtt://b"\nversion = "3.1.1"',
      'gw.toml:3: bridge.a.version = "3.1.1": it is not a whole number; write a whole number, 4 to 5',
    ],
    ['log.segment.bytes = "1KiB"', 'log.segment.bytes = "1KiB": it is below 1MiB; write 1MiB to 1GiB'],
    ['log.retention.ms = "week"', 'log.retention.ms = "week": it is not a duration; write milliseconds'],
    ["log.retention.ms = -2", "log.retention.ms = -2: it is below 1ms; write 1ms or more, or -1: for ever"],
    ["auto.create.topics.enable = 3", "it is neither true nor false; write true or false"],
    ["log.roll.ms = 1979-05-27T07:32:00Z", "it is not a duration"],
    ["data = 1979-05-27", "it is a date; write a quoted text"],
    ['gateway.id = "a b"', 'gateway.id = "a b": it holds other characters'],
    ['kafka.advertised = ":1"', 'kafka.advertised = ":1": no host in it'],
    ['[[mqtt.route]]\nfilter = "a"\ntopic = "__{x}"', "are the gateway's own"],
    ['[[mqtt.route]]\nfilter = "a"\ntopic = "headwater.gaps"', "are the gateway's own"],
    ['[[mqtt.downlink]]\ntopic = "__commands"\ntarget = "a"', "are the gateway's own"],
    // Unknown keys.
    [
      'kafka.lisen = "x:1"',
      'gw.toml:1: kafka.lisen = "x:1": there is no such setting; did you mean kafka.listen?',
    ],
    ["log.retention.hours = 3", "did you mean log.retention.ms?"],
    ['log.dirs = "/data"', "did you mean data?"],
    ["segment.bytes = 1", "did you mean log.segment.bytes?"],
    ["auto_create_topics_enable = true", "did you mean auto.create.topics.enable?"],
    ["zzzzzzzzzzzzzzzz = 1", "there is no such setting; headwater config docs lists all settings"],
    ["[nowhere]", "gw.toml:1: nowhere = {}: there is no such setting"],
    ["constructor = 1", "constructor = 1: there is no such setting"],
    ["__proto__.x = 1", "__proto__.x = 1: there is no such setting"],
    ['kafka = "x:1"', 'gw.toml:1: kafka = "x:1": it is a section, not a setting; write [kafka]'],
    // Not TOML.
    ["a = 1\nb = \n", "gw.toml:2: Missing value after '='"],
    ["data = yes", "gw.toml:1: Strings must be quoted"],
    ['log.level = "info"\nlog.level = "warn"', "gw.toml:2: Cannot redefine key"],
    ["disk.reserve.bytes = 16MiB", "gw.toml:1: Unexpected character after a value"],
    // Settings together.
    ['fetch.max.bytes = "128MiB"', "kafka.max.queued.bytes is below fetch.max.bytes (128MiB)"],
    ['socket.request.max.bytes = "512KiB"', "socket.request.max.bytes is below message.max.bytes"],
    ['mqtt.listen = "127.0.0.1:9092"', "mqtt.listen = 127.0.0.1:9092: kafka.listen has this address too"],
    [
      'mqtt.websocket.listen = "127.0.0.1:1883"',
      "mqtt.websocket.listen = 127.0.0.1:1883: mqtt.listen has this address too",
    ],
    [
      'tls.key.file = "k"\nmqtt.tls.listen = "127.0.0.1:8883"',
      "gw.toml:2: mqtt.tls.listen = 127.0.0.1:8883: tls.certificate.file is missing",
    ],
    [
      'tls.certificate.file = "c"\nmqtt.websocket.tls.listen = "127.0.0.1:8884"',
      "gw.toml:2: mqtt.websocket.tls.listen = 127.0.0.1:8884: tls.key.file is missing",
    ],
    [
      'kafka.tls.listen = "127.0.0.1:9093"\ntls.key.file = "k"',
      "gw.toml:1: kafka.tls.listen = 127.0.0.1:9093: tls.certificate.file is missing",
    ],
    [
      'kafka.listen = "0.0.0.0:9092"\nkafka.sasl.mechanisms = ["SCRAM-SHA-512", "PLAIN"]',
      'gw.toml:2: kafka.sasl.mechanisms = ["SCRAM-SHA-512", "PLAIN"]: PLAIN shows passwords to whoever listens on the way to kafka.listen',
    ],
    [
      'kafka.sasl.mechanisms = ["OAUTHBEARER"]\nsasl.oauthbearer.expected.issuer = "i"\nsasl.oauthbearer.expected.audience = ["a"]',
      "OAUTHBEARER needs sasl.oauthbearer.jwks.endpoint.url",
    ],
    ['sasl.oauthbearer.jwks.endpoint.url = "http://keys.example/jwks"', "it is neither https:// nor file://"],
    ['kafka.tls.principal.mapping.rules = ["RULE:(/x/"]', "its pattern is none"],
    ['kafka.sasl.mechanisms = ["GSSAPI"]', '"GSSAPI": there is no such mechanism'],
    [
      'tls.certificate.file = "c"\ntls.key.file = "k"\nkafka.tls.listen = "127.0.0.1:9093"\nkafka.tls.client.auth = "requested"',
      "gw.toml:4: kafka.tls.client.auth = requested: tls.ca.file is missing",
    ],
    [
      'tls.certificate.file = "c"\ntls.key.file = "k"\nmqtt.tls.listen = "127.0.0.1:8883"\nmqtt.tls.client.auth = "required"',
      "gw.toml:4: mqtt.tls.client.auth = required: tls.ca.file is missing",
    ],
    [
      'tls.principal = ["cn", "ou"]',
      'gw.toml:1: tls.principal = [ "cn", "ou" ]: "ou": there is no such source',
    ],
    [
      'tls.key.file = "k"\ntls.certificate.file = "c"\nmqtt.tls.listen = "127.0.0.1:1883"',
      "mqtt.tls.listen = 127.0.0.1:1883: mqtt.listen has this address too",
    ],
    // Uplinks.
    [
      "[uplink.x]",
      "gw.toml:1: uplink.x.bootstrap: it is missing; write bootstrap = ..., a list of host:port",
    ],
    ["[uplink.x]\nbootstrap = []", "gw.toml:2: uplink.x.bootstrap = []: the list is empty"],
    ['[uplink.x]\nbootstrap = "a"', '"a": no port in it; write host:port, for example central'],
    ['[uplink.x]\nbootstrap = "a:0"', "port 0 cannot be reached"],
    ['[uplink.x]\nbootstrap = ["a:1", 2]', "an item is a number"],
    [
      '[uplink.x]\nbootstrap = "a:1"\ntopic = "t"',
      'gw.toml:3: uplink.x.topic = "t": there is no such setting; did you mean uplink.x.topics?',
    ],
    ['[uplink.x]\nbootstrap = "a:1"\ntopics = ["a b"]', '"a b": it is not a topic\'s name'],
    ['[uplink.X]\nbootstrap = "a:1"', "gw.toml:1: uplink.X: it is not 1 to 32 of a-z"],
    [
      '[uplink.x]\nbootstrap = "a:1"\nretry.backoff.max.ms = 100',
      "retry.backoff.max.ms = 100: it is below retry.backoff.ms",
    ],
    // Routes.
    [
      "mqtt.route = 3",
      "gw.toml:1: mqtt.route = 3: it is not a list of tables; begin each route with [[mqtt.route]]",
    ],
    ['[[mqtt.route]]\ntopic = "t"', "gw.toml:1: mqtt.route[0].filter: it is missing"],
    [
      `${route}keys = "a"`,
      'gw.toml:4: mqtt.route[0].keys = "a": there is no such setting; did you mean key?',
    ],
    [`${route}key = "{y}"`, 'gw.toml:4: mqtt.route[0].key = "{y}": {y} is not a level of the filter "a/{x}"'],
    [`${route}${route}headers = { h = "{y}" }`, "gw.toml:7: mqtt.route[1].headers.h"],
    [`${route}key = "{x"`, "a { without its }"],
    [`${route}timestamp = "payload:"`, "a name in the path is empty"],
    [`${route}timestamp = "ts"`, 'it names no source; write "arrival" or "payload:NAME"'],
    [`${route}headers = { a.b = "x" }`, "header a is a table"],
    [
      '[[mqtt.route]]\nfilter = "a/#/b"\ntopic = "t"',
      'gw.toml:2: mqtt.route[0].filter = "a/#/b": # may only be the last level',
    ],
    ['[[mqtt.route]]\nfilter = "a/b+"\ntopic = "t"', "+ and # have to be whole levels"],
    ['[[mqtt.route]]\nfilter = "a/{x}/{x}"\ntopic = "t"', "{x} is there twice"],
    ['[[mqtt.route]]\nfilter = "$share/g/a"\ntopic = "t"', "no shared subscription"],
    ['[[mqtt.route]]\nfilter = "a"\ntopic = "{topic}"', "{topic} is not a level of the filter"],
    ['[[mqtt.route]]\nfilter = "a"\ntopic = "t/x"', "topics have only letters, digits"],
    [
      `${route}payload = "xml"`,
      'gw.toml:4: mqtt.route[0].payload = "xml": it is not one of the choices; write one of pass, json, cbor',
    ],
    [
      `${route}key = "payload:id"`,
      'gw.toml:4: mqtt.route[0].key = "payload:id": payload is "pass": payloads are not looked into; set payload = "json"',
    ],
    [`${route}payload = "json"\nkey = "payload:a."`, "gw.toml:5: mqtt.route[0].key"],
    [
      `${route}split = "payload"`,
      'gw.toml:4: mqtt.route[0].split = "payload": payload is "pass": payloads are not looked into; set payload',
    ],
    [
      `${route}payload = "senml+cbor"\nsplit = "payload:e"`,
      'gw.toml:5: mqtt.route[0].split = "payload:e": payload is "senml+cbor", which is always split; leave it out',
    ],
    [
      `${route}payload = "json"\nsplit = "list"`,
      'it names no array; write "none", "payload" or "payload:NAME"',
    ],
    [
      `${route}payload = "sparkplug-b"\nsplit = "payload"`,
      'mqtt.route[0].split = "payload": payload is "sparkplug-b", which is always split; leave it out',
    ],
    [
      `${route}key = "sparkplug:metric"`,
      'gw.toml:4: mqtt.route[0].key = "sparkplug:metric": payload is "pass"; set payload = "sparkplug-b"',
    ],
    [`${route}key = "sparkplug:x"`, "it is no key of Sparkplug's"],
    [
      `${route}sparkplug.aware = true`,
      'gw.toml:4: mqtt.route[0].sparkplug.aware = true: payload is "pass"; set payload = "sparkplug-b"',
    ],
    [
      `${route}[mqtt.route.sparkplug.rebirth]\nms = 10`,
      "mqtt.route[0].sparkplug.rebirth.ms = 10: it is below 1s; write 1s or more, or -1: never",
    ],
    [
      `${route}select = ["a"]`,
      'mqtt.route[0].select = [ "a" ]: payload is "pass": payloads are not looked into',
    ],
    [`${route}payload = "json"\nselect = ["a..b"]`, "a name in the path is empty; write names of fields"],
    [`${route}schema = "s.json"`, 'gw.toml:4: mqtt.route[0].schema = "s.json": payload is "pass"'],
    [
      `${route}payload = "json"\nschema = "{a"`,
      "it begins like a JSON text and is none; write a file's path, or a JSON Schema",
    ],
    [
      `${route}payload = "json"\nrename = { a = 1 }`,
      'mqtt.route[0].rename = { a: 1 }: "a": it is no name; write a table of names by paths',
    ],
    [
      `${route}payload = "json"\nrename = { a = "x", b = "x" }`,
      'two fields become "x"; give each a name of its own',
    ],
    [
      `${route}payload = "json"\nselect = ["a"]\nrename = { b = "x" }`,
      'select leaves "b" out; name it in select too',
    ],
    [
      `${route}payload = "json"\nconvert = { a.b = "degX -> Cel" }`,
      '"a.b": there is no unit "degX"; did you mean degC?; write a table of conversions',
    ],
    [
      `${route}payload = "json"\nconvert = { a = "psi -> Cel" }`,
      '"a": psi is a pressure and Cel is a temperature',
    ],
    [
      `${route}payload = "json"\nconvert = { a = ["psi -> Pa", "degF -> Cel"] }`,
      '"a" has 2 conversions; write one; only the records of SenML say which unit they have',
    ],
    [
      `${route}payload = "sparkplug-b"\nconvert = { value = "2 * x" }`,
      "whose metrics have units and types of their own; leave it out",
    ],
    [`${route}payload = "senml+json"\nconvert = { v = ["psi -> Pa", "2 * x"] }`, '"2 * x" names no unit'],
    [`${route}payload = "json"\ndeadband = { a = "2 %%" }`, '"a": it is no width like 0.5, 2% or change'],
    [`${route}payload = "json"\ndeadband = { a = -1 }`, '"a": it is no width like 0.5'],
    [
      `${route}payload = "json"\nsplit = "payload"\ndeadband = { v = 1 }`,
      'split records have no key of their own to be compared by; set key = "payload:NAME"',
    ],
    [`${route}payload = "json"\ndeadband = "a"`, "it is a text; write a table of widths by paths"],
    [`${route}payload = "json"\nmax.silence.ms = "1m"`, "there is no deadband that could keep records back"],
    [
      `${route}errors.deadletterqueue.topic.name = "a b"`,
      'gw.toml:4: mqtt.route[0].errors.deadletterqueue.topic.name = "a b": topics have only letters',
    ],
    [
      `${route}errors.deadletterqueue.topic.name = "dlq.{x}"`,
      "it is one topic for all messages of the route",
    ],
    [`${route}errors.deadletterqueue.topic = "x"`, "gw.toml:4: mqtt.route[0].errors"],
  ];
  for (const [file, expected] of cases) {
    test(JSON.stringify(file), () => {
      const found = problems({ file });
      expect(found).toHaveLength(1);
      expect(found[0]).toContain(expected);
    });
  }
});

test("routes that check, shape and compare: what stands in the file, nested tables as paths", () => {
  const file = `[[mqtt.route]]
filter = "a/{key}"
topic = "t"
payload = "json"
schema = { type = "object", required = ["temperature"] }
select = ["temperature", "status.rssi"]
rename = { status.rssi = "rssi" }
deadband = { temperature = 0.5, "status.rssi" = "2%" }
max.silence.ms = "15m"
[mqtt.route.convert]
temperature = "degF -> Cel"
[[mqtt.route]]
filter = "spBv1.0/#"
topic = "plant"
payload = "sparkplug-b"
sparkplug.rebirth.ms = "1m"
sparkplug.aware = true
[[mqtt.route]]
filter = "b/#"
topic = "t"
payload = "senml+cbor"
convert = { v = ["degF -> Cel", "psi -> Pa"] }
`;
  const [shaped, sparkplug, senml] = good({ file }).mqttRoutes;
  expect(shaped).toMatchObject({
    schema: '{"type":"object","required":["temperature"]}',
    select: ["temperature", "status.rssi"],
    rename: { "status.rssi": "rssi" },
    convert: { temperature: ["degF -> Cel"] },
    deadband: { temperature: "0.5", "status.rssi": "2%" },
    maxSilenceMs: 900_000,
  });
  expect(sparkplug).toMatchObject({
    key: { sparkplug: "device" },
    timestamp: { payload: "timestamp", format: "auto" },
    split: null,
    sparkplug: { rebirthIntervalMs: 60_000, isAware: true },
  });
  expect(senml?.convert).toEqual({ v: ["degF -> Cel", "psi -> Pa"] });
});

test("values of flags, --set and environment are named by where they stand", () => {
  expect(
    problems({
      env: { HEADWATER_FETCH_MAX_BYTES: "1GiX", HEADWATER_UPLINK_A_BOOTSTRAP: "x" },
      set: ["num.partition=3", "nothing", "log.level=loud"],
      flags: { "http.listen": "8080" },
    }),
  ).toEqual([
    '--set: num.partition = "3": there is no such setting; did you mean num.partitions?',
    '--set: "nothing" has no = in it; write --set key=value',
    'environment: HEADWATER_FETCH_MAX_BYTES = "1GiX": it is not a size; write bytes as a number or with a unit, for example 16MiB',
    '--http = "8080": no host before the port; write host:port, for example 127.0.0.1:8080 (port 0 picks a free one), or "off"',
    '--set: log.level = "loud": it is not one of the choices; write one of debug, info, warn, error',
    'environment: HEADWATER_UPLINK_A_BOOTSTRAP = "x": "x": no port in it; write host:port, for example central.example.org:9092',
  ]);
});

test("all problems are told at once, those of the file in its order", () => {
  const file = 'log.level = "x"\n[uplink.a]\n[kafka]\nlisten = 1\nwhat = 2\n';
  const lines = problems({ file, set: ["x"] }).map((line) => line.split(":").slice(0, 2).join(":"));
  expect(lines).toEqual([
    "gw.toml:1",
    "gw.toml:2",
    "gw.toml:4",
    "gw.toml:5",
    '--set: "x" has no = in it; write --set key=value',
  ]);
});

test("an environment variable that is no setting is warned of, since it may be somebody else's", () => {
  const result = load({ env: { HEADWATER_KAFKA_LISTN: "x", HEADWATER_CONFIG: "f", PATH: "/bin" } });
  expect(result.ok && result.warnings).toEqual([
    "environment HEADWATER_KAFKA_LISTN is no setting and is ignored; did you mean HEADWATER_KAFKA_LISTEN?",
  ]);
});

test("nor is what the launcher tells the program a setting, and it is not warned of", () => {
  const words = ["SLOTS", "LIBRARY", "SLOT", "ATTEMPT", "ATTEMPT_SEEN"];
  const launch = readFileSync(join(import.meta.dirname, "../../gateway/systemd/launch"), "utf8");
  const exported = /export (HEADWATER_.*)/.exec(launch)?.[1]?.match(/HEADWATER_\w+(?==)/g) ?? [];
  expect(exported.toSorted()).toEqual(words.map((word) => `HEADWATER_${word}`).toSorted());
  const result = load({ env: Object.fromEntries(exported.map((name) => [name, "x"])) });
  expect(result.ok && result.warnings).toEqual([]);
});

test("packets that may be too large for a batch are warned of, where there is a door for them", () => {
  const warnings = (...set: string[]) => {
    const result = load({ set });
    return result.ok ? result.warnings : ["not loaded"];
  };
  const expected = [
    expect.stringMatching(/^mqtt\.max\.packet\.bytes \(\d+\) is not 131072 below message\.max/),
  ];
  expect(warnings()).toEqual([]);
  expect(warnings("mqtt.max.packet.bytes=1MiB")).toEqual(expected);
  expect(warnings("message.max.bytes=1000000")).toEqual(expected);
  expect(warnings("mqtt.max.packet.bytes=917517")).toEqual(expected);
  expect(warnings("mqtt.max.packet.bytes=917516")).toEqual([]);
  expect(warnings("mqtt.max.packet.bytes=1MiB", "message.max.bytes=2MiB")).toEqual([]);
  expect(warnings("mqtt.max.packet.bytes=1MiB", "mqtt.listen=off")).toEqual([]);
});

test("a long value is cut in the message", () => {
  const [line = ""] = problems({ file: `log.level = "${"x".repeat(5_000)}"` });
  expect(line.length).toBeLessThan(250);
});

test("a file beyond the bound is refused before it is read", () => {
  expect(problems({ file: "#".repeat(300_000) })[0]).toContain("longer than");
});

test("rules of the Kafka door that nobody stands above are warned of", () => {
  const warnings = (...set: string[]) => {
    const result = load({ set });
    return result.ok ? result.warnings : ["not loaded"];
  };
  const acl = "kafka.authorizer=acl";
  expect(warnings(acl)).toEqual([expect.stringMatching(/security\.super\.users: nobody may do anything/)]);
  expect(warnings(acl, "kafka.acl.allow.if.none=true")).toEqual([expect.stringContaining("the first rule")]);
  expect(warnings(acl, "security.super.users=anna")).toEqual([]);
});
