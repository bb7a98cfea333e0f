import { describe, expect, test } from "bun:test";
import { encodePayload, type UPayload } from "sparkplug-payload/lib/sparkplugbpayload.js";
import { SeededRandom } from "../../../../src/io/simulated/random.ts";
import { PayloadFault } from "../../../../src/mqtt/payloads/fault.ts";
import { jsonText } from "../../../../src/mqtt/payloads/json-values.ts";
import { MAX_DEPTH, MAX_ITEMS } from "../../../../src/mqtt/payloads/limits.ts";
import { rebirthRequest } from "../../../../src/mqtt/payloads/sparkplug/messages.ts";
import {
  metricFields,
  metricValue,
  newBudget,
  sparkplugPayload,
} from "../../../../src/mqtt/payloads/sparkplug/payload.ts";
import { ProtobufReader } from "../../../../src/mqtt/payloads/sparkplug/protobuf-reader.ts";
import { hex } from "../../support/rig.ts";

// Golden payloads are written by the package of the Sparkplug project's own clients, from its protobuf definition.

const NOW = Date.UTC(2026, 5, 1);

function decode(bytes: Uint8Array): unknown {
  const payload = sparkplugPayload(Uint8Array.from(bytes));
  if (payload instanceof PayloadFault) return payload.reason;
  const budget = newBudget();
  const metrics = payload.metrics.map((metric) => ({
    ...metricFields(metric, metric.datatype),
    value: metricValue(metric, metric.datatype, budget),
  }));
  if (budget.fault !== null) return budget.fault;
  const { timestamp, seq, uuid, body } = payload;
  return JSON.parse(jsonText({ timestamp, seq, uuid, body, metrics }));
}

function writtenValue(metric: object): unknown {
  const decoded = decode(encodePayload({ timestamp: NOW, seq: 1, metrics: [metric] } as UPayload));
  return (decoded as { metrics: { value: unknown }[] }).metrics[0]?.value;
}

/** A metric of a datatype whose bytes_value is this (fields 4 and 16). */
function bytesMetric(datatype: number, bytes: string): Uint8Array {
  const value = hex(bytes);
  const metric = Uint8Array.of(0x20, datatype, 0x82, 0x01, value.length, ...value);
  return Uint8Array.of(0x12, metric.length, ...metric);
}

