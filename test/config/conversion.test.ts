import { describe, expect, test } from "bun:test";
import { parseConversion } from "../../src/config/conversion.ts";
import { parseDeadband } from "../../src/config/deadband-width.ts";
import { unitNames, unitOf } from "../../src/config/units-of-measure.ts";

function convert(text: string, value: number): number | string {
  const conversion = parseConversion(text);
  return typeof conversion === "string" ? conversion : conversion.apply(value);
}

describe("units", () => {
  test.each<[string, number, number]>([
    ["degF -> Cel", 68, 20],
    ["[degF] -> Cel", 212, 100],
    ["Cel->degF", 37.7, 99.86],
    ["K -> Cel", 0, -273.15],
    ["degR -> K", 491.67, 273.15],
    ["psi -> Pa", 1, 6894.757293168],
    ["bar -> hPa", 1.01325, 1013.25],
    ["mm[Hg] -> kPa", 760, 101.3250144354],
    ["[in_i'Hg] -> hPa", 29.92, 1013.20748119],
    ["kWh -> J", 1.5, 5_400_000],
    ["MJ -> kWh", 3.6, 1],
    ["hp -> W", 1, 745.69987158227],
    ["kn -> km/h", 10, 18.52],
    ["gal/min -> l/min", 1, 3.785411784],
    ["rpm -> Hz", 1_500, 25],
    ["% -> /", 55, 0.55],
    ["mAh -> C", 1, 3.6],
    ["deg -> rad", 180, Math.PI],
    ["in -> mm", 1, 25.4],
    ["lb -> kg", 1, 0.45359237],
    ["KiB -> B", 2, 2_048],
    ["Wh -> kWh", 0.1 + 0.2, 0.0003],
  ])("%s of %p is %p", (text, value, expected) => {
    const result = convert(text, value);
    expect(result).toBeNumber();
    expect(Math.abs(Number(result) - expected)).toBeLessThanOrEqual(Math.abs(expected) * 1e-9);
  });

  test("whole results are whole: there is no noise of the arithmetic", () => {
    for (let value = -400; value <= 2_000; value += 4.5) {
      const result = Number(convert("degF -> Cel", 32 + value * 1.8));
      expect(Math.abs(result - value)).toBeLessThan(1e-9);
      expect(String(result).length).toBeLessThan(14);
    }
  });

  test("results have 15 digits, also where most of the number cancels out", () => {
    expect(convert("degF -> Cel", 49)).toBe(9.44444444444444);
    expect(convert("degF -> Cel", 0)).toBe(-17.7777777777778);
    expect(convert("degF -> Cel", 32.01)).toBe(0.00555555555555556);
    expect(convert("degF -> Cel", 32)).toBe(0);
    expect(convert("degR -> Cel", 491.68)).toBe(0.00555555555555556);
    expect(convert("Cel -> degF", -17.77)).toBe(0.014);
    for (let hundredths = -50_000; hundredths <= 50_000; hundredths += 7) {
      // Whole numbers up to the division: this is as near as a double gets.
      const exact = (hundredths * 5 - 16_000) / 900;
      const result = Number(convert("degF -> Cel", hundredths / 100));
      expect(Math.abs(result - exact)).toBeLessThanOrEqual(Math.abs(exact) * 5.1e-15);
    }
  });

  test("every unit there and back is what it was", () => {
    expect(unitNames().length).toBeGreaterThan(150);
    for (const name of unitNames()) {
      const unit = unitOf(name);
      const [base = ""] = unitNames(unit?.kind ?? "");
      const there = convert(`${name} -> ${base}`, 12.5);
      const back = convert(`${base} -> ${name}`, Number(there));
      expect(Math.abs(Number(back) - 12.5), name).toBeLessThan(1e-9);
    }
  });
});

test.each<[string, number, number]>([
  ["0.1 * x + 5", 3, 5.3],
  ["x / 10", 3, 0.3],
  ["x - 273.15", 300, 26.85],
  ["-x", 3, -3],
  ["-2*x", 4, -8],
  ["x * 0.3 - 1e2", 3, -99.1],
  ["x", 5, 5],
  ["x + 0.1", 0.2, 0.3],
  ["x / 9 - 1", 10, 0.111111111111111],
  ["x / 1e300 + 1e10", 0, 1e10],
  ["x / 1e-310 + 5", 0, 5],
])("the line %p of %p is %p", (text, value, expected) => {
  expect(convert(text, value)).toBe(expected);
});

test.each([
  ["degF -> Pa", "degF is a temperature and Pa is a pressure"],
  ["degX -> Cel", 'there is no unit "degX"; did you mean degC?'],
  ["Pa -> kpa", 'there is no unit "kpa"; did you mean'],
  ["x / 0", "it divides by zero"],
  ["1e999 * x", "a number in it is beyond all doubles"],
  ["y + 1", "it is neither UNIT -> UNIT nor a line like 0.1 * x + 5"],
  ["2 * x * x", "it is neither"],
  ["", "it is neither"],
  [`x + ${"1".repeat(200)}`, "it is longer than 128 characters"],
])("%p is refused", (text, fault) => {
  expect(String(parseConversion(text))).toContain(fault);
});

test("a line that leads nowhere gives no number, which the caller refuses", () => {
  expect(convert("x * 1e308", 1e10)).toBe(Number.POSITIVE_INFINITY);
});

test("widths of deadbands", () => {
  expect(parseDeadband("0.5")).toEqual({ width: 0.5, isPercent: false });
  expect(parseDeadband(" 2 % ")).toEqual({ width: 2, isPercent: true });
  expect(parseDeadband("change")).toEqual({ width: 0, isPercent: false });
  for (const text of ["", "-1", "x", "%", "1e999", "0x1", "NaN"])
    expect(typeof parseDeadband(text)).toBe("string");
});
