import type { Offset } from "../../src/base/ids.ts";
import type { Disk } from "../../src/io/disk.ts";
import { ManualClock } from "../../src/io/simulated/clock.ts";
import { type Operation, SimulatedDisk } from "../../src/io/simulated/disk.ts";
import type { CrashMode } from "../../src/io/simulated/file-node.ts";
import { SeededRandom } from "../../src/io/simulated/random.ts";
import type { AppendResult } from "../../src/log/append-read.ts";
import type { LogBug, LogConfig, LogLimits } from "../../src/log/log-config.ts";
import type { LogStore } from "../../src/log/log-store.ts";
import type { PartitionLog } from "../../src/log/partition-log.ts";
import type { AbortedTransaction } from "../../src/log/transaction-state.ts";
import {
  batchIsControl,
  batchIsTransactional,
  batchLastOffset,
  batchProducerId,
  batchSizeBytes,
  MAX_COMPRESSION_CODE,
} from "../../src/records/batch.ts";
import { BatchBuilder } from "../../src/records/builder.ts";
import { RecordCursor } from "../../src/records/reader.ts";
import { buildTransactionMarker, markerOf } from "../../src/records/transaction-marker.ts";
import { Broken } from "./simulation.ts";
import { append, EPOCH, openStore, Reports, SMALL_CONFIG, text, topicId } from "./support.ts";

interface ModelRecord {
  readonly offset: number;
  readonly key: string;
  readonly value: string | null;
  /** The transaction that it belongs to; null for none. */
  readonly transaction: ModelTransaction | null;
}

interface ModelTransaction {
  readonly producerId: number;
  outcome: "commit" | "abort" | null;
  /** Offset of the marker; -1 before there is one. */
  marker: number;
}

interface SentBatch {
  readonly baseOffset: number;
  readonly nextOffset: number;
  readonly baseSequence: number;
  readonly bytes: Uint8Array;
}

interface ModelLog {
  readonly number: number;
  readonly config: LogConfig;
  readonly keys: number;
  records: ModelRecord[];
  ackedEnd: number;
  wantedStart: number;
  ackedStart: number;
  /** By producer id: what it has sent, and its open transaction. */
  sent: Map<number, SentBatch[]>;
  open: Map<number, ModelTransaction>;
}

interface Snapshot {
  readonly disk: SimulatedDisk;
  readonly acked: readonly { readonly end: number; readonly start: number; readonly wanted: number }[];
}

const LIMITS: Partial<LogLimits> = {
  journalBytes: 16 * 1024,
  journalRoundBytes: 8 * 1024,
  directBytes: 2 * 1024,
  segmentFirstBytes: 512,
  segmentGrowthBytes: 1024,
  reserveBytes: 0,
  maxOpenFiles: 6,
  checkpointIntervalMs: 5_000,
  keyIndexBytesPerTick: 2_000,
  verifyBytesPerTick: 4_000,
  compactionMapBytes: 1024,
  compactionSliceBytes: 700,
  compactionSyncBytes: 900,
};
const CONFIG: LogConfig = {
  ...SMALL_CONFIG,
  segmentBytes: 2048,
  indexIntervalBytes: 256,
  compact: true,
  minCleanableDirtyRatio: 0.2,
};
const MODES: readonly CrashMode[] = ["nothing", "everything", "pages", "sectors", "process"];
const FOR_EVER_MS = 1e12;
const PLAIN_PRODUCER = 1000;
const TRANSACTIONAL_PRODUCER = 2000;
const LOGS = 2;

/**
 * Drives compacted logs on a simulated disk: keys written over and over, tombstones, transactions that commit and
 * abort, deletions, restarts. Cuts the power at any operation, recovers, and compares with a model of which record
 * of a key is the latest. The same seed does the same.
 */
export class CompactionSimulation {
  readonly #random: SeededRandom;
  readonly #bugs: ReadonlySet<LogBug>;
  #clock = new ManualClock();
  #disk: SimulatedDisk;
  readonly #over: (disk: SimulatedDisk) => Disk;
  #store: LogStore | null = null;
  #reports = new Reports();
  readonly #logs: ModelLog[] = [];
  #operations = 0;
  #crashAt = -1;
  #snapshot: Snapshot | null = null;
  #values = 0;
  crashes = 0;
  /** Segments that passes of compaction have replaced, of all runs. */
  replacedSegments = 0;
  removedRecords = 0;