describe("values as the reference writes them", () => {
  test.each<[string, unknown, unknown]>([
    ["Int8", -128, -128],
    ["Int8", 127, 127],
    ["Int16", -32_768, -32_768],
    ["Int16", 32_767, 32_767],
    ["Int32", -2_147_483_648, -2_147_483_648],
    ["Int32", 2_147_483_647, 2_147_483_647],
    ["UInt8", 255, 255],
    ["UInt16", 65_535, 65_535],
    ["UInt32", 4_294_967_295, 4_294_967_295],
    ["Int64", -1, -1],
    ["Int64", 42, 42],
    ["Int64", -9_007_199_254_740_991, -9_007_199_254_740_991],
    ["Float", 21.5, 21.5],
    ["Float", 21.1, 21.1],
    ["Float", Number.NaN, "NaN"],
    ["Float", Number.POSITIVE_INFINITY, "Infinity"],
    ["Double", 0.1 + 0.2, 0.1 + 0.2],
    ["Double", Number.NaN, "NaN"],
    ["Double", Number.NEGATIVE_INFINITY, "-Infinity"],
    ["Boolean", true, true],
    ["Boolean", false, false],
    ["String", "größer \u{1f321}", "größer \u{1f321}"],
    ["Text", "", ""],
    ["UUID", "123e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456-426614174000"],
    ["DateTime", NOW, NOW],
    ["Bytes", Uint8Array.of(0xfb, 0xff, 0), "-_8A"],
    ["File", Uint8Array.of(1, 2), "AQI"],
  ])("%s %p", (type, value, expected) => {
    expect(writtenValue({ name: "m", type, value })).toEqual(expected);
  });

  test("integers of 64 bits keep all digits", () => {
    // long_value (field 11) of all ones, as UInt64 and as Int64; 2^63 as both.
    const long = (datatype: number, varint: string) => hex(`12 0d 20 0${datatype} 58 ${varint}`);
    const text = (bytes: Uint8Array) => {
      const payload = sparkplugPayload(bytes);
      if (payload instanceof PayloadFault) return payload.reason;
      const [metric] = payload.metrics;
      return metric === undefined ? "" : jsonText(metricValue(metric, metric.datatype, newBudget()));
    };
    expect(text(long(8, "ff ff ff ff ff ff ff ff ff 01"))).toBe("18446744073709551615");
    expect(text(long(4, "ff ff ff ff ff ff ff ff ff 01"))).toBe("-1");
    expect(text(long(8, "80 80 80 80 80 80 80 80 80 01"))).toBe("9223372036854775808");
    expect(text(long(4, "80 80 80 80 80 80 80 80 80 01"))).toBe("-9223372036854775808");
    expect(text(long(4, "ff ff ff ff ff ff ff ff ff 02"))).toBe(
      "not a Sparkplug payload: an integer beyond 64 bits",
    );
  });

  test("a small negative number with all sign bits, with those of its type, and one that does not fit", () => {
    const int = (varint: string) =>
      hex(`12 ${(4 + varint.split(" ").length - 1).toString(16).padStart(2, "0")} 20 01 50 ${varint}`);
    const value = (bytes: Uint8Array) =>
      (decode(bytes) as { metrics: { value: unknown }[] }).metrics[0]?.value;
    expect(value(int("fb ff ff ff 0f"))).toBe(-5);
    expect(value(int("fb ff ff ff ff ff ff ff ff 01"))).toBe(-5);
    expect(value(int("fb 01"))).toBe(-5);
    expect(value(int("ac 02"))).toBe(300);
  });

  test("null, historical, transient, metadata, properties and an alias", () => {
    const bytes = encodePayload({
      timestamp: NOW,
      seq: 255,
      metrics: [
        {
          name: "a/b",
          alias: 7,
          timestamp: NOW - 1,
          type: "Int32",
          value: null,
          isNull: true,
          isHistorical: true,
          isTransient: true,
          metadata: {
            isMultiPart: true,
            contentType: "text/plain",
            size: 3,
            seq: 1,
            fileName: "f",
            md5: "x",
          },
          properties: {
            engUnit: { type: "String", value: "Cel" },
            quality: { type: "Int32", value: -1 },
            limits: {
              type: "PropertySet",
              value: { high: { type: "Double", value: 1.5 }, ok: { type: "Boolean", value: true } },
            },
            list: { type: "PropertySetList", value: [{ x: { type: "UInt8", value: 3 } }] },
          },
        },
      ],
    } as unknown as UPayload);
    expect(decode(bytes)).toEqual({
      timestamp: NOW,
      seq: 255,
      uuid: null,
      body: null,
      metrics: [
        {
          name: "a/b",
          alias: 7,
          timestamp: NOW - 1,
          datatype: "Int32",
          is_historical: true,
          is_transient: true,
          is_null: true,
          metadata: {
            is_multi_part: true,
            content_type: "text/plain",
            size: 3,
            seq: 1,
            file_name: "f",
            md5: "x",
          },
          properties: { engUnit: "Cel", quality: -1, limits: { high: 1.5, ok: true }, list: [{ x: 3 }] },
          value: null,
        },
      ],
    });
  });

  test("a data set and a template", () => {
    const value = {
      numOfColumns: 3,
      columns: ["a", "b", "c"],
      types: ["Int8", "String", "Boolean"],
      rows: [
        [-1, "x", true],
        [2, "y", false],
      ],
    };
    expect(writtenValue({ name: "d", type: "DataSet", value })).toEqual({
      columns: ["a", "b", "c"],
      types: ["Int8", "String", "Boolean"],
      rows: [
        [-1, "x", true],
        [2, "y", false],
      ],
    });
    const template = {
      version: "1",
      templateRef: "motor",
      isDefinition: false,
      metrics: [
        { name: "rpm", type: "Int16", value: -3 },
        { name: "t", type: "Template", value: { isDefinition: true, metrics: [], parameters: [] } },
      ],
      parameters: [{ name: "p", type: "Double", value: 0.5 }],
    };
    expect(writtenValue({ name: "t", type: "Template", value: template })).toEqual({
      version: "1",
      template_ref: "motor",
      is_definition: false,
      metrics: [
        { name: "rpm", datatype: "Int16", value: -3 },
        {
          name: "t",
          datatype: "Template",
          value: { is_definition: true, metrics: [], parameters: [] },
        },
      ],
      parameters: [{ name: "p", datatype: "Double", value: 0.5 }],
    });
  });

  // Bytes and items of the examples in Sparkplug 3.0, 6.4.16; those of floats and doubles are little-endian here, as the text has it.
  test.each<[number, string, unknown]>([
    [22, "e9 7b", [-23, 123]],
    [23, "d0 8a 30 75", [-30_000, 30_000]],
    [24, "ff ff ff ff fa af cb 12", [-1, 315_338_746]],
    [25, "ce 06 72 ac 18 9c ba c4", "-4270929666821191986"],
    [26, "17 fa", [23, 250]],
    [27, "1e 00 88 cc", [30, 52_360]],
    [28, "34 00 00 00 49 fb 55 c4", [52, 3_293_969_225]],
    [29, "d9 9e 02 d1 b2 76 37 e4", "16444743074749521625"],
    [30, "a4 70 9d 3f 98 ae b2 42", [1.23, 89.341]],
    [31, "d7 a2 05 68 5b b5 28 40", [12.354213]],
    [32, "0c 00 00 00 34 d0", [0, 0, 1, 1, 0, 1, 0, 0, 1, 1, 0, 1].map(Boolean)],
    [33, "41 42 43 00 68 65 6c 6c 6f 00", ["ABC", "hello"]],
    [34, "c7 d0 90 75 24 01 00 00", [1_256_102_875_335]],
    // What does not fit its type stays bytes.
    [23, "d0 8a 30", "0Iow"],
    [32, "0c 00 00 00 34", "DAAAADQ"],
    [33, "41 42", "QUI"],
  ])("an array of type %p: %s", (datatype, bytes, expected) => {
    const payload = sparkplugPayload(bytesMetric(datatype, bytes));
    if (payload instanceof PayloadFault) throw new Error(payload.reason);
    const [metric] = payload.metrics;
    const value = metric === undefined ? null : metricValue(metric, datatype, newBudget());
    if (typeof expected === "string" && /^-?\d+$/.test(expected))
      expect(jsonText(value)).toBe(`[${expected}]`);
    else expect(JSON.parse(jsonText(value))).toEqual(expected);
  });

  test("unknown fields are passed over, whatever their wire type", () => {
    const known = encodePayload({ timestamp: 5, seq: 2, metrics: [] } as UPayload);
    const unknown = hex("78 01 79 0102030405060708 7a 02 ffff 7d 01020304 ba 3e 00");
    expect(decode(Uint8Array.of(...unknown, ...known))).toMatchObject({ timestamp: 5, seq: 2 });
  });

  test("a rebirth request is what the reference would read", async () => {
    const { decodePayload } = await import("sparkplug-payload/lib/sparkplugbpayload.js");
    const { timestamp, metrics, seq } = decodePayload(rebirthRequest(NOW));
    expect(Number(timestamp)).toBe(NOW);
    expect(seq).toBeFalsy();
    expect(metrics?.map(({ name, type, value }) => [name, type, value])).toEqual([
      ["Node Control/Rebirth", "Boolean", true],
    ]);
  });
});

