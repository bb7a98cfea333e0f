import { expect, test } from "bun:test";
import { TopicFilter } from "../../src/upstream/topic-filter.ts";

test("names are taken as they are, patterns where * is any run", () => {
  const filter = new TopicFilter(["telemetry", "site.*.alarms", "*-log"]);
  const taken = ["telemetry", "site.a.alarms", "site..alarms", "x-log", "-log"];
  const left = ["telemetry2", "siteXaXalarms", "site.a.alarms.old", "log"];
  expect(taken.filter((topic) => !filter.takes(topic))).toEqual([]);
  expect(left.filter((topic) => filter.takes(topic))).toEqual([]);
});

test("internal topics are taken only by name", () => {
  expect(new TopicFilter(["*"]).takes("__consumer_offsets")).toBe(false);
  expect(new TopicFilter(["__*"]).takes("__consumer_offsets")).toBe(false);
  expect(new TopicFilter(["__consumer_offsets"]).takes("__consumer_offsets")).toBe(true);
});
