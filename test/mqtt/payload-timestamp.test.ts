import { describe, expect, test } from "bun:test";
import { Encoder, Tag } from "cbor-x";
import { findCborValue } from "../../src/mqtt/cbor-path.ts";
import { MAX_INSPECTED_BYTES, payloadTimestampMs } from "../../src/mqtt/payload-timestamp.ts";
import { withCpuMs } from "../support/cpu-time.ts";
import { hex, publishPacket, Rig } from "./support/rig.ts";

const NOW = Date.UTC(2026, 5, 1);
const encoder = new Encoder({ useRecords: false, mapsAsObjects: true });

function read(payload: Uint8Array | string, path: string, format: "auto" | "json" | "cbor" = "auto"): number {
  const bytes = typeof payload === "string" ? Buffer.from(payload) : payload;
  return payloadTimestampMs(bytes, { path: path.split("."), format }, NOW);
}

describe("a time out of a payload", () => {
  const t = NOW - 1_234;
  test.each<[unknown, number]>([
    [t, t],
    [t / 1_000, t],
    [Math.floor(t / 1_000), Math.floor(t / 1_000) * 1_000],
    [t * 1_000, t],
    [t * 1_000_000, t],
    [new Date(t).toISOString(), t],
    ["2026-05-31T23:59:58", NOW - 2_000],
    ["2026-05-31 23:59:58", NOW - 2_000],
    ["2026-06-01T01:59:58+02:00", NOW - 2_000],
    ["2026-05-31T23:59:58,5Z", NOW - 1_500],
  ])("%p is read from JSON and from CBOR", (value, expected) => {
    const payload = { a: [{ x: 1 }, { time: value }], time: 5 };
    expect(read(JSON.stringify(payload), "a.1.time")).toBe(expected);
    expect(read(encoder.encode(payload), "a.1.time")).toBe(expected);
  });

  test.each([
    ["absent", '{"a":1}'],
    ["null", '{"t":null}'],
    ["text", '{"t":"yesterday"}'],
    ["date without time", '{"t":"2026-05-31"}'],
    ["zero", '{"t":0}'],
    ["negative", '{"t":-5}'],
    ["before 2000", '{"t":900000000000}'],
    ["more than a day ahead", `{"t":${NOW + 25 * 3_600_000}}`],
    ["the 30th of February", '{"t":"2026-02-30T00:00:00Z"}'],
    ["an object", '{"t":{"t":1}}'],
    ["not JSON", '{"t":'],
    ["empty", ""],
    ["an inherited field", '{"x":{}}'],
    ["nested without end", "[".repeat(60_000)],
  ])("%s is no time", (_, payload) => {
    expect(read(payload, "t")).toBeNaN();
    expect(read(payload, "x.constructor")).toBeNaN();
  });

  test("a payload over the bound is not looked into", () => {
    const text = (size: number) => JSON.stringify({ t: NOW, p: "x".repeat(size - 26) });
    expect(text(MAX_INSPECTED_BYTES)).toHaveLength(MAX_INSPECTED_BYTES);
    expect(read(text(MAX_INSPECTED_BYTES), "t")).toBe(NOW);
    expect(read(text(MAX_INSPECTED_BYTES + 1), "t")).toBeNaN();
  });

  test("a record gets the time of the reading, or of its arrival, which is counted", () => {
    const rig = new Rig({}, [{ filter: "#", topic: "t", timestamp: { payload: "at" } }]);
    const device = rig.connect(4, "a");
    device.feed(publishPacket("a", '{"at":1750000000}'));
    device.feed(publishPacket("a", "no json"));
    expect(rig.ingest.records.map((record) => record.timestampMs)).toEqual([
      1_750_000_000_000,
      rig.clock.nowMs(),
    ]);
    expect(rig.door.stats().timestampFallbacks).toBe(1);
  });
});

describe("a path through CBOR", () => {
  test("what cbor-x writes is found, whatever stands before it", () => {
    const value = {
      bytes: new Uint8Array(300),
      text: "ü".repeat(200),
      nested: { list: [1, -1, 1.5, null, true, undefined, [[[]]]], big: 2 ** 40 },
      map: new Map([
        [-3, "minus"],
        [6, "six"],
      ] as [number, string][]),
      date: new Date(NOW),
      huge: 12345678901234567890n,
      wanted: { deep: [{ end: 1_748_000_000_000 }] },
    };
    const bytes = encoder.encode(value);
    expect(findCborValue(bytes, ["wanted", "deep", "0", "end"])).toBe(1_748_000_000_000);
    expect(findCborValue(bytes, ["nested", "list", "1"])).toBe(-1);
    expect(findCborValue(bytes, ["nested", "list", "2"])).toBe(1.5);
    expect(findCborValue(bytes, ["nested", "big"])).toBe(2 ** 40);
    expect(findCborValue(bytes, ["date"])).toBe(NOW / 1_000);
    expect(findCborValue(bytes, ["text"])).toBe("ü".repeat(200));
    expect(findCborValue(bytes, ["nested", "list", "9"])).toBeUndefined();
    expect(findCborValue(bytes, ["nowhere"])).toBeUndefined();
    for (let length = 0; length < bytes.length; length++) {
      expect(findCborValue(bytes.subarray(0, length), ["wanted", "deep", "0", "end"])).toBeUndefined();
    }
  });

  test.each([
    ["integer keys, as SenML has", "81 a2 21 65 6e616d6531 06 1a 68000000", "0.6", 0x68000000],
    ["a negative key", "a1 21 05", "-2", 5],
    ["indefinite map and array", "bf 61 61 9f 01 02 ff 61 62 07 ff", "b", 7],
    ["an indefinite text before it", "a2 7f 61 61 61 62 ff 01 61 63 08", "c", 8],
    ["half float", "a1 61 61 f9 3e00", "a", 1.5],
    ["single float", "a1 61 61 fa 47c35000", "a", 100_000],
    ["self-described", "d9 d9f7 a1 61 61 c1 18 2a", "a", 42],
  ])("%s", (_, bytes, path, expected) => {
    expect(findCborValue(hex(bytes), path.split("."))).toBe(expected);
  });

  test.each([
    ["a bignum where the time should be", "a1 61 74 c2 49 010000000000000000"],
    ["a negative bignum", "a1 61 74 c3 41 01"],
    ["a regular expression (tag 27)", "a1 61 74 d8 1b 82 66 524567457870 62 2e2a"],
    ["a reference (tag 29)", "a1 61 74 d8 1d 00"],
    ["a map of 2^32 pairs", "ba ffffffff 61 61 01"],
    ["an array of 2^64 items", "a2 61 61 9b ffffffffffffffff 61 74 01"],
    ["a text of 2^64 bytes", "a2 61 61 7b ffffffffffffffff 61 74 01"],
    ["a reserved length", "a1 61 74 1c"],
    ["a lone break", "ff"],
    ["tags without end", `${"c1".repeat(100)} 01`],
    ["arrays without end", `a2 61 61 ${"81".repeat(60_000)}`],
    ["indefinite arrays without end", `a2 61 61 ${"9f".repeat(60_000)}`],
  ])("%s is refused at once", (_, bytes) => {
    const payload = hex(bytes);
    const [found, spentMs] = withCpuMs(() => findCborValue(payload, ["t"]));
    expect(found).toBeUndefined();
    expect(spentMs).toBeLessThan(20);
  });

  test("what would be costly to decode is stepped over where it is not asked for", () => {
    const bytes = encoder.encode({ big: new Tag(new Uint8Array(60_000).fill(255), 2), t: 77 });
    expect(findCborValue(bytes, ["t"])).toBe(77);
  });
});
