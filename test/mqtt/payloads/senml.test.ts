import { describe, expect, test } from "bun:test";
import { cborValue } from "../../../src/mqtt/payloads/cbor-values.ts";
import { PayloadFault } from "../../../src/mqtt/payloads/fault.ts";
import { jsonText, jsonValue } from "../../../src/mqtt/payloads/json-values.ts";
import { resolveSenml } from "../../../src/mqtt/payloads/senml.ts";
import { hex } from "../support/rig.ts";

const NOW = Date.UTC(2026, 5, 1);
const NOW_SEC = NOW / 1_000;

function resolve(decoded: { readonly value: unknown } | PayloadFault, labels: "json" | "cbor"): unknown {
  if (decoded instanceof PayloadFault) return decoded.reason;
  const records = resolveSenml(decoded.value, labels, NOW);
  return records instanceof PayloadFault ? records.reason : JSON.parse(jsonText(records));
}

function fromJson(pack: unknown): unknown {
  return resolve(
    jsonValue(Buffer.from(typeof pack === "string" ? pack : JSON.stringify(pack)), true),
    "json",
  );
}

function fromCbor(bytes: string): unknown {
  return resolve(cborValue(hex(bytes)), "cbor");
}

describe("the examples of RFC 8428", () => {
  test("5.1.1: one measurement now", () => {
    const name = "urn:dev:ow:10e2073a01080063";
    expect(fromJson([{ n: name, u: "Cel", v: 23.1 }])).toEqual([{ n: name, u: "Cel", v: 23.1, t: NOW_SEC }]);
  });

  test("5.1.2: several measurements under a base name, with relative times", () => {
    const base = "urn:dev:ow:10e2073a01080063:";
    expect(
      fromJson([
        { bn: base, n: "voltage", u: "V", v: 120.1 },
        { n: "current", u: "A", v: 1.2 },
      ]),
    ).toEqual([
      { n: `${base}voltage`, u: "V", v: 120.1, t: NOW_SEC },
      { n: `${base}current`, u: "A", v: 1.2, t: NOW_SEC },
    ]);
    const times = [-5, -4, -3, -2, -1, undefined];
    const values = [1.2, 1.3, 1.4, 1.5, 1.6, 1.7];
    const first = { bn: "urn:dev:ow:10e2073a0108006:", bt: 1.276020076001e9, bu: "A", bver: 5 };
    const pack = [
      { ...first, n: "voltage", u: "V", v: 120.1 },
      ...times.map((t, index) => ({ n: "current", ...(t === undefined ? {} : { t }), v: values[index] })),
    ];
    expect(fromJson(pack)).toEqual([
      { n: "urn:dev:ow:10e2073a0108006:voltage", u: "V", v: 120.1, t: 1.276020076001e9, bver: 5 },
      ...times.map((t, index) => ({
        n: "urn:dev:ow:10e2073a0108006:current",
        u: "A",
        v: values[index],
        t: 1.276020076001e9 + (t ?? 0),
        bver: 5,
      })),
    ]);
  });

  test("5.1.4: resolved data stays as it is", () => {
    const pack = [
      { n: "urn:dev:ow:10e2073a01080063", u: "Cel", t: 1.276020076e9, v: 23.5 },
      { n: "urn:dev:ow:10e2073a01080063", u: "Cel", t: 1.276020091e9, v: 23.6 },
    ];
    expect(fromJson(pack)).toEqual(pack);
  });

  test("5.1.5: numbers, texts, booleans and data of one device", () => {
    const bn = "urn:dev:ow:10e2073a01080063:";
    const pack = [
      { bn, n: "temp", u: "Cel", v: 23.1 },
      { n: "label", vs: "Machine Room" },
      { n: "open", vb: false },
      { n: "nfc-reader", vd: "aGkgCg" },
    ];
    const t = NOW_SEC;
    expect(fromJson(pack)).toEqual([
      { n: `${bn}temp`, u: "Cel", v: 23.1, t },
      { n: `${bn}label`, vs: "Machine Room", t },
      { n: `${bn}open`, vb: false, t },
      { n: `${bn}nfc-reader`, vd: "aGkgCg", t },
    ]);
  });

  test("6: a pack in CBOR, with its integer labels and its base time as a double", () => {
    const name = Buffer.from("urn:dev:ow:10e2073a0108006:").toString("hex");
    const whole = `83
      a7 21 78 1b ${name} 22 fb 41d303a15b001062 23 61 41 20 05 00 67 766f6c74616765 01 61 56 02 fb 405e066666666666
      a3 00 67 63757272656e74 06 24 02 fb 3ff3333333333333
      a2 00 67 63757272656e74 02 fb 3ffb333333333333`;
    const t = 1.276020076001e9;
    const n = "urn:dev:ow:10e2073a0108006:";
    expect(fromCbor(whole)).toEqual([
      { n: `${n}voltage`, u: "V", v: 120.1, t: expect.closeTo(t, 3), bver: 5 },
      { n: `${n}current`, u: "A", v: 1.2, t: expect.closeTo(t - 5, 3), bver: 5 },
      { n: `${n}current`, u: "A", v: 1.7, t: expect.closeTo(t, 3), bver: 5 },
    ]);
  });
});

