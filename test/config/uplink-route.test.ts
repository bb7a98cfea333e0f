import { describe, expect, test } from "bun:test";
import { loadSettings } from "../../src/config/load.ts";
import { formatProblem } from "../../src/config/problem.ts";
import { settingsToml } from "../../src/config/reference.ts";

const UPLINK = '[uplink.central]\nbootstrap = ["central:9092"]\n';

function load(text: string, env: Readonly<Record<string, string>> = {}) {
  return loadSettings({ file: { path: "t", text }, env, set: [], flags: new Map(), hostName: "h" });
}

function loaded(text: string, env: Readonly<Record<string, string>> = {}) {
  const result = load(text, env);
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join("\n"));
  return result;
}

const FULL = `gateway.site = "plant-7"
${UPLINK}
[[uplink.central.route]]
topics = ["telemetry", "line-*"]
topic = "{site}.{topic}"
keys = ["press-*"]
headers = { "mqtt.qos" = "1", alarm = true, test = false }
sample.interval.ms = "1m"

[uplink.central.route.create]
partitions = 12
replication.factor = 3
configs = { "retention.ms" = "604800000" }

[[uplink.central.route]]
topics = ["audit"]
sample.every = 10
`;

describe("routes of an uplink", () => {
  test("are read, and what config print writes of them gives the same", () => {
    const { settings, sources } = loaded(FULL);
    const [uplink] = settings.uplinks;
    expect(uplink?.topics).toEqual([]);
    expect(uplink?.route).toEqual([
      {
        topics: ["telemetry", "line-*"],
        topic: "{site}.{topic}",
        keys: ["press-*"],
        headers: { "mqtt.qos": "1", alarm: true, test: false },
        "sample.every": 1,
        "sample.interval.ms": 60_000,
        "create.partitions": 12,
        "create.replication.factor": 3,
        "create.configs": { "retention.ms": "604800000" },
      },
      {
        topics: ["audit"],
        topic: "{topic}",
        keys: [],
        headers: {},
        "sample.every": 10,
        "sample.interval.ms": 0,
        "create.partitions": -1,
        "create.replication.factor": -1,
        "create.configs": {},
      },
    ]);
    expect(loaded(settingsToml(settings, sources)).settings).toEqual(settings);
  });

  test("may be text, and leave topics what they say themselves", () => {
    const route = '[{topics = ["a"], topic = "x"}]';
    const fromText = loaded(UPLINK, { HEADWATER_UPLINK_CENTRAL_ROUTE: route }).settings.uplinks[0];
    expect(fromText?.route[0]).toMatchObject({ topics: ["a"], topic: "x" });
    const both = loaded(`${UPLINK}topics = ["b"]\nroute = ${route}`).settings.uplinks[0];
    expect(both?.topics).toEqual(["b"]);
    expect(loaded(UPLINK).settings.uplinks[0]?.topics).toEqual(["*"]);
  });

  test.each([
    ['topic = "x"', "route 1: topics is missing"],
    ['topics = ["a"]\ntopic = "{area}"', "there is no {area}: write {topic}, {gateway} or {site}"],
    [
      'topics = ["a"]\ntopic = "{site}"',
      '= "{site}": route 1: topic: gateway.site is not set; write gateway.site = "..."',
    ],
    ['topics = ["a"]\ntopic = "a b"', "topics have only letters"],
    ['topics = ["a/b"]', "it is not a topic's name"],
    ['topics = [".."]', "it is not a topic's name"],
    ['topics = ["a"]\ntopic = "."', "no topic can have this name"],
    ['topics = ["a"]\nkey = ["x"]', "there is no setting key; did you mean keys?"],
    ['topics = ["a"]\nheaders = { a = 1 }', "a header's condition is a number"],
    ['topics = ["a"]\nsample.every = 0', "sample.every: it is below 1"],
    ['topics = ["a"]\nsample.every = 2\nsample.interval.ms = 5', "keep one of them"],
    ['topics = ["a"]\ncreate.configs = { a = true }', "a configuration is a boolean"],
  ])("%j is refused", (text, message) => {
    const result = load(`${UPLINK}[[uplink.central.route]]\n${text}`);
    expect(result.ok ? "" : result.problems.map(formatProblem).join("\n")).toContain(message);
  });

  test("an uplink that carries nothing is refused", () => {
    const result = load(`${UPLINK}topics = []`);
    expect(result.ok ? "" : result.problems.map(formatProblem).join("\n")).toContain("nothing is forwarded");
  });
});
