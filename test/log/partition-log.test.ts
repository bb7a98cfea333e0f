import { describe, expect, test } from "bun:test";
import type { LeaderEpoch, Offset } from "../../src/base/ids.ts";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import { ERROR } from "../../src/kafka/wire/generated/errors.ts";
import type { AppendResult } from "../../src/log/append-read.ts";
import type { LogConfig } from "../../src/log/log-config.ts";
import type { PartitionLog } from "../../src/log/partition-log.ts";
import {
  batchBaseOffset,
  batchIsLogAppendTime,
  batchLeaderEpoch,
  batchMaxTimestampMs,
  batchSizeBytes,
  COMPRESSION_GZIP,
  updateBatchCrc,
} from "../../src/records/batch.ts";
import { decodeRecords } from "../../src/records/reader.ts";
import {
  append,
  batchOf,
  createLog,
  mustAppend,
  type Opened,
  type OpenOptions,
  openStore,
  readAll,
  SMALL_CONFIG,
  text,
  topicId,
  valuesOf,
} from "./support.ts";

async function setUp(
  config: Partial<LogConfig> = {},
  options: Pick<OpenOptions, "limits"> = {},
): Promise<Opened & { log: PartitionLog; disk: SimulatedDisk }> {
  const disk = new SimulatedDisk();
  const merged = { ...SMALL_CONFIG, ...config };
  const opened = await openStore({ disk, config: merged, ...options });
  return { ...opened, disk, log: createLog(opened.store, "readings", 0, merged) };
}

function offsetsOf(result: AppendResult): [number, number, boolean] {
  if (!("baseOffset" in result)) throw new Error(`refused with ${result.error}`);
  return [result.baseOffset, result.lastOffset, result.duplicate];
}

const idempotent = (baseSequence: number, producerEpoch = 0) => ({
  producerId: 7,
  producerEpoch,
  baseSequence,
});

async function maintain(opened: Opened, times: number, stepMs = 1000): Promise<void> {
  for (let i = 0; i < times; i++) {
    opened.clock.advance(stepMs);
    const maintained = opened.store.maintain(opened.clock.nowMs());
    await opened.clock.settleAll();
    await maintained;
  }
}

