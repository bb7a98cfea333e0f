import { describe, expect, test } from "bun:test";
import { cborValue } from "../../../src/mqtt/payloads/cbor-values.ts";
import { PayloadFault } from "../../../src/mqtt/payloads/fault.ts";
import { compileSchema, SchemaFault } from "../../../src/mqtt/payloads/json-schema.ts";
import { jsonValue } from "../../../src/mqtt/payloads/json-values.ts";
import { SCHEMA_FORMATS } from "../../../src/mqtt/payloads/schema-formats.ts";
import { publishPacket, Rig } from "../support/rig.ts";

const TOO_MUCH = "to check it against the schema takes too many steps";

/** What is wrong with a JSON text, or null. */
function fault(schema: unknown, text: string): string | null {
  const decoded = jsonValue(Buffer.from(text), true);
  if (decoded instanceof PayloadFault) return decoded.reason;
  return compileSchema(schema).fault(decoded.value);
}

describe("a record is told what is wrong, where, and by which rule", () => {
  const schema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "a reading",
    type: "object",
    properties: {
      id: { type: "string", pattern: "^[a-z]+-\\d{2,4}$", maxLength: 10 },
      at: { type: "string", format: "date-time" },
      values: {
        type: "array",
        items: { type: "number", minimum: -40, exclusiveMaximum: 100, multipleOf: 0.1 },
        uniqueItems: true,
        maxItems: 4,
      },
      unit: { enum: ["Cel", "K"] },
      count: { type: "integer" },
      next: { $ref: "#" },
    },
    required: ["id"],
    additionalProperties: false,
  };

  test.each<[string, string | null]>([
    ['{"id":"a-17","at":"2026-01-01T00:00:00Z","values":[1.1,-40,0.3],"unit":"K","count":3}', null],
    ['{"id":"a-17","count":3.0}', null],
    ['{"id":"a-17","count":12345678901234567890}', null],
    ["{}", "the record must have required property 'id' (schema #/required)"],
    ["[]", "the record must be object (schema #/type)"],
    ['{"id":"A-17"}', '"/id" must match pattern "^[a-z]+-\\d{2,4}$" (schema #/properties/id/pattern)'],
    [
      '{"id":"a-17","at":"2026-13-01T00:00:00Z"}',
      '"/at" must match format "date-time" (schema #/properties/at/format)',
    ],
    [
      '{"id":"a-17","values":[1,100]}',
      '"/values/1" must be < 100 (schema #/properties/values/items/exclusiveMaximum)',
    ],
    [
      '{"id":"a-17","values":[1,2.05]}',
      '"/values/1" must be multiple of 0.1 (schema #/properties/values/items/multipleOf)',
    ],
    [
      '{"id":"a-17","values":[1,1.0]}',
      '"/values" must not have two items that are the same (schema #/properties/values/uniqueItems)',
    ],
    [
      '{"id":"a-17","unit":"F"}',
      '"/unit" must be equal to one of the allowed values (schema #/properties/unit/enum)',
    ],
    [
      '{"id":"a-17","x":1}',
      'the record must NOT have additional properties: "x" (schema #/additionalProperties)',
    ],
    ['{"id":"a-17","next":{"id":5}}', '"/next/id" must be string (schema #/properties/id/type)'],
    [
      '{"id":"a-17","__proto__":1}',
      'the record must NOT have additional properties: "__proto__" (schema #/additionalProperties)',
    ],
  ])("%s", (text, expected) => {
    expect(fault(schema, text)).toBe(expected);
  });

  test("inherited names are no properties", () => {
    expect(fault({ required: ["toString"] }, "{}")).toContain("required property 'toString'");
    expect(fault({ dependentRequired: { constructor: ["x"] } }, "{}")).toBeNull();
  });

  test("CBOR: integers beyond 53 bits are numbers, byte strings base64url texts", () => {
    const decoded = cborValue(Uint8Array.fromHex("a2616242fbff616e1bffffffffffffffff"));
    if (decoded instanceof PayloadFault) throw new Error(decoded.reason);
    const properties = { b: { const: "-_8" }, n: { type: "integer", minimum: 1e19 } };
    expect(compileSchema({ properties }).fault(decoded.value)).toBeNull();
    expect(compileSchema({ properties: { n: { maximum: 5 } } }).fault(decoded.value)).toContain(
      '"/n" must be <= 5',
    );
    // The check leaves the record as it was.
    expect((decoded.value as { n: unknown }).n).toBe(18446744073709551615n);
  });

  test("a reason stays short, whatever a device calls its fields", () => {
    const reason = fault({ additionalProperties: { type: "number" } }, `{"${"é".repeat(5_000)}":"x"}`) ?? "";
    expect(reason.length).toBeLessThan(250);
  });

  test("keywords of the dialect: anchors, conditions, dependencies, what is left over", () => {
    expect(fault({ $ref: "#q", $defs: { a: { $anchor: "q", type: "string" } } }, "1")).toContain(
      "must be string",
    );
    expect(fault({ prefixItems: [{ const: 1 }], items: false }, "[1,2]")).toContain(
      "must NOT have more than 1 items",
    );
    expect(
      fault({ allOf: [{ properties: { a: true } }], unevaluatedProperties: false }, '{"a":1,"b":2}'),
    ).toContain('"b"');
    const condition = '{"if":{"required":["a"]},"then":{"required":["b"]}}';
    expect(fault(JSON.parse(condition), '{"a":1}')).toContain("'b'");
    expect(fault({ contains: { type: "string" }, minContains: 2 }, '["a",1]')).toContain("at least 2");
  });
});