  /** `over` gives the disk that the store uses, over the one that is cut off; anew for every start. */
  constructor(
    seed: number,
    bugs: ReadonlySet<LogBug> = new Set(),
    over: (disk: SimulatedDisk) => Disk = (disk) => disk,
  ) {
    this.#over = over;
    this.#random = new SeededRandom(seed);
    this.#bugs = bugs;
    this.#disk = new SimulatedDisk({
      seed,
      syncs: "manual",
      onOperation: (operation) => this.#onOperation(operation),
    });
  }

  /** Throws Broken. */
  async run(crashes: number, steps: number): Promise<void> {
    await this.#open();
    for (let number = 0; number < LOGS; number++) this.#create(number);
    for (let i = 0; i < crashes; i++) {
      this.#crashAt = this.#operations + 1 + this.#random.below(steps * 8);
      for (let step = 0; step < steps && this.#snapshot === null; step++) await this.#step();
      this.#crashNow();
      await this.#recoverAndCompare();
    }
  }

  #onOperation({ kind, path }: Operation): void {
    this.#operations += 1;
    // Power goes most often where it hurts most: in the middle of a swap.
    const isSwap = kind === "rename" && (path.includes(".swap") || path.includes(".cleaned"));
    if (isSwap && this.#random.below(8) === 0) {
      this.#crashAt = this.#operations + this.#random.below(16);
    }
    if (this.#operations === this.#crashAt) this.#crashNow();
  }

  #crashNow(): void {
    if (this.#snapshot !== null) return;
    const mode = MODES[this.#random.below(MODES.length)] as CrashMode;
    const disk = this.#disk.crash(mode, this.#random.below(2 ** 30), (operation) =>
      this.#onOperation(operation),
    );
    const acked = this.#logs.map((log) => ({
      end: log.ackedEnd,
      start: log.ackedStart,
      wanted: log.wantedStart,
    }));
    this.#snapshot = { disk, acked };
  }

  async #step(): Promise<void> {
    const dice = this.#random.below(100);
    const log = this.#logs[this.#random.below(this.#logs.length)] as ModelLog;
    if (dice < 40) this.#append(log);
    else if (dice < 46) this.#endTransaction(log);
    else if (dice < 48) this.#deleteRecords(log);
    else if (dice < 68) await this.#maintain();
    else if (dice < 69) await this.#restart();
    else if (dice < 90) this.#disk.finishSyncs();
    else await this.#clock.settleAll();
  }

  #create(number: number): void {
    const deleteRetentionMs = this.#random.below(2) === 0 ? FOR_EVER_MS : 2000;
    const config = { ...CONFIG, deleteRetentionMs };
    this.#running.create({ topic: `latest-${number}`, topicId: topicId(number), partition: 0 }, config);
    this.#logs.push({
      number,
      config,
      // More than a map of keys holds, in one log of two.
      keys: number === 0 ? 5 : 70,
      records: [],
      ackedEnd: 0,
      wantedStart: 0,
      ackedStart: 0,
      sent: new Map(),
      open: new Map(),
    });
  }

  #append(model: ModelLog): void {
    const log = this.#logOf(model);
    const kind = this.#random.below(3);
    const producerId =
      kind === 0 ? -1 : (kind === 1 ? PLAIN_PRODUCER : TRANSACTIONAL_PRODUCER) + this.#random.below(2);
    const transactional = producerId >= TRANSACTIONAL_PRODUCER;
    const sent = model.sent.get(producerId) ?? [];
    if (sent.filter((batch) => batch.nextOffset > model.ackedEnd).length >= 4) return;
    const builder = new BatchBuilder();
    const entries: { key: string; value: string | null }[] = [];
    const count = 1 + this.#random.below(4);
    for (let i = 0; i < count; i++) {
      const key = `key-${this.#random.below(model.keys)}`;
      const value = this.#random.below(6) === 0 ? null : `${model.number}/${this.#values++}/`.padEnd(60, ".");
      builder.append(1000 + this.#values, text(key), value === null ? null : text(value), null);
      entries.push({ key, value });
    }
    const last = sent.at(-1);
    const baseSequence = last === undefined ? 0 : last.baseSequence + (last.nextOffset - last.baseOffset);
    const producer = producerId < 0 ? {} : { producerId, producerEpoch: 0, baseSequence, transactional };
    const compression = this.#random.below(MAX_COMPRESSION_CODE + 1);
    const bytes = builder.build({ ...producer, compression });
    const result = this.#appendBatch(log, bytes.slice(), transactional);
    if (result.error === 7) return;
    if (!("baseOffset" in result)) throw new Broken(`append answered ${result.error} ${result.message}`);
    if (result.duplicate) throw new Broken("a new batch was taken for a duplicate");
    if (producerId >= 0) {
      const nextOffset = result.lastOffset + 1;
      model.sent.set(producerId, [
        ...sent,
        { baseOffset: result.baseOffset, nextOffset, baseSequence, bytes },
      ]);
    }
    const transaction = transactional ? this.#transactionOf(model, producerId) : null;
    for (const [i, { key, value }] of entries.entries()) {
      model.records.push({ offset: result.baseOffset + i, key, value, transaction });
    }
  }

  /** The coordinator agrees to every transaction. */
  #appendBatch(log: PartitionLog, batch: Uint8Array, transactional: boolean): AppendResult {
    const guard = transactional ? log.producers.verify(batch, 0, false, this.#clock.monotonicMs()) : 0;
    if (typeof guard !== "number") throw new Broken(`a transaction was refused: ${guard.reason}`);
    const options = { leaderEpoch: EPOCH, nowMs: this.#clock.nowMs(), origin: "client", guard } as const;
    return log.append(batch, 0, batch.length, options);
  }

  #transactionOf(model: ModelLog, producerId: number): ModelTransaction {
    let transaction = model.open.get(producerId);
    if (transaction === undefined) {
      transaction = { producerId, outcome: null, marker: -1 };
      model.open.set(producerId, transaction);
    }
    return transaction;
  }

  #endTransaction(model: ModelLog): void {
    const log = this.#logOf(model);
    for (const [producerId, transaction] of model.open) {
      const outcome = this.#random.below(2) === 0 ? "commit" : "abort";
      const marker = {
        outcome,
        coordinatorEpoch: 0,
        timestampMs: 1000,
        producerId,
        producerEpoch: 0,
      } as const;
      const result = append(log, buildTransactionMarker(marker), "broker", this.#clock.nowMs());
      if (result.error === 7) return;
      if (!("baseOffset" in result))
        throw new Broken(`a marker was answered ${result.error} ${result.message}`);
      transaction.outcome = outcome;
      transaction.marker = result.baseOffset;
      model.open.delete(producerId);
      return;
    }
  }

  #deleteRecords(model: ModelLog): void {
    const log = this.#logOf(model);
    const span = log.lastStableOffset - log.logStartOffset;
    if (span < 40) return;
    const target = log.logStartOffset + this.#random.below(Math.floor(span / 4));
    model.wantedStart = Math.max(model.wantedStart, target);
    const result = log.deleteRecordsBefore(target as Offset);
    if (result.error !== 0) throw new Broken(`delete records answered ${result.error}`);
  }

  async #maintain(): Promise<void> {
    this.#clock.advance(1000);
    void this.#running.maintain(this.#clock.nowMs());
    for (let i = 0; i < 8; i++) {
      await this.#clock.settleAll();
      this.#clock.advance(5);
      if (this.#random.below(3) > 0) this.#disk.finishSyncs();
    }
  }

  async #restart(): Promise<void> {
    await this.#drive(this.#running.close());
    if (this.#snapshot !== null) return;
    await this.#open();
    for (const model of this.#logs) this.#compare(model, "after a clean shutdown");
  }

  get #running(): LogStore {
    if (this.#store === null) throw new Error("the store is not open");
    return this.#store;
  }

  #logOf(model: ModelLog): PartitionLog {
    const log = this.#running.get(topicId(model.number), 0);
    if (log === null) throw new Broken(`latest-${model.number} is gone`);
    if (log.fault !== null) throw new Broken(`latest-${model.number} is ${log.fault}`);
    return log;
  }

  async #open(): Promise<void> {
    const { store, reports } = await this.#drive(
      openStore({
        disk: this.#over(this.#disk),
        clock: this.#clock,
        limits: LIMITS,
        config: CONFIG,
        bugs: this.#bugs,
      }),
    );
    this.#store = store;
    this.#reports = reports;
    for (const model of this.#logs) {
      const log = store.get(topicId(model.number), 0);
      if (log !== null) log.config = model.config;
    }
    store.onCommitted(() => {
      if (store !== this.#store) return;
      for (const model of this.#logs) {
        const log = store.get(topicId(model.number), 0);
        if (log === null) continue;
        model.ackedEnd = Math.max(model.ackedEnd, log.highWatermark);
        model.ackedStart = Math.max(model.ackedStart, log.durableLogStartOffset);
      }
    });
  }

  /** Lets syncs finish and time pass until the promise settles. */
  async #drive<Result>(promise: Promise<Result>): Promise<Result> {
    let settled = false;
    const watched = promise.finally(() => {
      settled = true;
    });
    watched.catch(() => {});
    for (let i = 0; !settled; i++) {
      if (i > 10_000) throw new Broken("the store does not get on");
      this.#disk.finishSync();
      await this.#clock.settleAll();
    }
    return watched;
  }

  async #recoverAndCompare(): Promise<void> {
    const snapshot = this.#snapshot;
    if (snapshot === null) throw new Error("no crash");
    this.#countStats();
    this.#disk.halt();
    this.#store = null;
    this.crashes += 1;
    this.#disk = snapshot.disk;
    for (const [i, log] of this.#logs.entries()) {
      const acked = snapshot.acked[i];
      if (acked === undefined) continue;
      log.ackedEnd = acked.end;
      log.ackedStart = acked.start;
    }
    if (this.#random.below(2) === 0) await this.#interruptRecovery();
    this.#snapshot = null;
    this.#clock = new ManualClock();
    await this.#open();
    const damage = this.#reports.matching("quarantined");
    if (damage.length > 0) throw new Broken(damage.join("; "));
    for (const model of this.#logs) {
      this.#forgetLost(model);
      this.#compare(model, "after a crash");
      this.#resend(model);
    }
  }

  #countStats(): void {
    const stats = this.#store?.status().compaction;
    this.replacedSegments += stats?.replacedSegments ?? 0;
    this.removedRecords += stats?.removedRecords ?? 0;
  }

  async #interruptRecovery(): Promise<void> {
    this.#crashAt = this.#operations + 1 + this.#random.below(this.#random.below(2) === 0 ? 20 : 80);
    this.#snapshot = null;
    await this.#drive(
      openStore({
        disk: this.#over(this.#disk),
        clock: new ManualClock(),
        limits: LIMITS,
        config: CONFIG,
        bugs: this.#bugs,
      }),
    );
    if (this.#snapshot === null) this.#crashNow();
    this.#disk.halt();
    this.#disk = (this.#snapshot as Snapshot | null)?.disk ?? this.#disk;
  }

  /** What was not acknowledged may be gone: from the log's end on, always. */
  #forgetLost(model: ModelLog): void {
    const log = this.#logOf(model);
    const end = log.logEndOffset;
    if (end < model.ackedEnd) throw new Broken(`acknowledged up to ${model.ackedEnd}, there up to ${end}`);
    if (log.logStartOffset < model.ackedStart || log.logStartOffset > model.wantedStart) {
      throw new Broken(`log start ${log.logStartOffset} is not in ${model.ackedStart}..${model.wantedStart}`);
    }
    model.records = model.records.filter((record) => record.offset < end);
    model.open.clear();
    for (const { transaction } of model.records) {
      if (transaction === null) continue;
      if (transaction.marker >= end) {
        transaction.marker = -1;
        transaction.outcome = null;
      }
      if (transaction.outcome === null) model.open.set(transaction.producerId, transaction);
    }
    for (const [producerId, sent] of model.sent) {
      model.sent.set(
        producerId,
        sent.filter((batch) => batch.baseOffset < end),
      );
    }
    model.wantedStart = Math.max(model.wantedStart, log.logStartOffset);
  }

  /** Every producer's last batch is known, although what was in it may be superseded and gone. */
  #resend(model: ModelLog): void {
    const log = this.#logOf(model);
    for (const [producerId, sent] of model.sent) {
      const last = sent.at(-1);
      if (last === undefined || producerId >= TRANSACTIONAL_PRODUCER || last.baseOffset < log.logStartOffset)
        continue;
      const again = append(log, last.bytes.slice(), "client", this.#clock.nowMs());
      if (!("duplicate" in again) || !again.duplicate || again.baseOffset !== last.baseOffset) {
        throw new Broken(`latest-${model.number}: a batch sent again was not told as a duplicate`);
      }
    }
  }

  #compare(model: ModelLog, when: string): void {
    const log = this.#logOf(model);
    const name = `latest-${model.number} ${when}`;
    const start = log.logStartOffset;
    const there = this.#readAll(log, name);
    const written = new Map(model.records.map((record) => [record.offset, record]));
    for (const [offset, { key, value }] of there) {
      const record = written.get(offset);
      if (record === undefined || record.key !== key || record.value !== value) {
        throw new Broken(`${name}: the record at ${offset} is not what was appended`);
      }
    }
    const latest = new Map<string, ModelRecord>();
    for (const record of model.records) {
      if (record.transaction?.outcome === "abort" || record.offset < start) continue;
      if (record.transaction !== null && record.transaction.outcome === null) {
        if (!there.has(record.offset))
          throw new Broken(`${name}: ${record.offset} of an open transaction is gone`);
      } else latest.set(record.key, record);
    }
    for (const record of latest.values()) this.#compareLatest(record, model, there, start, name);
    this.#compareCommitted(model, log, there, name);
  }

  /** The latest record of a key is there; a tombstone may go in time, but not before what it hides. */
  #compareLatest(
    latest: ModelRecord,
    model: ModelLog,
    there: ReadonlyMap<number, unknown>,
    start: number,
    name: string,
  ): void {
    if (there.has(latest.offset)) return;
    if (latest.value !== null || model.config.deleteRetentionMs === FOR_EVER_MS) {
      throw new Broken(`${name}: the latest of ${latest.key}, at ${latest.offset}, is gone`);
    }
    for (const record of model.records) {
      const hidden = record.key === latest.key && record.offset >= start && record.offset < latest.offset;
      if (hidden && record.transaction?.outcome !== "abort" && there.has(record.offset)) {
        throw new Broken(`${name}: ${record.key} at ${record.offset} came back from the dead`);
      }
    }
  }

  /** What a consumer of committed records gets, who is told of aborted transactions and meets markers. */
  #compareCommitted(
    model: ModelLog,
    log: PartitionLog,
    there: ReadonlyMap<number, unknown>,
    name: string,
  ): void {
    const stable = log.lastStableOffset;
    const aborted = log.abortedTransactions(log.logStartOffset, stable);
    if (aborted === null) throw new Broken(`${name}: aborted transactions can't be read`);
    const seen = readCommitted(log, aborted);
    for (const { offset, transaction } of model.records) {
      if (!there.has(offset) || offset >= stable) continue;
      const isAborted = transaction?.outcome === "abort";
      if (isAborted === seen.has(offset)) {
        throw new Broken(
          `${name}: the record at ${offset}, ${transaction?.outcome}, is taken for the contrary`,
        );
      }
    }
  }

  #readAll(log: PartitionLog, name: string): Map<number, { key: string; value: string | null }> {
    const found = new Map<number, { key: string; value: string | null }>();
    const cursor = new RecordCursor({ verifyCrc: true });
    let next = log.logStartOffset;
    let before = -1;
    while (next < log.highWatermark) {
      const maxBytes = 1 + this.#random.below(3000);
      const read = log.read(next, maxBytes, { minOneBatch: true, until: log.highWatermark });
      if (read.error !== 0 || !("nextOffset" in read) || read.nextOffset <= next) {
        throw new Broken(`${name}: read at ${next} of ${log.highWatermark} gave ${read.error}`);
      }
      cursor.open(read.bytes);
      while (cursor.next()) {
        if (cursor.offset <= before) throw new Broken(`${name}: ${cursor.offset} follows ${before}`);
        before = cursor.offset;
        if (cursor.isControl || cursor.offset < log.logStartOffset) continue;
        const value = cursor.value();
        found.set(cursor.offset, {
          key: decoder.decode(cursor.key() ?? undefined),
          value: value === null ? null : decoder.decode(value),
        });
      }
      next = read.nextOffset;
    }
    return found;
  }
}

