import { expect, test } from "bun:test";
import { loadSettings } from "../../src/config/load.ts";
import { mirroredTopic } from "../../src/config/mirror-conflicts.ts";
import { formatProblem } from "../../src/config/problem.ts";
import { Routing } from "../../src/upstream/routing.ts";
import { PLAIN_ROUTE, uplinkSettings } from "../../src/upstream/settings.ts";

const CENTRE = '[uplink.c]\nbootstrap = ["a:1"]\n';
const MIRROR = "[[uplink.c.mirror]]\n";

function load(text: string) {
  const file = { path: "gw.toml", text };
  return loadSettings({ file, env: {}, set: [], flags: new Map(), hostName: "gw-7" });
}

function good(text: string) {
  const result = load(text);
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join("\n"));
  return result.settings;
}

function problem(text: string): string {
  const result = load(text);
  return result.ok ? "" : result.problems.map(formatProblem).join("\n");
}

test("a mirror needs a topic; the rest has defaults, and names stand for this gateway", () => {
  const settings = good(
    `${CENTRE}${MIRROR}topic = "commands"\n${MIRROR}topic = "config"\nto = "{gateway}.config"\n`,
  );
  const mirrors = settings.uplinks[0]?.mirror ?? [];
  expect(mirrors[0]).toMatchObject({ topic: "commands", to: "", keys: [], from: "earliest", partitions: -1 });
  expect(mirrors.map((mirror) => mirroredTopic(mirror, settings))).toEqual(["commands", "gw-7.config"]);
});

test.each([
  ["", "topic is missing"],
  ['topic = "__consumer_offsets"\n', "the broker's own"],
  ['topic = "{device}"\n', "there is no {device}"],
  ['topic = "{site}"\n', 'uplink.c.mirror = "{site}": mirror 1: gateway.site is not set'],
  ['topic = "a"\nfrom = "middle"\n', "earliest, latest"],
  ['topic = "a"\ntopik = "b"\n', "did you mean topic?"],
  ['topic = "headwater.gaps"\n', "the gateway's own"],
  ['topic = "."\n', "no topic can have this name"],
  ['topic = "a"\nto = ".."\n', "no topic can have this name"],
  [`topic = "a"\n${MIRROR}topic = "b"\nto = "a"\n`, "written by a mirror of c already"],
  [`topic = "a"\n[uplink.d]\nbootstrap = ["b:1"]\n[[uplink.d.mirror]]\ntopic = "a"\n`, "of c already"],
])("what can't be right is refused: %s", (text, words) => {
  expect(problem(`${CENTRE}${MIRROR}${text}`)).toContain(words);
});

test("a topic that its own uplink names to carry up can't be mirrored", () => {
  const up = '[uplink.c]\nbootstrap = ["a:1"]\ntopics = ["a", "b*"]\n';
  expect(problem(`${up}${MIRROR}topic = "a"\n`)).toContain("come down again");
  expect(problem(`${up}${MIRROR}topic = "b1"\n`)).toBe("");
});

test("copies go up by no pattern, of whichever uplink they are, but where they are meant", () => {
  const routes = [{ ...PLAIN_ROUTE, topics: ["meant"] }, PLAIN_ROUTE];
  const settings = uplinkSettings({ name: "d", gatewayId: "g", routes, mirrored: ["meant", "commands"] });
  const routing = new Routing(settings);
  expect(["telemetry", "meant", "commands"].map((topic) => routing.of(topic)?.topic ?? null)).toEqual([
    "telemetry",
    "meant",
    null,
  ]);
});
