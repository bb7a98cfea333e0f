import { describe, expect, test } from "bun:test";
import { Encoder } from "cbor-x";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { PayloadFault } from "../../../src/mqtt/payloads/fault.ts";
import { MAX_OUTPUT_LENGTH, MAX_RECORDS } from "../../../src/mqtt/payloads/limits.ts";
import type { PipelineConfig } from "../../../src/mqtt/payloads/pipeline.ts";
import { withCpuMs } from "../../support/cpu-time.ts";
import { newPipeline, rowsOf, StateRig } from "../support/pipeline.ts";

const NOW = Date.UTC(2026, 5, 1);
// The option that leaves maps without tag 259 is missing in the types of the package.
const encoder = new Encoder({ useRecords: false, mapsAsObjects: false, ...{ useTag259ForMaps: false } });

function run(config: Partial<PipelineConfig>, payload: string | Uint8Array): unknown {
  return rowsOf(new StateRig().run(newPipeline(config), payload, NOW));
}

describe("one record", () => {
  test("JSON keeps its bytes, whatever its spaces and numbers", () => {
    const payload = ' { "id" : 7 , "big" : 12345678901234567890.10 } ';
    expect(run({ key: ["id"] }, payload)).toEqual([[payload, "7", NOW]]);
  });

  test("CBOR becomes JSON text; key and timestamp are found in it", () => {
    const payload = encoder.encode({ m: { id: "é" }, at: NOW - 5_000, list: [1] });
    expect(run({ payload: "cbor", key: ["m", "id"], timestamp: ["at"] }, payload)).toEqual([
      [`{"m":{"id":"é"},"at":${NOW - 5_000},"list":[1]}`, "é", NOW - 5_000],
    ]);
  });

  test.each([
    ["", "not JSON"],
    ["{", "not JSON"],
    ['{"id":1}x', "not JSON"],
    ['\ufeff{"id":1}', "not JSON: it begins with a byte order mark"],
    ["[".repeat(100_000), "nested deeper than 32"],
    [`[${"0,".repeat(20_000)}0]`, "more than 16384 values"],
    [`"${"x".repeat(300_000)}"`, "300002 bytes are more than 262144"],
    ['{"id":null}', 'no key at "id"'],
    ['{"id":{}}', 'no key at "id"'],
    ["{}", 'no key at "id"'],
    ['{"id":1e400}', "a number beyond all doubles"],
    [`{"id":"${"x".repeat(5_000)}"}`, "a key of more than 4096 bytes"],
  ])("%p is refused", (payload, expected) => {
    const [said, spentMs] = withCpuMs(() => run({ key: ["id"] }, payload));
    expect(said).toBe(expected);
    expect(spentMs).toBeLessThan(100);
  });

  test("text that is not UTF-8 is no JSON", () => {
    expect(run({}, Uint8Array.of(0x22, 0xc3, 0x28, 0x22))).toBe("not JSON: the text is not UTF-8");
  });
});

describe("a split payload", () => {
  test("an array: a record an item, each with its key and time, integers to the last digit", () => {
    const payload = `[{"k":"a","t":${NOW / 1_000 - 1},"v":12345678901234567890},{"k":"b","t":0,"v":-0.5}]`;
    expect(run({ split: [], key: ["k"], timestamp: ["t"] }, payload)).toEqual([
      [`{"k":"a","t":${NOW / 1_000 - 1},"v":12345678901234567890}`, "a", NOW - 1_000],
      ['{"k":"b","t":0,"v":-0.5}', "b", Number.NaN],
    ]);
  });

  test("an array in a field, in JSON and in CBOR; nanoseconds beyond 53 bits are a time", () => {
    const ns = BigInt(NOW - 7) * 1_000_000n;
    const expected = [[`{"ns":${ns}}`, null, NOW - 7]];
    expect(run({ split: ["a", "b"], timestamp: ["ns"] }, `{"a":{"b":[{"ns":${ns}}]}}`)).toEqual(expected);
    const bytes = encoder.encode({ a: { b: [{ ns }] } });
    expect(run({ payload: "cbor", split: ["a", "b"], timestamp: ["ns"] }, bytes)).toEqual(expected);
  });

  test.each([
    ["{}", [], "the payload is no array to split"],
    ["[]", [], "the payload is an empty array"],
    ['{"a":1}', ["a"], '"a" is no array to split'],
    ["[1]", ["a"], '"a" is no array to split'],
    [`[${"0,".repeat(MAX_RECORDS)}0]`, [], "more than 4096 records"],
  ])("%p at %p is refused", (payload, split, expected) => expect(run({ split }, payload)).toBe(expected));

  test("one item without its key refuses all", () => {
    expect(run({ split: [], key: ["k"] }, '[{"k":1},{"j":1}]')).toBe('no key at "k"');
  });

  test("a SenML pack that would repeat its base name into more than the bound is refused", () => {
    const bu = "u".repeat(1_000);
    const pack = [{ bn: "n".repeat(1_000), bu, v: 1 }, ...Array.from({ length: 4_000 }, () => ({ v: 1 }))];
    const refused = `its records have more than ${MAX_OUTPUT_LENGTH} bytes`;
    expect(run({ payload: "senml+json" }, JSON.stringify(pack))).toBe(refused);
  });
});