describe("a schema that can't be used is told where", () => {
  test.each<[unknown, string]>([
    [5, "it is no table of rules"],
    [[], "it is no table of rules"],
    [
      { $schema: "http://json-schema.org/draft-07/schema#" },
      "at #/$schema: the dialect is not https://json-schema.org/draft/2020-12/schema",
    ],
    [
      { properties: { a: { typ: "x" } } },
      'at #/properties/a/typ: there is no keyword "typ" in draft 2020-12',
    ],
    [{ items: { type: "nmber" } }, "at #/items/type: must be equal to one of the allowed values"],
    [{ properties: { "a/b": { minimum: "x" } } }, "at #/properties/a~1b/minimum: must be number"],
    [
      { properties: { a: { format: "date_time" } } },
      'at #/properties/a/format: there is no format "date_time"',
    ],
    [{ pattern: "(?<=a)b" }, 'at #/pattern: the pattern "(?<=a)b" can\'t be matched in linear time'],
    [{ patternProperties: { "(a)\\1": true } }, "at #/patternProperties: the pattern"],
    [{ $ref: "#/$defs/b", $defs: { a: true } }, 'at #/$ref: "#/$defs/b" is the place of no schema'],
    [{ $ref: "#/title", title: "x" }, 'at #/$ref: "#/title" is the place of no schema'],
    [{ $ref: "#/%" }, 'at #/$ref: "#/%" is the place of no schema'],
    [{ $ref: "https://example.org/other.json" }, "can't resolve reference https://example.org/other.json"],
    [{ $dynamicRef: "#a" }, "at #/$dynamicRef: it is not taken; write $ref"],
    [{ "headwater-steps": 5 }, "there is no keyword"],
    [nested(100), "schemas are nested deeper than 64"],
    [{ anyOf: Array.from({ length: 20_000 }, () => ({})) }, "there are more than 10000 schemas in it"],
  ])("%p", (schema, expected) => {
    let thrown: unknown = null;
    try {
      compileSchema(schema);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(SchemaFault);
    expect(String(thrown)).toContain(expected);
  });

  function nested(depth: number): object {
    return depth === 0 ? {} : { items: nested(depth - 1) };
  }
});

describe("no record keeps a schema busy", () => {
  // The bound is that of steps: each of these would take seconds or for ever without it.
  const deep = (depth: number): unknown => (depth === 0 ? 1 : { a: deep(depth - 1) });

  test.each<[string, unknown, string]>([
    ["a reference to itself", { $ref: "#" }, "1"],
    ["one in all of", { allOf: [{ $ref: "#" }] }, "1"],
    [
      "two ways at each of 30 levels",
      {
        anyOf: ["one", "other"].map((title) => ({
          title,
          allOf: [{ type: "object" }, { properties: { a: { $ref: "#" } } }],
        })),
      },
      JSON.stringify(deep(30)),
    ],
    [
      "an expansion of references",
      {
        $ref: "#/$defs/0",
        $defs: Object.fromEntries(
          Array.from({ length: 30 }, (_, index) => [
            String(index),
            index === 29
              ? { type: "string" }
              : { anyOf: [{ $ref: `#/$defs/${index + 1}` }, { $ref: `#/$defs/${index + 1}` }] },
          ]),
        ),
      },
      "1",
    ],
    ["an expression on a long text", { pattern: "^(a+)+$" }, JSON.stringify(`${"a".repeat(200_000)}!`)],
    [
      "expressions on long names",
      { patternProperties: { "^(a|a)*$": true, "b.*b.*b": true } },
      JSON.stringify({ ["a".repeat(100_000)]: 1 }),
    ],
    [
      "many objects that have to differ",
      { uniqueItems: true },
      JSON.stringify(Array.from({ length: 5_000 }, (_, i) => ({ i }))),
    ],
    [
      "a thousand rules for each item",
      { items: { allOf: Array.from({ length: 1_000 }, (_, index) => ({ not: { const: `x${index}` } })) } },
      JSON.stringify(Array.from({ length: 1_000 }, () => 1)),
    ],
  ])(
    "%s",
    (_, schema, text) => {
      expect(fault(schema, text)).toBe(TOO_MUCH);
    },
    30_000,
  );

  test("the next record is checked as if nothing had been", () => {
    const check = compileSchema({
      anyOf: [{ type: "number" }, { allOf: [{ type: "array" }, { $ref: "#" }] }],
    });
    expect(check.fault([])).toBe(TOO_MUCH);
    expect(check.fault(1)).toBeNull();
  });

  test("a payload as large as there may be is taken where each of its values is looked at a few times", () => {
    const items = {
      type: "object",
      properties: { k: { type: "string", maxLength: 5 }, v: { type: "number" } },
      required: ["k", "v"],
    };
    const list = JSON.stringify(Array.from({ length: 3_000 }, (_, index) => ({ k: "abc", v: index })));
    expect(fault({ type: "array", items }, list)).toBeNull();
  });
});

describe("formats", () => {
  const CASES: Readonly<Record<string, readonly [good: readonly string[], bad: readonly string[]]>> = {
    date: [
      ["2026-02-28", "2024-02-29", "2000-02-29"],
      ["2026-02-29", "1900-02-29", "2026-13-01", "2026-00-10", "2026-04-31", "26-01-01", ""],
    ],
    time: [
      ["12:00:00Z", "23:59:60Z", "00:59:60+01:00", "12:00:00.123456+05:30"],
      ["24:00:00Z", "12:60:00Z", "12:00:60Z", "12:00:00", "12:00Z"],
    ],
    "date-time": [
      ["2026-01-01T00:00:00Z", "2026-01-01t00:00:00.5z"],
      ["2026-01-01 00:00:00Z", "2026-01-01", "2026-02-30T00:00:00Z"],
    ],
    duration: [
      ["P1D", "PT1H30M", "P1Y2M3DT4H5M6S", "P2W"],
      ["P", "PT", "P1DT", "1D", "P1W2D", "PT1D"],
    ],
    email: [
      ["a@b", "a.b+c@example.org"],
      ["a", "@b", "a@", "a..b@c", "a@-b", "a b@c"],
    ],
    hostname: [
      ["a", "gw-7.local", "1.example"],
      ["-a", "a-", "a..b", "", "a_b", `${"a".repeat(64)}.b`],
    ],
    ipv4: [
      ["0.0.0.0", "255.255.255.255"],
      ["256.0.0.1", "1.2.3", "01.2.3.4", "1.2.3.4.5", ""],
    ],
    ipv6: [
      ["::", "::1", "fe80::1", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4", "1::8"],
      ["1:2:3", ":::", "1::2::3", "12345::", "1:2:3:4:5:6:7:8:9", "::1.2.3.256", "g::", ""],
    ],
    uri: [
      ["https://a/b?c#d", "urn:dev:ow:1"],
      ["/a", "a b:c", "http://a/%zz"],
    ],
    "uri-reference": [
      ["/a", "", "a?b"],
      ["a b", "%"],
    ],
    uuid: [
      ["123e4567-e89b-12d3-a456-426614174000"],
      ["123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-42661417400g"],
    ],
    "json-pointer": [
      ["", "/a/b~1c~0"],
      ["a", "/~2", "/~"],
    ],
  };

  test("each has cases", () => {
    expect(Object.keys(CASES).sort()).toEqual(Object.keys(SCHEMA_FORMATS).sort());
  });

  for (const [name, [good, bad]] of Object.entries(CASES)) {
    test(name, () => {
      const isOne = SCHEMA_FORMATS[name];
      expect(good.filter((text) => isOne?.(text) !== true)).toEqual([]);
      expect(bad.filter((text) => isOne?.(text) !== false)).toEqual([]);
    });
  }

  test("no text is looked at for longer than it is long", () => {
    for (const isOne of Object.values(SCHEMA_FORMATS)) {
      for (const piece of ["a", "1:", "a.", "%4", "/~0", "P1", "a@", "1.", "::"])
        isOne(piece.repeat(1_000_000));
    }
  });
});

test("through the door: what does not fit is a dead letter, whole, with the reason", () => {
  const schemaCheck = compileSchema({
    type: "object",
    properties: { v: { type: "number", maximum: 50 } },
    required: ["v"],
  });
  const rig = new Rig({}, [
    { filter: "d/{key}", topic: "readings", payload: "json", split: "", schemaCheck, deadLetterTopic: "bad" },
  ]);
  const device = rig.connect(4, "a");
  device.feed(publishPacket("d/x", '[{"v":1},{"v":2}]', 1, 1));
  device.feed(publishPacket("d/x", '[{"v":1},{"v":51}]', 1, 2));
  const rows = rig.ingest.records.map(({ topic, text }) => [topic, text]);
  expect(rows).toEqual([
    ["readings", '{"v":1}'],
    ["readings", '{"v":2}'],
    ["bad", '[{"v":1},{"v":51}]'],
  ]);
  expect(rig.ingest.records[2]?.headers).toContainEqual([
    "headwater.dead-letter.reason",
    '"/v" must be <= 50 (schema #/properties/v/maximum)',
  ]);
});
