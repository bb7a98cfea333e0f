import { describe, expect, test } from "bun:test";
import {
  formatDurationMs,
  formatSizeBytes,
  parseDurationMs,
  parseSizeBytes,
} from "../../src/config/units.ts";

describe("durations", () => {
  const cases: readonly (readonly [string, number | null])[] = [
    ["0", 0],
    ["-1", -1],
    ["1_000", 1000],
    ["250ms", 250],
    ["30s", 30_000],
    ["30 s", 30_000],
    ["15m", 900_000],
    ["15min", 900_000],
    ["12h", 43_200_000],
    ["7d", 604_800_000],
    ["2W", 1_209_600_000],
    ["1h30m", 5_400_000],
    ["1.5h", 5_400_000],
    ["0.5ms", null],
    ["7", 7],
    ["", null],
    ["7y", null],
    ["h", null],
    ["-5s", null],
    ["9007199254740993", null],
    ["1e3", null],
  ];
  for (const [text, expected] of cases) {
    test(JSON.stringify(text), () => expect(parseDurationMs(text)).toBe(expected));
  }
});

describe("sizes", () => {
  const cases: readonly (readonly [string, number | null])[] = [
    ["1048588", 1_048_588],
    ["-1", -1],
    ["16MiB", 16_777_216],
    ["16 mib", 16_777_216],
    ["64k", 65_536],
    ["1GB", 1_000_000_000],
    ["1.5KiB", 1536],
    ["0.1KiB", null],
    ["1TiB", 1_099_511_627_776],
    ["12MiX", null],
    ["MiB", null],
    ["", null],
  ];
  for (const [text, expected] of cases) {
    test(JSON.stringify(text), () => expect(parseSizeBytes(text)).toBe(expected));
  }
});

test("what is formatted reads back exactly", () => {
  for (const value of [
    -1,
    0,
    1,
    999,
    1000,
    1024,
    1536,
    61_001,
    604_800_000,
    86_400_001,
    1_048_588,
    2 ** 40,
  ]) {
    expect(parseDurationMs(formatDurationMs(value))).toBe(value);
    expect(parseSizeBytes(formatSizeBytes(value))).toBe(value);
  }
});
