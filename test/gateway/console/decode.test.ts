import { describe, expect, test } from "bun:test";
import { encode } from "cbor-x";
import { encodePayload } from "sparkplug-payload/lib/sparkplugbpayload.js";
import { hexDump } from "../../../gateway/console/source/decode/bytes.ts";
import { decodeCbor } from "../../../gateway/console/source/decode/cbor.ts";
import { resolveSenml } from "../../../gateway/console/source/decode/senml.ts";
import { decodeSparkplug } from "../../../gateway/console/source/decode/sparkplug.ts";
import { show } from "../../../gateway/console/source/decode/value.ts";

const bytes = (hex: string): Uint8Array => Uint8Array.fromHex(hex);
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("CBOR", () => {
  test("what an encoder writes is read", () => {
    const value = {
      device: "pump-1",
      n: 7,
      values: [1.5, -3, 0, 70_000, true, null, "½"],
      deep: { a: { b: [] } },
    };
    expect(decodeCbor(encode(value))?.value).toEqual(value);
  });

  // RFC 8949, Appendix A.
  const examples: readonly (readonly [string, unknown])[] = [
    ["1bffffffffffffffff", "18446744073709551615"],
    ["3bffffffffffffffff", "-18446744073709551616"],
    ["f93e00", 1.5],
    ["f90001", 2 ** -24],
    ["f97bff", 65504],
    ["f97c00", "Infinity"],
    ["fa47c35000", 100_000],
    ["fb3ff199999999999a", 1.1],
    ["4401020304", "h'01 02 03 04'"],
    ["7f657374726561646d696e67ff", "streaming"],
    ["9f018202039f0405ffff", [1, [2, 3], [4, 5]]],
    ["bf61610161629f0203ffff", { a: 1, b: [2, 3] }],
    ["c11a514b67b0", "2013-03-21T20:04:00.000Z"],
    ["a201020304", { "1": 2, "3": 4 }],
  ];
  for (const [hex, value] of examples) {
    test(hex, () => expect(decodeCbor(bytes(hex))).toEqual({ value }));
  }

  test("neither part of an item, nor more than one, is read", () => {
    for (const [hex] of examples) {
      const whole = bytes(hex);
      for (let size = 0; size < whole.length; size++) expect(decodeCbor(whole.subarray(0, size))).toBeNull();
      expect(decodeCbor(Uint8Array.of(...whole, 0))).toBeNull();
    }
  });

  test("what is deeper than anybody writes is refused", () => {
    expect(decodeCbor(new Uint8Array(10_000).fill(0x81))).toBeNull();
    expect(decodeCbor(bytes("ff"))).toBeNull();
    expect(decodeCbor(bytes("81ff"))).toBeNull();
    expect(decodeCbor(bytes("9bffffffffffffffff"))).toBeNull();
  });
});

describe("SenML", () => {
  test("base values are resolved (RFC 8428, 5.1.2)", () => {
    const pack = [
      { bn: "urn:dev:ow:10e2073a0108006:", bt: 1.276020076001e9, bu: "A", n: "voltage", u: "V", v: 120.1 },
      { n: "current", t: -5, v: 1.2 },
      { n: "door", vb: true },
    ];
    expect(resolveSenml(pack)).toEqual([
      {
        name: "urn:dev:ow:10e2073a0108006:voltage",
        value: 120.1,
        unit: "V",
        time: "2010-06-08T18:01:16.001Z",
      },
      { name: "urn:dev:ow:10e2073a0108006:current", value: 1.2, unit: "A", time: "2010-06-08T18:01:11.001Z" },
      { name: "urn:dev:ow:10e2073a0108006:door", value: true, unit: "A", time: "2010-06-08T18:01:16.001Z" },
    ]);
  });

  test("of the form in CBOR, labels are numbers", () => {
    const labelled = decodeCbor(bytes("81a321636465760061610205"));
    expect(resolveSenml(labelled?.value)).toEqual([{ name: "deva", value: 5 }]);
  });

  test("what is no pack is refused", () => {
    for (const other of [null, 1, {}, [], [1], [{}], [{ n: "a" }]]) expect(resolveSenml(other)).toBeNull();
  });
});

describe("Sparkplug B", () => {
  const payload = encodePayload({
    timestamp: 1_700_000_000_000,
    seq: 3,
    metrics: [
      { name: "level", type: "Double", value: 1.5, timestamp: 1_700_000_000_001 },
      { name: "count", type: "Int32", value: -7 },
      { name: "total", type: "UInt64", value: 9_000_000_000 },
      { name: "on", type: "Boolean", value: true },
      { name: "state", type: "String", value: "½ full" },
    ],
  });

  test("what another writes is read", () => {
    const read = decodeSparkplug(payload);
    expect(read).toMatchObject({ timestamp: "2023-11-14T22:13:20.000Z", seq: 3 });
    expect(read?.metrics.map(({ name, type, value }) => [name, type, value])).toEqual([
      ["level", "Double", 1.5],
      ["count", "Int32", -7],
      ["total", "UInt64", 9_000_000_000],
      ["on", "Boolean", true],
      ["state", "String", "½ full"],
    ]);
  });

  test("no part of it makes it throw", () => {
    for (let size = 0; size < payload.length; size++) {
      expect(() => decodeSparkplug(payload.subarray(0, size))).not.toThrow();
    }
    expect(decodeSparkplug(utf8("hello"))).toBeNull();
  });

  test("is recognised by itself", () => expect(show(payload, "auto").form).toBe("sparkplug"));
});

describe("a value as it is shown", () => {
  test("by what it seems to be", () => {
    expect(show(utf8('{"a": 1}'), "auto")).toEqual({
      line: '{"a":1}',
      whole: '{\n  "a": 1\n}',
      form: "json",
    });
    expect(show(utf8("21.5 °C"), "auto")).toMatchObject({ line: "21.5 °C", form: "text" });
    expect(show(encode({ a: 1.5, b: "text" }), "auto")).toMatchObject({
      line: '{"a":1.5,"b":"text"}',
      form: "cbor",
    });
    expect(show(bytes("fffe00"), "auto")).toMatchObject({ line: "ff fe 00", form: "hex" });
    expect(show(null, "auto").form).toBe("tombstone");
    expect(show(new Uint8Array(0), "json").form).toBe("empty");
  });

  test("what can't be read as it was asked for is shown in hex, and that is told", () => {
    for (const form of ["json", "cbor", "senml", "sparkplug"] as const) {
      expect(show(utf8("{no"), form)).toMatchObject({ line: "7b 6e 6f", form: null });
    }
    expect(show(bytes("ff"), "text").form).toBeNull();
  });

  test("in hex, sixteen bytes a line", () => {
    expect(hexDump(utf8("0123456789abcdef!"))).toBe(
      "000000  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef\n000010  21                                               !",
    );
  });
});
