import { describe, expect, test } from "bun:test";
import type { PipelineConfig } from "../../../src/mqtt/payloads/pipeline.ts";
import type { ShapingConfig } from "../../../src/mqtt/payloads/shaping.ts";
import { newPipeline, rowsOf, StateRig } from "../support/pipeline.ts";

const NOW = Date.UTC(2026, 0, 1);
const NONE: ShapingConfig = { select: null, rename: [], convert: [], hasUnits: false };

function shape(
  shaping: Partial<ShapingConfig>,
  payload: string,
  more: Partial<PipelineConfig> = {},
): unknown {
  const rows = rowsOf(
    new StateRig().run(newPipeline({ shaping: { ...NONE, ...shaping }, ...more }), payload, NOW),
  );
  return typeof rows === "string" ? rows : rows.map(([text]) => text);
}

describe("select", () => {
  test.each<[string, string[][], string]>([
    ['{"a":1,"b":2}', [["b"]], '{"b":2}'],
    ['{"s":{"x":1,"y":2},"b":[1]}', [["b"], ["s", "y"]], '{"s":{"y":2},"b":[1]}'],
    ['{"s":{"x":1,"y":2}}', [["s", "x"], ["s"]], '{"s":{"x":1,"y":2}}'],
    ['{"s":{"x":1,"y":2}}', [["s"], ["s", "x"]], '{"s":{"x":1,"y":2}}'],
    [
      '{"l":[{"v":1},{"v":2},3]}',
      [
        ["l", "2"],
        ["l", "0", "v"],
      ],
      '{"l":[{"v":1},3]}',
    ],
    ['{"a":null,"b":1}', [["a"]], '{"a":null}'],
    ['{"__proto__":1,"b":2}', [["__proto__"]], '{"__proto__":1}'],
  ])("of %s", (payload, select, expected) => {
    expect(shape({ select }, payload)).toEqual([expected]);
  });

  test.each(['{"a":1}', "[1]", "5", '"b"', "null", '{"b":{}}'])(
    "a record without any of them is refused: %s",
    (payload) => {
      const select = payload === '{"b":{}}' ? [["b", "x"]] : [["b"]];
      expect(shape({ select }, payload)).toBe("none of the selected fields is there");
    },
  );
});

describe("rename", () => {
  test.each<[string, [string[], string][], string]>([
    ['{"a":1,"b":2}', [[["a"], "x"]], '{"x":1,"b":2}'],
    ['{"s":{"x":1,"y":2},"b":3}', [[["s", "x"], "sx"]], '{"s":{"y":2},"b":3,"sx":1}'],
    [
      '{"a":1,"b":2}',
      [
        [["a"], "b"],
        [["b"], "a"],
      ],
      '{"b":1,"a":2}',
    ],
    ['{"s":{"t":{"x":1}},"b":3}', [[["s", "t", "x"], "sx"]], '{"b":3,"sx":1}'],
    ['{"b":2}', [[["a"], "x"]], '{"b":2}'],
    ['{"a":1}', [[["a"], "__proto__"]], '{"__proto__":1}'],
    ["[1]", [[["0"], "x"]], "[1]"],
  ])("of %s", (payload, rename, expected) => {
    expect(shape({ rename }, payload)).toEqual([expected]);
  });

  test("two fields of one name are refused", () => {
    expect(shape({ rename: [[["a"], "b"]] }, '{"a":1,"b":2}')).toBe('two fields have the name "b"');
    expect(shape({ rename: [[["s", "x"], "b"]] }, '{"s":{"x":1},"b":2}')).toBe(
      'two fields have the name "b"',
    );
  });
});

