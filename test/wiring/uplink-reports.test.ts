import { expect, test } from "bun:test";
import type { Logger } from "../../src/base/logger.ts";
import { ManualClock } from "../../src/io/simulated/clock.ts";
import type { UplinkGaps } from "../../src/wiring/uplink-gaps.ts";
import { uplinkReports } from "../../src/wiring/uplink-reports.ts";

test("an uplink that waits for a file for a day writes a few lines, and one when it goes on", () => {
  const lines: string[] = [];
  const line =
    (level: string) =>
    (message: string, details: object = {}): void => {
      lines.push(`${level} ${message} ${JSON.stringify(details)}`);
    };
  const logger = { info: line("info"), warn: line("warn"), error: line("error") } as unknown as Logger;
  const clock = new ManualClock();
  const reports = uplinkReports(logger, clock, {} as UplinkGaps);
  for (let minute = 0; minute < 24 * 60; minute += 1) {
    reports.onState("warn", "backing off: waiting for ca.pem");
    clock.advance(60_000);
  }
  expect(lines.slice(0, 3)).toEqual([
    "warn backing off: waiting for ca.pem {}",
    'warn backing off: waiting for ca.pem {"sinceThen":1}',
    'warn backing off: waiting for ca.pem {"sinceThen":2}',
  ]);
  expect(lines.length).toBeLessThan(13);
  lines.length = 0;
  reports.onRecovered?.(86_400_000.4);
  reports.onState("warn", "backing off: waiting for ca.pem");
  expect(lines).toEqual([
    'info forwarding again {"troubleMs":86400000}',
    "warn backing off: waiting for ca.pem {}",
  ]);
});