describe("append", () => {
  test("writes base offset and leader epoch, and nothing else", async () => {
    const { log, clock } = await setUp();
    mustAppend(log, batchOf(["a", "b", "c"]));
    const batch = batchOf(["d"], { key: "k" });
    const sent = batch.slice();
    const result = log.append(batch, 0, batch.length, {
      leaderEpoch: 4 as LeaderEpoch,
      nowMs: 1,
      origin: "client",
    });
    expect(offsetsOf(result)).toEqual([3, 3, false]);
    await clock.settleAll();
    const read = log.read(3 as Offset, 1000, { minOneBatch: true, until: log.highWatermark });
    expect(batchBaseOffset(read.bytes, 0)).toBe(3);
    expect(batchLeaderEpoch(read.bytes, 0)).toBe(4);
    expect(read.bytes.slice(16)).toEqual(sent.slice(16));
  });

  test("takes bytes from the middle of a request", async () => {
    const { log, clock } = await setUp();
    const batch = batchOf(["a"]);
    const request = new Uint8Array(batch.length + 30).fill(0xee);
    request.set(batch, 10);
    const options = { leaderEpoch: 0 as LeaderEpoch, nowMs: 1, origin: "client" } as const;
    expect(log.append(request, 10, 10 + batch.length, options).error).toBe(0);
    await clock.settleAll();
    expect(valuesOf(readAll(log))).toEqual(["a"]);
    expect(request[9]).toBe(0xee);
    expect(request[10 + batch.length]).toBe(0xee);
  });

  test("refuses what a producer may not send, with Kafka's errors", async () => {
    const { log } = await setUp({ maxMessageBytes: 500 });
    const refused = (batch: Uint8Array) => append(log, batch).error;
    const flipped = batchOf(["a"]);
    flipped[66] = 0xff;
    expect(refused(flipped)).toBe(ERROR.CORRUPT_MESSAGE);
    expect(refused(batchOf(["a"]).subarray(0, 40))).toBe(ERROR.CORRUPT_MESSAGE);
    expect(refused(new Uint8Array(0))).toBe(ERROR.CORRUPT_MESSAGE);
    expect(refused(batchOf(["x".repeat(500)]))).toBe(ERROR.MESSAGE_TOO_LARGE);
    const old = batchOf(["a"]);
    old[16] = 1;
    expect(refused(old)).toBe(ERROR.UNSUPPORTED_FOR_MESSAGE_FORMAT);
    expect(refused(batchOf(["a"], { control: true }))).toBe(ERROR.INVALID_RECORD);
    const two = new Uint8Array([...batchOf(["a"]), ...batchOf(["b"])]);
    expect(refused(two)).toBe(ERROR.INVALID_RECORD);
    // The CRC is right, a record within is not.
    const broken = batchOf(["abcdef"]);
    broken[61] = 0x7e;
    updateBatchCrc(broken, 0);
    expect(refused(broken)).toBe(ERROR.INVALID_RECORD);
    expect(log.logEndOffset as number).toBe(0);
  });

  test("takes several batches, and markers, from the broker", async () => {
    const { log, clock } = await setUp();
    const batches = new Uint8Array([
      ...batchOf(["a", "b"]),
      ...batchOf(["c"]),
      ...batchOf(["d"], { control: true }),
    ]);
    expect(offsetsOf(append(log, batches, "broker"))).toEqual([0, 3, false]);
    await clock.settleAll();
    expect(valuesOf(readAll(log))).toEqual(["a", "b", "c", "d"]);
    expect(append(log, new Uint8Array(0), "broker").error).toBe(ERROR.INVALID_RECORD);
  });

  test("gives records the broker's time where the topic says so", async () => {
    const { log, clock } = await setUp({ timestampType: "LogAppendTime" });
    const result = append(log, batchOf(["a"]), "client", 123_456);
    expect("logAppendTimeMs" in result && result.logAppendTimeMs).toBe(123_456);
    await clock.settleAll();
    const read = log.read(0 as Offset, 1000, { minOneBatch: true, until: log.highWatermark });
    expect(batchIsLogAppendTime(read.bytes, 0)).toBe(true);
    expect(decodeRecords(read.bytes)[0]?.timestampMs).toBe(123_456);
  });

  test("puts a wrong max timestamp right", async () => {
    const { log, clock } = await setUp();
    const batch = batchOf(["a", "b"], { timestampMs: 5000 });
    new DataView(batch.buffer).setBigInt64(35, 9n);
    updateBatchCrc(batch, 0);
    mustAppend(log, batch);
    await clock.settleAll();
    const read = log.read(0 as Offset, 1000, { minOneBatch: true, until: log.highWatermark });
    expect(batchMaxTimestampMs(read.bytes, 0)).toBe(5001);
    expect(decodeRecords(read.bytes).length).toBe(2);
  });

  test("refuses timestamps beyond the topic's bounds", async () => {
    const { log } = await setUp({ timestampAfterMaxMs: 100, timestampBeforeMaxMs: 1000 });
    expect(append(log, batchOf(["a"], { timestampMs: 5101 }), "client", 5000).error).toBe(
      ERROR.INVALID_TIMESTAMP,
    );
    expect(append(log, batchOf(["a"], { timestampMs: 3999 }), "client", 5000).error).toBe(
      ERROR.INVALID_TIMESTAMP,
    );
    expect(append(log, batchOf(["a"], { timestampMs: 5100 }), "client", 5000).error).toBe(0);
  });
});