describe("convert", () => {
  const convert = [[["t"], ["degF -> Cel"]]] as const;

  test("numbers where they stand; what is missing or null stays so", () => {
    expect(shape({ convert }, '{"t":68,"u":68.10}')).toEqual(['{"t":20,"u":68.10}']);
    expect(shape({ convert }, '{"t":null}')).toEqual(['{"t":null}']);
    expect(shape({ convert }, '{"u":1}')).toEqual(['{"u":1}']);
    expect(shape({ convert: [[["a", "1"], ["x / 10"]]] }, '{"a":[1,25]}')).toEqual(['{"a":[1,2.5]}']);
    expect(shape({ convert }, '{"t":12345678901234567890}')).toEqual(['{"t":6858710500685870000}']);
  });

  test("the top of a record, of numbers that were split", () => {
    expect(shape({ convert: [[["0"], ["2 * x"]]] }, "[[1,2],[3]]", { split: [] })).toEqual(["[2,2]", "[6]"]);
  });

  test.each([
    ['{"t":"68"}', '"t" is no number to convert'],
    ['{"t":true}', '"t" is no number to convert'],
    ['{"t":{}}', '"t" is no number to convert'],
  ])("%s is refused", (payload, expected) => {
    expect(shape({ convert }, payload)).toBe(expected);
  });

  test("what becomes infinite is refused", () => {
    expect(shape({ convert: [[["t"], ["x * 1e300"]]] }, '{"t":1e300}')).toBe(
      '"t" is beyond all doubles as converted',
    );
  });

  test("a record of SenML by its own unit, which changes too", () => {
    const pack =
      '[{"bn":"d/","bt":1.7e9,"n":"t","u":"degF","v":68},{"n":"p","u":"psi","v":1},{"n":"h","u":"%RH","v":40.10},{"n":"x","v":1}]';
    const byUnit = [[["v"], ["degF -> Cel", "psi -> Pa"]]] as const;
    expect(shape({ convert: byUnit, hasUnits: true }, pack, { payload: "senml+json" })).toEqual([
      '{"n":"d/t","u":"Cel","v":20,"t":1700000000}',
      '{"n":"d/p","u":"Pa","v":6894.757293168,"t":1700000000}',
      '{"n":"d/h","u":"%RH","v":40.10,"t":1700000000}',
      '{"n":"d/x","v":1,"t":1700000000}',
    ]);
  });
});

describe("numbers that are not converted keep their digits", () => {
  const NUMBERS = [
    "1.10",
    "1.0",
    "1e3",
    "1E+3",
    "-0",
    "-0.0",
    "0.1234567890123456789",
    "1234567890.1234567890",
    "12345678901234567890",
    "0.000000100",
    "1e-400",
    "123456789012345678901234567890.5",
    `1${"0".repeat(100)}`,
  ];

  test("through select, rename and split", () => {
    for (const number of NUMBERS) {
      expect(shape({ rename: [[["a"], "b"]] }, `{"a":${number},"l":[${number}]}`)).toEqual([
        `{"b":${number},"l":[${number}]}`,
      ]);
      expect(shape({ select: [["a"]] }, `{"a":${number},"x":0}`)).toEqual([`{"a":${number}}`]);
      expect(rowsOf(new StateRig().run(newPipeline({ split: [] }), `[{"a":${number}}]`, NOW))).toEqual([
        [`{"a":${number}}`, null, NOW],
      ]);
    }
  });

  test("in texts they are no numbers", () => {
    expect(shape({ select: [["a"]] }, '{"a":"1.10 1e3 \\"-0"}')).toEqual(['{"a":"1.10 1e3 \\"-0"}']);
  });

  test("key and time are found whatever their digits, by the names that they came with", () => {
    const config = { key: ["id"], timestamp: ["ts"], shaping: { ...NONE, select: [["v"]] } };
    const rows = rowsOf(new StateRig().run(newPipeline(config), `{"id":7.0,"ts":${NOW / 1e6}e3,"v":1}`, NOW));
    expect(rows).toEqual([['{"v":1}', "7", NOW]]);
  });

  test("no path leads into a number, nor into a byte string, which stays what the device sent", () => {
    expect(shape({ select: [["a", "text"], ["b"]] }, '{"a":1.10,"b":2}')).toEqual(['{"b":2}']);
    expect(shape({ select: [["a", "value"]] }, '{"a":1.10}')).toBe("none of the selected fields is there");
    // {"a": h'0102'}
    const bytes = Uint8Array.fromHex("a16161420102");
    const run = (shaping: Partial<ShapingConfig>) =>
      rowsOf(
        new StateRig().run(newPipeline({ payload: "cbor", shaping: { ...NONE, ...shaping } }), bytes, NOW),
      );
    expect(run({ convert: [[["a", "0"], ["2 * x"]]] })).toEqual([['{"a":"AQI"}', null, NOW]]);
    expect(run({ select: [["a", "0"]] })).toBe("none of the selected fields is there");
    expect(run({ rename: [[["a", "0"], "x"]] })).toEqual([['{"a":"AQI"}', null, NOW]]);
    expect(bytes.toHex()).toBe("a16161420102");
  });

  test("beyond all doubles they are refused", () => {
    expect(shape({ select: [["a"]] }, '{"a":1e400}')).toBe("a number beyond all doubles");
  });
});
