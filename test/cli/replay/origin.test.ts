import { describe, expect, test } from "bun:test";
import { OriginReader } from "../../../src/cli/replay/origin.ts";
import { BatchBuilder, encodeHeaders, type RecordHeader } from "../../../src/records/builder.ts";
import { RecordCursor } from "../../../src/records/reader.ts";

const TIME_MS = 1_700_000_000_000;
const FROM_GATEWAY = [
  header("headwater.gateway", "plant-3"),
  header("headwater.log", "L/0"),
  header("headwater.offset", "42"),
];

function header(key: string, value: string): RecordHeader {
  return { key, value: Buffer.from(value) };
}

function recordWith(headers: readonly RecordHeader[]): RecordCursor {
  const builder = new BatchBuilder();
  builder.append(TIME_MS, Buffer.from("k"), Buffer.from("v"), encodeHeaders(headers));
  const cursor = new RecordCursor();
  cursor.open(builder.build());
  cursor.next();
  return cursor;
}

describe("where a record came from", () => {
  test("stands in the headers that an uplink adds, behind its own", () => {
    const origin = new OriginReader();
    expect(origin.read(recordWith([header("unit", "bar"), ...FROM_GATEWAY]))).toBe(true);
    const { gateway, log, offset, timeMs } = origin;
    expect({ gateway, log, offset, timeMs }).toEqual({
      gateway: "plant-3",
      log: "L/0",
      offset: 42,
      timeMs: TIME_MS,
    });
    expect(origin.read(recordWith([header("unit", "bar")]))).toBe(false);
    expect(origin).toMatchObject({ gateway: "", log: "", offset: -1 });
  });

  test("is one of a log's histories", () => {
    const origin = new OriginReader();
    origin.read(recordWith([header("headwater.epoch", "2"), ...FROM_GATEWAY]));
    expect(origin).toMatchObject({ log: "L/0", epoch: 2 });
    origin.read(recordWith(FROM_GATEWAY));
    expect(origin.epoch).toBe(0);
  });

  test("is the last gateway of several", () => {
    const origin = new OriginReader();
    const second = [
      header("headwater.gateway", "site"),
      header("headwater.log", "M/1"),
      header("headwater.offset", "7"),
    ];
    expect(origin.read(recordWith([...FROM_GATEWAY, ...second]))).toBe(true);
    expect(origin).toMatchObject({ gateway: "site", log: "M/1", offset: 7 });
  });

  test("brings its true time where the timestamp is another", () => {
    const origin = new OriginReader();
    origin.read(recordWith([header("headwater.time", "1600000000000"), ...FROM_GATEWAY]));
    expect(origin).toMatchObject({ timeMs: 1_600_000_000_000, stampMs: 1_600_000_000_000 });
    const stamped = header("headwater.time-stamped", "5");
    origin.read(recordWith([stamped, ...FROM_GATEWAY]));
    expect(origin).toMatchObject({ timeMs: TIME_MS, stampMs: 5 });
    for (const both of [
      [stamped, header("headwater.time", "1600000000000")],
      [header("headwater.time", "1600000000000"), stamped],
    ]) {
      origin.read(recordWith([...both, ...FROM_GATEWAY]));
      expect(origin).toMatchObject({ timeMs: 1_600_000_000_000, stampMs: 5 });
    }
    origin.read(recordWith(FROM_GATEWAY));
    expect(origin).toMatchObject({ timeMs: TIME_MS, stampMs: TIME_MS });
  });

  test("is nowhere where the headers are nobody's", () => {
    const origin = new OriginReader();
    const [gateway, log] = FROM_GATEWAY as [RecordHeader, RecordHeader];
    for (const offset of ["", "4x", "-1", "99999999999999999", "1e3"]) {
      expect(origin.read(recordWith([gateway, log, header("headwater.offset", offset)]))).toBe(false);
    }
    expect(origin.read(recordWith([gateway, log, { key: "headwater.offset", value: null }]))).toBe(false);
  });

  test("other headers are handed over as they stand", () => {
    const cursor = recordWith([header("a", "1"), ...FROM_GATEWAY, { key: "b", value: null }]);
    const seen: string[] = [];
    new OriginReader().read(cursor, (start, end) => {
      seen.push(Buffer.from(cursor.bytes.subarray(start, end)).toString("hex"));
    });
    expect(seen).toEqual(["02610231", "026201"]);
  });
});