describe("idempotent producers", () => {
  test("a batch sent again is answered with its first offsets and not appended", async () => {
    const { log, clock } = await setUp();
    const first = batchOf(["a", "b"], idempotent(0));
    const second = batchOf(["c"], idempotent(2));
    mustAppend(log, first.slice());
    mustAppend(log, second.slice());
    expect(offsetsOf(append(log, first.slice()))).toEqual([0, 1, true]);
    await clock.settleAll();
    expect(offsetsOf(append(log, second.slice()))).toEqual([2, 2, true]);
    expect(valuesOf(readAll(log))).toEqual(["a", "b", "c"]);
  });

  test("gaps and old epochs are refused, a new epoch begins with 0", async () => {
    const { log } = await setUp();
    mustAppend(log, batchOf(["a"], idempotent(0, 3)));
    expect(append(log, batchOf(["b"], idempotent(2, 3))).error).toBe(ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER);
    expect(append(log, batchOf(["b"], idempotent(1, 2))).error).toBe(ERROR.INVALID_PRODUCER_EPOCH);
    expect(append(log, batchOf(["b"], idempotent(1, 4))).error).toBe(ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER);
    mustAppend(log, batchOf(["b"], idempotent(0, 4)));
    expect(append(log, batchOf(["c"], idempotent(1, 3))).error).toBe(ERROR.INVALID_PRODUCER_EPOCH);
  });

  test("sequences survive restarts, clean or not", async () => {
    const { log, clock, disk, store } = await setUp();
    for (let i = 0; i < 8; i++) {
      mustAppend(log, batchOf([`${i}`], idempotent(i)));
      await clock.settleAll();
    }
    const crashed = await openStore({ disk: disk.crash("nothing") });
    await store.close();
    const clean = await openStore({ disk });
    for (const { store: reopened } of [crashed, clean]) {
      const again = reopened.get(log.topicId, 0);
      if (again === null) throw new Error("gone");
      expect(offsetsOf(append(again, batchOf(["7"], idempotent(7))))).toEqual([7, 7, true]);
      expect(append(again, batchOf(["9"], idempotent(9))).error).toBe(ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER);
      expect(offsetsOf(append(again, batchOf(["8"], idempotent(8))))).toEqual([8, 8, false]);
    }
  });

  test("a producer silent for long is forgotten", async () => {
    const opened = await setUp({ producerIdExpirationMs: 60_000 });
    const { log } = opened;
    mustAppend(log, batchOf(["a"], idempotent(0)));
    await maintain(opened, 59);
    expect(log.producers.count).toBe(1);
    await maintain(opened, 2);
    expect(log.producers.count).toBe(0);
    mustAppend(log, batchOf(["b"], idempotent(500)));
  });
});

describe("read", () => {
  test("returns whole batches within the bytes asked for, from any offset", async () => {
    const { log, clock } = await setUp();
    const size = batchOf(["xxxxxxxxxx", "yyyyyyyyyy"]).length;
    for (let i = 0; i < 40; i++) mustAppend(log, batchOf(["xxxxxxxxxx", "yyyyyyyyyy"]));
    await clock.settleAll();
    const until = log.highWatermark;
    for (let from = 0; from < 80; from++) {
      for (const maxBytes of [1, size - 1, size, size * 2 + 5, size * 7, 100_000]) {
        const read = log.read(from as Offset, maxBytes, { minOneBatch: true, until });
        if (!("nextOffset" in read)) throw new Error(`${read.error}`);
        expect(batchBaseOffset(read.bytes, 0)).toBe(from - (from % 2));
        const batches = Math.max(1, Math.floor(maxBytes / size));
        const left = 40 - Math.floor(from / 2);
        expect(read.bytes.length).toBe(Math.min(batches, left) * size);
        expect(read.nextOffset as number).toBe(from - (from % 2) + Math.min(batches, left) * 2);
      }
    }
    expect(log.read(0 as Offset, size - 1, { minOneBatch: false, until }).bytes.length).toBe(0);
    expect(log.read(0 as Offset, size, { minOneBatch: false, until }).bytes.length).toBe(size);
  });

  test("stops before the offset that the caller may not see", async () => {
    const { log, clock } = await setUp();
    for (let i = 0; i < 30; i++) mustAppend(log, batchOf(["one", "two"]));
    await clock.settleAll();
    for (let until = 0; until <= 60; until++) {
      const read = log.read(0 as Offset, 100_000, { minOneBatch: true, until: until as Offset });
      const records = decodeRecords(read.bytes);
      expect(records.length).toBe(until - (until % 2));
    }
  });

  test("refuses offsets that are not there", async () => {
    const { log, clock } = await setUp();
    mustAppend(log, batchOf(["a"]));
    await clock.settleAll();
    const options = { minOneBatch: true, until: log.highWatermark };
    expect(log.read(2 as Offset, 10, options).error).toBe(ERROR.OFFSET_OUT_OF_RANGE);
    expect(log.read(1 as Offset, 10, options)).toEqual({
      error: 0,
      bytes: new Uint8Array(0),
      nextOffset: 1 as Offset,
    });
  });

  test("reads over many segments, from files that were closed in between", async () => {
    const disk = new SimulatedDisk();
    const opened = await openStore({ disk, limits: { maxOpenFiles: 2 } });
    const logs = [0, 1, 2, 3].map((partition) => createLog(opened.store, "readings", partition));
    for (let i = 0; i < 100; i++)
      for (const log of logs) mustAppend(log, batchOf([`${log.partition}/${i}`.padEnd(200)]));
    await opened.clock.settleAll();
    for (const log of logs) {
      expect(log.segments.length).toBeGreaterThan(2);
      const found = valuesOf(readAll(log, 0, 700)).map((value) => value.trim());
      expect(found).toEqual(Array.from({ length: 100 }, (_, i) => `${log.partition}/${i}`));
    }
    expect(opened.store.status().openFiles).toBeLessThanOrEqual(2);
  });
});

