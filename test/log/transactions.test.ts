import { describe, expect, test } from "bun:test";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import { ERROR } from "../../src/kafka/wire/generated/errors.ts";
import type { AppendResult } from "../../src/log/append-read.ts";
import type { PartitionLog } from "../../src/log/partition-log.ts";
import { ProducerStates } from "../../src/log/producer-state.ts";
import { setBatchBaseOffset } from "../../src/records/batch.ts";
import { buildTransactionMarker } from "../../src/records/transaction-marker.ts";
import { append, batchOf, createLog, EPOCH, openStore, ROOT, SMALL_CONFIG } from "./support.ts";

interface Batch {
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  readonly transactional?: boolean;
}

function data(batch: Batch = {}, values: readonly string[] = ["v"]): Uint8Array {
  return batchOf(values, { producerId: 1, producerEpoch: 0, baseSequence: 0, transactional: true, ...batch });
}

/** Appends as a producer does whose partition the coordinator confirms. */
function produce(log: PartitionLog, batch: Uint8Array, implicit = false): AppendResult {
  const guard = log.producers.verify(batch, 0, implicit, 0);
  if (typeof guard !== "number") return { error: ERROR[guard.error], message: guard.reason };
  return log.append(batch, 0, batch.length, { leaderEpoch: EPOCH, nowMs: 1, origin: "client", guard });
}

function mark(
  log: PartitionLog,
  outcome: "commit" | "abort",
  options: {
    producerId?: number;
    producerEpoch?: number;
    coordinatorEpoch?: number;
    transactionVersion?: number;
  } = {},
): AppendResult {
  const { transactionVersion = 1, ...marker } = options;
  const bytes = buildTransactionMarker({
    producerId: 1,
    producerEpoch: 0,
    coordinatorEpoch: 0,
    timestampMs: 1,
    outcome,
    ...marker,
  });
  return log.append(bytes, 0, bytes.length, {
    leaderEpoch: EPOCH,
    nowMs: 1,
    origin: "broker",
    transactionVersion,
  });
}

function errorOf(result: AppendResult): string {
  return Object.entries(ERROR).find(([, code]) => code === result.error)?.[0] ?? String(result.error);
}

async function openLog(config = SMALL_CONFIG) {
  const opened = await openStore({ disk: new SimulatedDisk({ seed: 1 }) });
  return { ...opened, log: createLog(opened.store, "readings", 0, config) };
}

async function committed(opened: Awaited<ReturnType<typeof openLog>>): Promise<PartitionLog> {
  await opened.clock.settleAll();
  return opened.log;
}

describe("last stable offset", () => {
  test("is where the first open transaction begins, and the high watermark without one", async () => {
    const opened = await openLog();
    const { log } = opened;
    append(log, batchOf(["plain"]));
    produce(log, data());
    produce(log, data({ producerId: 2 }));
    append(log, batchOf(["behind"]));
    await committed(opened);
    expect([log.lastStableOffset, log.highWatermark].map(Number)).toEqual([1, 4]);
    mark(log, "commit");
    await committed(opened);
    expect(Number(log.lastStableOffset)).toBe(2);
    mark(log, "abort", { producerId: 2 });
    await committed(opened);
    expect([log.lastStableOffset, log.highWatermark].map(Number)).toEqual([6, 6]);
  });

  test("waits until a marker is durable", async () => {
    const opened = await openLog();
    const { log } = opened;
    produce(log, data());
    await committed(opened);
    mark(log, "abort");
    expect([log.lastStableOffset, log.highWatermark].map(Number)).toEqual([0, 1]);
    await committed(opened);
    expect(Number(log.lastStableOffset)).toBe(2);
  });

  test("follows the log start offset over records that were deleted", async () => {
    const opened = await openLog();
    const { log } = opened;
    produce(log, data());
    append(log, batchOf(["plain"]));
    await committed(opened);
    log.deleteRecordsBefore(-1);
    expect([log.lastStableOffset, log.logStartOffset].map(Number)).toEqual([2, 2]);
  });
});

