import { expect, test } from "bun:test";
import type { Offset } from "../../src/base/ids.ts";
import { ManualClock } from "../../src/io/simulated/clock.ts";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import { KeyIndexBuilder } from "../../src/log/key-index-builder.ts";
import { COMPRESSION_ZSTD } from "../../src/records/batch.ts";
import { BatchBuilder } from "../../src/records/builder.ts";
import { createLog, mustAppend, openStore, SMALL_CONFIG, text } from "./support.ts";

const SEGMENT_BYTES = 24 * 1024;

/** Each look at the time takes a while, as work between two of them does. */
class BusyClock extends ManualClock {
  lookMs = 0;
  #spentMs = 0;

  override monotonicMs(): number {
    this.#spentMs += this.lookMs;
    return super.monotonicMs() + this.#spentMs;
  }
}

/** Records of 20 devices: 1000 of them in a batch that is small when it is compressed. */
function packed(count = 1000): Uint8Array {
  const builder = new BatchBuilder(1 << 20);
  for (let n = 0; n < count; n++) builder.append(1000, text(`device-${n % 20}`), text("x".repeat(200)), null);
  return builder.build({ compression: COMPRESSION_ZSTD });
}

async function filled(clock: ManualClock, keyIndexBytesPerTick: number) {
  const config = { ...SMALL_CONFIG, segmentBytes: SEGMENT_BYTES };
  const disk = new SimulatedDisk({ seed: 1 });
  const limits = { keyIndexBytesPerTick, verifyBytesPerTick: 0 };
  const { store } = await openStore({ disk, clock, limits, config });
  const log = createLog(store, "readings", 0, config);
  while (log.segments.length < 2) {
    mustAppend(log, packed());
    await clock.settleAll();
  }
  const tick = async () => {
    clock.advance(61_000);
    const maintained = store.maintain(clock.nowMs());
    await clock.settleAll();
    await maintained;
  };
  const [segment] = log.segments;
  if (segment === undefined) throw new Error("no segment");
  return { store, log, segment, tick };
}

test("a tick goes through no more than it may, counted as it is decompressed", async () => {
  const clock = new ManualClock();
  const budget = 128 * 1024;
  const { store, log, segment, tick } = await filled(clock, budget);
  while (!segment.trimmed) await tick();
  const decompressedBytes = 215 * segment.nextOffset;
  expect(decompressedBytes).toBeGreaterThan(8 * budget);
  expect(segment.sizeBytes).toBeLessThanOrEqual(SEGMENT_BYTES);
  let ticks = 0;
  for (; !segment.keyIndexed; ticks++) await tick();
  expect(ticks).toBeGreaterThan(decompressedBytes / budget - 2);
  expect(ticks).toBeLessThan((2 * decompressedBytes) / budget);
  const read = log.readKey(text("device-7"), 0 as Offset, 1 << 20);
  expect(read.batches.length).toBeGreaterThan(5);
  await store.close();
});

test("it does nothing any more once the store is closed", async () => {
  const clock = new BusyClock();
  const { store, segment, tick } = await filled(clock, 1 << 30);
  while (!segment.trimmed) await tick();
  clock.lookMs = 0.5;
  await store.maintain(clock.nowMs());
  const closed = store.close();
  await clock.settleAll();
  await closed;
  expect([segment.keyIndexed, clock.pendingTimers]).toEqual([false, 0]);
});

test("it rests as soon as it has kept the event loop for a while, and goes on by itself", async () => {
  const clock = new BusyClock();
  const { store, segment, tick } = await filled(clock, 1 << 30);
  while (!segment.trimmed) await tick();
  expect(segment.keyIndexed).toBe(false);
  clock.lookMs = 0.5;
  await store.maintain(clock.nowMs());
  let rests = 0;
  for (; !segment.keyIndexed; rests++) {
    expect(rests).toBeLessThan(10_000);
    clock.advance(4);
  }
  expect(rests).toBeGreaterThan(5);
  await store.close();
});

test("nothing is done in one go that takes long", () => {
  const builder = new KeyIndexBuilder();
  const many = packed(100_000);
  const costs = [...builder.add(many, 0)];
  expect(costs.length).toBeGreaterThan(100);
  expect(Math.max(...costs)).toBeLessThan(40_000);
  // What is plain, with a key for each record, is the most to sort and to write.
  const plain = new BatchBuilder(1 << 20);
  for (let n = 0; n < 50_000; n++) plain.append(1000, text(`key-${n}`), null, null);
  const batch = plain.build();
  expect([...builder.add(batch, many.length)].length).toBeGreaterThan(10);
  const segment = { baseOffset: 0, sizeBytes: many.length + batch.length };
  expect([...builder.finish(segment)].length).toBeGreaterThan(50);
});
