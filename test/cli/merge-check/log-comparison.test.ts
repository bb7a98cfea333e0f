import { describe, expect, test } from "bun:test";
import { LogComparison } from "../../../src/cli/merge-check/log-comparison.ts";
import { PendingRecords } from "../../../src/cli/merge-check/pending-records.ts";
import { RecordHash } from "../../../src/cli/merge-check/record-hash.ts";
import { OriginReader } from "../../../src/cli/replay/origin.ts";
import { BatchBuilder, encodeHeaders, type RecordHeader } from "../../../src/records/builder.ts";
import { RecordCursor } from "../../../src/records/reader.ts";

function comparison(start: number, end: number): LogComparison {
  return new LogComparison(0, start, end, { pending: { chunks: 0 }, offsets: { open: 0 } });
}

describe("a log beside its centre", () => {
  test("holds what it waits for, and nothing once it has come", () => {
    const budget = { chunks: 0 };
    const pending = new PendingRecords(budget);
    for (let offset = 0; offset < 20_000; offset += 1) pending.add(offset, offset, offset);
    expect(budget.chunks).toBe(5);
    for (let offset = 0; offset < 20_000; offset += 1)
      expect(pending.match(offset, offset, offset)).toBe("nothing");
    expect(budget.chunks).toBe(0);
    expect(pending.match(5, 5, 5)).toBeNull();
    // A chunk that is used again remembers nothing.
    pending.add(100_000, 1, 1);
    expect(pending.match(100_001, 0, 0)).toBeNull();
    expect(pending.match(100_000, 2, 1)).toBe("content");
    expect(pending.match(100_000, 1, 1)).toBe("nothing");
    pending.add(7, 1, 1);
    pending.add(9_000, 1, 1);
    pending.dropBelow(8_192);
    expect(pending.match(7, 1, 1)).toBeNull();
    expect(pending.match(9_000, 1, 2)).toBe("time");
    expect(budget.chunks).toBe(0);
  });

  test("what was given up and comes all the same is out of order, not different", () => {
    const log = comparison(0, 10_000);
    for (let offset = 0; offset < 10_000; offset += 1) log.atGateway(offset, 1, 1, true);
    for (let offset = 1; offset < 10_000; offset += 1) log.atCentre(offset, 1, 1, 0, offset);
    log.pending.dropBelow(10_000);
    log.atCentre(0, 1, 1, 0, 10_000);
    expect(log.report(null, [], 10_000)).toMatchObject({
      ...{ records: 10_000, there: 10_000, missing: { count: 0 } },
      ...{ outOfOrder: { count: 1 }, otherContent: { count: 0 } },
    });
  });

  test("up to the position it is missing, behind it it waits", () => {
    const log = comparison(0, 10);
    for (let offset = 0; offset < 10; offset += 1) log.atGateway(offset, 1, 1, true);
    for (let offset = 0; offset < 4; offset += 1) log.atCentre(offset, 1, 1, 0, offset);
    expect(log.report(7, [], 10)).toMatchObject({ missing: { count: 3 }, waiting: 3 });
    expect(log.report(null, [], 10)).toMatchObject({ missing: { count: 0 }, waiting: 6 });
  });

  test("offsets without a record at the gateway are not missing", () => {
    const log = comparison(0, 10);
    for (const offset of [0, 1, 5, 9]) log.atGateway(offset, 1, 1, true);
    for (const offset of [0, 1, 9]) log.atCentre(offset, 1, 1, 0, offset);
    expect(log.report(null, [], 10).missing).toEqual({ count: 1, listed: [{ start: 5, end: 6 }] });
    log.atCentre(4, 1, 1, 0, 10);
    expect(log.report(null, [], 10).extra.count).toBe(1);
  });

  test("of what the gateway does not keep only the offsets are looked at", () => {
    const log = comparison(100, 110);
    for (let offset = 100; offset < 110; offset += 1) log.atGateway(offset, 1, 1, true);
    for (let offset = 90; offset < 110; offset += 1) if (offset !== 95) log.atCentre(offset, 1, 1, 0, offset);
    const lost = {
      gateway: "",
      reason: "retention",
      uplink: null,
      device: null,
      topic: "t",
      topicId: null,
      partition: 0,
    };
    const entry = {
      ...lost,
      firstOffset: 95,
      lastOffset: 95,
      lossStart: -1,
      lossEnd: -1,
      count: 1,
      fromMs: 0,
      toMs: 0,
    };
    expect(log.report(null, [], 110)).toMatchObject({ older: 9, olderMissing: { count: 1 }, there: 10 });
    expect(log.report(null, [entry], 110)).toMatchObject({ olderMissing: { count: 0 }, knownCount: 1 });
  });

  test("histories of copies of the log lie beside the one in force", () => {
    // The centre has 0 to 9 of a card; this one was restored at 6, and has had other records since.
    const log = comparison(0, 9);
    for (let offset = 0; offset < 9; offset += 1) log.atGateway(offset, offset < 6 ? 1 : 2, 1, true);
    for (let offset = 0; offset < 10; offset += 1) log.atCentre(offset, 1, 1, 0, offset);
    for (let offset = 6; offset < 8; offset += 1) log.atCentre(offset, 2, 1, 0, offset + 10, 1);
    expect(log.report(9, [], 9, 1)).toMatchObject({
      ...{ records: 9, there: 8, missing: { count: 1, listed: [{ start: 8, end: 9 }] }, twice: { count: 0 } },
      ...{ outOfOrder: { count: 0 }, otherContent: { count: 0 }, extra: { count: 0 }, otherHistories: 4 },
    });
  });

  test("what differs in the history in force is there, and differs", () => {
    const log = comparison(0, 4);
    for (let offset = 0; offset < 4; offset += 1) log.atGateway(offset, 1, 1, true);
    for (let offset = 0; offset < 4; offset += 1) log.atCentre(offset, offset === 2 ? 7 : 1, 1, 0, offset);
    expect(log.report(null, [], 4)).toMatchObject({
      ...{ there: 4, missing: { count: 0 }, otherContent: { count: 1 }, otherHistories: 0 },
    });
  });

  test("newer records are nobody's concern, unless the gateway never had them", () => {
    const log = comparison(0, 10);
    log.atCentre(12, 1, 1, 0, 0);
    expect(log.report(null, [], 13).extra.count).toBe(0);
    expect(log.report(null, [], 12).extra.count).toBe(1);
  });
});