describe("records of a transaction", () => {
  test("need the coordinator's word, once", async () => {
    const { log } = await openLog();
    expect(errorOf(append(log, data()))).toBe("INVALID_TXN_STATE");
    expect(errorOf(produce(log, data()))).toBe("NONE");
    expect(log.producers.verify(data({ baseSequence: 1 }), 0, false, 0)).toBe(0);
    expect(errorOf(append(log, data({ baseSequence: 1 })))).toBe("NONE");
  });

  test("are refused under a guard of before the marker", async () => {
    const { log } = await openLog();
    const guard = log.producers.verify(data(), 0, false, 0) as number;
    mark(log, "abort");
    const late = data();
    const options = { leaderEpoch: EPOCH, nowMs: 1, origin: "client", guard } as const;
    expect(errorOf(log.append(late, 0, late.length, options))).toBe("INVALID_TXN_STATE");
  });

  test("are told from a producer's others", async () => {
    const { log } = await openLog();
    produce(log, data());
    expect(errorOf(append(log, data({ baseSequence: 1, transactional: false })))).toBe("INVALID_TXN_STATE");
    mark(log, "commit");
    expect(errorOf(append(log, data({ baseSequence: 1, transactional: false })))).toBe("NONE");
  });

  test("sent again are duplicates, also after the marker", async () => {
    const { log } = await openLog();
    produce(log, data());
    mark(log, "commit");
    expect(append(log, data())).toMatchObject({ error: 0, duplicate: true, baseOffset: 0 });
  });

  test("of an epoch per transaction begin with 0 each time (KIP-890)", async () => {
    const { log } = await openLog();
    expect(errorOf(produce(log, data({ baseSequence: 3 }), true))).toBe("OUT_OF_ORDER_SEQUENCE_NUMBER");
    expect(errorOf(produce(log, data(), true))).toBe("NONE");
    expect(errorOf(mark(log, "commit", { producerEpoch: 1, transactionVersion: 2 }))).toBe("NONE");
    expect(errorOf(produce(log, data({ baseSequence: 1 }), true))).toBe("INVALID_PRODUCER_EPOCH");
    expect(errorOf(produce(log, data({ producerEpoch: 1, baseSequence: 1 }), true))).toBe(
      "OUT_OF_ORDER_SEQUENCE_NUMBER",
    );
    expect(errorOf(produce(log, data({ producerEpoch: 1 }), true))).toBe("NONE");
  });

  test("that overtook each other on the way to the coordinator are put in order by the producer", async () => {
    const { log } = await openLog();
    const [first, second] = [data(), data({ baseSequence: 1 })];
    const guards = [first, second].map((batch) => log.producers.verify(batch, 0, false, 0) as number);
    const options = { leaderEpoch: EPOCH, nowMs: 1, origin: "client" } as const;
    const late = log.append(second, 0, second.length, { ...options, guard: guards[1] ?? 0 });
    expect(errorOf(late)).toBe("OUT_OF_ORDER_SEQUENCE_NUMBER");
    expect(errorOf(log.append(first, 0, first.length, { ...options, guard: guards[0] ?? 0 }))).toBe("NONE");
    expect(errorOf(append(log, second))).toBe("NONE");
  });
});

describe("markers", () => {
  test("of an older coordinator are refused", async () => {
    const { log } = await openLog();
    produce(log, data());
    expect(errorOf(mark(log, "commit", { coordinatorEpoch: 4 }))).toBe("NONE");
    expect(errorOf(mark(log, "abort", { coordinatorEpoch: 3 }))).toBe("TRANSACTION_COORDINATOR_FENCED");
    expect(errorOf(mark(log, "commit", { coordinatorEpoch: 4 }))).toBe("NONE");
  });

  test.each([
    // producer's epoch, marker's epoch, transaction version, open, what comes of it
    [5, 4, 1, true, "INVALID_PRODUCER_EPOCH"],
    [5, 5, 1, true, "NONE"],
    [5, 6, 1, true, "NONE"],
    [5, 5, 2, true, "INVALID_PRODUCER_EPOCH"],
    [5, 6, 2, true, "NONE"],
    [5, 4, 2, false, "INVALID_PRODUCER_EPOCH"],
    // A marker that was sent again.
    [5, 5, 2, false, "NONE"],
    // There is no epoch behind the last.
    [0x7fff, 0x7fff, 2, true, "NONE"],
  ] as const)(
    "of epoch %2$d behind %1$d in version %3$d, open %4$p: %5$s",
    async (known, epoch, transactionVersion, open, error) => {
      const { log } = await openLog();
      produce(log, data({ producerEpoch: known }));
      if (!open) mark(log, "commit", { producerEpoch: known });
      expect(errorOf(mark(log, "abort", { producerEpoch: epoch, transactionVersion }))).toBe(error);
    },
  );

  test("without a transaction change nothing that readers see", async () => {
    const opened = await openLog();
    const { log } = opened;
    append(log, batchOf(["plain"]));
    mark(log, "abort");
    await committed(opened);
    expect(Number(log.lastStableOffset)).toBe(2);
    expect(log.abortedTransactions(0, 2)).toEqual([]);
  });
});

