import { expect, test } from "bun:test";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { COMPRESSION_ZSTD } from "../../../src/records/batch.ts";
import { append, batchOf, consume, opened, partitionOf, seal } from "./support.ts";

/** More of one device in a batch than one look into the log takes, or one answer. */
test.each([
  ["of large records", 120, 0],
  ["of small records, which the index does not name one by one", 1, 0],
  ["compressed", 120, COMPRESSION_ZSTD],
])("a batch of one device alone is read to its end: %s", async (_, valueBytes, compression) => {
  const { gateway, topic } = await opened();
  const partition = partitionOf(topic);
  const count = Math.ceil(180_000 / (valueBytes + 12));
  const readings = Array.from({ length: count }, (_, n) => ({
    key: "a",
    value: String(n % 10).padEnd(valueBytes, "x"),
  }));
  append(partition, batchOf(readings, { compression }));
  await seal(gateway, [partition]);
  const { records } = await consume(await gateway.connect(), "telemetry/a", 0, { partitionMaxBytes: 60_000 });
  expect(records.length).toBe(readings.length);
  expect(records.every(({ offset }, n) => offset === n)).toBe(true);
  await gateway.close();
});

test("records of plain and of compressed batches in one segment are all found", async () => {
  const { gateway, topic } = await opened();
  const partition = partitionOf(topic);
  const random = new SeededRandom(3);
  const offsets = new Map<string, number[]>();
  let offset = 0;
  for (let n = 0; n < 60; n++) {
    const keys = Array.from({ length: 1 + random.below(60) }, () => `device-${random.below(9)}`);
    for (const key of keys) offsets.set(key, [...(offsets.get(key) ?? []), offset++]);
    const readings = keys.map((key) => ({ key, value: "x".repeat(random.below(200)) }));
    append(partition, batchOf(readings, { compression: n % 4 === 0 ? COMPRESSION_ZSTD : 0 }));
  }
  await seal(gateway, [partition]);
  for (const [key, wanted] of offsets) {
    const { records } = await consume(await gateway.connect(), `telemetry/${key}`, 0, {
      partitionMaxBytes: 5000,
    });
    expect(records.map((record) => record.offset)).toEqual(wanted);
  }
  await gateway.close();
});
