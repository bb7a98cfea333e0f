import { describe, expect, test } from "bun:test";
import { hasCode } from "../../src/base/errors.ts";
import {
  batchAttributes,
  batchBaseOffset,
  batchBaseSequence,
  batchBaseTimestampMs,
  batchCompression,
  batchCrc,
  batchIsControl,
  batchIsLogAppendTime,
  batchIsTransactional,
  batchLastOffset,
  batchLeaderEpoch,
  batchMagic,
  batchMaxTimestampMs,
  batchNextOffset,
  batchProducerEpoch,
  batchProducerId,
  batchRecordCount,
  batchSizeBytes,
  checkBatch,
  checkProducedBatch,
  updateBatchCrc,
} from "../../src/records/batch.ts";
import { BatchBuilder, encodeHeaders } from "../../src/records/builder.ts";
import { COMPRESSION_NAMES } from "../../src/records/compression/codecs.ts";
import {
  checkRecords,
  type DecodedRecord,
  decodeRecords,
  RecordCursor,
  type RecordsSummary,
} from "../../src/records/reader.ts";
import { buildTransactionMarker, readTransactionMarker } from "../../src/records/transaction-marker.ts";
import { type GoldenBatch, type GoldenRecord, goldenBatches, goldenMarkers, Seeded } from "./support.ts";

const batches = goldenBatches;
const allHex = [...goldenBatches, ...goldenMarkers].map((batch) => batch.hex);

function golden(record: GoldenRecord): DecodedRecord {
  const bytes = (hex: string | null) => (hex === null ? null : Uint8Array.fromHex(hex));
  return {
    offset: Number(record.offset),
    timestampMs: Number(record.timestamp),
    key: bytes(record.key),
    value: bytes(record.value),
    headers: record.headers.map(([key, value]) => ({ key, value: bytes(value) })),
  };
}

/** Builds a golden batch from its records. */
function rebuild(batch: GoldenBatch, records: readonly DecodedRecord[]): Uint8Array<ArrayBuffer> {
  const builder = new BatchBuilder();
  for (const record of records) {
    const headers = record.headers.length === 0 ? null : encodeHeaders(record.headers);
    builder.append(record.timestampMs, record.key, record.value, headers);
  }
  return builder.build({
    baseOffset: Number(batch.baseOffset),
    leaderEpoch: batch.partitionLeaderEpoch,
    compression: COMPRESSION_NAMES.indexOf(batch.compression),
    producerId: Number(batch.producerId),
    producerEpoch: batch.producerEpoch,
    baseSequence: batch.baseSequence,
    transactional: batch.transactional,
  });
}

describe("batches written by Kafka's Java implementation", () => {
  test("all codecs are among them", () => {
    expect(batches.length).toBe(30);
    expect(goldenMarkers.length).toBe(2);
    expect(new Set(batches.map((batch) => batch.compression))).toEqual(new Set(COMPRESSION_NAMES));
  });

  for (const [index, batch] of batches.entries()) {
    const title = `batch ${index}: ${batch.compression}, ${batch.records.length} records`;
    const bytes = Uint8Array.fromHex(batch.hex);
    const expected = batch.records.map(golden);

    test(`${title}: header`, () => {
      expect(checkBatch(bytes, 0, bytes.length)).toBeNull();
      expect(checkProducedBatch(bytes, 0)).toBeNull();
      expect(batchBaseOffset(bytes, 0)).toBe(Number(batch.baseOffset));
      expect(batchSizeBytes(bytes, 0)).toBe(bytes.length);
      expect(batchLeaderEpoch(bytes, 0)).toBe(batch.partitionLeaderEpoch);
      expect(batchMagic(bytes, 0)).toBe(2);
      expect(COMPRESSION_NAMES[batchCompression(bytes, 0)]).toBe(batch.compression);
      expect(batchIsLogAppendTime(bytes, 0)).toBe(false);
      expect(batchIsTransactional(bytes, 0)).toBe(batch.transactional);
      expect(batchIsControl(bytes, 0)).toBe(false);
      expect(batchLastOffset(bytes, 0)).toBe(expected.at(-1)?.offset ?? -1);
      expect(batchNextOffset(bytes, 0)).toBe((expected.at(-1)?.offset ?? -1) + 1);
      expect(batchBaseTimestampMs(bytes, 0)).toBe(expected[0]?.timestampMs ?? -1);
      expect(batchMaxTimestampMs(bytes, 0)).toBe(Math.max(...expected.map((record) => record.timestampMs)));
      expect(batchProducerId(bytes, 0)).toBe(Number(batch.producerId));
      expect(batchProducerEpoch(bytes, 0)).toBe(batch.producerEpoch);
      expect(batchBaseSequence(bytes, 0)).toBe(batch.baseSequence);
      expect(batchRecordCount(bytes, 0)).toBe(expected.length);
    });

    test(`${title}: records`, () => {
      const summary: RecordsSummary = { recordCount: 0, maxTimestampMs: 0 };
      expect(checkRecords(bytes, 0, false, summary)).toBeNull();
      expect(summary).toEqual({
        recordCount: expected.length,
        maxTimestampMs: batchMaxTimestampMs(bytes, 0),
      });
      expect(decodeRecords(bytes)).toEqual(expected);
    });

    test(`${title}: built again`, () => {
      const rebuilt = rebuild(batch, expected);
      expect(checkBatch(rebuilt, 0, rebuilt.length)).toBeNull();
      expect(batchAttributes(rebuilt, 0)).toBe(batchAttributes(bytes, 0));
      if (batch.compression === "none") expect(rebuilt.toHex()).toBe(batch.hex);
      else expect(decodeRecords(rebuilt)).toEqual(expected);
    });
  }
});