describe("aborted transactions", () => {
  const SMALL = { ...SMALL_CONFIG, segmentBytes: 1024 };

  /** Two producers whose transactions overlap, over several segments; producer 1 aborts, producer 2 commits. */
  async function fill(opened: Awaited<ReturnType<typeof openLog>>, rounds: number) {
    const aborted: { first: number; last: number }[] = [];
    const { log } = opened;
    for (let round = 0; round < rounds; round++) {
      const first = produce(log, data({ baseSequence: round }, ["x".repeat(200)]));
      produce(log, data({ producerId: 2, baseSequence: round }, ["y".repeat(200)]));
      const last = mark(log, "abort");
      mark(log, "commit", { producerId: 2 });
      if (!("baseOffset" in first) || !("baseOffset" in last)) throw new Error("an append was refused");
      aborted.push({ first: first.baseOffset, last: last.baseOffset });
    }
    await opened.clock.settleAll();
    return aborted;
  }

  function ranges(log: PartitionLog, from: number, to: number) {
    return log.abortedTransactions(from, to)?.map(({ firstOffset, lastOffset }) => ({
      first: firstOffset,
      last: lastOffset,
    }));
  }

  test("are found for any range, over segments, and those alone", async () => {
    const opened = await openLog(SMALL);
    const aborted = await fill(opened, 12);
    expect(opened.log.segments.length).toBeGreaterThan(4);
    for (let from = 0; from < 48; from += 3) {
      for (let to = from + 1; to <= 48; to += 5) {
        const expected = aborted.filter(({ first, last }) => last >= from && first < to);
        expect(ranges(opened.log, from, to)).toEqual(expected);
      }
    }
  });

  test("survive a restart, and the loss of their index files", async () => {
    const disk = new SimulatedDisk({ seed: 1 });
    const first = await openStore({ disk, config: SMALL });
    const opened = { ...first, log: createLog(first.store, "readings", 0, SMALL) };
    const aborted = await fill(opened, 12);
    const { log } = opened;
    // One that begins segments before it ends.
    produce(log, data({ producerId: 3 }));
    for (let i = 0; i < 8; i++) append(log, batchOf(["z".repeat(300)]));
    const last = mark(log, "abort", { producerId: 3 });
    await opened.clock.settleAll();
    const all = [...aborted, { first: 48, last: "baseOffset" in last ? last.baseOffset : -1 }];
    await closed(opened);
    for (const lose of [false, true]) {
      const folder = `${ROOT}/readings-0`;
      const files = disk.list(folder).filter((name) => name.endsWith(".txnindex"));
      expect(files.length).toBeGreaterThan(4);
      if (lose) for (const name of files) disk.remove(`${folder}/${name}`);
      const again = await openStore({ disk, config: SMALL });
      const found = [...again.store.logs()][0] as PartitionLog;
      expect(ranges(found, 0, Number(found.logEndOffset))).toEqual(all);
      expect(found.abortedTransactions(50, 51)).toEqual([
        { producerId: 3, firstOffset: 48, lastOffset: 57, lastStableOffset: 58 },
      ]);
      await closed(again);
    }
  });

  test("are found again though a segment that has to be walked through is damaged", async () => {
    const disk = new SimulatedDisk({ seed: 1 });
    const first = await openStore({ disk, config: SMALL });
    const filled = createLog(first.store, "readings", 0, SMALL);
    const aborted = await fill({ ...first, log: filled }, 12);
    const damaged = filled.segments[4];
    const lost = damaged?.baseOffset ?? -1;
    await closed(first);
    const folder = `${ROOT}/readings-0`;
    for (const name of disk.list(folder).filter((entry) => entry.endsWith(".txnindex"))) {
      disk.remove(`${folder}/${name}`);
    }
    const file = disk.openFile(damaged?.path ?? "none", "write");
    // The magic of the first batch.
    file.write(16, new Uint8Array([99]));
    file.close();
    const again = await openStore({ disk, config: SMALL });
    const log = [...again.store.logs()][0] as PartitionLog;
    const there = ranges(log, 0, Number(log.logEndOffset)) ?? [];
    expect(again.reports.matching("quarantined").length).toBe(1);
    // What the batch that is lost began, or ended, is the only one that may be told otherwise.
    const whole = aborted.filter(({ first: from, last }) => last < lost || from > lost);
    expect(there).toEqual(expect.arrayContaining(whole));
    expect(there.length - whole.length).toBeLessThan(2);
    await closed(again);
  });

  test("can't fill the memory by themselves: a segment has so many", async () => {
    const opened = await openStore({
      disk: new SimulatedDisk({ seed: 1 }),
      limits: { maxAbortedPerSegment: 3 },
    });
    const log = createLog(opened.store);
    await fill({ ...opened, log }, 10);
    expect(log.segments.map((segment) => segment.transactions.abortedCount)).toEqual([3, 3, 3, 1]);
  });

  async function closed(opened: {
    store: { close(): Promise<void> };
    clock: { settleAll(): Promise<void> };
  }): Promise<void> {
    const closing = opened.store.close();
    await opened.clock.settleAll();
    await closing;
  }
});

