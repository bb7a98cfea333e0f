import { expect, test } from "bun:test";
import { defaultSettings } from "../../../../src/config/options.ts";
import { consumerGroupTimes } from "../../../../src/coordinators/groups/consumer/config.ts";

test("a group's own times count, within the broker's bounds", () => {
  const settings = defaultSettings({ "group.consumer.heartbeat.interval.ms": 6000 });
  expect(consumerGroupTimes(settings, new Map())).toEqual({
    sessionTimeoutMs: 45_000,
    heartbeatIntervalMs: 6000,
    assignmentIntervalMs: 1000,
  });
  const own = new Map([
    ["consumer.session.timeout.ms", "50000"],
    ["consumer.heartbeat.interval.ms", "1"],
    ["consumer.assignment.interval.ms", "99999"],
  ]);
  expect(consumerGroupTimes(settings, own)).toEqual({
    sessionTimeoutMs: 50_000,
    heartbeatIntervalMs: 5000,
    assignmentIntervalMs: 15_000,
  });
  expect(consumerGroupTimes(settings, new Map([["consumer.session.timeout.ms", "x"]])).sessionTimeoutMs).toBe(
    45_000,
  );
});
