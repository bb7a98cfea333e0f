import { expect, test } from "bun:test";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import type { LogStore } from "../../src/log/log-store.ts";
import type { PartitionLog } from "../../src/log/partition-log.ts";
import {
  batchOf,
  createLog,
  mustAppend,
  type Opened,
  openStore,
  ROOT,
  readAll,
  SMALL_CONFIG,
  SMALL_LIMITS,
  valuesOf,
} from "./support.ts";

/** So much that its round is not journaled; it fits one segment. */
const BULK = Array.from({ length: 4 }, (_, i) => `value ${i}`.padEnd(1500, "."));
const BATCH_BYTES = batchOf(BULK.slice(0, 1)).length;

/** A disk on which some syncs go on until they are let go. */
class HoldingDisk {
  readonly disk: SimulatedDisk;
  /** The paths of which they are. */
  held: RegExp | null = null;
  #path = "";
  #pending: { readonly path: string; readonly finish: () => void }[] = [];

  constructor() {
    this.disk = new SimulatedDisk({
      syncs: (finish) => {
        if (this.held?.test(this.#path)) this.#pending.push({ path: this.#path, finish });
        else queueMicrotask(finish);
      },
      onOperation: ({ kind, path }) => {
        if (kind === "sync" || kind === "syncFolder") this.#path = path;
      },
    });
  }

  /** Gives how many there were. */
  release(paths: RegExp): number {
    const ended = this.#pending.filter(({ path }) => paths.test(path));
    this.#pending = this.#pending.filter((sync) => !ended.includes(sync));
    for (const sync of ended) sync.finish();
    return ended.length;
  }
}

async function appendAll(opened: Opened, log: PartitionLog, values: readonly string[]): Promise<void> {
  for (const value of values) mustAppend(log, batchOf([value]));
  await opened.clock.settleAll();
}

function maintain({ store, clock }: Opened): void {
  clock.advance(1000);
  void store.maintain(clock.nowMs());
}

/** The process is killed now, and the second batch of this log, which has BULK, is damaged: that is all that it costs. */
async function expectDamageIsTold(holding: HoldingDisk, like: PartitionLog): Promise<void> {
  const { held } = holding;
  holding.held = null;
  const killed = holding.disk.crash("process", 1, () => {});
  const path = `${ROOT}/${like.topic}-0/${"0".repeat(20)}.log`;
  for (let at = BATCH_BYTES + 100; at < BATCH_BYTES + 140; at++) killed.flipBit(path, at * 8);
  const { store, reports } = await openStore({ disk: killed });
  holding.held = held;
  expect(reports.matching("cut")).toEqual([]);
  expect(reports.matching("quarantined")).toHaveLength(1);
  expect(reports.matching(`quarantined ${like.topic}-0 1 to 2: `)).toHaveLength(1);
  expect(valuesOf(readAll(logOf(store, like)))).toEqual(BULK.filter((_, i) => i !== 1));
}

function logOf(store: LogStore, like: PartitionLog): PartitionLog {
  const log = store.get(like.topicId, like.partition);
  if (log === null) throw new Error(`${like.topic} is gone`);
  return log;
}

test("what a sync in the background covers counts once no round is in flight, and stands in the journal then", async () => {
  const holding = new HoldingDisk();
  const opened = await openStore({ disk: holding.disk, limits: { checkpointIntervalMs: 1000 } });
  const { store, clock } = opened;
  const log = createLog(store);
  const other = createLog(store, "other");
  holding.held = /journal|other/;
  await appendAll(opened, other, ["small"]);
  // Too late for the round that is in flight. A pass in the background syncs it, and has the other log yet to sync.
  await appendAll(opened, log, BULK);
  maintain(opened);
  await clock.settleAll();
  expect(log.files.hasUnsynced).toBe(false);
  expect(log.highWatermark as number).toBe(0);
  expect(holding.release(/journal/)).toBe(1);
  await clock.settleAll();
  expect(log.highWatermark as number).toBe(BULK.length);
  expect(store.status().checkpoints).toBe(0);
  await expectDamageIsTold(holding, log);
});

test("a synced end is not lost to a round without room for it", async () => {
  const holding = new HoldingDisk();
  const opened = await openStore({ disk: holding.disk });
  const log = createLog(opened.store);
  await appendAll(opened, log, BULK);
  // With its header, and 36 bytes for each of its entries.
  const batchBytes = Math.floor(((SMALL_LIMITS.journalRoundBytes ?? 0) - 40) / 5) - 36;
  const value = "x".repeat(batchBytes - batchOf(["x".repeat(1000)]).length + 1000);
  expect(batchOf([value]).length).toBe(batchBytes);
  const others = Array.from({ length: 5 }, (_, i) => createLog(opened.store, `other-${i}`));
  holding.held = /journal/;
  for (const other of others) mustAppend(other, batchOf([value]));
  await opened.clock.settleAll();
  await expectDamageIsTold(holding, log);
  expect(holding.release(/journal/)).toBe(1);
  await opened.clock.settleAll();
  expect(others.every((other) => (other.highWatermark as number) === 1)).toBe(true);
  await expectDamageIsTold(holding, log);
});

test("nor while a round that has it waits for the journal's other half", async () => {
  const holding = new HoldingDisk();
  const opened = await openStore({ disk: holding.disk });
  const { store, clock } = opened;
  const log = createLog(store);
  const small = createLog(store, "small");
  const volatile = createLog(store, "volatile", 0, { ...SMALL_CONFIG, durability: "memory" });
  holding.held = /small|volatile/;
  await appendAll(opened, volatile, ["not waited for"]);
  // Fills a half of the journal; to bring the segments after it takes until those syncs end.
  const roundsPerHalf = (SMALL_LIMITS.journalBytes ?? 0) / 4096 - 1;
  for (let i = 0; i < 2 * roundsPerHalf; i++) await appendAll(opened, small, ["small"]);
  expect(small.highWatermark).toBe(small.logEndOffset);
  await appendAll(opened, log, BULK);
  expect(log.highWatermark).toBe(log.logEndOffset);
  await expectDamageIsTold(holding, log);
  await appendAll(opened, small, ["waits"]);
  expect(small.highWatermark as number).toBe(2 * roundsPerHalf);
  await expectDamageIsTold(holding, log);
  expect(holding.release(/volatile/)).toBe(1);
  await clock.settleAll();
  expect(volatile.durableEndOffset as number).toBe(1);
  await expectDamageIsTold(holding, log);
  holding.release(/small/);
  await clock.settleAll();
  expect(small.highWatermark).toBe(small.logEndOffset);
});
