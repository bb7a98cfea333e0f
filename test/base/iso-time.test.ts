import { expect, test } from "bun:test";
import { parseIsoTimeMs } from "../../src/base/iso-time.ts";

test("times of ISO 8601, and no day that the calendar does not have", () => {
  expect(parseIsoTimeMs("2026-01-31T12:00Z")).toBe(Date.UTC(2026, 0, 31, 12));
  expect(parseIsoTimeMs("2024-02-29")).toBe(Date.UTC(2024, 1, 29));
  expect(parseIsoTimeMs("2026-01-31T12:00:00.5+02:00")).toBe(Date.UTC(2026, 0, 31, 10, 0, 0, 500));
  for (const text of [
    ...["2026-02-30", "2026-02-30T00:00Z", "2025-02-29T00:00:00Z", "2026-04-31", "2026-13-01", "2026-00-10"],
    ...["2026-01-00", "2026-01-32", "2026-1-1", "31.01.2026", "1", "-1", "", "2026-01-011", "yesterday"],
  ]) {
    expect([text, parseIsoTimeMs(text)]).toEqual([text, Number.NaN]);
  }
});
