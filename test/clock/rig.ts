import type { LedgerStore } from "../../src/clock/clock-ledger.ts";
import { type ClockStatus, GatewayTime, type MarkedLog } from "../../src/clock/gateway-time.ts";
import { STAMP } from "../../src/clock/marks.ts";
import type { ClockRules } from "../../src/clock/time-keeper.ts";
import type { SimulatedMachine } from "../../src/io/simulated/machine.ts";

export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;
export const BUILD_MS = Date.UTC(2026, 0, 1);
export const TODAY_MS = Date.UTC(2026, 5, 1);

export const RULES: ClockRules = {
  trust: "auto",
  buildMs: BUILD_MS,
  toleranceMs: HOUR_MS,
  hasBatteryClock: true,
};

/** One journal for records and ledger: what a power cut takes is taken of both, from the end. */
export class ModelDisk implements LedgerStore {
  readonly values = new Map<string, Uint8Array>();
  readonly records: StoredRecord[] = [];
  /** Takes nothing. */
  isFull = false;
  isTight = false;
  writes = 0;
  #undo: (() => void)[] = [];

  entries(): Iterable<readonly [string, Uint8Array]> {
    return this.values;
  }

  async set(name: string, value: Uint8Array): Promise<void> {
    this.#change(name, value);
  }

  async delete(name: string): Promise<void> {
    this.#change(name, null);
  }

  append(record: StoredRecord): void {
    this.records.push(record);
    this.#undo.push(() => this.records.pop());
  }

  get pending(): number {
    return this.#undo.length;
  }

  commit(): void {
    this.#undo = [];
  }

  /** Takes the last `count` writes that no commit covered. */
  cut(count: number): void {
    for (let left = count; left > 0; left -= 1) this.#undo.pop()?.();
    this.#undo = [];
  }

  #change(name: string, value: Uint8Array | null): void {
    if (this.isFull) throw new Error("the disk is full");
    this.writes += 1;
    const before = this.values.get(name);
    if (value === null) this.values.delete(name);
    else this.values.set(name, value);
    this.#undo.push(() => {
      if (before === undefined) this.values.delete(name);
      else this.values.set(name, before);
    });
  }
}

export interface StoredRecord {
  readonly partition: number;
  readonly offset: number;
  readonly stampedMs: number;
  /** Null for a record that its sender stamped. */
  readonly arrivedMs: number | null;
  readonly boot: string;
  /** What a record says of itself that came while the clock was not known. */
  readonly header: { readonly boot: string; readonly bootMs: number } | null;
}

const TOPIC_ID = "topic-id";

/** A gateway as far as time is concerned: processes that start and end on a machine, and records that come. */
export class ClockRig {
  readonly machine: SimulatedMachine;
  readonly disk = new ModelDisk();
  readonly rules: ClockRules;
  readonly changes: string[] = [];
  /** Writes of the ledger that came to nothing. */
  failures = 0;
  time: GatewayTime;
  #kinds = new Map<number, number>();
  #version = -1;

  constructor(machine: SimulatedMachine, rules: Partial<ClockRules> = {}) {
    this.machine = machine;
    this.rules = { ...RULES, hasBatteryClock: machine.hasBatteryClock, ...rules };
    this.time = this.#start();
  }

  get status(): ClockStatus {
    return this.time.status;
  }

  /** The process ends and another begins; `lost` writes at the end are gone, as by a power cut. */
  restartProcess(lost = 0): void {
    this.disk.cut(Math.min(lost, this.disk.pending));
    this.time = this.#start();
  }

  /** Lets time pass, with a look every minute as maintenance has it. */
  pass(durationMs: number): void {
    for (let left = durationMs; left > 0; left -= MINUTE_MS) {
      this.machine.pass(Math.min(left, MINUTE_MS));
      this.time.look();
    }
  }

  /** A record comes; the clock is looked at when it is stamped, as everywhere. Returns its place. */
  append(partition = 0, senderMs: number | null = null): StoredRecord {
    this.time.look();
    const kind = senderMs === null ? STAMP.arrival : STAMP.sender;
    this.#mark(partition, kind);
    const { bootMs } = this.machine.read();
    const boot = this.machine.bootId;
    const record: StoredRecord = {
      partition,
      offset: this.logOf(partition).logEndOffset,
      stampedMs: senderMs ?? this.machine.wallMs,
      arrivedMs: senderMs === null ? this.machine.trueMs : null,
      boot,
      header: senderMs === null && !this.time.isKnown ? { boot, bootMs } : null,
    };
    this.disk.append(record);
    return record;
  }

  /** When the record came, by its offset alone. */
  byOffset(record: StoredRecord) {
    return this.time.trueTime(this.logOf(record.partition), record.offset, record.stampedMs);
  }

  /** The same, by what it says itself where it does. */
  arrivalOf(record: StoredRecord) {
    const { header } = record;
    return header === null
      ? this.byOffset(record)
      : this.time.timeOfBoot(header.boot, header.bootMs, record.stampedMs);
  }

  logOf(partition: number): MarkedLog {
    const last = this.disk.records.findLast((record) => record.partition === partition);
    return { topicId: TOPIC_ID, partition, logStartOffset: 0, logEndOffset: (last?.offset ?? -1) + 1 };
  }

  #mark(partition: number, kind: number): void {
    const period = this.status.steps;
    if (period !== this.#version) this.#kinds.clear();
    this.#version = period;
    const known = this.#kinds.get(partition) ?? 0;
    if ((known & kind) === kind) return;
    this.#kinds.set(partition, known | kind);
    this.time.stamped(this.logOf(partition), known | kind);
  }

  #start(): GatewayTime {
    this.#kinds.clear();
    return new GatewayTime(this.machine, this.rules, this.disk, {
      onChange: ({ kind, period, stepMs }) =>
        this.changes.push(`${kind} ${period.quality}${stepMs === 0 ? "" : ` ${Math.round(stepMs)}`}`),
      onFailure: (error) => {
        if (!this.disk.isFull) throw error;
        this.failures += 1;
      },
    });
  }
}