/** So many bytes as a field of this number. */
function field(number: number, bytes: Uint8Array): Uint8Array {
  const length: number[] = [];
  let rest = bytes.length;
  for (; rest >= 0x80; rest >>>= 7) length.push((rest & 0x7f) | 0x80);
  const tag = number < 16 ? [(number << 3) | 2] : [(((number << 3) | 2) & 0x7f) | 0x80, number >> 4];
  return Uint8Array.of(...tag, ...length, rest, ...bytes);
}

describe("hostile bytes", () => {
  /** A metric whose value is a template (18) with a metric (2) whose value is a template, and so on. */
  function nested(depth: number): Uint8Array {
    let metric = new Uint8Array(0);
    for (let level = 0; level < depth; level++) metric = Uint8Array.from(field(18, field(2, metric)));
    return field(2, metric);
  }

  test.each<[string, Uint8Array, string]>([
    ["a length beyond the end", hex("12 ff ff ff ff 0f"), "4294967295 bytes are announced where 0 are left"],
    ["a length of 64 bits", hex("12 ff ff ff ff ff ff ff ff ff 01"), "bytes are announced where 0 are left"],
    ["a varint without end", new Uint8Array(100).fill(0xff), "an integer beyond 64 bits"],
    ["a varint that breaks off", hex("08 80"), "the end comes too early"],
    ["a group", hex("33"), "wire type 3 is not taken"],
    ["field 0", hex("00 01"), "ends no field's number"],
    ["a text that is not UTF-8", hex("22 02 c3 28"), "a text that is not UTF-8"],
    ["a number for a message", hex("10 01"), "field 2 has wire type 0 and not 2"],
    ["a sequence number beyond 255", hex("18 80 02"), "sequence number 256"],
    ["nesting", nested(200), `nested deeper than ${MAX_DEPTH}`],
    [
      "too many metrics",
      new Uint8Array(2 * (MAX_ITEMS + 1)).map((_, at) => (at % 2 === 0 ? 0x12 : 0)),
      `more than ${MAX_ITEMS} values`,
    ],
    [
      "compressed",
      field(4, Buffer.from("SPBV1.0_COMPRESSED")),
      "a compressed Sparkplug payload is not taken",
    ],
    ["too large", new Uint8Array(300_000), "300000 bytes are more than 262144"],
    ["properties without values", hex("12 05 4a 03 0a 01 61"), "other counts of names and values"],
    [
      "two properties of a name",
      hex("12 0c 4a 0a 0a 01 61 0a 01 61 12 00 12 00"),
      "two properties of one name",
    ],
    ["a data set of other lengths", hex("12 06 8a 01 03 12 01 61"), "a data set whose columns"],
  ])("%s is refused", (_, bytes, expected) => {
    const decoded = decode(bytes);
    expect(typeof decoded).toBe("string");
    expect(decoded).toContain(expected);
  });

  test("no more is read than the bound, however much is there", () => {
    const reader = new ProtobufReader(new Uint8Array(260_000).map((_, at) => (at % 2 === 0 ? 0x12 : 0)));
    let read = 0;
    while (reader.next()) {
      reader.skip();
      read++;
    }
    expect(read).toBe(MAX_ITEMS);
    expect(reader.items).toBe(MAX_ITEMS + 1);
    expect(reader.fault).toBe(`more than ${MAX_ITEMS} values`);
  });

  test("an array of bits that says how many there are is not believed, nor made beyond the bound", () => {
    const bytes = new Uint8Array(4 + 4_000);
    new DataView(bytes.buffer).setUint32(0, 32_000, true);
    const metric = Uint8Array.of(0x20, 32, ...field(16, bytes));
    expect(decode(field(2, metric))).toBe(`more than ${MAX_ITEMS} values`);
  });

  test("a birth cut anywhere is refused or has fewer metrics, and 20,000 mutations give JSON or a refusal", () => {
    const whole = encodePayload({
      timestamp: NOW,
      seq: 0,
      metrics: [
        { name: "bdSeq", type: "Int64", value: 3 },
        {
          name: "t",
          alias: 1,
          timestamp: NOW,
          type: "Float",
          value: 1.5,
          properties: { u: { type: "String", value: "Cel" } },
        },
        {
          name: "d",
          type: "DataSet",
          value: { numOfColumns: 1, columns: ["a"], types: ["Int32"], rows: [[1]] },
        },
      ],
    } as unknown as UPayload);
    for (let length = 0; length < whole.length; length++) decode(whole.subarray(0, length));
    const random = new SeededRandom(30);
    const number = (below: number) =>
      (random.bytes(4).reduce((sum, byte) => sum * 256 + byte, 0) >>> 0) % below;
    let refused = 0;
    let taken = 0;
    for (let round = 0; round < 20_000; round++) {
      const bytes = Uint8Array.from(whole);
      for (let change = 0; change <= round % 4; change++) bytes[number(bytes.length)] = number(256);
      const decoded = decode(round % 5 === 0 ? bytes.subarray(number(bytes.length)) : bytes);
      if (typeof decoded === "string") refused++;
      else taken++;
    }
    expect(refused).toBeGreaterThan(1_000);
    expect(taken).toBeGreaterThan(1_000);
  });
});
