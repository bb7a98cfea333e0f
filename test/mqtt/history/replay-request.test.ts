import { describe, expect, test } from "bun:test";
import { isReplay, readReplay } from "../../../src/mqtt/history/replay-request.ts";

const NOW_MS = Date.UTC(2026, 5, 15, 12, 0, 0);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const at = (timestampMs: number) => ({ kind: "time", timestampMs }) as const;
const ago = (durationMs: number) => at(NOW_MS - durationMs);

const BEGINNINGS: readonly (readonly [string, unknown])[] = [
  ["0", { kind: "offset", offset: 0 }],
  ["12345678901", { kind: "offset", offset: 12_345_678_901 }],
  ["24h", ago(DAY_MS)],
  ["90m", ago(90 * 60_000)],
  ["7d", ago(7 * DAY_MS)],
  ["1d12h", ago(36 * HOUR_MS)],
  ["1.5h", ago(90 * 60_000)],
  ["30s", ago(30_000)],
  ["250ms", ago(250)],
  ["PT24H", ago(DAY_MS)],
  ["P7D", ago(7 * DAY_MS)],
  ["P1DT12H30M1.5S", ago(36.5 * HOUR_MS + 1_500)],
  ["p2w", ago(14 * DAY_MS)],
  ["99999d", at(0)],
  ["2026-06-14T10:30:00Z", at(Date.UTC(2026, 5, 14, 10, 30))],
  ["2026-06-14T10:30:00.25Z", at(Date.UTC(2026, 5, 14, 10, 30, 0, 250))],
  ["2026-06-14T10:30:00.123456789", at(Date.UTC(2026, 5, 14, 10, 30, 0, 123))],
  ["2026-06-14T10:30", at(Date.UTC(2026, 5, 14, 10, 30))],
  ["2026-06-14T103015Z", at(Date.UTC(2026, 5, 14, 10, 30, 15))],
  ["2026-06-14T10:30:00-05:00", at(Date.UTC(2026, 5, 14, 15, 30))],
  ["2026-06-14T10:30:00-0500", at(Date.UTC(2026, 5, 14, 15, 30))],
  ["2026-06-14", at(Date.UTC(2026, 5, 14))],
];

const NO_BEGINNINGS = [
  "",
  "yesterday",
  "-1",
  "-24h",
  "1.5",
  "24 h",
  "24x",
  "h",
  "P",
  "PT",
  "P1DT",
  "P1Y",
  "99999999999999999999",
  "2026-13-01",
  "2026-02-30",
  "2026-06-14T25:00",
  "2026-06-14T10:61",
  "2026-06-14 10:30",
  "1_000",
];

describe("$replay/{from}/{filter}", () => {
  for (const [text, from] of BEGINNINGS) {
    test(`begins at ${text}`, () => {
      expect<unknown>(readReplay(`$replay/${text}/devices/+/level/#`, NOW_MS)).toEqual({
        from,
        filter: "devices/+/level/#",
      });
    });
  }

  for (const text of NO_BEGINNINGS) {
    test(`does not begin at '${text}'`, () => {
      expect(readReplay(`$replay/${text}/a`, NOW_MS)).toMatch(/no offset, no ISO 8601 time and no duration/);
    });
  }

  test("needs a filter that can be replayed", () => {
    expect(readReplay("$replay", NOW_MS)).toMatch(/is written/);
    expect(readReplay("$replay/24h", NOW_MS)).toMatch(/is written/);
    expect(readReplay("$replay/24h/", NOW_MS)).toMatch(/an empty topic filter/);
    expect(readReplay("$replay/24h/$share/g/a", NOW_MS)).toMatch(/shared/);
    expect(readReplay("$replay/24h/$SYS/#", NOW_MS)).toMatch(/not kept/);
    expect(readReplay("$replay/24h/$replay/1h/a", NOW_MS)).toMatch(/not kept/);
    expect(readReplay("$replay/24h//a", NOW_MS)).toEqual({ from: ago(DAY_MS), filter: "/a" });
  });

  test("is told from other filters", () => {
    const filters = ["$replay", "$replay/x", "$replays/x", "a/$replay/x", "#", "$SYS/#"];
    expect(filters.map(isReplay)).toEqual([true, true, false, false, false, false]);
  });
});