describe("time", () => {
  test("finds the first record at a time or later, exactly", async () => {
    for (const compression of [0, COMPRESSION_GZIP]) {
      const { log, clock } = await setUp({ segmentBytes: 2000 });
      for (let i = 0; i < 60; i++) {
        mustAppend(
          log,
          batchOf(
            ["a", "b", "c"].map((v) => v.repeat(30)),
            { timestampMs: 1000 + i * 10, compression },
          ),
        );
      }
      await clock.settleAll();
      for (let timestampMs = 990; timestampMs < 1600; timestampMs += 1) {
        const step = Math.max(0, Math.floor((timestampMs - 1000) / 10));
        const within = timestampMs - 1000 - step * 10;
        const expected = within <= 2 ? step * 3 + Math.max(0, within) : (step + 1) * 3;
        const found = log.offsetForTimestamp(timestampMs);
        expect(found?.offset as number | undefined).toBe(expected < 180 ? expected : undefined);
      }
    }
  });

  test("copes with times that go back and forth", async () => {
    const { log, clock } = await setUp({ segmentBytes: 1000, indexIntervalBytes: 100 });
    const times = [500, 100, 900, 300, 900, 200, 50, 1000, 400];
    for (let round = 0; round < 5; round++) {
      for (const timestampMs of times) mustAppend(log, batchOf(["x"], { timestampMs }));
    }
    await clock.settleAll();
    for (let timestampMs = 0; timestampMs <= 1001; timestampMs++) {
      const expected = times.findIndex((time) => time >= timestampMs);
      expect(log.offsetForTimestamp(timestampMs)?.offset as number | undefined).toBe(
        expected < 0 ? undefined : expected,
      );
    }
    expect(log.maxTimestamp()).toEqual({ offset: 7 as Offset, timestampMs: 1000 });
    log.deleteRecordsBefore(8 as Offset);
    expect(log.maxTimestamp()).toEqual({ offset: 16 as Offset, timestampMs: 1000 });
    expect(log.offsetForTimestamp(450)?.offset as number).toBe(9);
  });

  test("answers for what readers see only", async () => {
    const { log } = await setUp();
    mustAppend(log, batchOf(["x"], { timestampMs: 77 }));
    expect(log.maxTimestamp()).toBeNull();
    expect(log.offsetForTimestamp(0)).toBeNull();
  });
});