const decoder = new TextDecoder();

/** Offsets of the records below the last stable offset that a consumer gives out, as Kafka's does it. */
function readCommitted(log: PartitionLog, aborted: readonly AbortedTransaction[]): Set<number> {
  const seen = new Set<number>();
  const waiting = [...aborted].sort((a, b) => a.firstOffset - b.firstOffset);
  const skipped = new Set<number>();
  const cursor = new RecordCursor();
  let next = log.logStartOffset;
  while (next < log.lastStableOffset) {
    const read = log.read(next, 1 << 20, { minOneBatch: true, until: log.lastStableOffset });
    if (!("nextOffset" in read) || read.nextOffset <= next) break;
    for (let at = 0; at < read.bytes.length; at += batchSizeBytes(read.bytes, at)) {
      const batch = read.bytes.subarray(at, at + batchSizeBytes(read.bytes, at));
      const producerId = batchProducerId(batch, 0);
      while (waiting[0] !== undefined && waiting[0].firstOffset <= batchLastOffset(batch, 0)) {
        skipped.add(waiting[0].producerId);
        waiting.shift();
      }
      if (batchIsControl(batch, 0) && markerOf(batch, 0)?.outcome === "abort") skipped.delete(producerId);
      const isSkipped = batchIsTransactional(batch, 0) && skipped.has(producerId);
      if (batchIsControl(batch, 0) || isSkipped) continue;
      cursor.open(batch);
      while (cursor.next()) if (cursor.offset >= log.logStartOffset) seen.add(cursor.offset);
    }
    next = read.nextOffset;
  }
  return seen;
}