describe("resolution", () => {
  const t = NOW_SEC;
  test.each<[string, unknown, unknown]>([
    [
      "base value",
      [
        { bv: 20, n: "a", v: 1.5 },
        { n: "b", v: -1 },
      ],
      [
        { n: "a", v: 21.5, t },
        { n: "b", v: 19, t },
      ],
    ],
    ["base value without value", [{ bv: 20, n: "a" }], [{ n: "a", v: 20, t }]],
    ["base value is for numbers", [{ bv: 20, n: "a", vs: "x" }], [{ n: "a", vs: "x", t }]],
    [
      "base sum",
      [
        { bs: 5, n: "a", v: 1, s: 2 },
        { n: "b", v: 2 },
      ],
      [
        { n: "a", v: 1, s: 7, t },
        { n: "b", v: 2, s: 5, t },
      ],
    ],
    ["sum without value", [{ n: "a", s: 2 }], [{ n: "a", s: 2, t }]],
    [
      "a later base replaces",
      [
        { bn: "a", bu: "V", v: 1 },
        { bn: "b", bu: "A", v: 2 },
      ],
      [
        { n: "a", u: "V", v: 1, t },
        { n: "b", u: "A", v: 2, t },
      ],
    ],
    [
      "base fields alone",
      [
        { bn: "x/", bt: 1.5e9 },
        { n: "a", v: 1 },
      ],
      [{ n: "x/a", v: 1, t: 1.5e9 }],
    ],
    ["now and the past", [{ n: "a", v: 1, t: -0.5 }], [{ n: "a", v: 1, t: t - 0.5 }]],
    ["the last relative time", [{ n: "a", v: 1, t: 2 ** 28 - 1 }], [{ n: "a", v: 1, t: t + 2 ** 28 - 1 }]],
    ["the first absolute time", [{ n: "a", v: 1, t: 2 ** 28 }], [{ n: "a", v: 1, t: 2 ** 28 }]],
    ["version 10 is not said", [{ bver: 10, n: "a", v: 1 }], [{ n: "a", v: 1, t }]],
    ["update time", [{ n: "a", v: 1, ut: 60 }], [{ n: "a", v: 1, t, ut: 60 }]],
    ["unknown fields", [{ n: "a", v: 1, x: [1], bx: 2 }], [{ n: "a", v: 1, t, x: [1] }]],
    [
      "proto",
      '[{"n":"a","v":1,"__proto__":{"v":2}}]',
      'SenML: record 0: the field "__proto__" has to be understood, and is not',
    ],
  ])("%s", (_, pack, expected) => expect(fromJson(pack)).toEqual(expected));

  test.each<[string, unknown, string]>([
    ["no array", { n: "a", v: 1 }, "a pack is an array"],
    ["an empty pack", [], "without a measurement"],
    ["base fields and nothing else", [{ bn: "a" }], "without a measurement"],
    ["no object", [1], "record 0: it is no object"],
    ["an array in it", [[]], "record 0: it is no object"],
    ["no value", [{ n: "a", v: 1 }, { n: "b" }], "record 1: there is no value"],
    ["two values", [{ n: "a", v: 1, vb: true }], "v and vb are values of one record"],
    ["no name", [{ v: 1 }], '"" is not a name'],
    ["a name with a space", [{ n: "a b", v: 1 }], '"a b" is not a name'],
    ["a name that starts with a dot", [{ bn: ".", n: "a", v: 1 }], '".a" is not a name'],
    ["a text for a number", [{ n: "a", v: "1" }], "v is no number"],
    ["a number for a text", [{ n: 1, v: 1 }], "n is no text"],
    ["data that is no base64url", [{ n: "a", vd: "a+b/" }], "vd is no data"],
    ["a base field to be understood", [{ n: "a", v: 1, bx_: 1 }], '"bx_" has to be understood'],
    ["a field to be understood", [{ n: "a", v: 1, x_: 1 }], '"x_" has to be understood'],
    ["a version to come", [{ bver: 11, n: "a", v: 1 }], "version 11 is not known"],
    [
      "two versions",
      [
        { bver: 5, n: "a", v: 1 },
        { bver: 10, n: "a", v: 1 },
      ],
      "a second version",
    ],
    ["a sum beyond", [{ bv: 1e308, n: "a", v: 1e308 }], "v with its base is beyond"],
    ["a name without end", [{ bn: "x".repeat(1_000), n: "y".repeat(25), v: 1 }], "longer than 1024"],
    ["too many", Array.from({ length: 4_097 }, () => ({})), "more than 4096 records"],
  ])("%s is refused", (_, pack, expected) => expect(fromJson(pack)).toContain(expected));

  test.each([
    ["decimal fraction", "81 a2 00 61 61 02 c4 82 21 19 6ab3", [{ n: "a", v: 273.15, t }]],
    ["data", "81 a2 00 61 61 08 43 010203", [{ n: "a", vd: "AQID", t }]],
    ["half float", "81 a2 00 61 61 02 f9 3e00", [{ n: "a", v: 1.5, t }]],
    ["indefinite pack and record", "9f bf 00 61 61 02 18 2a ff ff", [{ n: "a", v: 42, t }]],
    ["text labels of an extension", "81 a3 00 61 61 02 01 61 78 02", [{ n: "a", v: 1, t, x: 2 }]],
    ["a label that is none", "81 a3 00 61 61 02 01 09 02", 'SenML: record 0: there is no label "9"'],
    ["a text where data should be", "81 a2 00 61 61 08 61 41", "SenML: record 0: vd is no data"],
    ["data where a text should be", "81 a2 00 61 61 03 41 41", "SenML: record 0: vs is no text"],
    ["not a number", "81 a2 00 61 61 02 f9 7e00", "SenML: record 0: v is no number"],
    ["the same field twice", "81 a3 00 61 61 61 6e 61 62 02 01", "SenML: record 0: n is there twice"],
  ])("CBOR: %s", (_, bytes, expected) => expect(fromCbor(bytes)).toEqual(expected));
});
