import type { Offset } from "../../src/base/ids.ts";
import type { Disk } from "../../src/io/disk.ts";
import { ManualClock } from "../../src/io/simulated/clock.ts";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import type { CrashMode } from "../../src/io/simulated/file-node.ts";
import { SeededRandom } from "../../src/io/simulated/random.ts";
import type { LogBug, LogConfig, LogLimits } from "../../src/log/log-config.ts";
import type { LogStore } from "../../src/log/log-store.ts";
import type { PartitionLog } from "../../src/log/partition-log.ts";
import { batchNextOffset, batchSizeBytes } from "../../src/records/batch.ts";
import { DamagedLog } from "./simulated-damage.ts";
import { append, batchOf, openStore, Reports, SMALL_CONFIG, topicId } from "./support.ts";
import {
  advance,
  TRANSACTIONAL_PRODUCERS,
  type TransactionStep,
  TransactionsModel,
} from "./transactions-model.ts";

/** A batch as it stands in the log, and what its producer would send again. */
export interface ModelBatch {
  readonly baseOffset: number;
  readonly nextOffset: number;
  readonly bytes: Uint8Array;
  readonly sent: Uint8Array;
  readonly producerId: number;
  readonly step: TransactionStep | null;
}

export interface ModelLog {
  readonly topicNumber: number;
  readonly topic: string;
  readonly partition: number;
  readonly config: LogConfig;
  batches: ModelBatch[];
  /** Records below were acknowledged. */
  ackedEnd: number;
  /** Log start offsets asked for, and known to be durable. */
  wantedStart: number;
  ackedStart: number;
  deleting: boolean;
  /** All batches are as long: what takes a lost one's place ends where a stale one behind it begins. */
  readonly uniform: boolean;
  /** Has no files before its first record, and is gone after a restart if there was none. */
  readonly unborn: boolean;
  sequences: Map<number, number>;
}

/** What was promised at the moment of the crash. */
interface Snapshot {
  readonly disk: SimulatedDisk;
  readonly logs: readonly ModelLog[];
  /** Everything that was written is there. */
  readonly isKill: boolean;
}

const LIMITS: Partial<LogLimits> = {
  journalBytes: 16 * 1024,
  journalRoundBytes: 8 * 1024,
  directBytes: 2 * 1024,
  segmentFirstBytes: 512,
  segmentGrowthBytes: 4 * 1024,
  reserveBytes: 0,
  maxOpenFiles: 6,
  checkpointIntervalMs: 5_000,
  maxAbortedPerSegment: 4,
  keyIndexBytesPerTick: 2_000,
  verifyBytesPerTick: 4_000,
};
const CONFIG: LogConfig = { ...SMALL_CONFIG, segmentBytes: 4 * 1024, indexIntervalBytes: 256 };
const MODES: readonly CrashMode[] = ["nothing", "everything", "pages", "sectors", "process"];
const MAX_LOGS = 6;

/** A promise that was broken. */
export class Broken extends Error {}

/**
 * Drives a log store on a simulated disk through random appends, deletions, rolls, checkpoints and restarts, cuts
 * the power at any operation, recovers, and compares with what was acknowledged. The same seed does the same.
 */
export class Simulation {
  readonly #random: SeededRandom;
  readonly #bugs: ReadonlySet<LogBug>;
  #clock = new ManualClock();
  #disk: SimulatedDisk;
  readonly #over: (disk: SimulatedDisk) => Disk;
  readonly #config: LogConfig;
  #store: LogStore | null = null;
  #reports = new Reports();
  #logs: ModelLog[] = [];
  #topics = 0;
  #operations = 0;
  #crashAt = -1;
  #snapshot: Snapshot | null = null;
  /** The crash that comes leaves damage, and is the last. */
  #damages = false;
  appends = 0;
  crashes = 0;

  /** `over` gives the disk that the store uses, over the one that is cut off; anew for every start. */
  constructor(
    seed: number,
    bugs: ReadonlySet<LogBug> = new Set(),
    over: (disk: SimulatedDisk) => Disk = (disk) => disk,
    config: Partial<LogConfig> = {},
  ) {
    this.#over = over;
    this.#config = { ...CONFIG, ...config };
    this.#random = new SeededRandom(seed);
    this.#bugs = bugs;
    this.#disk = new SimulatedDisk({ seed, syncs: "manual", onOperation: () => this.#onOperation() });
  }

