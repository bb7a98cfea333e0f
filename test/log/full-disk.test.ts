import { describe, expect, test } from "bun:test";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import { ERROR } from "../../src/kafka/wire/generated/errors.ts";
import { chooseDrops, type DroppableLog } from "../../src/log/drop-order.ts";
import {
  DEFAULT_LOG_CONFIG,
  DEFAULT_LOG_LIMITS,
  type DeletionReason,
  type DeletionWitness,
  type LogConfig,
} from "../../src/log/log-config.ts";
import type { PartitionLog } from "../../src/log/partition-log.ts";
import {
  append,
  batchOf,
  createLog,
  mustAppend,
  type Opened,
  openStore,
  readAll,
  SMALL_CONFIG,
} from "./support.ts";

const DROPPING: LogConfig = { ...SMALL_CONFIG, fullPolicy: "drop-oldest" };
const MIB = 1024 * 1024;
const RESERVE_BYTES = 64 * 1024;
/** A batch of a little more than one KiB. */
const KIB_OF = (value: string) => batchOf([value.padEnd(1000, ".")]);

/** A store on a disk with so much space. */
async function openSmall(freeBytes: number, limits: { readonly maxLogBytes?: number } = {}) {
  const disk = new SimulatedDisk({ seed: 1 });
  const opened = await openStore({ disk, limits: { reserveBytes: RESERVE_BYTES, ...limits } });
  disk.limitFreeBytes(freeBytes);
  return { disk, ...opened };
}

/** Appends batches of a KiB, each made durable before the next. */
async function fill({ clock }: Opened, log: PartitionLog, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    mustAppend(log, KIB_OF(`${log.topic} ${i}`));
    await clock.settleAll();
  }
}

/** A witness that writes down when the test says so. */
class Slow implements DeletionWitness {
  ready = true;
  readonly heard: { readonly from: number; readonly to: number; readonly reason: DeletionReason }[] = [];
  readonly waiting: (() => void)[] = [];
  forwarded: number | null = null;

  forwardedEnd(): number | null {
    return this.forwarded;
  }

  isMissed(): boolean {
    return false;
  }

  witness(_log: PartitionLog, from: number, to: number, reason: DeletionReason, then: () => void): void {
    this.heard.push({ from, to, reason });
    this.waiting.push(then);
  }
}

