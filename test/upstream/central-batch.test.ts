import { describe, expect, test } from "bun:test";
import { BATCH_HEADER_BYTES, writeBatchHeader } from "../../src/records/batch.ts";
import { BatchBuilder, encodeHeaders } from "../../src/records/builder.ts";
import { decodeRecords, RecordCursor } from "../../src/records/reader.ts";
import { CentralBatch, originHeaders } from "../../src/upstream/central-batch.ts";

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/** Takes every record of `source` over, and reads what came of it. */
function carry(source: Uint8Array, batch = new CentralBatch()) {
  const cursor = new RecordCursor();
  cursor.open(source);
  while (cursor.next()) batch.append(cursor, originHeaders("gw-7", "AbCdEfGhIjKlMnOpQrStUv", 3));
  const carried = new Uint8Array(BATCH_HEADER_BYTES + batch.sizeBytes);
  carried.set(batch.bytes.subarray(0, batch.sizeBytes), BATCH_HEADER_BYTES);
  writeBatchHeader(carried, 0, {
    baseOffset: 0,
    sizeBytes: carried.length,
    leaderEpoch: -1,
    attributes: 0,
    lastOffsetDelta: batch.recordCount - 1,
    baseTimestampMs: batch.baseTimestampMs,
    maxTimestampMs: batch.maxTimestampMs,
    producerId: -1,
    producerEpoch: -1,
    baseSequence: -1,
    recordCount: batch.recordCount,
  });
  return decodeRecords(carried);
}

describe("records on their way to the centre", () => {
  test("keep key, value, headers and timestamp, and gain where they came from", () => {
    const builder = new BatchBuilder();
    const own = [
      { key: "trace", value: bytes("x".repeat(100)) },
      { key: "none", value: null },
    ];
    builder.append(1_700_000_000_000, bytes("device-1"), bytes("v".repeat(300)), encodeHeaders(own));
    builder.append(1_699_999_999_000, null, bytes(""), null);
    builder.append(-1, bytes(""), null, null);
    builder.append(2 ** 45, bytes("k".repeat(70)), bytes("short"), null);
    const added = (offset: number) => [
      { key: "headwater.gateway", value: bytes("gw-7") },
      { key: "headwater.log", value: bytes("AbCdEfGhIjKlMnOpQrStUv/3") },
      { key: "headwater.offset", value: bytes(String(offset)) },
    ];
    const [first, second, third, fourth] = carry(builder.build({ baseOffset: 998 }));
    expect(first).toEqual({
      offset: 0,
      timestampMs: 1_700_000_000_000,
      key: bytes("device-1"),
      value: bytes("v".repeat(300)),
      headers: [...own, ...added(998)],
    });
    expect(second).toMatchObject({
      timestampMs: 1_699_999_999_000,
      key: null,
      value: bytes(""),
      headers: added(999),
    });
    expect(third).toMatchObject({ timestampMs: -1, key: bytes(""), value: null, headers: added(1000) });
    expect(fourth).toMatchObject({ timestampMs: 2 ** 45, key: bytes("k".repeat(70)), headers: added(1001) });
  });

  test("offsets of every length are written whole", () => {
    for (const offset of [0, 9, 10, 99, 100, 4_294_967_295, 4_294_967_296, 2 ** 53 - 2]) {
      const builder = new BatchBuilder();
      builder.append(0, null, null, null);
      const [record] = carry(builder.build({ baseOffset: offset }));
      expect(record?.headers[2]?.value).toEqual(bytes(String(offset)));
    }
  });

  test("a batch is used again after a reset", () => {
    const builder = new BatchBuilder();
    builder.append(5, bytes("a"), bytes("b".repeat(600_000)), null);
    const batch = new CentralBatch();
    carry(builder.build(), batch);
    batch.reset();
    expect(batch.bytes.length).toBeLessThan(600_000);
    builder.reset();
    builder.append(1, bytes("c"), bytes("d"), null);
    expect(carry(builder.build(), batch)).toMatchObject([{ offset: 0, timestampMs: 1, key: bytes("c") }]);
  });
});