describe("transaction markers written by Kafka's Java implementation", () => {
  for (const marker of goldenMarkers) {
    const bytes = Uint8Array.fromHex(marker.hex);
    const outcome = marker.control === "COMMIT" ? "commit" : "abort";

    test(`${outcome}: read`, () => {
      expect(checkBatch(bytes, 0, bytes.length)).toBeNull();
      expect(checkRecords(bytes, 0, false)).toBeNull();
      expect(batchIsControl(bytes, 0)).toBe(true);
      expect(batchIsTransactional(bytes, 0)).toBe(true);
      expect(batchProducerId(bytes, 0)).toBe(Number(marker.producerId));
      expect(batchProducerEpoch(bytes, 0)).toBe(marker.producerEpoch);
      const cursor = new RecordCursor();
      cursor.open(bytes);
      expect(cursor.next()).toBe(true);
      expect(cursor.offset).toBe(Number(marker.baseOffset));
      expect(readTransactionMarker(cursor)).toEqual({ outcome, coordinatorEpoch: marker.coordinatorEpoch });
      expect(cursor.next()).toBe(false);
    });

    test(`${outcome}: built again`, () => {
      const rebuilt = buildTransactionMarker({
        outcome,
        coordinatorEpoch: marker.coordinatorEpoch,
        baseOffset: Number(marker.baseOffset),
        leaderEpoch: batchLeaderEpoch(bytes, 0),
        timestampMs: batchMaxTimestampMs(bytes, 0),
        producerId: Number(marker.producerId),
        producerEpoch: marker.producerEpoch,
      });
      expect(rebuilt.toHex()).toBe(marker.hex);
    });

    test(`${outcome}: refused from a producer`, () => {
      expect(checkProducedBatch(bytes, 0)?.error).toBe("INVALID_RECORD");
    });
  }
});

describe("damaged batches", () => {
  test("every truncation is refused", () => {
    for (const hex of allHex) {
      const bytes = Uint8Array.fromHex(hex);
      for (let length = 0; length < bytes.length; length++) {
        if (checkBatch(bytes, 0, length) === null)
          throw new Error(`length ${length} of ${bytes.length} passed`);
      }
    }
  });

  test("every flipped bit behind the CRC is refused, and those before it change no record", () => {
    for (const hex of allHex.filter((each) => each.length < 8_000)) {
      const bytes = Uint8Array.fromHex(hex);
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const index = bit >>> 3;
        bytes[index] = (bytes[index] ?? 0) ^ (1 << (bit & 7));
        const fault = checkBatch(bytes, 0, bytes.length);
        if (fault === null && index >= 16) throw new Error(`bit ${bit} went unnoticed`);
        bytes[index] = (bytes[index] ?? 0) ^ (1 << (bit & 7));
      }
    }
  });

  test("a damaged body under a right CRC is refused or read, whatever it says", () => {
    const random = new Seeded(2024);
    let refused = 0;
    let read = 0;
    for (let round = 0; round < 6_000; round++) {
      const bytes = Uint8Array.fromHex(allHex[random.below(allHex.length)] ?? "");
      if (bytes.length > 20_000 && round % 20 !== 0) continue;
      for (let changes = 1 + random.below(4); changes > 0; changes--) {
        bytes[21 + random.below(bytes.length - 21)] = random.below(256);
      }
      updateBatchCrc(bytes, 0);
      if (outcome(bytes) === "refused") refused++;
      else read++;
    }
    expect(refused).toBeGreaterThan(1_000);
    expect(read).toBeGreaterThan(100);
  });

  test("a body cut short under a right length and CRC is refused", () => {
    for (const hex of allHex) {
      const whole = Uint8Array.fromHex(hex);
      const step = Math.max(1, Math.floor(whole.length / 200));
      for (let length = 61; length < whole.length; length += step) {
        const bytes = whole.slice(0, length);
        new DataView(bytes.buffer).setInt32(8, length - 12);
        updateBatchCrc(bytes, 0);
        expect(outcome(bytes)).toBe("refused");
      }
    }
  });
});

/** Whether both ways of reading agree that the batch is good or that it isn't; anything else fails the test. */
function outcome(bytes: Uint8Array): "refused" | "read" {
  const fault =
    checkBatch(bytes, 0, bytes.length) ?? checkProducedBatch(bytes, 0) ?? checkRecords(bytes, 0, false);
  try {
    const records = decodeRecords(bytes);
    if (fault === null) expect(records.length).toBe(batchRecordCount(bytes, 0));
  } catch (error) {
    if (!hasCode(error, "MALFORMED")) throw error;
    expect(fault).not.toBeNull();
  }
  expect(batchCrc(bytes, 0)).toBeGreaterThanOrEqual(0);
  return fault === null ? "read" : "refused";
}
