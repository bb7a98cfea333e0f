import { describe, expect, test } from "bun:test";
import {
  BATCH_HEADER_BYTES,
  type BatchError,
  type BatchHeaderFields,
  batchAttributes,
  batchBaseOffset,
  batchBaseTimestampMs,
  batchIsLogAppendTime,
  batchLastSequence,
  batchLeaderEpoch,
  batchMaxTimestampMs,
  CONTROL_BIT,
  checkBatch,
  checkBatchHeader,
  checkProducedBatch,
  completeBatchSizeBytes,
  DELETE_HORIZON_BIT,
  LOG_APPEND_TIME_BIT,
  setBatchBaseOffset,
  setBatchLeaderEpoch,
  setBatchLogAppendTime,
  setBatchMaxTimestamp,
  TRANSACTIONAL_BIT,
  updateBatchCrc,
  writeBatchHeader,
} from "../../src/records/batch.ts";
import { BatchBuilder } from "../../src/records/builder.ts";
import { decodeRecords } from "../../src/records/reader.ts";

const BODY_BYTES = 40;
const GOOD: BatchHeaderFields = {
  baseOffset: 7,
  sizeBytes: BATCH_HEADER_BYTES + BODY_BYTES,
  leaderEpoch: 3,
  attributes: 0,
  lastOffsetDelta: 1,
  baseTimestampMs: 1_700_000_000_000,
  maxTimestampMs: 1_700_000_000_500,
  producerId: -1,
  producerEpoch: -1,
  baseSequence: -1,
  recordCount: 2,
};

/** A header of these fields, rightly summed, before a body that nobody looks at. */
function batchOf(fields: Partial<BatchHeaderFields>): Uint8Array {
  const bytes = new Uint8Array(BATCH_HEADER_BYTES + BODY_BYTES);
  writeBatchHeader(bytes, 0, { ...GOOD, ...fields });
  return bytes;
}

/** `batchOf` with an int64 at `position` that no number can hold. */
function batchWithInt64(position: number, value: bigint): Uint8Array {
  const bytes = batchOf({});
  new DataView(bytes.buffer).setBigInt64(position, value);
  updateBatchCrc(bytes, 0);
  return bytes;
}

const check = (bytes: Uint8Array) => checkBatch(bytes, 0, bytes.length);

