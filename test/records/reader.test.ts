import { describe, expect, test } from "bun:test";
import { hasCode } from "../../src/base/errors.ts";
import {
  BATCH_HEADER_BYTES,
  COMPRESSION_GZIP,
  COMPRESSION_NONE,
  setBatchBaseOffset,
  writeBatchHeader,
} from "../../src/records/batch.ts";
import { BatchBuilder, encodeHeaders } from "../../src/records/builder.ts";
import { checkRecords, decodeRecord, decodeRecords, RecordCursor } from "../../src/records/reader.ts";

const text = (value: string) => new TextEncoder().encode(value);

function batchOf(baseOffset: number, values: readonly string[], compression = COMPRESSION_NONE): Uint8Array {
  const builder = new BatchBuilder();
  for (const value of values) builder.append(1_000, text("key"), text(value), null);
  return builder.build({ baseOffset, compression });
}

function concatenate(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** A batch of `count` records whose body is given byte by byte. */
function batchOfBody(bodyHex: string, count = 1, lastOffsetDelta = count - 1): Uint8Array {
  const body = Uint8Array.fromHex(bodyHex.replaceAll(" ", ""));
  const bytes = new Uint8Array(BATCH_HEADER_BYTES + body.length);
  bytes.set(body, BATCH_HEADER_BYTES);
  writeBatchHeader(bytes, 0, {
    baseOffset: 0,
    sizeBytes: bytes.length,
    leaderEpoch: 0,
    attributes: 0,
    lastOffsetDelta,
    baseTimestampMs: 0,
    maxTimestampMs: 0,
    producerId: -1,
    producerEpoch: -1,
    baseSequence: -1,
    recordCount: count,
  });
  return bytes;
}

describe("RecordCursor", () => {
  test("goes through batches back to back, compressed or not", () => {
    const bytes = concatenate(
      batchOf(10, ["a", "b"]),
      batchOf(12, ["c", "d", "e"], COMPRESSION_GZIP),
      new BatchBuilder().build({ baseOffset: 15, lastOffsetDelta: 4 }),
      batchOf(20, ["f"]),
    );
    const cursor = new RecordCursor();
    cursor.open(bytes);
    const seen: string[] = [];
    while (cursor.next())
      seen.push(`${cursor.offset}${new TextDecoder().decode(cursor.value() ?? undefined)}`);
    expect(seen).toEqual(["10a", "11b", "12c", "13d", "14e", "20f"]);
    expect(cursor.nextOffset).toBe(21);
    expect(cursor.next()).toBe(false);
  });

  test("ends at an incomplete batch and at zeroes", () => {
    const first = batchOf(0, ["a"]);
    const second = batchOf(1, ["b"]);
    for (const rest of [second.subarray(0, second.length - 1), second.subarray(0, 11), new Uint8Array(100)]) {
      expect(decodeRecords(concatenate(first, rest)).map((record) => record.offset)).toEqual([0]);
    }
  });

  test("reads a range, and knows where the batch stands", () => {
    const first = batchOf(0, ["a"]);
    const bytes = concatenate(first, batchOf(1, ["b"]), batchOf(2, ["c"]));
    const cursor = new RecordCursor();
    cursor.open(bytes, first.length, first.length * 2);
    expect(cursor.next()).toBe(true);
    expect([cursor.offset, cursor.batchPosition, cursor.nextOffset]).toEqual([1, first.length, 2]);
    expect(cursor.next()).toBe(false);
  });

  test("the next offset is beyond what compaction took from the end of a batch", () => {
    const builder = new BatchBuilder();
    builder.appendAt(1, 5, null, null, null);
    const cursor = new RecordCursor();
    cursor.open(builder.build({ baseOffset: 100, lastOffsetDelta: 9 }));
    while (cursor.next());
    expect(cursor.nextOffset).toBe(110);
    cursor.open(new BatchBuilder().build({ baseOffset: 200, lastOffsetDelta: 9 }));
    expect(cursor.next()).toBe(false);
    expect(cursor.nextOffset).toBe(210);
  });

  test("gives headers as they stand, for the builder to take", () => {
    const headers = [
      { key: "unit", value: text("celsius") },
      { key: "none", value: null },
    ];
    const builder = new BatchBuilder();
    builder.append(7, null, null, encodeHeaders(headers));
    const cursor = new RecordCursor();
    cursor.open(builder.build());
    expect(cursor.next()).toBe(true);
    expect(cursor.headerCount).toBe(2);
    const copy = new BatchBuilder();
    copy.append(cursor.timestampMs, cursor.key(), cursor.value(), cursor.encodedHeaders());
    expect(copy.build()).toEqual(builder.build());
    expect(decodeRecord(cursor)).toEqual({ offset: 0, timestampMs: 7, key: null, value: null, headers });
  });

  test("sums batches only where told to", () => {
    const bytes = batchOf(0, ["abc"]);
    bytes[bytes.length - 2] = 0x64;
    const trusting = new RecordCursor();
    trusting.open(bytes);
    expect(trusting.next()).toBe(true);
    expect(trusting.value()).toEqual(text("abd"));
    expect(() => decodeRecords(bytes)).toThrow("CRC is");
  });

  test("keeps to its bound on decompressed bytes", () => {
    const bytes = batchOf(0, ["x".repeat(10_000)], COMPRESSION_GZIP);
    const bounded = new RecordCursor({ maxUncompressedBytes: 10_000 });
    bounded.open(bytes);
    expect(() => bounded.next()).toThrow("more than 10000 bytes");
    expect(bounded.next()).toBe(false);
    expect(checkRecords(bytes, 0, false)).toBeNull();
    expect(checkRecords(bytes, 0, false, undefined, bounded)?.error).toBe("INVALID_RECORD");
    expect(
      checkRecords(bytes, 0, false, undefined, new RecordCursor({ maxUncompressedBytes: 10_050 })),
    ).toBeNull();
  });
});

describe("records that are not well formed", () => {
  // length 12 (6), attributes, timestamp delta, offset delta, key, value, headers
  const good = "0c 00 00 00 01 01 00";
  const cases: readonly [string, string, string][] = [
    ["a length under the least", "0a 00 00 00 01 01 00", "record length 5"],
    ["a length beyond the batch", "0e 00 00 00 01 01 00", "record length 7"],
    ["a negative length", "0d 00 00 00 01 01 00", "record length -7"],
    ["a length of six bytes", "8c 80 80 80 80 00 00 00", "more than five bytes"],
    ["an offset delta beyond the last", "0c 00 00 02 01 01 00", "offset delta 1"],
    ["a negative offset delta", "0c 00 00 01 01 01 00", "offset delta -1"],
    ["a key length under -1", "0c 00 00 00 03 01 00", "field length -2"],
    ["a key beyond the record", "0c 00 00 00 08 01 00", "field of 4 bytes"],
    ["a value beyond the record", "0c 00 00 00 01 04 00", "field of 2 bytes"],
    ["no room for the headers", "0c 00 00 00 01 02 00", "varint is cut off"],
    ["a negative header count", "0c 00 00 00 01 01 01", "-1 headers"],
    ["more headers than bytes", "10 00 00 00 01 01 04 00 01", "2 headers"],
    ["a header without a key", "10 00 00 00 01 01 02 01 01", "header key is null"],
    ["a header value beyond the record", "10 00 00 00 01 01 02 00 02", "field of 1 bytes"],
    ["bytes after the headers", "0e 00 00 00 01 01 00 00", "1 bytes after a record's headers"],
    ["bytes after the last record", `${good} 00`, "1 bytes after the last record"],
    ["a timestamp delta of 2^53", "1a 00 80 80 80 80 80 80 80 20 00 01 01 00 00 00", "beyond 2^53"],
    ["a timestamp delta of ten bytes", "1e 00 80 80 80 80 80 80 80 80 80 01 00 01 01 00", "beyond 2^53"],
  ];

  test("the pattern of the cases below is good itself", () => {
    expect(checkRecords(batchOfBody(good), 0, false)).toBeNull();
  });

  for (const [title, body, reason] of cases) {
    test(`${title} is refused`, () => {
      const bytes = batchOfBody(body);
      const fault = checkRecords(bytes, 0, false);
      expect(fault?.error).toBe("INVALID_RECORD");
      expect(fault?.reason).toContain(reason);
      let caught: unknown;
      try {
        decodeRecords(bytes);
      } catch (error) {
        caught = error;
      }
      expect(hasCode(caught, "MALFORMED")).toBe(true);
    });
  }

  test("fewer records than the header says are refused", () => {
    expect(checkRecords(batchOfBody(`${good} 00 00 00 00 00 00 00`, 2), 0, false)?.reason).toContain(
      "record length 0",
    );
  });
});

describe("checkRecords", () => {
  test("wants offset deltas without gaps", () => {
    const builder = new BatchBuilder();
    builder.append(1, null, null, null);
    builder.appendAt(2, 1, null, null, null);
    expect(checkRecords(builder.build(), 0, false)?.reason).toBe("record 1 has another offset delta");
  });

  test("wants keys for a compacted topic only", () => {
    const builder = new BatchBuilder();
    builder.append(1, text("k"), null, null);
    builder.append(1, null, text("v"), null);
    expect(checkRecords(builder.build(), 0, false)).toBeNull();
    expect(checkRecords(builder.build(), 0, true)).toEqual({
      error: "INVALID_RECORD",
      reason: "record 1 has no key",
    });
  });

  test("tells the largest timestamp of the records, whatever the header says", () => {
    const builder = new BatchBuilder();
    for (const timestampMs of [5, 9, 7]) builder.append(timestampMs, null, null, null);
    const summary = { recordCount: 0, maxTimestampMs: 0 };
    expect(checkRecords(builder.build({ logAppendTimeMs: 4 }), 0, false, summary)).toBeNull();
    expect(summary).toEqual({ recordCount: 3, maxTimestampMs: 4 });
    expect(checkRecords(builder.build(), 0, false, summary)).toBeNull();
    expect(summary).toEqual({ recordCount: 3, maxTimestampMs: 9 });
  });

  test("looks at one batch only, anywhere in the bytes", () => {
    const first = batchOf(0, ["a"]);
    const bytes = concatenate(first, batchOf(0, ["b"]), new Uint8Array(300).fill(0xee));
    setBatchBaseOffset(bytes, first.length, 4_000_000_000);
    expect(checkRecords(bytes, 0, true)).toBeNull();
    expect(checkRecords(bytes, first.length, true)).toBeNull();
  });

  test("refuses a damaged compressed body", () => {
    const bytes = batchOf(0, ["a", "b"], COMPRESSION_GZIP);
    bytes[BATCH_HEADER_BYTES + 3] = 0xff;
    expect(checkRecords(bytes, 0, false)?.error).toBe("INVALID_RECORD");
  });
});
