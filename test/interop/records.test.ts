import { describe, expect, test } from "bun:test";
import type { KafkaClient, ReadRecord } from "./clients/client.ts";
import { expectSame, PARTITIONS, readings } from "./records.ts";

/** What the comparison behind every pair of clients has to notice. */
const SPAN = { fromMs: 0, toMs: 10 };
const WRITTEN = readings(60, 1_000_000);
const PRECISE = stub(true);
const BY_KEY = stub(false);

describe("the comparison notices", () => {
  const cases: readonly (readonly [string, (records: ReadRecord[]) => ReadRecord[]])[] = [
    ["a lost record", (records) => renumber(records.toSpliced(5, 1))],
    ["a record twice", (records) => renumber(records.toSpliced(5, 0, first(records)))],
    [
      "two records in the wrong order",
      (records) => renumber([...records.slice(1, 2), first(records), ...records.slice(2)]),
    ],
    [
      "a gap in the offsets",
      (records) => records.map((record) => ({ ...record, offset: record.offset * 2 })),
    ],
    ["a changed key", (records) => records.with(0, { ...first(records), key: "device-x" })],
    ["a changed value", (records) => records.with(0, { ...first(records), value: "" })],
    ["a lost header", (records) => records.with(0, { ...first(records), headers: [] })],
    ["a changed time", (records) => records.with(0, { ...first(records), timestampMs: 1 })],
    ["an empty partition", () => []],
  ];
  for (const [what, change] of cases) {
    test(what, () => {
      const read = exact();
      expectSame(read, WRITTEN, PRECISE, SPAN);
      const changed = read.with(0, change([...(read[0] ?? [])]));
      expect(() => expectSame(changed, WRITTEN, PRECISE, SPAN)).toThrow();
    });
  }

  test("a key on a partition that Kafka's hash does not pick", () => {
    expect(() => expectSame(exact(), WRITTEN, BY_KEY, SPAN)).toThrow();
  });

  test("a time outside the span in which the client wrote", () => {
    const late = exact().map((records) => records.map((record) => ({ ...record, timestampMs: 11 })));
    expect(() => expectSame(late, WRITTEN, { ...PRECISE, setsTimestamps: false }, SPAN)).toThrow();
  });
});

function exact(): readonly (readonly ReadRecord[])[] {
  return Array.from({ length: PARTITIONS }, (_, partition) =>
    renumber(
      WRITTEN.filter((record) => record.partition === partition).map((record) => ({
        ...record,
        offset: 0,
        timestampMs: record.timestampMs ?? 0,
      })),
    ),
  );
}

function renumber(records: readonly ReadRecord[]): ReadRecord[] {
  return records.map((record, offset) => ({ ...record, offset }));
}

function first(records: readonly ReadRecord[]): ReadRecord {
  const [record] = records;
  if (record === undefined) throw new Error("no records");
  return record;
}

function stub(choosesPartitions: boolean): KafkaClient {
  return {
    name: "stub",
    missing: () => null,
    choosesPartitions,
    setsTimestamps: choosesPartitions,
    setsHeaders: true,
    writesTombstones: true,
    codecs: [],
  };
}
