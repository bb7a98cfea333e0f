import { offset } from "../../base/ids.ts";
import type { Broker } from "../../broker/broker.ts";
import { AUDIT_TOPIC } from "../../broker/own-topics.ts";
import type { Partition } from "../../broker/partition.ts";
import type { ScanBudget } from "../../broker/views/key-scan.ts";
import { RecordCursor } from "../../records/reader.ts";
import { type AuditEntry, decodeEntry } from "./audit-entry.ts";

/** Offsets that are looked at together, from their end back. */
const BLOCK_OFFSETS = 128;
const READ_BYTES = 128 * 1024;

/** Which entries somebody wants. */
export interface AuditFilter {
  readonly user: string | null;
  /** A word of entries, or the part of it before a dot: `topic` takes `topic.create`. */
  readonly action: string | null;
  /** No older ones; entries of one partition are in the order of their times, but for clocks that were set. */
  readonly sinceMs: number | null;
}

/** An entry, and where it stands. */
export interface ReadEntry {
  readonly entry: AuditEntry;
  readonly partition: number;
  readonly offset: number;
}

/** Where reading goes on: of each partition the offset before which nothing was looked at yet. */
export type AuditPosition = readonly number[];

/** Reads the audit log from its end back, newest first, in slices. */
export class AuditReader {
  readonly #tails: readonly Tail[];
  readonly #filter: AuditFilter;
  readonly #limit: number;
  readonly entries: ReadEntry[] = [];

  /** `from` is where an earlier reading has ended; null begins at the newest. */
  constructor(broker: Broker, filter: AuditFilter, limit: number, from: AuditPosition | null) {
    const partitions = broker.topics.get(AUDIT_TOPIC)?.partitions ?? [];
    this.#tails = partitions.map((partition, index) => new Tail(partition, from?.[index] ?? null));
    this.#filter = filter;
    this.#limit = limit;
  }

  /** Where to go on; null where there is nothing before. */
  get position(): AuditPosition | null {
    if (this.#tails.every((tail) => tail.isOver)) return null;
    return this.#tails.map((tail) => tail.endOffset);
  }

  /** Goes on until the budget is used up; true once there are as many as wanted, or no more. */
  step(budget: ScanBudget): boolean {
    while (budget.bytes > 0) {
      if (this.entries.length >= this.#limit) return true;
      let newest: Tail | null = null;
      for (const tail of this.#tails) {
        tail.look(budget);
        const atMs = tail.newest?.entry.toMs ?? null;
        if (atMs !== null && (newest?.newest?.entry.toMs ?? Number.NEGATIVE_INFINITY) < atMs) newest = tail;
      }
      // Of the others there may be newer ones than those that have come.
      if (this.#tails.some((tail) => tail.newest === null && !tail.isOver)) continue;
      const read = newest?.take() ?? null;
      if (read === null) return true;
      const { sinceMs } = this.#filter;
      if (sinceMs !== null && read.entry.toMs < sinceMs) {
        for (const tail of this.#tails) tail.end();
        return true;
      }
      if (this.#wants(read.entry)) this.entries.push(read);
    }
    return false;
  }

  #wants({ user, action }: AuditEntry): boolean {
    const wanted = this.#filter;
    if (wanted.user !== null && user !== wanted.user) return false;
    return wanted.action === null || action === wanted.action || action.startsWith(`${wanted.action}.`);
  }
}

/** One partition, from its end back. */
class Tail {
  readonly #partition: Partition;
  /** What was read and not taken yet, oldest first. */
  #block: ReadEntry[] = [];
  /** Nothing of the log from here on is left to be read. */
  #readFrom: number;

  constructor(partition: Partition, from: number | null) {
    this.#partition = partition;
    const end = partition.log.lastStableOffset;
    this.#readFrom = from === null ? end : Math.min(from, end);
  }

  get newest(): ReadEntry | null {
    return this.#block.at(-1) ?? null;
  }

  get isOver(): boolean {
    return this.#block.length === 0 && this.#readFrom <= this.#partition.log.logStartOffset;
  }

  /** Where a later reading goes on. */
  get endOffset(): number {
    const { newest } = this;
    return newest === null ? this.#readFrom : newest.offset + 1;
  }

  take(): ReadEntry | null {
    return this.#block.pop() ?? null;
  }

  end(): void {
    this.#block = [];
    this.#readFrom = this.#partition.log.logStartOffset;
  }

  /** Has something to take, if there is anything and the budget allows. */
  look(budget: ScanBudget): void {
    const { log } = this.#partition;
    while (this.#block.length === 0 && this.#readFrom > log.logStartOffset && budget.bytes > 0) {
      const from = Math.max(log.logStartOffset, this.#readFrom - BLOCK_OFFSETS);
      this.#read(from, this.#readFrom, budget);
      this.#readFrom = from;
    }
  }

  #read(from: number, end: number, budget: ScanBudget): void {
    const { log } = this.#partition;
    let position = from;
    while (position < end) {
      const read = log.read(offset(position), READ_BYTES, { minOneBatch: true, until: offset(end) });
      // What is damaged is passed over: the rest is still worth seeing.
      if (!("nextOffset" in read) || read.nextOffset <= position) return;
      budget.bytes -= Math.max(4_096, read.bytes.length);
      const cursor = new RecordCursor();
      cursor.open(read.bytes);
      while (cursor.next()) {
        if (cursor.offset < from || cursor.offset >= end) continue;
        const value = cursor.value();
        const entry = value === null ? null : decodeEntry(value);
        if (entry !== null)
          this.#block.push({ entry, partition: this.#partition.index, offset: cursor.offset });
      }
      position = read.nextOffset;
    }
  }
}