describe("the sum over a record", () => {
  const origin = new OriginReader();
  const hash = new RecordHash();

  function sum(key: string | null, value: string | null, headers: readonly RecordHeader[] = []): number {
    const builder = new BatchBuilder();
    const bytes = (text: string | null) => (text === null ? null : Buffer.from(text));
    builder.append(1, bytes(key), bytes(value), encodeHeaders(headers));
    const cursor = new RecordCursor();
    cursor.open(builder.build());
    cursor.next();
    return hash.of(cursor, origin);
  }

  test("tells key, value and headers apart, and leaves out what uplinks add", () => {
    const unit = { key: "unit", value: Buffer.from("bar") };
    const added = [
      { key: "headwater.gateway", value: Buffer.from("g") },
      { key: "headwater.log", value: Buffer.from("L/0") },
      { key: "headwater.offset", value: Buffer.from("5") },
    ];
    const sums = [
      sum("k", "v"),
      sum("kv", ""),
      sum("", "kv"),
      sum(null, "kv"),
      sum("kv", null),
      sum("k", "v", [unit]),
      sum("k", "v", [{ ...unit, value: null }]),
      sum("k", "v", [unit, unit]),
    ];
    expect(new Set(sums).size).toBe(sums.length);
    const plain = sum("k", "v", [unit]);
    expect(sum("k", "v", [unit, ...added])).toBe(plain);
    expect(origin).toMatchObject({ gateway: "g", log: "L/0", offset: 5 });
  });
});