  /** Throws Broken. */
  async run(crashes: number, steps: number): Promise<void> {
    await this.#open();
    for (let i = 0; i < crashes; i++) {
      this.#damages = i === crashes - 1 && this.#random.below(2) === 0;
      this.#crashAt = this.#operations + 1 + this.#random.below(steps * 6);
      for (let step = 0; step < steps && this.#snapshot === null; step++) await this.#step();
      this.#crashNow();
      if (this.#damages) await this.#damageAndRecover();
      else await this.#recoverAndCompare();
    }
  }

  #onOperation(): void {
    this.#operations += 1;
    if (this.#operations === this.#crashAt) this.#crashNow();
  }

  #crashNow(): void {
    if (this.#snapshot !== null) return;
    // Of those whose outcome is certain there are more where something is damaged.
    const mode = this.#damages && this.#random.below(2) === 0 ? "process" : this.#random.pick(MODES);
    const disk = this.#disk.crash(mode, this.#random.below(2 ** 30), () => this.#onOperation());
    const isKill = mode === "process";
    const logs = this.#logs.map((log) => ({
      ...log,
      batches: [...log.batches],
      sequences: new Map(log.sequences),
    }));
    this.#snapshot = { disk, logs, isKill };
  }

  async #step(): Promise<void> {
    const dice = this.#random.below(100);
    const log = this.#logs[this.#random.below(Math.max(1, this.#logs.length))];
    if (log === undefined || (dice < 4 && this.#logs.length < MAX_LOGS)) this.#create();
    else if (dice < 14) this.#advance(log);
    else if (dice < 16) this.#checkTransactions(log, "while it runs");
    else if (dice < 45) this.#append(log, 1 + this.#random.below(3), 20 + this.#random.below(150));
    else if (dice < 55) for (let i = 0; i < 6; i++) this.#append(log, 4, 100 + this.#random.below(120));
    else if (dice < 58) this.#deleteRecords(log);
    else if (dice < 60) this.#delete(log);
    else if (dice < 68) await this.#maintain();
    else if (dice < 70) await this.#restart();
    else if (dice < 85) this.#disk.finishSync();
    else if (dice < 90) this.#disk.finishSyncs();
    else await this.#clock.settleAll();
  }

  #create(): void {
    const number = this.#topics++;
    // Few names, so that topics are made anew under the name of a deleted one.
    const topic = `topic-${this.#random.below(3)}`;
    const partition = this.#random.below(3);
    if (this.#logs.some((log) => log.topic === topic && log.partition === partition)) return;
    const config: LogConfig =
      this.#random.below(8) === 0 ? { ...this.#config, durability: "memory" } : this.#config;
    const identity = { topic, topicId: topicId(number), partition };
    const unborn = this.#random.below(2) === 0;
    if (unborn) this.#running.createUnborn([identity], config);
    else this.#running.create(identity, config);
    this.#logs.push({
      topicNumber: number,
      topic,
      partition,
      config,
      batches: [],
      ackedEnd: 0,
      wantedStart: 0,
      ackedStart: 0,
      deleting: false,
      uniform: this.#random.below(3) === 0,
      unborn,
      sequences: new Map(),
    });
  }

  #append(model: ModelLog, records: number, bytes: number): void {
    const log = this.#logOf(model);
    if (model.uniform) [records, bytes] = [1, 100];
    const values = Array.from({ length: records }, (_, i) =>
      `${model.topicNumber}/${this.appends}/${i}/`.padEnd(bytes, "."),
    );
    let producerId = this.#random.below(3);
    // With the last acknowledged one, whose answer may be lost, as many as may be in flight: five.
    const unacked = model.batches.filter(
      (batch) => batch.producerId === producerId && batch.nextOffset > model.ackedEnd,
    );
    if (unacked.length >= 4 || model.config.durability === "memory") producerId = 0;
    const sequence = model.sequences.get(producerId) ?? 0;
    const options =
      producerId === 0 ? {} : { producerId: 1000 + producerId, producerEpoch: 0, baseSequence: sequence };
    const sent = batchOf(values, { timestampMs: 1000 + this.appends, key: `device-${records}`, ...options });
    const batch = sent.slice();
    const result = append(log, batch, "client", this.#clock.nowMs());
    this.appends += 1;
    if (result.error === 7) return;
    if (result.error !== 0 || !("baseOffset" in result)) throw new Broken(`append answered ${result.error}`);
    if (result.duplicate) throw new Broken("a new batch was taken for a duplicate");
    if (producerId !== 0) model.sequences.set(producerId, sequence + records);
    model.batches.push({
      baseOffset: result.baseOffset,
      nextOffset: result.lastOffset + 1,
      bytes: batch,
      sent,
      producerId,
      step: null,
    });
    if (model.config.durability === "memory" && this.#random.below(4) === 0) {
      log.makeDurable(() => {
        if (log.durableEndOffset <= result.lastOffset) throw new Broken("told of a sync that was none");
      });
    }
  }

  /** Some steps of transactions that are open or begin. */
  #advance(model: ModelLog): void {
    if (model.uniform) return;
    const log = this.#logOf(model);
    for (let i = 1 + this.#random.below(4); i > 0; i--) {
      const producerId = TRANSACTIONAL_PRODUCERS[this.#random.below(2)] as number;
      const transactions = new TransactionsModel(model.batches);
      const isOpen = transactions.open.has(producerId);
      const ends = isOpen && this.#random.below(3) === 0;
      const marker = ends ? (this.#random.below(3) === 0 ? "commit" : "abort") : null;
      const sent = advance(log, transactions, producerId, marker, this.#clock.nowMs());
      this.appends += 1;
      if (sent.error === 7) return;
      if (sent.error !== 0) throw new Broken(`a step of a transaction was answered ${sent.error}`);
      const { bytes, baseOffset, nextOffset, step } = sent;
      model.batches.push({ baseOffset, nextOffset, bytes, sent: bytes, producerId, step });
    }
  }

  #checkTransactions(model: ModelLog, name: string): void {
    const log = this.#logOf(model);
    const there = model.batches.filter((batch) => batch.baseOffset < log.logEndOffset);
    const fault = new TransactionsModel(there).fault(log, (bound) => this.#random.below(bound));
    if (fault !== null) throw new Broken(`${model.topic}-${model.partition} ${name}: ${fault}`);
  }

  #deleteRecords(model: ModelLog): void {
    const log = this.#logOf(model);
    const visible = model.batches.filter((batch) => batch.nextOffset <= log.highWatermark);
    const batch = visible[this.#random.below(Math.max(1, visible.length))];
    if (batch === undefined) return;
    model.wantedStart = Math.max(model.wantedStart, batch.nextOffset);
    const result = log.deleteRecordsBefore(batch.nextOffset as Offset);
    if (result.error !== 0) throw new Broken(`delete records answered ${result.error}`);
  }

  #delete(model: ModelLog): void {
    const log = this.#logOf(model);
    model.deleting = true;
    this.#running.delete(log);
    this.#logs = this.#logs.filter((other) => other !== model);
  }

  async #maintain(): Promise<void> {
    this.#clock.advance(1000 * (1 + this.#random.below(4)));
    void this.#running.maintain(this.#clock.nowMs());
    await this.#clock.settleAll();
  }

  /** A clean shutdown and a start. */
  async #restart(): Promise<void> {
    await this.#drive(this.#running.close());
    if (this.#snapshot !== null) return;
    await this.#open();
    this.#compare(this.#logs, "after a clean shutdown");
  }

  get #running(): LogStore {
    if (this.#store === null) throw new Error("the store is not open");
    return this.#store;
  }

  #logOf(model: ModelLog): PartitionLog {
    const log = this.#running.get(topicId(model.topicNumber), model.partition);
    if (log === null) throw new Broken(`${model.topic}-${model.partition} is gone`);
    if (log.fault !== null) throw new Broken(`${model.topic}-${model.partition} is ${log.fault}`);
    return log;
  }

  async #open(crashed = false): Promise<void> {
    const opened = await this.#drive(
      openStore({
        disk: this.#over(this.#disk),
        clock: this.#clock,
        limits: LIMITS,
        config: this.#config,
        bugs: this.#bugs,
      }),
    );
    this.#store = opened.store;
    this.#reports = opened.reports;
    const { store } = opened;
    for (const model of this.#logs) {
      const id = topicId(model.topicNumber);
      const log = store.get(id, model.partition);
      if (log !== null) log.config = model.config;
      else if (model.unborn && (model.batches.length === 0 || (crashed && model.ackedEnd === 0))) {
        store.createUnborn([{ topic: model.topic, topicId: id, partition: model.partition }], model.config);
      }
    }
    store.onFatal((error) => {
      if (store !== this.#store) return;
      throw new Broken(`fatal: ${error.message}`);
    });
    store.onCommitted(() => this.#noteAcks(store));
  }

  #noteAcks(store: LogStore): void {
    if (store !== this.#store) return;
    for (const model of this.#logs) {
      const log = store.get(topicId(model.topicNumber), model.partition);
      if (log === null) continue;
      model.ackedEnd = Math.max(model.ackedEnd, promisedEnd(model, log));
      model.ackedStart = Math.max(model.ackedStart, log.durableLogStartOffset);
    }
  }

  /** Lets syncs finish until the promise settles. */
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
    this.#disk.halt();
    this.#store = null;
    this.crashes += 1;
    this.#logs = snapshot.logs.filter((log) => !log.deleting).map((log) => ({ ...log }));
    const gone = snapshot.logs.filter((log) => log.deleting);
    this.#disk = snapshot.disk;
    // Now and then recovery itself is cut off, somewhere.
    if (this.#random.below(3) === 0) await this.#interruptRecovery();
    this.#snapshot = null;
    // A cut that the interrupted recovery was too short for must not meet this one.
    this.#crashAt = -1;
    this.#clock = new ManualClock();
    await this.#open(true);
    const damage = this.#reports.matching("quarantined");
    if (damage.length > 0) throw new Broken(damage.join("; "));
    this.#compare(this.#logs, "after a crash");
    this.#dropUnknown(gone);
    this.#adoptRecovered();
    this.#resend();
  }

  /** The end of a run: an acknowledged batch is damaged where it stands in its segment, and maybe some beside it. */
  async #damageAndRecover(): Promise<void> {
    const snapshot = this.#snapshot;
    if (snapshot === null) throw new Error("no crash");
    this.#disk.halt();
    this.#store = null;
    this.crashes += 1;
    this.#crashAt = -1;
    this.#disk = snapshot.disk;
    this.#logs = snapshot.logs.filter((log) => !log.deleting);
    const damaged = this.#logs.map((model) => new DamagedLog(model, this.#disk));
    for (const log of damaged) log.damage((bound) => this.#random.below(bound));
    this.#snapshot = null;
    this.#clock = new ManualClock();
    await this.#open(true);
    this.#running.verifyAll();
    for (const log of damaged) {
      const { topic, partition } = log.model;
      const fault = log.fault(this.#logOf(log.model), this.#reports, snapshot.isKill);
      if (fault !== null) throw new Broken(`${topic}-${partition} after damage: ${fault}`);
    }
  }

  async #interruptRecovery(): Promise<void> {
    this.#crashAt = this.#operations + 1 + this.#random.below(80);
    this.#snapshot = null;
    await this.#drive(
      openStore({
        disk: this.#over(this.#disk),
        clock: new ManualClock(),
        limits: LIMITS,
        config: this.#config,
        bugs: this.#bugs,
      }),
    );
    if (this.#snapshot === null) this.#crashNow();
    this.#disk.halt();
    this.#disk = (this.#snapshot as Snapshot | null)?.disk ?? this.#disk;
  }

  #compare(models: readonly ModelLog[], when: string): void {
    for (const model of models) {
      const log = this.#logOf(model);
      const name = `${model.topic}-${model.partition} ${when}`;
      if (log.highWatermark < model.ackedEnd) {
        throw new Broken(`${name}: acknowledged up to ${model.ackedEnd}, there up to ${log.highWatermark}`);
      }
      if (log.logStartOffset < model.ackedStart || log.logStartOffset > model.wantedStart) {
        throw new Broken(
          `${name}: log start ${log.logStartOffset} is not in ${model.ackedStart}..${model.wantedStart}`,
        );
      }
      this.#compareBatches(model, log, name);
      for (let i = 0; i < 3; i++) this.#checkTransactions(model, when);
    }
  }

  #compareBatches(model: ModelLog, log: PartitionLog, name: string): void {
    const batches = new Map(model.batches.map((batch) => [batch.baseOffset, batch]));
    let expected: number | null = null;
    let next = log.logStartOffset;
    while (next < log.highWatermark) {
      const maxBytes = 1 + this.#random.below(3000);
      const read = log.read(next, maxBytes, { minOneBatch: true, until: log.highWatermark });
      if (read.error !== 0 || !("nextOffset" in read) || read.bytes.length === 0) {
        throw new Broken(`${name}: read at ${next} of ${log.highWatermark} gave ${read.error}`);
      }
      for (let at = 0; at < read.bytes.length; at += batchSizeBytes(read.bytes, at)) {
        const bytes = read.bytes.subarray(at, at + batchSizeBytes(read.bytes, at));
        const base = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(0));
        if (expected !== null && base !== expected) throw new Broken(`${name}: ${base} follows ${expected}`);
        const original = batches.get(base);
        if (original === undefined || Buffer.compare(original.bytes, bytes) !== 0) {
          throw new Broken(`${name}: the batch at ${base} is not what was appended`);
        }
        expected = batchNextOffset(bytes, 0);
      }
      next = read.nextOffset;
    }
    if (next !== log.logEndOffset && log.highWatermark === log.logEndOffset) {
      throw new Broken(`${name}: reading ended at ${next} of ${log.logEndOffset}`);
    }
  }

  /** Logs that were being made or deleted may be there or not. One being made is empty. */
  #dropUnknown(gone: readonly ModelLog[]): void {
    const known = new Set(this.#logs.map((log) => `${topicId(log.topicNumber)}:${log.partition}`));
    for (const log of [...this.#running.logs()]) {
      if (known.has(`${log.topicId}:${log.partition}`)) continue;
      const deleting = gone.some((model) => topicId(model.topicNumber) === log.topicId);
      if (!deleting && log.logEndOffset > 0) throw new Broken(`${log.topic}-${log.partition} came back`);
      this.#running.delete(log);
    }
  }

  /** What was not acknowledged may be lost: the model goes on from what is there. */
  #adoptRecovered(): void {
    for (const model of this.#logs) {
      const log = this.#logOf(model);
      model.batches = model.batches.filter((batch) => batch.baseOffset >= 0);
      model.ackedEnd = Math.max(model.ackedEnd, promisedEnd(model, log));
      model.wantedStart = Math.max(log.logStartOffset, model.ackedStart);
      model.ackedStart = model.wantedStart;
    }
  }

  /** Producers send again what they got no answer for: what is there is a duplicate, the rest is taken. */
  #resend(): void {
    for (const model of this.#logs) {
      const log = this.#logOf(model);
      const end = log.logEndOffset;
      for (const producerId of [1, 2]) {
        const sent = model.batches.filter((batch) => batch.producerId === producerId);
        const lost = sent.filter((batch) => batch.baseOffset >= end);
        const last = sent.filter((batch) => batch.baseOffset < end).at(-1);
        if (last !== undefined && last.baseOffset >= log.logStartOffset) {
          const again = append(log, last.sent.slice(), "client", this.#clock.nowMs());
          if (!("duplicate" in again) || !again.duplicate || again.baseOffset !== last.baseOffset) {
            throw new Broken(
              `${model.topic}-${model.partition}: a batch sent again was not told as a duplicate`,
            );
          }
        }
        const sequence = lost[0] === undefined ? null : sequenceOf(lost[0].sent);
        if (sequence !== null) model.sequences.set(producerId, sequence);
      }
      model.batches = model.batches.filter((batch) => batch.baseOffset < end);
    }
  }
}

function sequenceOf(batch: Uint8Array): number {
  return new DataView(batch.buffer, batch.byteOffset).getInt32(53);
}

/** Up to where no crash may take a record. */
function promisedEnd(model: ModelLog, log: PartitionLog): number {
  return model.config.durability === "disk" ? log.highWatermark : log.durableEndOffset;
}