describe("deleting", () => {
  test("the log start offset moves up, never back, and survives", async () => {
    const opened = await setUp({ segmentBytes: 500 });
    const { log, disk, store } = opened;
    for (let i = 0; i < 50; i++) mustAppend(log, batchOf([`${i}`.padEnd(60)]));
    await opened.clock.settleAll();
    expect(log.deleteRecordsBefore(51 as Offset).error).toBe(ERROR.OFFSET_OUT_OF_RANGE);
    expect(log.deleteRecordsBefore(20 as Offset)).toEqual({ error: 0, logStartOffset: 20 as Offset });
    expect(log.deleteRecordsBefore(10 as Offset)).toEqual({ error: 0, logStartOffset: 20 as Offset });
    expect(log.read(19 as Offset, 10, { minOneBatch: true, until: log.highWatermark }).error).toBe(
      ERROR.OFFSET_OUT_OF_RANGE,
    );
    await maintain(opened, 2);
    const files = disk.list(log.folder).filter((name) => name.endsWith(".log"));
    expect(Number(files[0]?.slice(0, 20))).toBeGreaterThan(12);
    const crashed = await openStore({ disk: disk.crash("nothing") });
    expect(crashed.store.get(log.topicId, 0)?.logStartOffset as number).toBe(20);
    await store.close();
    const clean = await openStore({ disk });
    const again = clean.store.get(log.topicId, 0);
    if (again === null) throw new Error("gone");
    expect(again.logStartOffset as number).toBe(20);
    expect(readAll(again).length).toBe(30);
    expect(again.deleteRecordsBefore(-1)).toEqual({ error: 0, logStartOffset: 50 as Offset });
    expect(readAll(again)).toEqual([]);
    expect(mustAppend(again, batchOf(["goes on"]))).toBe(50);
  });

  test("time takes the active segment too, and offsets go on", async () => {
    const opened = await setUp({ retentionMs: 10_000 });
    const { log, clock, disk, reports } = opened;
    const nowMs = clock.nowMs();
    for (let i = 0; i < 5; i++) mustAppend(log, batchOf(["old"], { timestampMs: nowMs }), nowMs);
    await clock.settleAll();
    await maintain(opened, 10);
    expect(readAll(log).length).toBe(5);
    await maintain(opened, 3);
    expect(readAll(log)).toEqual([]);
    expect(log.logStartOffset as number).toBe(5);
    expect(reports.matching("deleted")).toEqual(["deleted readings-0 0 to 5: retention.ms"]);
    expect(disk.list(log.folder).filter((name) => name.endsWith(".log"))).toEqual([
      "00000000000000000005.log",
    ]);
    const again = await openStore({ disk: disk.crash("nothing") });
    const found = again.store.get(log.topicId, 0);
    if (found === null) throw new Error("gone");
    expect(mustAppend(found, batchOf(["new"]))).toBe(5);
  });

  test("time is looked at once an interval, first half a minute after the start", async () => {
    const limits = { retentionCheckIntervalMs: 300_000 };
    const opened = await setUp({ retentionMs: 1000 }, { limits });
    const { log, clock } = opened;
    const appendOld = async () => {
      mustAppend(log, batchOf(["old"], { timestampMs: 1 }), clock.nowMs());
      await clock.settleAll();
    };
    await appendOld();
    await maintain(opened, 29);
    expect(readAll(log).length).toBe(1);
    await maintain(opened, 2);
    expect(readAll(log)).toEqual([]);
    await appendOld();
    await maintain(opened, 298);
    expect(readAll(log).length).toBe(1);
    await maintain(opened, 3);
    expect(readAll(log)).toEqual([]);
  });

  test("size is looked at at every tick, whatever the interval", async () => {
    const limits = { retentionCheckIntervalMs: 300_000 };
    const opened = await setUp({ retentionMs: 1000, retentionBytes: 1, segmentBytes: 1000 }, { limits });
    const { log, clock } = opened;
    for (let i = 0; i < 5; i++)
      mustAppend(log, batchOf(["x".repeat(900)], { timestampMs: 1 }), clock.nowMs());
    await clock.settleAll();
    await maintain(opened, 1);
    expect(log.logStartOffset as number).toBe(4);
    expect(readAll(log).length).toBe(1);
  });

  test("an old segment is sealed though it is not full", async () => {
    const opened = await setUp({ segmentMs: 5000 });
    const { log, clock } = opened;
    mustAppend(log, batchOf(["a"]), clock.nowMs());
    await maintain(opened, 4);
    expect(log.segments.length).toBe(1);
    await maintain(opened, 2);
    expect(log.segments.length).toBe(2);
    await maintain(opened, 20);
    expect(log.segments.length).toBe(2);
  });
});

