import { expect, test } from "bun:test";
import { COMPRESSION_ZSTD } from "../../../src/records/batch.ts";
import { Gateway } from "../support/door.ts";
import { append, batchOf, consume, seal } from "./support.ts";

/** More of one device in a batch than one look into the log takes, or one answer. */
test.each([
  ["of large records", 120, 0],
  ["of small records, which the index does not name one by one", 1, 0],
  ["compressed", 120, COMPRESSION_ZSTD],
])("a batch of one device alone is read to its end: %s", async (_, valueBytes, compression) => {
  const gateway = await Gateway.open();
  const topic = gateway.broker.createTopic(
    { name: "telemetry", partitionCount: 1, configs: new Map() },
    () => {},
  );
  if ("error" in topic) throw new Error(topic.message);
  await gateway.clock.settleAll();
  const [partition] = topic.partitions;
  if (partition === undefined) throw new Error("no partition");
  const count = 360_000 / (valueBytes + 12);
  const readings = Array.from({ length: count }, (_, n) => ({
    key: "a",
    value: String(n % 10).padEnd(valueBytes, "x"),
  }));
  append(partition, batchOf(readings, { compression }));
  await seal(gateway, [partition]);
  const { records } = await consume(await gateway.connect(), "telemetry/a", 0, { partitionMaxBytes: 30_000 });
  expect(records.length).toBe(readings.length);
  expect(records.every(({ offset }, n) => offset === n)).toBe(true);
  await gateway.close();
});
