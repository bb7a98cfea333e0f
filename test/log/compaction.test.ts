import { describe, expect, test } from "bun:test";
import type { Offset } from "../../src/base/ids.ts";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import { ERROR } from "../../src/kafka/wire/generated/errors.ts";
import type { LogConfig, LogLimits } from "../../src/log/log-config.ts";
import type { PartitionLog } from "../../src/log/partition-log.ts";
import {
  batchBaseOffset,
  batchBaseSequence,
  batchCompression,
  batchHasDeleteHorizon,
  batchIsControl,
  batchLastOffset,
  batchMaxTimestampMs,
  batchRecordCount,
  batchSizeBytes,
  COMPRESSION_GZIP,
  COMPRESSION_LZ4,
  COMPRESSION_NONE,
  COMPRESSION_SNAPPY,
  COMPRESSION_ZSTD,
  checkBatch,
} from "../../src/records/batch.ts";
import { BatchBuilder, type BuildOptions, encodeHeaders } from "../../src/records/builder.ts";
import { buildTransactionMarker } from "../../src/records/transaction-marker.ts";
import {
  append,
  createLog,
  EPOCH,
  mustAppend,
  type Opened,
  openStore,
  readAll,
  SMALL_CONFIG,
  text,
} from "./support.ts";

type Entry = readonly [key: string | null, value: string | null];

const CONFIG: LogConfig = { ...SMALL_CONFIG, compact: true, minCleanableDirtyRatio: 0.01 };

interface Rig extends Opened {
  readonly log: PartitionLog;
  readonly disk: SimulatedDisk;
}

async function setUp(config: Partial<LogConfig> = {}, limits: Partial<LogLimits> = {}): Promise<Rig> {
  const disk = new SimulatedDisk();
  const merged = { ...CONFIG, ...config };
  const opened = await openStore({ disk, config: merged, limits });
  return { ...opened, disk, log: createLog(opened.store, "latest", 0, merged) };
}

function batchOf(
  entries: readonly Entry[],
  options: BuildOptions & { timestampMs?: number } = {},
): Uint8Array {
  const builder = new BatchBuilder();
  const { timestampMs = 1000, ...build } = options;
  for (const [i, [key, value]] of entries.entries()) {
    builder.append(
      timestampMs + i,
      key === null ? null : text(key),
      value === null ? null : text(value),
      null,
    );
  }
  return builder.build(build);
}

/** Lets time pass until nothing more happens: syncs, checkpoints, passes. */
async function settle(rig: Opened, seconds = 6): Promise<void> {
  for (let i = 0; i < seconds; i++) {
    rig.clock.advance(1000);
    const maintained = rig.store.maintain(rig.clock.nowMs());
    await rig.clock.settleAll();
    await maintained;
    for (let step = 0; step < 50; step++) {
      rig.clock.advance(1);
      await rig.clock.settleAll();
    }
  }
}

/** Seals the active segment, so that what is in it can be compacted. */
async function compact(rig: Rig, seconds?: number): Promise<void> {
  rig.log.roll();
  await settle(rig, seconds);
}

function entriesOf(log: PartitionLog): string[] {
  return readAll(log).map(({ offset, key, value }) => {
    const decode = (bytes: Uint8Array | null) => (bytes === null ? "null" : new TextDecoder().decode(bytes));
    return `${offset} ${decode(key)}=${decode(value)}`;
  });
}

function batchesOf(log: PartitionLog): Uint8Array[] {
  const batches: Uint8Array[] = [];
  let next = log.logStartOffset;
  while (next < log.highWatermark) {
    const read = log.read(next, 1 << 20, { minOneBatch: true, until: log.highWatermark });
    if (!("nextOffset" in read) || read.bytes.length === 0) break;
    for (let at = 0; at < read.bytes.length; at += batchSizeBytes(read.bytes, at)) {
      batches.push(read.bytes.slice(at, at + batchSizeBytes(read.bytes, at)));
    }
    next = read.nextOffset;
  }
  return batches;
}

