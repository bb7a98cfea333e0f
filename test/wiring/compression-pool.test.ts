import { afterAll, describe, expect, test } from "bun:test";
import { HeadwaterError } from "../../src/base/errors.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { SystemClock } from "../../src/io/bun/clock.ts";
import { COMPRESSION_LZ4, COMPRESSION_ZSTD } from "../../src/records/batch.ts";
import { decompress } from "../../src/records/compression/codecs.ts";
import { CompressionPool } from "../../src/wiring/compression-pool.ts";

describe("compression beside the event loop", () => {
  const pool = new CompressionPool(new SystemClock(), silentLogger);
  afterAll(() => pool.close());

  test.each([COMPRESSION_LZ4, COMPRESSION_ZSTD])(
    "gives what decompresses, code %p, and keeps the input",
    async (code) => {
      const records = new TextEncoder().encode('{"device":"a","value":1}'.repeat(5_000));
      const before = records.slice();
      const jobs = [1, 2, 3].map(() => pool.compress({ code, level: 3, records }));
      for (const bytes of await Promise.all(jobs)) {
        expect(bytes?.length).toBeLessThan(records.length / 10);
        expect(decompress(code, bytes ?? new Uint8Array(0), records.length)).toEqual(before);
      }
      expect(records).toEqual(before);
    },
  );

  test("says so where records do not shrink", async () => {
    const records = crypto.getRandomValues(new Uint8Array(4_000));
    expect(await pool.compress({ code: COMPRESSION_ZSTD, level: 3, records })).toBeNull();
  });

  test("fails what it has not answered when it is closed, and begins anew", async () => {
    const other = new CompressionPool(new SystemClock(), silentLogger);
    const records = new Uint8Array(1_000_000);
    const job = other.compress({ code: COMPRESSION_ZSTD, level: 19, records });
    other.close();
    expect(await job.catch((error: unknown) => error)).toBeInstanceOf(HeadwaterError);
    expect((await other.compress({ code: COMPRESSION_ZSTD, level: 1, records }))?.length).toBeLessThan(1_000);
    other.close();
  });

  test("gives the memory of an idle Worker back, and never what is under way", async () => {
    const other = new CompressionPool(new SystemClock(), silentLogger);
    const job = { code: COMPRESSION_ZSTD, level: 1, records: new Uint8Array(100_000) };
    const busy = other.compress(job);
    expect([other.isOpen, other.shrink(), other.isOpen]).toEqual([true, undefined, true]);
    expect((await busy)?.length).toBeLessThan(1_000);
    other.shrink();
    expect(other.isOpen).toBe(false);
    expect((await other.compress(job))?.length).toBeLessThan(1_000);
    other.close();
  });

  test("is not asked of a Worker that fails, for a while", async () => {
    const other = new CompressionPool(new SystemClock(), silentLogger);
    const records = new Uint8Array(1_000);
    // A code that there is not.
    const failed = await other.compress({ code: 99, level: 1, records }).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(HeadwaterError);
    const again = await other
      .compress({ code: COMPRESSION_ZSTD, level: 1, records })
      .catch((error: unknown) => error);
    expect(again).toMatchObject({ code: "UNSUPPORTED" });
    other.close();
  });
});