describe("where the disk is full", () => {
  test("the oldest records go and appends go on, without an error and above the reserve", async () => {
    const opened = await openSmall(512 * 1024);
    const { disk, store, reports } = opened;
    const log = createLog(store, "readings", 0, DROPPING);
    let leastFreeBytes = Number.MAX_SAFE_INTEGER;
    for (let i = 0; i < 2000; i++) {
      await fill(opened, log, 1);
      leastFreeBytes = Math.min(leastFreeBytes, disk.freeBytes(store.folder));
    }
    expect(log.logEndOffset as number).toBe(2000);
    expect(log.logStartOffset).toBeGreaterThan(1500);
    expect(readAll(log)).toHaveLength(2000 - log.logStartOffset);
    expect(reports.matching("disk full")).toEqual([]);
    expect(reports.matching("deleted").every((line) => line.endsWith("disk-full"))).toBe(true);
    expect(leastFreeBytes).toBeGreaterThanOrEqual(RESERVE_BYTES / 2);
  });

  test("a burst in one turn waits for the room that is being made", async () => {
    const opened = await openSmall(512 * 1024);
    const log = createLog(opened.store, "readings", 0, DROPPING);
    await fill(opened, log, 350);
    for (let i = 0; i < 60; i++) mustAppend(log, KIB_OF(`burst ${i}`));
    await opened.clock.settleAll();
    expect(log.logEndOffset as number).toBe(410);
    expect(log.logStartOffset).toBeGreaterThan(0);
  });

  test("logs that refuse what is new keep what they have, and take records again once there is space", async () => {
    const opened = await openSmall(256 * 1024);
    const { disk, store, clock, reports } = opened;
    const log = createLog(store, "alarms", 0, SMALL_CONFIG);
    let taken = 0;
    while (append(log, KIB_OF("a")).error === 0) {
      taken += 1;
      await clock.settleAll();
    }
    await store.maintain(1);
    await clock.settleAll();
    expect(append(log, KIB_OF("a")).error).toBe(ERROR.KAFKA_STORAGE_ERROR);
    expect(log.logStartOffset as number).toBe(0);
    expect(reports.lines).toEqual(["disk full"]);
    const offsets = createLog(store, "__consumer_offsets");
    mustAppend(offsets, KIB_OF("o"));
    const ledger = createLog(store, "headwater.gaps", 0, { ...SMALL_CONFIG, usesReserve: true });
    mustAppend(ledger, KIB_OF("lost"));
    disk.limitFreeBytes(512 * 1024);
    await store.maintain(2);
    expect(mustAppend(log, KIB_OF("a"))).toBe(taken);
    expect(reports.lines).toEqual(["disk full", "disk has space"]);
  });

  test("others' old records make room for a topic that refuses", async () => {
    const opened = await openSmall(512 * 1024);
    const old = createLog(opened.store, "readings", 0, DROPPING);
    const kept = createLog(opened.store, "alarms", 0, SMALL_CONFIG);
    await fill(opened, old, 300);
    await fill(opened, kept, 300);
    expect(kept.logStartOffset as number).toBe(0);
    expect(old.logStartOffset).toBeGreaterThan(100);
  });

  test("the bound of all logs counts like the disk's end", async () => {
    const opened = await openSmall(64 * 1024 * 1024, { maxLogBytes: 256 * 1024 });
    const log = createLog(opened.store, "readings", 0, DROPPING);
    const second = createLog(opened.store, "others", 0, DROPPING);
    for (let i = 0; i < 600; i++) await fill(opened, i % 2 === 0 ? log : second, 1);
    expect(log.sizeBytes + second.sizeBytes).toBeLessThanOrEqual(256 * 1024);
    expect(log.sizeBytes + second.sizeBytes).toBeGreaterThan(160 * 1024);
    expect(opened.reports.matching("deleted").at(-1)).toEndWith("log.max.bytes");
  });

  test("a small bound of all logs does not take most of what is below it", async () => {
    const maxLogBytes = 4 * MIB;
    const disk = new SimulatedDisk({ seed: 1 });
    // Segments and steps as they are by default.
    const { segmentBytes } = DEFAULT_LOG_CONFIG;
    const { segmentFirstBytes, segmentGrowthBytes } = DEFAULT_LOG_LIMITS;
    const limits = { reserveBytes: RESERVE_BYTES, segmentFirstBytes, segmentGrowthBytes, maxLogBytes };
    const opened = await openStore({ disk, limits });
    const log = createLog(opened.store, "readings", 0, { ...DROPPING, segmentBytes });
    const value = "x".repeat(32 * 1024);
    let [least, most] = [maxLogBytes, 0];
    for (let i = 0; i < 320; i++) {
      mustAppend(log, batchOf([value]));
      await opened.clock.settleAll();
      if (i > 128) least = Math.min(least, log.sizeBytes);
      most = Math.max(most, log.sizeBytes);
    }
    expect(most).toBeLessThanOrEqual(maxLogBytes);
    expect(least).toBeGreaterThan(0.7 * maxLogBytes);
  });

  test("it is the bound of all logs that is named where that is reached", async () => {
    const opened = await openSmall(64 * 1024 * 1024, { maxLogBytes: 128 * 1024 });
    const { store, clock, reports } = opened;
    const log = createLog(store, "alarms", 0, SMALL_CONFIG);
    let answer = append(log, KIB_OF("a"));
    for (let i = 0; i < 200 && answer.error === 0; i++) {
      await clock.settleAll();
      answer = append(log, KIB_OF("a"));
    }
    expect(answer).toMatchObject({ message: "log.max.bytes is reached; raise it or lower retention" });
    expect(store.status()).toMatchObject({ fullLimit: "log.max.bytes" });
    log.deleteRecordsBefore(log.highWatermark);
    await clock.settleAll();
    await store.maintain(1);
    expect(store.status()).toMatchObject({ fullLimit: null });
    expect(reports.matching("log.max.bytes")).toEqual(["log.max.bytes reached"]);
    expect(reports.lines.at(-1)).toBe("space below log.max.bytes");
  });

  test("nothing goes before it is written down, and nothing at all where that is not possible yet", async () => {
    const opened = await openSmall(512 * 1024);
    const { store, clock } = opened;
    const witness = new Slow();
    witness.ready = false;
    store.witness = witness;
    const log = createLog(store, "readings", 0, DROPPING);
    await fill(opened, log, 440);
    await store.maintain(1);
    expect(witness.heard).toEqual([]);
    witness.ready = true;
    await store.maintain(2);
    expect(witness.heard).toEqual([{ from: 0, to: expect.any(Number), reason: "disk-full" }]);
    const to = witness.heard[0]?.to ?? 0;
    await store.maintain(3);
    await clock.settleAll();
    expect(log.logStartOffset as number).toBe(0);
    expect(store.startOf(log)).toBe(to);
    expect(readAll(log)).toHaveLength(440);
    witness.waiting[0]?.();
    expect(log.logStartOffset as number).toBe(to);
    await clock.settleAll();
  });

  test("a power cut before it is written down loses nothing", async () => {
    const opened = await openSmall(512 * 1024);
    const { store, disk, clock } = opened;
    const witness = new Slow();
    store.witness = witness;
    const log = createLog(store, "readings", 0, DROPPING);
    await fill(opened, log, 440);
    await store.maintain(1);
    expect(witness.heard).toHaveLength(1);
    await clock.settleAll();
    const again = await openStore({
      disk: disk.crash("sectors", 5),
      limits: { reserveBytes: RESERVE_BYTES },
    });
    const [found] = [...again.store.logs()];
    if (found === undefined) throw new Error("the log is gone");
    expect(readAll(found)).toHaveLength(440);
  });
});

