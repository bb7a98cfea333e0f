import { silentLogger } from "../../../src/base/logger.ts";
import type { AckCallback } from "../../../src/broker/waiting.ts";
import type {
  CoordinatorRecord,
  CoordinatorState,
  LoggedRecord,
  Marker,
} from "../../../src/coordinators/runtime/coordinator-log.ts";
import type { Transaction } from "../../../src/coordinators/transactions/transaction.ts";
import {
  type LoadableLog,
  type TransactionBugs,
  TransactionCoordinator,
  type TransactionSettings,
} from "../../../src/coordinators/transactions/transaction-coordinator.ts";
import { encodeTransaction } from "../../../src/coordinators/transactions/transaction-records.ts";
import type { ManualClock } from "../../../src/io/simulated/clock.ts";
import type { SeededRandom } from "../../../src/io/simulated/random.ts";
import { ERROR } from "../../../src/kafka/wire/generated/errors.ts";
import type { Marker as PartitionMarker } from "../../../src/log/transaction-state.ts";

/** Something appended to that gets to the disk by and by, in order; a power cut may keep more than was synced. */
class SyncedLog<Entry> {
  entries: Entry[] = [];
  #durable = 0;
  #waiting: { readonly end: number; readonly done: AckCallback }[] = [];
  #syncing = false;
  readonly #clock: ManualClock;
  readonly #random: SeededRandom;
  readonly #maxSyncMs: number;

  constructor(clock: ManualClock, random: SeededRandom, maxSyncMs: number) {
    this.#clock = clock;
    this.#random = random;
    this.#maxSyncMs = maxSyncMs;
  }

  append(entry: Entry, done: AckCallback): void {
    this.entries.push(entry);
    this.whenDurable(done);
  }

  whenDurable(done: AckCallback): void {
    if (this.#durable >= this.entries.length && this.#waiting.length === 0) done(0);
    else {
      this.#waiting.push({ end: this.entries.length, done });
      this.#sync();
    }
  }

  /** The power goes: what waits is never called, and what was not synced is there or is not. */
  cut(): void {
    const kept = this.#durable + this.#random.below(this.entries.length - this.#durable + 1);
    this.entries.length = kept;
    this.#durable = kept;
    this.#waiting = [];
    this.#syncing = false;
  }

  #sync(): void {
    if (this.#syncing) return;
    this.#syncing = true;
    const waiting = this.#waiting;
    const covered = this.entries.length;
    this.#clock.after(this.#random.below(this.#maxSyncMs), () => {
      // After a cut this sync is of a life before.
      if (waiting !== this.#waiting) return;
      this.#syncing = false;
      this.#durable = covered;
      while (waiting[0] !== undefined && waiting[0].end <= covered) waiting.shift()?.done(0);
      if (waiting.length > 0) this.#sync();
    });
  }
}

class ModelLog implements LoadableLog {
  readonly #log: SyncedLog<LoggedRecord>;
  readonly #state: CoordinatorState;
  readonly #clock: ManualClock;
  readonly #refuse: () => boolean;

  constructor(
    log: SyncedLog<LoggedRecord>,
    state: CoordinatorState,
    clock: ManualClock,
    refuse: () => boolean,
  ) {
    this.#log = log;
    this.#state = state;
    this.#clock = clock;
    this.#refuse = refuse;
  }

  load(): void {
    for (const record of this.#log.entries) this.#state.apply(record);
  }

  append(records: readonly CoordinatorRecord[], done: AckCallback): void {
    if (this.#refuse()) {
      done(ERROR.UNKNOWN_SERVER_ERROR);
      return;
    }
    const timestampMs = this.#clock.nowMs();
    for (const { key, value } of records) {
      const offset = this.#log.entries.length;
      const record = {
        key: key.slice(),
        value: value?.slice() ?? null,
        offset,
        timestampMs,
        producerId: -1,
      };
      this.#log.append(record, () => {});
      this.#state.apply(record);
    }
    this.#log.whenDurable(done);
  }

  appendTransactional(): void {
    throw new Error("the transaction log has no transactions");
  }

  appendMarker(_: Marker): void {
    throw new Error("the transaction log has no transactions");
  }

  whenDurable(done: AckCallback): void {
    this.#log.whenDurable(done);
  }
}

type Entry<Value> =
  | { readonly producerId: number; readonly producerEpoch: number; readonly value: Value }
  | { readonly producerId: number; readonly producerEpoch: number; readonly outcome: "commit" | "abort" };

export interface ReadValue<Value> {
  readonly value: Value;
  readonly fate: "committed" | "aborted" | "open";
}

/** A partition as far as transactions go: epochs fence, markers end. */
export class ModelPartition<Value> {
  readonly #log: SyncedLog<Entry<Value>>;

  constructor(clock: ManualClock, random: SeededRandom) {
    this.#log = new SyncedLog(clock, random, 40);
  }