describe("keys", () => {
  test("one device's records are found without the others'", async () => {
    const opened = await setUp({ segmentBytes: 4000 });
    const { log, clock } = opened;
    for (let i = 0; i < 300; i++) {
      mustAppend(log, batchOf([`reading ${i}`.padEnd(60)], { key: `device-${i % 20}` }));
    }
    await clock.settleAll();
    const history = () => {
      const found: string[] = [];
      let bytes = 0;
      let next = 0 as Offset;
      while (next < log.highWatermark) {
        const read = log.readKey(text("device-7"), next, 500);
        if (!("nextOffset" in read)) throw new Error(`${read.error}`);
        for (const batch of read.batches) {
          bytes += batch.length;
          for (const record of decodeRecords(batch)) {
            if (new TextDecoder().decode(record.key ?? new Uint8Array(0)) === "device-7") {
              found.push(new TextDecoder().decode(record.value ?? new Uint8Array(0)).trim());
            }
          }
        }
        expect(read.nextOffset).toBeGreaterThan(next);
        next = read.nextOffset;
      }
      return { found, bytes };
    };
    const expected = Array.from({ length: 15 }, (_, i) => `reading ${i * 20 + 7}`);
    expect(history().found).toEqual(expected);
    // Sealed segments get their index from maintenance, once a pass has trimmed them.
    opened.clock.advance(120_000);
    await maintain(opened, 5);
    const views = opened.disk.counts.view;
    const indexed = history();
    expect(indexed.found).toEqual(expected);
    expect(indexed.bytes).toBe(15 * batchOf(["reading 207".padEnd(60)], { key: "device-7" }).length);
    expect(opened.disk.counts.view - views).toBeLessThan(150);
    expect(opened.disk.list(log.folder).filter((name) => name.endsWith(".keys")).length).toBeGreaterThan(3);
  });

  test("a search without an index stops now and then", async () => {
    const disk = new SimulatedDisk();
    const opened = await openStore({ disk, limits: { keyScanBytes: 1000 } });
    const log = createLog(opened.store);
    for (let i = 0; i < 100; i++) mustAppend(log, batchOf(["x".repeat(50)], { key: "other" }));
    await opened.clock.settleAll();
    const read = log.readKey(text("none"), 0 as Offset, 1000);
    if (!("nextOffset" in read)) throw new Error(`${read.error}`);
    expect(read.batches).toEqual([]);
    expect(read.nextOffset).toBeLessThan(20);
    expect(read.nextOffset).toBeGreaterThan(3);
  });
});

describe("durability in memory", () => {
  test("readers see an append at once, and the disk has it later", async () => {
    const opened = await setUp({ durability: "memory" });
    const { log, clock, disk, store } = opened;
    let committed = 0;
    store.onCommitted(() => {
      committed += 1;
    });
    mustAppend(log, batchOf(["a"]));
    expect(log.highWatermark as number).toBe(1);
    await clock.settleAll();
    expect(committed).toBe(1);
    expect(disk.counts.sync).toBeLessThan(20);
    expect(log.durableEndOffset as number).toBe(0);
    opened.clock.advance(120_000);
    await maintain(opened, 1);
    expect(log.durableEndOffset as number).toBe(1);
    const again = await openStore({ disk: disk.crash("nothing"), config: log.config });
    expect(again.store.get(log.topicId, 0)?.logEndOffset as number).toBe(1);
  });

  test("a topic that becomes durable keeps its high watermark and catches up", async () => {
    const { log, clock, store } = await setUp({ durability: "memory" });
    for (let i = 0; i < 5; i++) mustAppend(log, batchOf(["a"]));
    await clock.settleAll();
    log.config = { ...log.config, durability: "disk" };
    expect(log.highWatermark as number).toBe(5);
    // By itself, without another append.
    await clock.settleAll();
    expect(log.durableEndOffset as number).toBe(5);
    mustAppend(log, batchOf(["b"]));
    expect(log.highWatermark as number).toBe(5);
    await clock.settleAll();
    expect(log.highWatermark as number).toBe(6);
    expect(log.durableEndOffset as number).toBe(6);
    expect(store.status().uncommittedBytes).toBe(0);
    mustAppend(log, batchOf(["c"]));
    log.config = { ...log.config, durability: "memory" };
    expect(log.highWatermark as number).toBe(7);
    expect(store.status().uncommittedBytes).toBe(0);
    await clock.settleAll();
  });
});

