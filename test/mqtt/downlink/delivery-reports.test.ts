import { expect, test } from "bun:test";
import { ManualClock } from "../../../src/io/simulated/clock.ts";
import { DeliveryReports } from "../../../src/mqtt/downlink/delivery-reports.ts";
import { newStats } from "../../../src/mqtt/stats.ts";
import { FakeIngest } from "../support/fake-ingest.ts";
import { type LogLine, recorder } from "../support/rig.ts";

const PLACE = { topic: "commands", partition: 0, offset: 7, key: null };

test("reports that are refused in their commit round are counted, and told of once a minute", () => {
  const ingest = new FakeIngest();
  const clock = new ManualClock();
  const stats = newStats();
  const lines: LogLine[] = [];
  const reports = new DeliveryReports(
    { ingest, clock, stats, log: recorder(lines) },
    { name: "commands", topic: "reports" },
  );
  const round = (count: number) => {
    for (let n = 0; n < count; n++) reports.report(PLACE, "pump", "delivered");
    // What has not settled is neither.
    reports.settle();
    ingest.settle();
    reports.settle();
    reports.settle();
  };
  round(3);
  expect([stats.downlinkReportsRefused, lines]).toEqual([0, []]);
  ingest.refusals.set("reports", 56);
  round(3);
  clock.advance(30_000);
  round(2);
  expect(stats.downlinkReportsRefused).toBe(5);
  expect(lines.map(({ level, fields }) => [level, fields])).toEqual([
    ["warn", { downlink: "commands", topic: "reports", kafkaError: 56, reports: 3 }],
  ]);
  clock.advance(30_000);
  round(1);
  expect(lines.map(({ fields }) => fields.reports)).toEqual([3, 3]);
});