  append(producerId: number, producerEpoch: number, value: Value, done: AckCallback): void {
    if (producerEpoch < this.#epochOf(producerId)) done(ERROR.INVALID_PRODUCER_EPOCH);
    else this.#log.append({ producerId, producerEpoch, value }, done);
  }

  appendMarker({ producerId, producerEpoch, outcome }: PartitionMarker, done: AckCallback): void {
    if (producerEpoch < this.#epochOf(producerId)) done(ERROR.INVALID_PRODUCER_EPOCH);
    else this.#log.append({ producerId, producerEpoch, outcome }, done);
  }

  cut(): void {
    this.#log.cut();
  }

  /** Every record, and what became of it. */
  read(): ReadValue<Value>[] {
    const { entries } = this.#log;
    return entries.flatMap((entry, index): ReadValue<Value>[] => {
      if ("outcome" in entry) return [];
      const end = entries.find(
        (other, at) => at > index && "outcome" in other && other.producerId === entry.producerId,
      );
      if (end === undefined || !("outcome" in end)) return [{ value: entry.value, fate: "open" }];
      return [{ value: entry.value, fate: end.outcome === "commit" ? "committed" : "aborted" }];
    });
  }

  #epochOf(producerId: number): number {
    let epoch = -1;
    for (const entry of this.#log.entries) {
      if (entry.producerId === producerId) epoch = Math.max(epoch, entry.producerEpoch);
    }
    return epoch;
  }
}

export const SETTINGS: TransactionSettings = {
  "transaction.max.timeout.ms": 900_000,
  "transactional.id.expiration.ms": 7 * 86_400_000,
  "transaction.remove.expired.transaction.cleanup.interval.ms": 3_600_000,
  "add.partitions.to.txn.retry.backoff.max.ms": 100,
};

export interface WorldOptions {
  readonly clock: ManualClock;
  readonly random: SeededRandom;
  readonly partitionCount: number;
  readonly transactionVersion?: number;
  readonly bugs?: TransactionBugs;
  /** What the log holds at first. */
  readonly transactions?: readonly Transaction[];
  readonly settings?: Partial<TransactionSettings>;
  /** One in so many appends to the transaction log is refused; 0: none. */
  readonly refuseOneIn?: number;
}

/** A coordinator over a disk that loses power, and the partitions it writes markers to. */
export class World<Value> {
  readonly partitions: ModelPartition<Value>[];
  readonly missing = new Set<number>();
  coordinator: TransactionCoordinator;
  /** Counts the lives of the broker. */
  life = 0;
  markerFaults = 0;
  readonly #options: WorldOptions;
  readonly #log: SyncedLog<LoggedRecord>;
  #nextProducerId = 1000;

  constructor(options: WorldOptions) {
    const { clock, random, partitionCount } = options;
    this.#options = options;
    this.#log = new SyncedLog(clock, random, 40);
    this.partitions = Array.from({ length: partitionCount }, () => new ModelPartition(clock, random));
    for (const transaction of options.transactions ?? []) {
      const record = encodeTransaction(transaction, 2);
      this.#log.append({ ...record, offset: 0, timestampMs: clock.nowMs(), producerId: -1 }, () => {});
    }
    this.coordinator = this.#open();
  }

  /** The power goes and comes back. */
  crash(): void {
    this.coordinator.close();
    this.life += 1;
    this.#log.cut();
    for (const partition of this.partitions) partition.cut();
    this.coordinator = this.#open();
  }

  get loggedRecords(): readonly LoggedRecord[] {
    return this.#log.entries;
  }

  #open(): TransactionCoordinator {
    const { clock, random, bugs, settings, transactionVersion = 2, refuseOneIn = 0 } = this.#options;
    const { life } = this;
    const refuse = () => refuseOneIn > 0 && random.below(refuseOneIn) === 0;
    const coordinator = new TransactionCoordinator({
      openLog: (state) => new ModelLog(this.#log, state, clock, refuse),
      newProducerId: (done) => {
        this.#nextProducerId += 1;
        const producerId = this.#nextProducerId;
        const later = random.below(4) === 0;
        if (later) clock.after(random.below(20), () => this.life === life && done(0, producerId));
        else done(0, producerId);
      },
      writeMarker: ({ partition }, marker, done) => {
        const target = this.partitions[partition];
        if (target === undefined || this.missing.has(partition)) done(ERROR.UNKNOWN_TOPIC_OR_PARTITION);
        else if (random.below(10) === 0) {
          this.markerFaults += 1;
          done(ERROR.KAFKA_STORAGE_ERROR);
        } else target.appendMarker(marker, done);
      },
      clock,
      logger: silentLogger,
      settings: { ...SETTINGS, ...settings },
      coordinatorEpoch: 0,
      transactionVersion: () => transactionVersion,
      ...(bugs === undefined ? {} : { bugs }),
    });
    coordinator.load();
    return coordinator;
  }
}