describe("producers", () => {
  test("with an open transaction are forgotten neither by time nor by number", () => {
    const states = new ProducerStates(2);
    states.note(data(), 0, 0);
    states.note(data({ producerId: 2, transactional: false }), 0, 1);
    states.note(data({ producerId: 3, transactional: false }), 0, 2);
    expect(states.active().map(({ producerId }) => producerId)).toEqual([1, 3]);
    states.expire(1_000_000, 10);
    expect(states.active().map(({ producerId }) => producerId)).toEqual([1]);
  });

  test("may have only so many transactions open in a partition", () => {
    const states = new ProducerStates(2);
    for (const producerId of [1, 2]) {
      const batch = data({ producerId });
      setBatchBaseOffset(batch, 0, producerId);
      states.note(batch, 0, 0);
    }
    const guard = states.verify(data({ producerId: 3 }), 0, false, 0);
    expect(states.check(data({ producerId: 3 }), 0, Number(guard))).toMatchObject({
      kind: "refused",
      error: "NOT_ENOUGH_REPLICAS",
    });
  });

  test("are shown as they were at the recovery point, though a marker stands behind it", () => {
    const states = new ProducerStates(10);
    states.note(data(), 0, 0);
    const marker = buildTransactionMarker({
      producerId: 1,
      producerEpoch: 1,
      coordinatorEpoch: 2,
      outcome: "commit",
      timestampMs: 0,
      baseOffset: 1,
    });
    states.note(marker, 0, 0);
    const shown = states.snapshot(1, 0)[0];
    expect(shown).toMatchObject({ producerEpoch: 0, coordinatorEpoch: -1, transactionOffset: 0 });
    expect(shown?.batches).toHaveLength(1);
    expect(states.snapshot(2, 0)[0]).toMatchObject({ producerEpoch: 1, transactionOffset: -1 });
  });

  test("that only a marker speaks of go on with any sequence, as those that are not known do", () => {
    const states = new ProducerStates(10);
    const marker = { producerId: 1, producerEpoch: 0, coordinatorEpoch: 0, timestampMs: 0 };
    states.note(buildTransactionMarker({ ...marker, outcome: "abort" }), 0, 0);
    const next = data({ baseSequence: 17 });
    expect(states.check(next, 0, Number(states.verify(next, 0, false, 0))).kind).toBe("next");
    // Where each transaction begins with 0, one that does not has lost something on the way.
    const late = data({ producerId: 3, baseSequence: 17 });
    expect(states.check(late, 0, Number(states.verify(late, 0, true, 0))).kind).toBe("refused");
  });

  test("keep what is open where damage took records, and go on with any sequence", () => {
    const states = new ProducerStates(10);
    states.note(data(), 0, 0);
    states.note(data({ producerId: 2, transactional: false }), 0, 0);
    states.clearSequences();
    expect(states.open.all()).toEqual([{ producerId: 1, firstOffset: 0 }]);
    expect(states.check(data({ baseSequence: 17 }), 0).kind).toBe("next");
    expect(states.active().map(({ producerId }) => producerId)).toEqual([1]);
  });
});
