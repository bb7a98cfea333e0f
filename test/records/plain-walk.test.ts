import { describe, expect, test } from "bun:test";
import { HeadwaterError } from "../../src/base/errors.ts";
import {
  BATCH_HEADER_BYTES,
  batchBaseTimestampMs,
  COMPRESSION_GZIP,
  checkBatchHeader,
  writeBatchHeader,
} from "../../src/records/batch.ts";
import { BatchBuilder, encodeHeaders } from "../../src/records/builder.ts";
import { walkPlainRecords } from "../../src/records/plain-walk.ts";
import { RecordCursor } from "../../src/records/reader.ts";
import { goldenBatches, Seeded } from "./support.ts";

/** What a cursor makes of the same batch: the latest timestamp delta, or null where it is refused. */
function walkByCursor(bytes: Uint8Array, keysRequired: boolean): number | null {
  const cursor = new RecordCursor();
  let latestMs = Number.NEGATIVE_INFINITY;
  let index = 0;
  try {
    if (checkBatchHeader(bytes, 0, bytes.length) !== null) return null;
    cursor.open(bytes);
    while (cursor.next()) {
      if (cursor.offset !== index || (keysRequired && cursor.keyStart < 0)) return null;
      latestMs = Math.max(latestMs, cursor.timestampMs);
      index++;
    }
  } catch (error) {
    if (!(error instanceof HeadwaterError)) throw error;
    return null;
  }
  return index === 0 ? null : latestMs - batchBaseTimestampMs(bytes, 0);
}

function randomBatch(random: Seeded): Uint8Array {
  const builder = new BatchBuilder();
  const count = 1 + random.below(80);
  for (let index = 0; index < count; index++) {
    const bytes = (limit: number) => (random.below(4) === 0 ? null : new Uint8Array(random.below(limit)));
    const headers = Array.from({ length: random.below(3) }, () => ({ key: "name", value: bytes(200) }));
    const timestampMs = 1_700_000_000_000 + random.below(40_000) - 20_000;
    builder.append(timestampMs, bytes(100), bytes(20_000), encodeHeaders(headers));
  }
  return builder.build();
}

/** Records of the same lengths, as readings of one kind are, now and then with one that is not. */
function batchOfLikes(random: Seeded): Uint8Array {
  const builder = new BatchBuilder();
  const key = random.below(2) === 0 ? null : new Uint8Array(random.below(70));
  const value = new Uint8Array(random.below(3) * 70);
  const other = random.below(4) === 0 ? random.below(300) : -1;
  const count = [3, 64, 65, 66, 200, 8192, 8194][random.below(7)] ?? 0;
  for (let index = 0; index < count; index++) {
    const timestampMs = 1_700_000_000_000 + random.below(index === other ? 40_000 : 60);
    builder.append(timestampMs, key, index === other ? new Uint8Array(3) : value, null);
  }
  return builder.build();
}

describe("walkPlainRecords", () => {
  test("finds in sound batches what a cursor finds", () => {
    const random = new Seeded(1);
    for (let round = 0; round < 100; round++) {
      const bytes = randomBatch(random);
      expect(walkPlainRecords(bytes, 0, false)).toBe(walkByCursor(bytes, false));
      expect(walkPlainRecords(bytes, 0, true)).toBe(walkByCursor(bytes, true));
    }
  });

  test("takes no batch that a cursor refuses, whichever byte is another", () => {
    const random = new Seeded(2);
    let refused = 0;
    for (let round = 0; round < 4000; round++) {
      const bytes = randomBatch(random).slice();
      // Early bytes have the most to say; values are long, and say nothing.
      const at = BATCH_HEADER_BYTES + random.below(Math.min(64, bytes.length - BATCH_HEADER_BYTES));
      bytes[at] = random.below(256);
      const delta = walkPlainRecords(bytes, 0, false);
      if (delta === null) refused++;
      else expect(delta).toBe(walkByCursor(bytes, false) ?? Number.NaN);
    }
    expect(refused).toBeGreaterThan(400);
  }, 60_000);

  test("finds in batches of like records what a cursor finds", () => {
    const random = new Seeded(4);
    for (let round = 0; round < 60; round++) {
      const bytes = batchOfLikes(random);
      expect(walkPlainRecords(bytes, 0, false)).toBe(walkByCursor(bytes, false) ?? Number.NaN);
    }
  });

  test("takes no batch of like records that a cursor refuses, whichever byte is another", () => {
    const random = new Seeded(6);
    const whole = Array.from({ length: 12 }, () => batchOfLikes(random)).filter(
      ({ length }) => length < 40_000,
    );
    let refused = 0;
    for (let round = 0; round < 12_000; round++) {
      const bytes = (whole[round % whole.length] ?? new Uint8Array(0)).slice();
      bytes[BATCH_HEADER_BYTES + random.below(bytes.length - BATCH_HEADER_BYTES)] = random.below(256);
      const delta = walkPlainRecords(bytes, 0, false);
      if (delta === null) refused++;
      else expect(delta).toBe(walkByCursor(bytes, false) ?? Number.NaN);
    }
    expect(refused).toBeGreaterThan(500);
  });

  test("looks anew where offset deltas get a byte longer", () => {
    const builder = new BatchBuilder();
    for (let index = 0; index < 64; index++) builder.append(0, null, new Uint8Array(10), null);
    const alike = builder.build();
    // As long as the others, and read with their field positions all right; but its key takes up what it has.
    const record = Uint8Array.of(32, 0, 0, 0x80, 1, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    const bytes = new Uint8Array(alike.length + record.length);
    bytes.set(alike);
    bytes.set(record, alike.length);
    writeBatchHeader(bytes, 0, {
      baseOffset: 0,
      sizeBytes: bytes.length,
      leaderEpoch: 0,
      attributes: 0,
      lastOffsetDelta: 64,
      baseTimestampMs: 0,
      maxTimestampMs: 0,
      producerId: -1,
      producerEpoch: -1,
      baseSequence: -1,
      recordCount: 65,
    });
    expect(walkByCursor(bytes, false)).toBeNull();
    expect(walkPlainRecords(bytes, 0, false)).toBeNull();
  });

  test("takes nothing that ends before its last record does", () => {
    const whole = randomBatch(new Seeded(3));
    for (let length = BATCH_HEADER_BYTES; length < whole.length; length += 7) {
      expect(walkPlainRecords(whole.subarray(0, length), 0, false)).toBeNull();
    }
  });

  test("leaves compressed batches to the cursor", () => {
    const builder = new BatchBuilder();
    builder.append(1, null, new Uint8Array(10), null);
    expect(walkPlainRecords(builder.build({ compression: COMPRESSION_GZIP }), 0, false)).toBeNull();
    expect(walkPlainRecords(builder.build({ logAppendTimeMs: 4 }), 0, false)).toBeNull();
  });

  test("knows what Kafka writes without compression", () => {
    const plain = goldenBatches.filter((batch) => batch.compression === "none" && batch.records.length > 0);
    expect(plain.length).toBeGreaterThan(0);
    for (const { hex, baseOffset } of plain) {
      const bytes = Uint8Array.fromHex(hex);
      if (baseOffset === "0") expect(walkPlainRecords(bytes, 0, false)).toBe(walkByCursor(bytes, false));
    }
  });
});
