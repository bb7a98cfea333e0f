import { describe, expect, test } from "bun:test";
import {
  batchLastOffsetDelta,
  batchNextOffset,
  batchRecordCount,
  COMPRESSION_ZSTD,
  checkBatch,
} from "../../src/records/batch.ts";
import { BatchBuilder, encodeHeaders, maxRecordSizeBytes } from "../../src/records/builder.ts";
import { decodeRecords, RecordCursor } from "../../src/records/reader.ts";
import { Seeded } from "./support.ts";

const text = (value: string) => new TextEncoder().encode(value);

describe("BatchBuilder", () => {
  test("knows its size, count and largest timestamp", () => {
    const builder = new BatchBuilder();
    expect([builder.count, builder.sizeBytes, builder.maxTimestampMs]).toEqual([0, 61, -1]);
    expect(builder.append(500, text("k"), text("v"), null)).toBe(0);
    expect(builder.append(400, null, null, null)).toBe(1);
    expect(builder.count).toBe(2);
    expect(builder.maxTimestampMs).toBe(500);
    expect(builder.build().length).toBe(builder.sizeBytes);
  });

  test("copies what it is given, and what it gives is the caller's", () => {
    const builder = new BatchBuilder();
    const value = text("first");
    builder.append(1, null, value, null);
    value.fill(0);
    const batch = builder.build();
    builder.reset();
    builder.append(2, null, text("other"), null);
    builder.buildView();
    expect(decodeRecords(batch)[0]?.value).toEqual(text("first"));
  });

  test("a view is of the builder's own memory", () => {
    const builder = new BatchBuilder();
    builder.append(1, null, text("first"), null);
    const view = builder.buildView();
    expect(decodeRecords(view)[0]?.value).toEqual(text("first"));
    builder.reset();
    builder.append(1, null, text("other"), null);
    builder.buildView();
    expect(decodeRecords(view)[0]?.value).toEqual(text("other"));
  });

  test("takes a record's fields as they stand in another batch", () => {
    const random = new Seeded(12);
    const from = new BatchBuilder();
    for (let i = 0; i < 300; i++) {
      const headers = i % 4 === 0 ? encodeHeaders([{ key: "h", value: random.bytes(i) }]) : null;
      const [key, value] = [i % 5 === 0 ? null : random.bytes(i % 70), i % 7 === 0 ? null : random.bytes(i)];
      from.append(1_000 + ((i * 37) % 50), key, value, headers);
    }
    const batch = from.build();
    const cursor = new RecordCursor();
    cursor.open(batch);
    const to = new BatchBuilder(61);
    while (cursor.next())
      to.appendFields(
        2 * cursor.offset,
        cursor.timestampMs,
        cursor.bytes,
        cursor.fieldsStart,
        cursor.headersEnd,
      );
    const copied = to.build();
    expect(checkBatch(copied, 0, copied.length)).toBeNull();
    expect(decodeRecords(copied)).toEqual(
      decodeRecords(batch).map((record) => ({ ...record, offset: 2 * record.offset })),
    );
  });

  test("records of every size come back, and take no more than was said", () => {
    const random = new Seeded(11);
    const builder = new BatchBuilder(61);
    const records = Array.from({ length: 700 }, (_, i) => ({
      offset: i,
      timestampMs: 1_700_000_000_000 + (i % 3 === 0 ? -1 : 1) * random.below(2 ** 31) * 1_000,
      key: i % 5 === 0 ? null : random.bytes(i % 70),
      value: i % 7 === 0 ? null : random.bytes(i),
      headers:
        i % 4 === 0 ? [{ key: "ü".repeat(i % 90), value: i % 8 === 0 ? null : random.bytes(i % 150) }] : [],
    }));
    for (const record of records) {
      const headers = record.headers.length === 0 ? null : encodeHeaders(record.headers);
      const before = builder.sizeBytes;
      builder.append(record.timestampMs, record.key, record.value, headers);
      const most = maxRecordSizeBytes(
        record.key?.length ?? 0,
        record.value?.length ?? 0,
        headers?.length ?? 0,
      );
      expect(builder.sizeBytes - before).toBeLessThanOrEqual(most);
    }
    expect(decodeRecords(builder.build())).toEqual(records);
    const compressed = builder.build({ compression: COMPRESSION_ZSTD });
    expect(decodeRecords(compressed)).toEqual(records);
  });

  test("timestamps may be any safe integers", () => {
    const builder = new BatchBuilder();
    const timestamps = [Number.MAX_SAFE_INTEGER, 0, -1, Number.MAX_SAFE_INTEGER - 1, 2 ** 52];
    for (const timestampMs of timestamps) builder.append(timestampMs, null, null, null);
    expect(decodeRecords(builder.build()).map((record) => record.timestampMs)).toEqual(timestamps);
    expect(() => builder.append(1.5, null, null, null)).toThrow("safe integer");
    expect(() => builder.append(Number.NaN, null, null, null)).toThrow("safe integer");
  });

  test("may leave gaps, and hold offsets beyond its last record", () => {
    const builder = new BatchBuilder();
    builder.appendAt(3, 1, null, text("a"), null);
    builder.appendAt(90, 1, null, text("b"), null);
    expect(() => builder.appendAt(90, 1, null, null, null)).toThrow("not beyond the last");
    const batch = builder.build({ baseOffset: 1_000, lastOffsetDelta: 99 });
    expect(checkBatch(batch, 0, batch.length)).toBeNull();
    expect(decodeRecords(batch).map((record) => record.offset)).toEqual([1_003, 1_090]);
    expect(batchNextOffset(batch, 0)).toBe(1_100);
    expect(() => builder.build({ lastOffsetDelta: 89 })).toThrow("last offset delta");
  });

  test("builds an empty batch that holds offsets only", () => {
    const batch = new BatchBuilder().build({ baseOffset: 50, lastOffsetDelta: 9 });
    expect(checkBatch(batch, 0, batch.length)).toBeNull();
    expect(batchRecordCount(batch, 0)).toBe(0);
    expect(batchLastOffsetDelta(batch, 0)).toBe(9);
    expect(decodeRecords(batch)).toEqual([]);
    expect(() => new BatchBuilder().build()).toThrow("last offset delta");
  });
});

test("headers are encoded as they stand in a record", () => {
  expect(encodeHeaders([]).toHex()).toBe("00");
  const headers = [
    { key: "unit", value: text("celsius") },
    { key: "empty", value: null },
  ];
  expect(encodeHeaders(headers).toHex()).toBe("0408756e69740e63656c736975730a656d70747901");
});
