import { describe, expect, test } from "bun:test";
import { KeyedRecords } from "../../../src/broker/devices/keyed-records.ts";
import { COMPRESSION_NONE, MAX_COMPRESSION_CODE } from "../../../src/records/batch.ts";
import { BatchBuilder, type BuildOptions } from "../../../src/records/builder.ts";
import { RecordCursor } from "../../../src/records/reader.ts";

const encoder = new TextEncoder();

function batch(count: number, options: BuildOptions = {}): Uint8Array {
  const builder = new BatchBuilder();
  for (let n = 0; n < count; n++) {
    const key = n % 5 === 4 ? null : encoder.encode("k".repeat((n * 37) % 300));
    const value = n % 7 === 6 ? null : new Uint8Array((n * 131) % 20_000).fill(n);
    const headers = n % 3 === 0 ? Uint8Array.of(2, 2, 0x61, 2, 0x62) : null;
    builder.append(1_700_000_000_000 + n * 1000 * (n % 2 === 0 ? 1 : -1), key, value, headers);
  }
  return builder.build(options);
}

/** What a cursor finds. */
function expected(bytes: Uint8Array, at: number): unknown[] {
  const cursor = new RecordCursor();
  cursor.open(bytes, at);
  const found: unknown[] = [];
  while (cursor.next()) {
    found.push([cursor.offset, cursor.timestampMs, cursor.key()?.toHex(), cursor.value()?.toHex()]);
  }
  return found;
}

function found(records: KeyedRecords): unknown[] {
  const part = (from: number, to: number) =>
    from < 0 ? undefined : records.bytes.subarray(from, to).toString("hex");
  return Array.from({ length: records.count }, (_, n) => [
    records.baseOffset + (records.offsetDelta[n] ?? 0),
    records.baseTimestampMs + (records.timestampDelta[n] ?? 0),
    part(records.keyStart[n] ?? 0, records.keyEnd[n] ?? 0),
    part(records.valueStart[n] ?? 0, records.valueEnd[n] ?? 0),
  ]);
}

describe("records by key", () => {
  test("are those that a cursor finds, of every compression, wherever the batch stands", () => {
    const records = new KeyedRecords();
    for (let compression = COMPRESSION_NONE; compression <= MAX_COMPRESSION_CODE; compression++) {
      for (const count of [1, 3, 200]) {
        const one = batch(count, { compression });
        const bytes = new Uint8Array(one.length + 11);
        bytes.set(one, 11);
        expect(records.read(bytes, 11)).toBe(true);
        expect(found(records)).toEqual(expected(bytes, 11));
      }
    }
  });

  test("are left to a cursor where anything is cut off or damaged, and never stand outside of the batch", () => {
    const records = new KeyedRecords();
    const whole = batch(12);
    for (let at = 61; at < Math.min(whole.length, 3000); at++) {
      const bytes = whole.slice();
      bytes[at] = 0xff;
      if (!records.read(bytes, 0)) continue;
      const ends = [...records.keyEnd, ...records.valueEnd].slice(0, records.count);
      expect(Math.max(...ends)).toBeLessThanOrEqual(bytes.length);
    }
    const short = whole.slice();
    // The header claims a batch that ends in the middle of a record.
    new DataView(short.buffer).setInt32(8, whole.length - 12 - 50);
    expect(records.read(short, 0)).toBe(false);
    const compressed = batch(12, { compression: MAX_COMPRESSION_CODE });
    compressed.fill(0x55, 61);
    expect(records.read(compressed, 0)).toBe(false);
  });
});