describe("checkBatch", () => {
  test("accepts what a log may hold", () => {
    expect(check(batchOf({}))).toBeNull();
    expect(check(batchOf({ recordCount: 0, lastOffsetDelta: 99 }))).toBeNull();
    expect(check(batchOf({ recordCount: 1, lastOffsetDelta: 99 }))).toBeNull();
    expect(check(batchOf({ attributes: CONTROL_BIT | TRANSACTIONAL_BIT, producerId: 5 }))).toBeNull();
    expect(check(batchOf({ attributes: DELETE_HORIZON_BIT }))).toBeNull();
    expect(check(batchOf({ baseTimestampMs: -1, maxTimestampMs: -1 }))).toBeNull();
    expect(check(batchOf({ baseOffset: 2 ** 53 - 3, producerId: 2 ** 53 - 1 }))).toBeNull();
  });

  const refused: readonly [string, Uint8Array, BatchError, string][] = [
    [
      "a base offset beyond 2^53",
      batchWithInt64(0, 2n ** 53n),
      "CORRUPT_MESSAGE",
      "base offset is beyond 2^53",
    ],
    ["a negative base offset", batchOf({ baseOffset: -1 }), "CORRUPT_MESSAGE", "base offset is -1"],
    [
      "a last offset beyond 2^53",
      batchOf({ baseOffset: 2 ** 53 - 2 }),
      "INVALID_RECORD",
      "last offset is beyond",
    ],
    [
      "a negative last offset delta",
      batchOf({ lastOffsetDelta: -1 }),
      "INVALID_RECORD",
      "last offset delta is -1",
    ],
    ["a negative count", batchOf({ recordCount: -1 }), "INVALID_RECORD", "record count is -1"],
    [
      "more records than offsets",
      batchOf({ recordCount: 3 }),
      "INVALID_RECORD",
      "does not fit a last offset",
    ],
    [
      "more records than bytes",
      batchOf({ recordCount: 6, lastOffsetDelta: 5 }),
      "INVALID_RECORD",
      "6 records do not fit 40 bytes",
    ],
    ["compression 5", batchOf({ attributes: 5 }), "UNSUPPORTED_COMPRESSION_TYPE", "compression code 5"],
    ["compression 7", batchOf({ attributes: 7 }), "UNSUPPORTED_COMPRESSION_TYPE", "compression code 7"],
    ["a base timestamp beyond 2^53", batchWithInt64(27, 2n ** 53n), "INVALID_RECORD", "base timestamp"],
    ["a max timestamp beyond 2^53", batchWithInt64(35, -(2n ** 63n)), "INVALID_RECORD", "max timestamp"],
    ["a producer id beyond 2^53", batchWithInt64(43, 2n ** 62n), "INVALID_RECORD", "producer id is beyond"],
    ["a producer id under -1", batchOf({ producerId: -2 }), "INVALID_RECORD", "producer id is -2"],
    [
      "a batch length under the header's",
      batchOf({ sizeBytes: BATCH_HEADER_BYTES - 1 }),
      "CORRUPT_MESSAGE",
      "batch length 48 is too small",
    ],
  ];
  for (const [title, bytes, error, reason] of refused) {
    test(`refuses ${title}`, () => {
      const fault = check(bytes);
      expect(fault?.error).toBe(error);
      expect(fault?.reason).toContain(reason);
    });
  }

  test("refuses older formats and unknown ones by their own error", () => {
    for (const [magic, error] of [
      [0, "UNSUPPORTED_FOR_MESSAGE_FORMAT"],
      [1, "UNSUPPORTED_FOR_MESSAGE_FORMAT"],
      [3, "CORRUPT_MESSAGE"],
      [0xff, "CORRUPT_MESSAGE"],
    ] as const) {
      const bytes = batchOf({});
      bytes[16] = magic;
      expect(check(bytes)?.error).toBe(error);
    }
  });

  test("refuses a wrong CRC, which checkBatchHeader does not look at", () => {
    const bytes = batchOf({});
    bytes[BATCH_HEADER_BYTES + 5] = 1;
    expect(check(bytes)?.error).toBe("CORRUPT_MESSAGE");
    expect(check(bytes)?.reason).toContain("CRC is");
    expect(checkBatchHeader(bytes, 0, bytes.length)).toBeNull();
  });

  test("looks no further than the end it is given", () => {
    const bytes = batchOf({});
    expect(checkBatch(bytes, 0, bytes.length - 1)?.error).toBe("CORRUPT_MESSAGE");
    expect(completeBatchSizeBytes(bytes, 0, bytes.length - 1)).toBe(0);
    expect(completeBatchSizeBytes(bytes, 0, bytes.length)).toBe(bytes.length);
    expect(completeBatchSizeBytes(new Uint8Array(200), 0, 200)).toBe(0);
  });

  test("reads a batch anywhere in the bytes", () => {
    const around = new Uint8Array(500).fill(0xee);
    around.set(batchOf({}), 123);
    expect(checkBatch(around, 123, around.length)).toBeNull();
    expect(batchBaseOffset(around, 123)).toBe(7);
  });
});

