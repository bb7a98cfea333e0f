import { expect, test } from "bun:test";
import { lastKnown } from "../../src/wiring/last-known.ts";

test("a figure that can't be read is what it was last", () => {
  const readings: (number | null)[] = [null, 5, null, 7];
  const figure = lastKnown(() => {
    const reading = readings.shift();
    if (typeof reading !== "number") throw new Error("EMFILE");
    return reading;
  });
  expect([figure(), figure(), figure(), figure(), figure()]).toEqual([0, 5, 5, 7, 7]);
});
