import { expect, test } from "bun:test";
import { DeviceTable } from "../../../src/broker/devices/device-table.ts";
import { KeyedRecords } from "../../../src/broker/devices/keyed-records.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { BatchBuilder } from "../../../src/records/builder.ts";
import { RecordCursor } from "../../../src/records/reader.ts";

const encoder = new TextEncoder();
const START_MS = 1_700_000_000_000;

/** Some records in a row of one device, of another, of none, of one with too long a name. */
function batch(random: SeededRandom, baseOffset: number): Uint8Array {
  const builder = new BatchBuilder();
  for (let run = 0; run < 30; run++) {
    const name = random.below(24);
    const key = name === 23 ? null : encoder.encode(name === 22 ? "x".repeat(600) : `device-${name}`);
    for (let left = random.below(4); left >= 0; left--) {
      const value = random.below(9) === 0 ? null : random.bytes(random.below(60));
      builder.append(START_MS + random.below(5000) - 1000, key, value, null);
    }
  }
  return builder.build({ baseOffset });
}

test("a batch at once is the same as its records one by one", () => {
  const random = new SeededRandom(7);
  const limits = { maxDevices: 15, valueBytes: 40 };
  const [together, single] = [new DeviceTable(limits), new DeviceTable(limits)];
  const records = new KeyedRecords();
  const cursor = new RecordCursor();
  for (let round = 0; round < 60; round++) {
    const bytes = batch(random, round * 1000);
    const isLive = round % 3 === 0;
    const moment = { nowMs: START_MS + 2000 + round * 700, monotonicMs: round * 700, isLive };
    const isCounted =
      round % 4 === 1 ? (key: string, offset: number) => key.endsWith("3") && offset % 7 < 3 : null;
    expect(records.read(bytes, 0)).toBe(true);
    together.takeAll("t", 2, records, moment, isCounted);
    cursor.open(bytes);
    while (cursor.next()) single.take("t", 2, cursor, moment, isCounted);
    const facts = (table: DeviceTable) =>
      table.sorted().map((device) => ({ ...device.kept(), rate: device.rate(moment.monotonicMs) }));
    expect(facts(together)).toEqual(facts(single));
    expect([together.forgotten, together.changed()]).toEqual([single.forgotten, single.changed()]);
  }
  expect(together.forgotten).toBeGreaterThan(0);
  expect(together.count).toBeGreaterThan(10);
});

test("a smaller bound keeps those that were seen last", () => {
  const facts = Array.from({ length: 40_000 }, (_, n) => ({
    ...{ key: `d${n}`, topic: "t", partition: 0, lastOffset: n, firstSeenMs: 0, lastSeenMs: n, records: 1 },
    ...{ bytes: 2, exact: true, value: null, valueSizeBytes: 0, intervalMs: 0, deviationMs: 0, intervals: 0 },
    ...{ silent: false, gaps: null, clientId: null, address: null },
  }));
  const table = new DeviceTable({ maxDevices: 1000, valueBytes: 10 });
  table.restore(facts, 0);
  expect([table.count, table.forgotten, table.changed().length]).toEqual([1000, 39_000, 64]);
  expect([table.get("t", "d38999"), table.get("t", "d39000")?.lastOffset]).toEqual([null, 39_000]);
});