describe("compaction", () => {
  test("keeps the latest record of each key, at its offset", async () => {
    const rig = await setUp();
    mustAppend(
      rig.log,
      batchOf([
        ["a", "1"],
        ["b", "1"],
        ["a", "2"],
      ]),
    );
    mustAppend(
      rig.log,
      batchOf([
        ["c", "1"],
        ["b", "2"],
      ]),
    );
    mustAppend(rig.log, batchOf([["a", "3"]]));
    await compact(rig);
    expect(entriesOf(rig.log)).toEqual(["3 c=1", "4 b=2", "5 a=3"]);
    expect(rig.log.logEndOffset).toBe(6 as Offset);
    expect(rig.log.logStartOffset).toBe(0 as Offset);
    for (const batch of batchesOf(rig.log)) expect(checkBatch(batch, 0, batch.length)).toBeNull();
    const status = rig.store.status().compaction;
    expect(status.passes).toBe(1);
    expect(status.removedRecords).toBe(3);
  });

  test("the active segment, and a log that is not compacted, stay as they are", async () => {
    const rig = await setUp();
    mustAppend(
      rig.log,
      batchOf([
        ["a", "1"],
        ["a", "2"],
      ]),
      rig.clock.nowMs(),
    );
    await settle(rig);
    expect(entriesOf(rig.log)).toEqual(["0 a=1", "1 a=2"]);
    expect(rig.store.status().compaction.passes).toBe(0);
    const plain = await setUp({ compact: false });
    mustAppend(
      plain.log,
      batchOf([
        ["a", "1"],
        ["a", "2"],
      ]),
    );
    await compact(plain);
    expect(entriesOf(plain.log)).toEqual(["0 a=1", "1 a=2"]);
    // From one moment to the next, as a change of cleanup.policy has it.
    plain.log.config = { ...plain.log.config, compact: true };
    await settle(plain);
    expect(entriesOf(plain.log)).toEqual(["1 a=2"]);
  });

  test.each([
    ["none", COMPRESSION_NONE],
    ["gzip", COMPRESSION_GZIP],
    ["snappy", COMPRESSION_SNAPPY],
    ["lz4", COMPRESSION_LZ4],
    ["zstd", COMPRESSION_ZSTD],
  ])(
    "batches with %s are compressed the same way again, headers and times and all",
    async (_, compression) => {
      const rig = await setUp();
      const builder = new BatchBuilder();
      for (const [i, key] of ["a", "b", "a", "c"].entries()) {
        builder.append(
          1000 + i,
          text(key),
          text(`value ${i}`),
          encodeHeaders([{ key: "h", value: text(`${i}`) }]),
        );
      }
      mustAppend(rig.log, builder.build({ compression }));
      await compact(rig);
      const records = readAll(rig.log);
      expect(
        records.map(({ offset, timestampMs, headers }) => [offset, timestampMs, headers[0]?.key]),
      ).toEqual([
        [1, 1001, "h"],
        [2, 1002, "h"],
        [3, 1003, "h"],
      ]);
      const [batch] = batchesOf(rig.log);
      expect(batch === undefined ? -1 : batchCompression(batch, 0)).toBe(compression);
      expect(batch === undefined ? -1 : batchLastOffset(batch, 0)).toBe(3);
    },
  );

  test("a tombstone stays for delete.retention.ms from when it is first met, and then goes", async () => {
    const rig = await setUp({ deleteRetentionMs: 60_000 });
    mustAppend(
      rig.log,
      batchOf([
        ["a", "1"],
        ["b", "1"],
      ]),
    );
    mustAppend(rig.log, batchOf([["a", null]], { timestampMs: 5000 }));
    await compact(rig);
    expect(entriesOf(rig.log)).toEqual(["1 b=1", "2 a=null"]);
    const marked = batchesOf(rig.log).find((batch) => batchBaseOffset(batch, 0) === 2);
    expect(marked !== undefined && batchHasDeleteHorizon(marked, 0)).toBe(true);
    expect(marked === undefined ? -1 : batchMaxTimestampMs(marked, 0)).toBe(5000);
    expect(readAll(rig.log).at(-1)?.timestampMs).toBe(5000);
    mustAppend(rig.log, batchOf([["c", "1"]]));
    await compact(rig);
    expect(entriesOf(rig.log)).toEqual(["1 b=1", "2 a=null", "3 c=1"]);
    rig.clock.advance(60_000);
    mustAppend(rig.log, batchOf([["d", "1"]]));
    await compact(rig);
    expect(entriesOf(rig.log)).toEqual(["1 b=1", "3 c=1", "4 d=1"]);
  });

  test("the last batch of a producer keeps its header, so that its sequence stays known", async () => {
    const rig = await setUp();
    const producer = { producerId: 7, producerEpoch: 2 };
    mustAppend(rig.log, batchOf([["a", "1"]], { ...producer, baseSequence: 0 }));
    mustAppend(
      rig.log,
      batchOf(
        [
          ["a", "2"],
          ["b", "1"],
        ],
        { ...producer, baseSequence: 1 },
      ),
    );
    mustAppend(
      rig.log,
      batchOf([
        ["a", "3"],
        ["b", "2"],
        ["c", "1"],
      ]),
    );
    await compact(rig);
    const emptied = batchesOf(rig.log).find((batch) => batchRecordCount(batch, 0) === 0);
    expect(emptied).toBeDefined();
    if (emptied === undefined) return;
    expect([batchBaseOffset(emptied, 0), batchLastOffset(emptied, 0), batchBaseSequence(emptied, 0)]).toEqual(
      [1, 2, 1],
    );
    expect(entriesOf(rig.log)).toEqual(["3 a=3", "4 b=2", "5 c=1"]);
    const again = append(
      rig.log,
      batchOf(
        [
          ["a", "2"],
          ["b", "1"],
        ],
        { ...producer, baseSequence: 1 },
      ),
    );
    expect("duplicate" in again && again.duplicate).toBe(true);
  });

  test("small segments become one, up to the size of a segment, and the end of each run is told", async () => {
    const rig = await setUp({ segmentBytes: 64 * 1024 });
    for (let i = 0; i < 10; i++) {
      mustAppend(
        rig.log,
        batchOf([
          [`key-${i}`, "x".repeat(50)],
          ["same", `${i}`],
        ]),
      );
      rig.log.roll();
    }
    expect(rig.log.segments.length).toBe(11);
    await settle(rig);
    expect(rig.log.segments.map(({ baseOffset, nextOffset }) => [baseOffset, nextOffset])).toEqual([
      [0, 20],
      [20, 20],
    ]);
    expect(entriesOf(rig.log).length).toBe(11);
    const files = rig.disk.list(rig.log.folder).filter((name) => name.endsWith(".log"));
    expect(files).toEqual(["00000000000000000000.log", "00000000000000000020.log"]);
    expect(rig.disk.list(rig.log.folder).filter((name) => /swap|cleaned/.test(name))).toEqual([]);
  });

  test("more keys than the map holds take several passes", async () => {
    const rig = await setUp({ segmentBytes: 16 * 1024 }, { compactionMapBytes: 1024 });
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 200; i += 10) {
        mustAppend(
          rig.log,
          batchOf(Array.from({ length: 10 }, (_, j) => [`key-${i + j}`, `${round}`] as const)),
        );
      }
    }
    await compact(rig, 60);
    const entries = entriesOf(rig.log);
    expect(entries.length).toBe(200);
    expect(entries[0]).toBe("400 key-0=2");
    expect(rig.store.status().compaction.passes).toBeGreaterThan(3);
  });

  test("min.compaction.lag.ms keeps what is young, max.compaction.lag.ms takes what is old", async () => {
    const rig = await setUp({ minCompactionLagMs: 20_000 });
    const nowMs = rig.clock.nowMs();
    mustAppend(
      rig.log,
      batchOf(
        [
          ["a", "1"],
          ["a", "2"],
        ],
        { timestampMs: nowMs },
      ),
      nowMs,
    );
    await compact(rig);
    expect(entriesOf(rig.log).length).toBe(2);
    await settle(rig, 20);
    expect(entriesOf(rig.log)).toEqual(["1 a=2"]);

    const lazy = await setUp({ minCleanableDirtyRatio: 1, maxCompactionLagMs: 30_000 });
    const startMs = lazy.clock.nowMs();
    mustAppend(
      lazy.log,
      batchOf(
        [
          ["a", "1"],
          ["a", "2"],
        ],
        { timestampMs: startMs },
      ),
      startMs,
    );
    await settle(lazy, 10);
    expect(entriesOf(lazy.log).length).toBe(2);
    // The active segment is sealed in time for it.
    await settle(lazy, 30);
    expect(entriesOf(lazy.log)).toEqual(["1 a=2"]);
  });

  test("a log is left alone until enough of it is dirty", async () => {
    const rig = await setUp({ minCleanableDirtyRatio: 0.6 });
    mustAppend(
      rig.log,
      batchOf([
        ["a", "x".repeat(500)],
        ["b", "x".repeat(500)],
      ]),
    );
    await compact(rig);
    mustAppend(rig.log, batchOf([["a", "x".repeat(500)]]));
    await compact(rig);
    expect(entriesOf(rig.log).length).toBe(3);
    mustAppend(rig.log, batchOf([["a", "y".repeat(2000)]]));
    await compact(rig);
    expect(entriesOf(rig.log).length).toBe(2);
  });

  test("records without a key are refused once the topic is compacted", async () => {
    const rig = await setUp();
    const result = append(
      rig.log,
      batchOf([
        ["a", "1"],
        [null, "1"],
      ]),
    );
    expect(result.error).toBe(ERROR.INVALID_RECORD);
    expect(rig.log.logEndOffset).toBe(0 as Offset);
  });

  test("compact,delete deletes by age as well", async () => {
    const rig = await setUp({ retentionMs: 30_000 });
    const nowMs = rig.clock.nowMs();
    mustAppend(
      rig.log,
      batchOf(
        [
          ["a", "1"],
          ["a", "2"],
        ],
        { timestampMs: nowMs },
      ),
      nowMs,
    );
    await compact(rig);
    expect(entriesOf(rig.log)).toEqual(["1 a=2"]);
    await settle(rig, 40);
    expect(rig.log.logStartOffset).toBe(2 as Offset);
    expect(entriesOf(rig.log)).toEqual([]);
  });

  test("searches by time and by key see what is left", async () => {
    const rig = await setUp();
    mustAppend(
      rig.log,
      batchOf(
        [
          ["a", "1"],
          ["b", "1"],
        ],
        { timestampMs: 9000 },
      ),
    );
    mustAppend(
      rig.log,
      batchOf(
        [
          ["a", "2"],
          ["b", "2"],
        ],
        { timestampMs: 2000 },
      ),
    );
    mustAppend(rig.log, batchOf([["c", "1"]], { timestampMs: 3000 }));
    await compact(rig);
    expect(rig.log.offsetForTimestamp(0)).toEqual({ offset: 2 as Offset, timestampMs: 2000 });
    expect(rig.log.offsetForTimestamp(2500)).toEqual({ offset: 4 as Offset, timestampMs: 3000 });
    expect(rig.log.offsetForTimestamp(5000)).toBeNull();
    expect(rig.log.maxTimestamp()).toEqual({ offset: 4 as Offset, timestampMs: 3000 });
    const found = rig.log.readKey(text("a"), 0 as Offset, 1 << 20);
    expect(found.batches.map((batch) => batchBaseOffset(batch, 0))).toEqual([2]);
  });

  test("the time of a batch that was emptied is no record's", async () => {
    const rig = await setUp();
    const producer = { producerId: 7, producerEpoch: 0, baseSequence: 0 };
    mustAppend(rig.log, batchOf([["a", "1"]], { ...producer, timestampMs: 9000 }));
    mustAppend(rig.log, batchOf([["a", "2"]], { timestampMs: 2000 }));
    await compact(rig);
    expect(batchesOf(rig.log).map((batch) => batchRecordCount(batch, 0))).toEqual([0, 1]);
    expect(rig.log.maxTimestamp()).toEqual({ offset: 1 as Offset, timestampMs: 2000 });
    expect(rig.log.offsetForTimestamp(5000)).toBeNull();
  });

  test("how far a log is compacted is known after a restart", async () => {
    const rig = await setUp();
    mustAppend(
      rig.log,
      batchOf([
        ["a", "1"],
        ["a", "2"],
      ]),
    );
    await compact(rig);
    const closing = rig.store.close();
    await rig.clock.settleAll();
    await closing;
    const opened = await openStore({ disk: rig.disk, config: rig.log.config });
    await settle(opened);
    const [log] = [...opened.store.logs()];
    expect(log === undefined ? [] : entriesOf(log)).toEqual(["1 a=2"]);
    expect(opened.store.status().compaction.passes).toBe(0);
  });

  test.each([
    ["is deleted", (rig: Rig) => rig.store.delete(rig.log)],
    [
      "is no longer compacted",
      (rig: Rig) => {
        rig.log.config = { ...rig.log.config, compact: false };
      },
    ],
    ["loses its records", (rig: Rig) => rig.log.deleteRecordsBefore(-1)],
  ])("a pass ends in peace where its log %s", async (_, happen) => {
    const rig = await setUp({ segmentBytes: 64 * 1024 }, { compactionSliceBytes: 100 });
    for (let i = 0; i < 50; i++) mustAppend(rig.log, batchOf([["a", `${i}`.padEnd(200, ".")]]));
    rig.log.roll();
    await settle(rig, 1);
    while (!rig.store.status().compaction.running) {
      rig.clock.advance(1000);
      void rig.store.maintain(rig.clock.nowMs());
      await rig.clock.settleAll();
    }
    rig.clock.advance(20);
    await rig.clock.settleAll();
    happen(rig);
    await settle(rig, 3);
    const status = rig.store.status().compaction;
    expect([status.running, status.passes, status.replacedSegments]).toEqual([false, 0, 0]);
    expect(rig.disk.list(rig.log.folder).filter((name) => /swap|cleaned/.test(name))).toEqual([]);
    expect(rig.reports.matching("warning")).toEqual([]);
  });

  test("damage ends the pass, is set aside, and what is sound is compacted", async () => {
    const rig = await setUp({ segmentBytes: 64 * 1024 });
    mustAppend(
      rig.log,
      batchOf([
        ["a", "1"],
        ["b", "1"],
      ]),
    );
    mustAppend(rig.log, batchOf([["a", "2"]]));
    rig.log.roll();
    await settle(rig, 1);
    rig.disk.flipBit(`${rig.log.folder}/00000000000000000000.log`, 70 * 8);
    await settle(rig, 90);
    expect(rig.reports.matching("quarantined").length).toBe(1);
    expect(rig.log.fault).toBeNull();
    expect(entriesOf(rig.log)).toEqual(["2 a=2"]);
  });
});