describe("checkProducedBatch", () => {
  const checkProduced = (fields: Partial<BatchHeaderFields>) => {
    const bytes = batchOf(fields);
    expect(check(bytes)).toBeNull();
    return checkProducedBatch(bytes, 0)?.error ?? null;
  };

  test("accepts what producers send", () => {
    expect(checkProduced({})).toBeNull();
    expect(checkProduced({ producerId: 9, producerEpoch: 0, baseSequence: 0 })).toBeNull();
    const transactional = { attributes: TRANSACTIONAL_BIT, producerId: 9, producerEpoch: 0, baseSequence: 5 };
    expect(checkProduced(transactional)).toBeNull();
  });

  test("refuses what only a log may hold", () => {
    expect(checkProduced({ recordCount: 0, lastOffsetDelta: 0 })).toBe("INVALID_RECORD");
    expect(checkProduced({ recordCount: 1, lastOffsetDelta: 1 })).toBe("INVALID_RECORD");
    expect(checkProduced({ attributes: CONTROL_BIT })).toBe("INVALID_RECORD");
    expect(checkProduced({ attributes: DELETE_HORIZON_BIT })).toBe("INVALID_RECORD");
    expect(checkProduced({ attributes: 0x80 })).toBe("INVALID_RECORD");
    expect(checkProduced({ attributes: 0x4000 })).toBe("INVALID_RECORD");
    expect(checkProduced({ attributes: LOG_APPEND_TIME_BIT })).toBe("INVALID_TIMESTAMP");
  });

  test("refuses a producer id without sequence or epoch, and a transaction without a producer id", () => {
    expect(checkProduced({ producerId: 9, producerEpoch: 0, baseSequence: -1 })).toBe("INVALID_RECORD");
    expect(checkProduced({ producerId: 9, producerEpoch: -1, baseSequence: 0 })).toBe("INVALID_RECORD");
    expect(checkProduced({ attributes: TRANSACTIONAL_BIT })).toBe("INVALID_RECORD");
  });
});

describe("setters", () => {
  const builder = new BatchBuilder();
  builder.append(1_000, null, Uint8Array.of(1), null);
  builder.append(2_000, null, Uint8Array.of(2), null);

  test("base offset and leader epoch lie outside the CRC", () => {
    const bytes = builder.build();
    setBatchBaseOffset(bytes, 0, 2 ** 53 - 100);
    setBatchLeaderEpoch(bytes, 0, 0x7fffffff);
    expect(check(bytes)).toBeNull();
    expect(batchBaseOffset(bytes, 0)).toBe(2 ** 53 - 100);
    expect(batchLeaderEpoch(bytes, 0)).toBe(0x7fffffff);
    expect(() => setBatchBaseOffset(bytes, 0, -1)).toThrow("base offset");
    expect(() => setBatchBaseOffset(bytes, 0, 2 ** 53)).toThrow("base offset");
  });

  test("log append time is every record's timestamp", () => {
    const bytes = builder.build({ leaderEpoch: 5 });
    setBatchLogAppendTime(bytes, 0, 1_800_000_000_000);
    expect(check(bytes)).toBeNull();
    expect(batchIsLogAppendTime(bytes, 0)).toBe(true);
    expect(batchAttributes(bytes, 0)).toBe(LOG_APPEND_TIME_BIT);
    expect(batchBaseTimestampMs(bytes, 0)).toBe(1_000);
    const timestamps = decodeRecords(bytes).map((record) => record.timestampMs);
    expect(timestamps).toEqual([1_800_000_000_000, 1_800_000_000_000]);
  });

  test("the max timestamp is corrected under a new CRC", () => {
    const bytes = builder.build();
    setBatchMaxTimestamp(bytes, 0, 2_001);
    expect(check(bytes)).toBeNull();
    expect(batchMaxTimestampMs(bytes, 0)).toBe(2_001);
    expect(decodeRecords(bytes).map((record) => record.timestampMs)).toEqual([1_000, 2_000]);
  });
});

test("sequences go on from 0 after 2^31 - 1", () => {
  const last = (baseSequence: number) => batchLastSequence(batchOf({ baseSequence }), 0);
  expect(last(-1)).toBe(-1);
  expect(last(0)).toBe(1);
  expect(last(0x7ffffffe)).toBe(0x7fffffff);
  expect(last(0x7fffffff)).toBe(0);
});