test("leader epochs are known after a restart", async () => {
  const { log, clock, store, disk } = await setUp();
  const appendIn = (epoch: number) => {
    const batch = batchOf(["a", "b"]);
    log.append(batch, 0, batch.length, { leaderEpoch: epoch as LeaderEpoch, nowMs: 1, origin: "client" });
  };
  for (const epoch of [0, 0, 2, 5]) appendIn(epoch);
  await clock.settleAll();
  const answers = (of: PartitionLog) => [0, 1, 2, 3, 5, 6].map((epoch) => of.endOffsetFor(epoch));
  const expected = [
    { leaderEpoch: 0, endOffset: 4 },
    { leaderEpoch: 0, endOffset: 4 },
    { leaderEpoch: 2, endOffset: 6 },
    { leaderEpoch: 2, endOffset: 6 },
    { leaderEpoch: 5, endOffset: 8 },
    { leaderEpoch: -1, endOffset: -1 },
  ];
  expect(answers(log)).toEqual(expected);
  const crashed = await openStore({ disk: disk.crash("nothing") });
  await store.close();
  const clean = await openStore({ disk });
  for (const { store: reopened } of [crashed, clean]) {
    const again = reopened.get(log.topicId, 0);
    if (again === null) throw new Error("gone");
    expect(answers(again)).toEqual(expected);
  }
});

test("several logs are made with one sync of the data folder", async () => {
  const { store, disk } = await setUp();
  const before = disk.counts.syncFolder;
  const identities = Array.from({ length: 10 }, (_, partition) => ({
    topic: "many",
    topicId: topicId(5),
    partition,
  }));
  store.createAll(identities, SMALL_CONFIG);
  expect(disk.counts.syncFolder - before).toBeLessThanOrEqual(21);
  const again = await openStore({ disk: disk.crash("nothing") });
  expect(again.store.status().logs).toBe(11);
});

test("indexes that are lost, short or wrong are rebuilt", async () => {
  for (const damage of ["remove", "cut", "flip"] as const) {
    const { log, clock, store, disk } = await setUp({ segmentBytes: 64 * 1024 });
    for (let i = 0; i < 300; i++) mustAppend(log, batchOf([`${i}`.padEnd(100)], { timestampMs: i * 10 }));
    await clock.settleAll();
    await store.close();
    const indexes = disk.list(log.folder).filter((name) => name.endsWith("index"));
    expect(indexes.length).toBeGreaterThanOrEqual(2);
    for (const name of indexes) {
      const path = `${log.folder}/${name}`;
      if (damage === "remove") disk.remove(path);
      else if (damage === "flip") disk.flipBit(path, 40 * 8);
      else {
        const file = disk.openFile(path, "write");
        file.resize(file.sizeBytes - 7);
        file.close();
      }
    }
    const again = (await openStore({ disk })).store.get(log.topicId, 0);
    if (again === null) throw new Error("gone");
    const read = again.read(250 as Offset, 10, { minOneBatch: true, until: 300 as Offset });
    expect(batchBaseOffset(read.bytes, 0)).toBe(250);
    expect(batchSizeBytes(read.bytes, 0)).toBe(read.bytes.length);
    expect(again.offsetForTimestamp(1995)?.offset as number).toBe(200);
    expect(mustAppend(again, batchOf(["more"]))).toBe(300);
  }
});
