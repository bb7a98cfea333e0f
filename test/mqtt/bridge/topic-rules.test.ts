import { expect, test } from "bun:test";
import { TopicRules } from "../../../src/mqtt/bridge/topic-rules.ts";
import { rule } from "./bridge-rig.ts";

test("a topic loses one side's prefix and gets the other's", () => {
  const rules = [
    rule("sensors/#", 1, "local/", "remote/"),
    rule("+/state", 2),
    rule("", 0, "here", "there/it"),
  ];
  const out = new TopicRules(rules, "out");
  const inward = new TopicRules(rules, "in");
  expect(out.filters.map(({ filter }) => filter)).toEqual(["local/sensors/#", "+/state", "here"]);
  expect(inward.filters.map(({ filter }) => filter)).toEqual(["remote/sensors/#", "+/state", "there/it"]);
  const cases: readonly [string, string | null, string | null][] = [
    ["local/sensors/a/b", "remote/sensors/a/b", null],
    ["local/sensors", "remote/sensors", null],
    ["remote/sensors/a", null, "local/sensors/a"],
    ["lamp/state", "lamp/state", "lamp/state"],
    ["lamp/state/x", null, null],
    ["$SYS/state", null, null],
    ["here", "there/it", null],
    ["there/it", null, "here"],
    ["local/other", null, null],
  ];
  for (const [topic, remote, local] of cases) {
    expect(out.map(topic)?.topic ?? null).toBe(remote);
    expect(inward.map(topic)?.topic ?? null).toBe(local);
  }
});

test("the first rule that matches decides", () => {
  const rules = new TopicRules([rule("a/b", 2, "", "first/"), rule("a/#", 0, "", "second/")], "out");
  expect(rules.map("a/b")).toEqual({ topic: "first/a/b", qos: 2 });
  expect(rules.map("a/c")).toEqual({ topic: "second/a/c", qos: 0 });
});
