import { describe, expect, test } from "bun:test";
import {
  byteRate,
  bytes,
  count,
  duration,
  keyText,
  NOTHING,
  percent,
  rate,
  time,
} from "../../../gateway/console/source/format.ts";

describe("figures", () => {
  test("bytes", () => {
    expect([0, 999, 1000, 1024, 12_345, 1_048_576, 5e9, 3e15].map(bytes)).toEqual([
      "0 B",
      "999 B",
      "0.98 KiB",
      "1.00 KiB",
      "12.1 KiB",
      "1.00 MiB",
      "4.66 GiB",
      "2728 TiB",
    ]);
    expect(byteRate(2048)).toBe("2.00 KiB/s");
  });

  test("lengths of time", () => {
    const lengths = [
      0, 40, 999, 1_000, 3_240, 12_000, 90_000, 3_600_000, 5_400_000, 90_000_000, 864_000_000, 3.2e10,
    ];
    expect(lengths.map(duration)).toEqual([
      "0 ms",
      "40 ms",
      "999 ms",
      "1 s",
      "3.2 s",
      "12 s",
      "1 min 30 s",
      "1 h",
      "1 h 30 min",
      "1 d 1 h",
      "10 d",
      "1 year 5 d",
    ]);
  });

  test("rates and shares", () => {
    expect([0, 0.126, 4.26, 1234.5].map(rate)).toEqual(["0/s", "0.13/s", "4.3/s", "1,235/s"]);
    expect([0, 0.004, 0.372, 1].map(percent)).toEqual(["0 %", "0.4 %", "37 %", "100 %"]);
    expect(count(1_234_567)).toBe("1,234,567");
  });

  test("what is not known is no zero", () => {
    for (const shown of [
      bytes(null),
      duration(undefined),
      rate(null),
      count(null),
      percent(Number.NaN),
      time(null),
    ]) {
      expect(shown).toBe(NOTHING);
    }
    expect(time(9e15)).toBe(NOTHING);
  });

  test("keys that are no text stay as they are", () => {
    expect([keyText("pump%2F1"), keyText("%ff")]).toEqual(["pump/1", "%ff"]);
  });
});