describe("what was not forwarded", () => {
  const keeping: LogConfig = { ...DROPPING, keepUnforwarded: true };

  test("stays on a full disk where the topic says so, and appends are refused instead", async () => {
    const opened = await openSmall(512 * 1024);
    const witness = new Slow();
    witness.forwarded = 0;
    opened.store.witness = witness;
    const log = createLog(opened.store, "readings", 0, keeping);
    let refused = 0;
    for (let i = 0; i < 600; i++) {
      if (append(log, KIB_OF("a")).error !== 0) refused += 1;
      await opened.clock.settleAll();
    }
    expect(refused).toBeGreaterThan(100);
    expect(witness.heard).toEqual([]);
    witness.forwarded = log.highWatermark;
    await opened.store.maintain(1);
    for (const then of witness.waiting.splice(0)) then();
    await opened.clock.settleAll();
    await opened.store.maintain(2);
    expect(append(log, KIB_OF("a")).error).toBe(0);
  });

  test("stays though it is old, or more than the topic may hold", async () => {
    const opened = await openSmall(64 * 1024 * 1024);
    const witness = new Slow();
    witness.forwarded = 10;
    opened.store.witness = witness;
    const log = createLog(opened.store, "readings", 0, { ...keeping, retentionMs: 1, retentionBytes: 1 });
    await fill(opened, log, 100);
    await opened.store.maintain(10_000_000);
    const [heard] = witness.heard;
    expect(heard?.to).toBeGreaterThan(0);
    expect(heard?.to).toBeLessThanOrEqual(10);
    witness.waiting[0]?.();
    log.config = { ...log.config, keepUnforwarded: false };
    opened.clock.advance(60_000);
    await opened.store.maintain(10_000_000);
    expect(witness.heard.at(-1)?.to).toBe(100);
  });
});