const PACK = [
  {
    bn: "urn:dev:ow:10e2073a01080063:",
    bt: 1.276020076001e9,
    bu: "A",
    bver: 5,
    n: "voltage",
    u: "V",
    v: 120.1,
  },
  { n: "current", t: -5, v: 1.2 },
  { n: "label", vs: "Machine Room ü" },
  { n: "open", vb: false, x: [1, { y: null }] },
  { n: "sum", s: 12.5, ut: 60 },
];
const LABELS = new Map(
  Object.entries({
    bver: -1,
    bn: -2,
    bt: -3,
    bu: -4,
    bv: -5,
    bs: -6,
    n: 0,
    u: 1,
    v: 2,
    vs: 3,
    vb: 4,
    s: 5,
    t: 6,
    ut: 7,
  }),
);
const CBOR_PACK = encoder.encode(
  PACK.map(
    (record) => new Map(Object.entries(record).map(([key, value]) => [LABELS.get(key) ?? key, value])),
  ),
);
const JSON_PACK = Buffer.from(JSON.stringify(PACK));

const FORMATS = [
  ["senml+json", JSON_PACK],
  ["senml+cbor", CBOR_PACK],
  ["json", JSON_PACK],
  ["cbor", CBOR_PACK],
] as const;

describe("damaged packs", () => {
  for (const [payload, pack] of FORMATS) {
    const split = payload === "json" || payload === "cbor" ? [] : null;
    const pipeline = newPipeline({ payload, split, timestamp: ["t"] });
    const rig = new StateRig();

    test(`${payload}: whole it gives ${PACK.length} records, cut anywhere it is refused`, () => {
      expect(rowsOf(rig.run(pipeline, pack, NOW))).toHaveLength(PACK.length);
      for (let length = 0; length < pack.length; length++) {
        expect(rig.run(pipeline, pack.subarray(0, length), NOW)).toBeInstanceOf(PayloadFault);
      }
    });

    test(`${payload}: 20,000 mutations give records that are JSON, or a refusal, and nothing else`, () => {
      const random = new SeededRandom(8_428);
      const number = (below: number) =>
        (random.bytes(4).reduce((sum, byte) => sum * 256 + byte, 0) >>> 0) % below;
      let refused = 0;
      let taken = 0;
      let slowest = 0;
      for (let round = 0; round < 20_000; round++) {
        const bytes = Uint8Array.from(pack);
        for (let change = 0; change <= round % 4; change++) bytes[number(bytes.length)] = number(256);
        const cut = round % 5 === 0 ? bytes.subarray(number(bytes.length)) : bytes;
        const [out, spentMs] = withCpuMs(() => rig.run(pipeline, cut, NOW));
        slowest = Math.max(slowest, spentMs);
        if (out instanceof PayloadFault) {
          refused++;
          expect(out.reason.length).toBeLessThan(300);
          continue;
        }
        taken++;
        for (const { value } of out.records) JSON.parse(Buffer.from(value).toString());
      }
      expect(refused).toBeGreaterThan(1_000);
      expect(taken).toBeGreaterThan(100);
      expect(slowest).toBeLessThan(500);
    });
  }
});