describe("compaction and transactions", () => {
  const producer = { producerId: 9, producerEpoch: 0, transactional: true };

  function appendTransactional(rig: Rig, entries: readonly Entry[], baseSequence: number): void {
    const batch = batchOf(entries, { ...producer, baseSequence });
    const guard = rig.log.producers.verify(batch, 0, false, rig.clock.monotonicMs());
    if (typeof guard !== "number") throw new Error(guard.reason);
    const result = rig.log.append(batch, 0, batch.length, {
      leaderEpoch: EPOCH,
      nowMs: 1,
      origin: "client",
      guard,
    });
    expect(result.error).toBe(0);
  }

  function end(rig: Rig, outcome: "commit" | "abort"): void {
    const marker = buildTransactionMarker({ ...producer, outcome, coordinatorEpoch: 0, timestampMs: 1000 });
    expect(append(rig.log, marker, "broker").error).toBe(0);
  }

  test("aborted records go and supersede nothing; nothing of an open transaction is touched", async () => {
    const rig = await setUp();
    mustAppend(
      rig.log,
      batchOf([
        ["a", "1"],
        ["b", "1"],
      ]),
    );
    appendTransactional(rig, [["a", "aborted"]], 0);
    end(rig, "abort");
    appendTransactional(rig, [["b", "open"]], 1);
    rig.log.roll();
    mustAppend(rig.log, batchOf([["c", "1"]]));
    await compact(rig);
    // Behind the last stable offset nothing is compacted, and the segment that it is in is not either.
    expect(entriesOf(rig.log)).toContain("0 a=1");
    end(rig, "commit");
    await compact(rig);
    const left = entriesOf(rig.log).filter((line) => /=(\d|aborted|open)$/.test(line));
    expect(left).toEqual(["0 a=1", "4 b=open", "5 c=1"]);
    expect(rig.log.lastStableOffset).toBe(rig.log.logEndOffset);
  });

  test("a marker stays until its transaction has no records left and its horizon has passed", async () => {
    const rig = await setUp({ deleteRetentionMs: 60_000, producerIdExpirationMs: 100_000 });
    appendTransactional(rig, [["a", "1"]], 0);
    end(rig, "commit");
    const markers = () =>
      batchesOf(rig.log).filter((batch) => batchIsControl(batch, 0) && batchRecordCount(batch, 0) > 0);
    await compact(rig);
    expect(markers().length).toBe(1);
    expect(markers().some((batch) => batchHasDeleteHorizon(batch, 0))).toBe(false);
    mustAppend(rig.log, batchOf([["a", "2"]]));
    await compact(rig);
    mustAppend(rig.log, batchOf([["b", "1"]]));
    await compact(rig);
    expect(markers().length).toBe(1);
    // Once the producer is forgotten, its last batch goes, then the marker has nothing left to speak of.
    for (const key of ["c", "d", "e", "f"]) {
      rig.clock.advance(70_000);
      mustAppend(rig.log, batchOf([[key, "1"]]));
      await compact(rig);
    }
    const records = readAll(rig.log).map(({ offset }) => offset);
    expect(records.filter((offset) => offset < 2)).toEqual([]);
  });
});
