import { expect, test } from "bun:test";
import { LoadAverage } from "../../../src/mqtt/sys/load-averages.ts";

test("a steady rate is reached, by the short average first", () => {
  const load = new LoadAverage();
  for (let n = 1; n <= 6; n++) load.tell(n * 20, 10_000);
  const [one, five, fifteen] = load.perMinute;
  // A minute at 120 a minute: 1 - e^-1, 1 - e^-1/5 and 1 - e^-1/15 of it.
  expect(one).toBeCloseTo(120 * (1 - Math.exp(-1)), 6);
  expect(five).toBeCloseTo(120 * (1 - Math.exp(-1 / 5)), 6);
  expect(fifteen).toBeCloseTo(120 * (1 - Math.exp(-1 / 15)), 6);
  for (let n = 7; n <= 2_000; n++) load.tell(n * 20, 10_000);
  for (const average of load.perMinute) expect(average).toBeCloseTo(120, 3);
});

test("silence lets it fall, and a look in the same moment changes nothing", () => {
  const load = new LoadAverage();
  load.tell(100, 60_000);
  const [before] = load.perMinute;
  load.tell(100, 0);
  expect(load.perMinute[0]).toBe(before);
  load.tell(100, 60_000);
  expect(load.perMinute[0]).toBeCloseTo(before * Math.exp(-1), 9);
});