describe("the order in which records go", () => {
  const segment = (nextOffset: number, maxTimestampMs: number) => ({
    sizeBytes: 100,
    nextOffset,
    maxTimestampMs,
  });
  const three = (startMs: number) => [
    segment(10, startMs),
    segment(20, startMs + 1),
    segment(30, startMs + 2),
  ];
  const log = (name: string, priority: number, forwardedEnd: number | null, startMs = 0) =>
    ({
      log: name,
      config: {
        ...{ fullPolicy: "drop-oldest", priority, keepUnforwarded: false },
        ...{ deletes: true, usesReserve: false },
      },
      segments: three(startMs),
      highWatermark: 30,
      forwardedEnd,
      goingTo: null as number | null,
      keepsActive: false,
    }) satisfies DroppableLog<string>;
  const ends = (logs: readonly DroppableLog<string>[], bytes: number) =>
    Object.fromEntries(chooseDrops(logs, bytes).drops.map((drop) => [drop.log, drop.logStartOffset]));

  test("forwarded records first, of whatever topic", () => {
    const logs = [log("low", 9, 10), log("high", 1, 20)];
    expect(ends(logs, 100)).toEqual({ low: 10 });
    expect(ends(logs, 300)).toEqual({ low: 10, high: 20 });
    expect(ends(logs, 301)).toEqual({ low: 20, high: 20 });
  });

  test("then the least important topic's, and of equals the oldest", () => {
    expect(ends([log("low", 9, 0, 50), log("high", 5, 0)], 200)).toEqual({ low: 20 });
    expect(ends([log("old", 5, 0), log("new", 5, 0, 100)], 200)).toEqual({ old: 20 });
    expect(ends([log("old", 5, 0, 0), log("new", 5, 0, 1)], 200)).toEqual({ old: 20 });
    expect(ends([log("local", 5, null), log("up", 5, 0, 100)], 100)).toEqual({ local: 10 });
  });

  test("never what readers have not seen, nor of logs that may not drop", () => {
    expect(ends([{ ...log("a", 5, 0), highWatermark: 19 }], 1000)).toEqual({ a: 10 });
    const { config } = log("a", 5, 0);
    for (const change of [{ fullPolicy: "refuse-new" }, { deletes: false }] as const) {
      expect(ends([{ ...log("a", 5, 0), config: { ...config, ...change } }], 1000)).toEqual({});
    }
    expect(ends([{ ...log("a", 5, 10), config: { ...config, keepUnforwarded: true } }], 1000)).toEqual({
      a: 10,
    });
  });

  test("never what the ledger is writing, which would be a loss to write", () => {
    const { config } = log("ledger", 0, null);
    const ledger = { ...log("ledger", 0, null), config: { ...config, usesReserve: true } };
    expect(ends([ledger], 1000)).toEqual({ ledger: 20 });
    expect(ends([{ ...ledger, forwardedEnd: 30 }], 1000)).toEqual({ ledger: 30 });
  });

  test("never an active segment that is to stay for now", () => {
    const kept = { ...log("a", 5, 30), keepsActive: true };
    expect(chooseDrops([{ ...kept, highWatermark: 20 }], 1000)).toMatchObject({
      drops: [{ logStartOffset: 20, rollFirst: false }],
      waiting: [],
    });
  });

  test("no more important log's go in place of what can't go yet", () => {
    const [low, high] = [log("low", 9, 0), log("high", 1, 0)];
    const going = { ...low, goingTo: 10 };
    expect(chooseDrops([going, high], 200)).toEqual({ drops: [], waiting: [{ log: "low", active: false }] });
    expect(ends([going, high], 201)).toEqual({ high: 10 });
    const unseen = { ...low, highWatermark: 25 };
    expect(chooseDrops([unseen, high], 300)).toMatchObject({
      drops: [{ log: "low", logStartOffset: 20, rollFirst: false, bytes: 200 }],
      waiting: [{ log: "low", active: true }],
    });
    // What has all of it going is waited for no longer.
    expect(chooseDrops([{ ...low, goingTo: 30 }, high], 100)).toMatchObject({ waiting: [] });
  });

  test("the active segment goes last, and is sealed first", () => {
    expect(chooseDrops([log("a", 5, 0)], 1000).drops).toMatchObject([
      { logStartOffset: 30, rollFirst: true },
    ]);
    expect(chooseDrops([log("a", 5, 0)], 200).drops).toMatchObject([
      { logStartOffset: 20, rollFirst: false },
    ]);
  });
});

describe("a log with room to spare", () => {
  test("takes so much though the disk has nothing left, and has as much again once there is space", async () => {
    const opened = await openSmall(512 * 1024);
    const { disk, store } = opened;
    const log = createLog(store, "__state", 0, SMALL_CONFIG);
    log.spare(8 * 1024);
    await fill(opened, log, 3);
    expect(log.files.active?.roomBytes).toBeGreaterThanOrEqual(8 * 1024);
    disk.limitFreeBytes(0);
    let taken = 0;
    while (append(log, KIB_OF(`full ${taken}`)).error === 0) taken += 1;
    expect(taken).toBeGreaterThanOrEqual(7);
    expect(log.files.active?.roomBytes).toBeLessThan(2 * 1024);
    await opened.clock.settleAll();
    disk.limitFreeBytes(512 * 1024);
    await fill(opened, log, 1);
    expect(log.files.active?.roomBytes).toBeGreaterThanOrEqual(8 * 1024);
    expect(readAll(log)).toHaveLength(3 + taken + 1);
  });

  test("does not give it up for a new segment that is due, and begins that once it has as much", async () => {
    const opened = await openSmall(512 * 1024);
    const { disk, store, clock } = opened;
    const log = createLog(store, "__state", 0, { ...SMALL_CONFIG, segmentMs: 1_000 });
    log.spare(8 * 1024);
    await fill(opened, log, 3);
    disk.limitFreeBytes(4 * 1024);
    clock.advance(10_000);
    await store.maintain(clock.nowMs());
    expect(log.segments).toHaveLength(1);
    expect(log.files.active?.roomBytes).toBeGreaterThanOrEqual(8 * 1024);
    disk.limitFreeBytes(512 * 1024);
    await store.maintain(clock.nowMs());
    expect(log.segments).toHaveLength(2);
    expect(log.files.active?.roomBytes).toBeGreaterThanOrEqual(8 * 1024);
  });
});
