import { describe, expect, test } from "bun:test";
import { downlinkFilter, parseDownlinkTemplate } from "../../src/config/downlink-template.ts";
import { loadSettings } from "../../src/config/load.ts";

function load(text: string) {
  return loadSettings({ file: { path: "f", text }, env: {}, set: [], flags: new Map(), hostName: "h" });
}

function downlinks(text: string) {
  const result = load(text);
  if (!result.ok) throw new Error(result.problems.map(({ key, fault }) => `${key}: ${fault}`).join("; "));
  return result.settings.mqttDownlinks;
}

function problems(text: string): string[] {
  const result = load(text);
  return result.ok ? [] : result.problems.map(({ key, fault }) => `${key}: ${fault}`);
}

const COMMANDS = `
[[mqtt.downlink]]
topic = "commands"
target = "devices/{key}/commands"
`;

describe("downlinks in the configuration", () => {
  test("are none, or tables with defaults for all but topic and target", () => {
    expect(downlinks("")).toEqual([]);
    expect(downlinks(COMMANDS)).toEqual([
      {
        name: "commands",
        topic: "commands",
        target: "devices/{key}/commands",
        qos: 1,
        retain: false,
        from: "latest",
        reportsTopic: null,
        deadLetterTopic: "dlq.mqtt.downlink",
      },
    ]);
    expect(problems('[[mqtt.downlink]]\ntopic = "t"')).toEqual(["mqtt.downlink[0].target: it is missing"]);
  });

  test("can be given as text", () => {
    const text = 'mqtt.downlink=[{topic = "t", target = "a", reports.topic = "r"}]';
    const result = loadSettings({ file: null, env: {}, set: [text], flags: new Map(), hostName: "h" });
    expect(result.ok && result.settings.mqttDownlinks).toMatchObject([{ topic: "t", reportsTopic: "r" }]);
  });

  for (const [setting, fault] of [
    ['topic = "a b"', /letters, digits/],
    ['topic = "__mqtt_sessions"', /gateway's own/],
    ['target = "a/+"', /no \+ and no #/],
    ['target = "a/{name}"', /neither \{key\}/],
    ['target = "$SYS/x"', /gateway's own/],
    ["qos = 3", /above 2/],
    ['from = "middle"', /not one of the choices/],
    ['name = "a/b"', /1 to 64 letters/],
    ['colour = "red"', /no such setting/],
  ] as const) {
    test(`refuse ${setting}`, () => {
      const [name = ""] = setting.split(" ");
      const others = ['topic = "t"', 'target = "a"'].filter((line) => !line.startsWith(`${name} `));
      const [problem, ...more] = problems(`[[mqtt.downlink]]\n${[setting, ...others].join("\n")}`);
      expect(problem).toMatch(fault);
      expect(more).toEqual([]);
    });
  }

  test("need MQTT clients that are served", () => {
    expect(problems(`mqtt.listen = "off"\n${COMMANDS}`)).toEqual([
      "mqtt.listen: a downlink publishes to MQTT clients, and none are served",
    ]);
    expect(problems(`mqtt.listen = "off"\nmqtt.websocket.listen = "127.0.0.1:9001"\n${COMMANDS}`)).toEqual(
      [],
    );
  });

  test("have names of their own", () => {
    expect(problems(COMMANDS + COMMANDS)).toEqual([
      'mqtt.downlink[1].name: there are two downlinks "commands"',
    ]);
    expect(downlinks(`${COMMANDS}${COMMANDS}name = "second"`)).toHaveLength(2);
  });
});

describe("what would come to subscribers twice, or go round, is refused", () => {
  const downlink = (topic: string, target: string, more = "") =>
    `[[mqtt.downlink]]\ntopic = "${topic}"\ntarget = "${target}"\nname = "${topic}-${target.length}"\n${more}\n`;
  const route = (filter: string, topic: string) =>
    `[[mqtt.route]]\nfilter = "${filter}"\ntopic = "${topic}"\n`;

  test("a route that brings the target's messages into the topic", () => {
    expect(problems(downlink("telemetry", "devices/{key}/commands"))).toEqual([
      expect.stringContaining('the route "devices/{key}/#" puts what is published there into telemetry'),
    ]);
    expect(problems(downlink("mqtt", "{key}/commands"))).toHaveLength(1);
    expect(problems(downlink("mqtt", "building/{header:door}"))).toHaveLength(1);
    // Of a device without a name, messages are not taken by the first route.
    expect(problems(downlink("mqtt", "devices/x/{key}"))).toEqual([]);
  });

  test("by a template too, as far as it can be told", () => {
    const routes = route("a/{area}/{key}", "plant-{area}") + route("b/#", "other");
    expect(problems(routes + downlink("plant-x", "a/x/{key}"))).toHaveLength(1);
    expect(problems(routes + downlink("plant-x", "a/{key}/y"))).toHaveLength(1);
    expect(problems(routes + downlink("plant-x", "a/y/{key}"))).toEqual([]);
    expect(problems(routes + downlink("plant-x", "b/{key}"))).toEqual([]);
    expect(problems(routes + downlink("other", "b/{key}"))).toHaveLength(1);
  });

  test("reports and dead letters that come back", () => {
    expect(problems(downlink("commands", "c/{key}", 'reports.topic = "commands"'))).toHaveLength(1);
    const bad = 'errors.deadletterqueue.topic.name = "commands"';
    expect(problems(downlink("commands", "c/{key}", bad))).toHaveLength(1);
    const there = downlink("a", "x/{key}", 'reports.topic = "b"');
    expect(problems(there + downlink("b", "y/{key}", 'reports.topic = "done"'))).toEqual([]);
    expect(problems(there + downlink("b", "y/{key}", 'reports.topic = "a"'))).toHaveLength(2);
  });
});

describe("a target", () => {
  test("is text, the key and headers", () => {
    expect(parseDownlinkTemplate("a/{key}-x/{header:mqtt.topic}")).toEqual([
      { kind: "text", text: "a/" },
      { kind: "key", level: null },
      { kind: "text", text: "-x/" },
      { kind: "header", name: "mqtt.topic" },
    ]);
    expect(parseDownlinkTemplate("{key:2}")).toEqual([{ kind: "key", level: 2 }]);
    expect(parseDownlinkTemplate("")).toBe("it is empty");
    for (const bad of [
      "{key:0}",
      "{key:-1}",
      "{key:x}",
      "{key:100}",
      "{key:}",
      "a{",
      "a}",
      "{}",
      "{header:}",
      "a/#",
      "$share/g/a",
      "$replay/1h/a",
    ]) {
      expect(parseDownlinkTemplate(bad)).toBeString();
    }
  });

  test("stands for the topics of a filter", () => {
    const filter = (template: string) => {
      const parts = parseDownlinkTemplate(template);
      return typeof parts === "string" ? parts : downlinkFilter(parts);
    };
    expect(filter("a/{key}/b")).toBe("a/+/b");
    expect(filter("a/x-{key}{header:h}/b")).toBe("a/+/b");
    expect(filter("{key}")).toBe("+");
    expect(filter("a/{key:2}/b")).toBe("a/+/b");
    expect(filter("a/b")).toBe("a/b");
  });
});
