import { networkOf } from "../attempts.ts";
import type { AuditEntry } from "./audit-entry.ts";
import type { AuditEvent } from "./audit-event.ts";

/** How much of a kind is told of one by one. */
export interface RepeatLimits {
  /** Entries at once, and how many come after them in the long run. */
  readonly burst: number;
  readonly perSecond: number;
  /** Kinds of events whose repetitions are counted at a time. */
  readonly maxKinds: number;
  /** Sums that are kept by address; beyond them addresses are not told apart. */
  readonly maxSums: number;
  /** Repetitions are told of so long after the first; it doubles while they go on. */
  readonly firstWaitMs: number;
  readonly maxWaitMs: number;
}

/** Of who tries doors: some six megabytes a day where somebody does so all day long, from everywhere. */
export const ACCESS_LIMITS: RepeatLimits = {
  burst: 300,
  perSecond: 0.2,
  maxKinds: 1_024,
  maxSums: 16,
  firstWaitMs: 60_000,
  maxWaitMs: 600_000,
};

/** Of changes, which only who may can make. */
export const CHANGE_LIMITS: RepeatLimits = { ...ACCESS_LIMITS, burst: 2_000, perSecond: 10 };

interface Counted {
  readonly event: AuditEvent;
  count: number;
  fromMs: number;
  toMs: number;
  dueMs: number;
  waitMs: number;
}

/**
 * Decides which events are told of at once and which are only counted: the first of its kind at once, others like it as
 * one with their number; and where there are too many different ones, all of an address by their number. Pure: times come
 * with what is asked, and only grow.
 */
export class Repeats {
  readonly #limits: RepeatLimits;
  readonly #kinds = new Map<string, Counted>();
  readonly #sums = new Map<string, Counted>();
  #tokens: number;
  #filledMs: number;

  constructor(limits: RepeatLimits, monotonicMs: number) {
    this.#limits = limits;
    this.#tokens = limits.burst;
    this.#filledMs = monotonicMs;
  }

  /** When there may be something to tell, on the clock that only grows; null where nothing is counted. */
  get dueMs(): number | null {
    let due: number | null = null;
    for (const { dueMs } of [...this.#kinds.values(), ...this.#sums.values()])
      due = due === null ? dueMs : Math.min(due, dueMs);
    return due;
  }

  /** Takes an event; what is to be told of at once, or null. */
  take(event: AuditEvent, nowMs: number, monotonicMs: number): AuditEntry | null {
    const isSummed = event.kind === "access" || event.isRoutine === true;
    const key = isSummed ? keyOf(event) : "";
    const known = isSummed ? this.#kinds.get(key) : undefined;
    if (known !== undefined) {
      count(known, 1, nowMs, nowMs);
      return null;
    }
    if (!this.#spend(monotonicMs)) {
      this.#sum(event, 1, nowMs, nowMs, monotonicMs);
      return null;
    }
    const { maxKinds, firstWaitMs } = this.#limits;
    if (isSummed && this.#kinds.size < maxKinds)
      this.#kinds.set(key, counted(event, 0, nowMs, nowMs, monotonicMs, firstWaitMs));
    return entryOf(event, 1, nowMs, nowMs, false);
  }

  /** Counts entries that could not be kept. */
  giveUp({ fromMs, toMs, count, ...event }: AuditEntry, monotonicMs: number): void {
    this.#sum(event, count, fromMs, toMs, monotonicMs);
  }

  /** What has been counted for long enough; all of it where `isEnd`. */
  due(monotonicMs: number, isEnd = false): readonly AuditEntry[] {
    const entries: AuditEntry[] = [];
    for (const [key, kind] of this.#kinds) {
      if (kind.dueMs > monotonicMs && !isEnd) continue;
      const { event, count, fromMs, toMs } = kind;
      // Who has stopped begins anew.
      if (count === 0 || isEnd) this.#kinds.delete(key);
      else {
        this.#kinds.set(key, { ...kind, count: 0, ...this.#nextWait(kind, monotonicMs) });
      }
      if (count === 0) continue;
      if (isEnd || this.#spend(monotonicMs)) entries.push(entryOf(event, count, fromMs, toMs, false));
      else this.#sum(event, count, fromMs, toMs, monotonicMs);
    }
    for (const [key, sum] of this.#sums) {
      if (sum.dueMs > monotonicMs && !isEnd) continue;
      if (sum.count === 0 || isEnd) this.#sums.delete(key);
      else this.#sums.set(key, { ...sum, count: 0, ...this.#nextWait(sum, monotonicMs) });
      if (sum.count > 0) entries.push(entryOf(sum.event, sum.count, sum.fromMs, sum.toMs, true));
    }
    return entries;
  }

  #nextWait({ waitMs }: Counted, monotonicMs: number): { readonly waitMs: number; readonly dueMs: number } {
    const next = Math.min(this.#limits.maxWaitMs, 2 * waitMs);
    return { waitMs: next, dueMs: monotonicMs + next };
  }

  #sum(
    event: Omit<AuditEvent, "isRoutine">,
    number: number,
    fromMs: number,
    toMs: number,
    monotonicMs: number,
  ): void {
    const { maxSums, firstWaitMs } = this.#limits;
    const { kind, action, result, door, address } = event;
    const network = address === null ? null : networkOf(address);
    let key = JSON.stringify([action, result, door, network]);
    let said = network;
    if (!this.#sums.has(key) && this.#sums.size >= maxSums) {
      // Results and doors are few, and actions are ours.
      key = JSON.stringify([action, result, door]);
      said = null;
    }
    const known = this.#sums.get(key);
    if (known !== undefined) {
      count(known, number, fromMs, toMs);
      return;
    }
    const sum: AuditEvent = { kind, action, result, door, user: null, address: said, port: null };
    this.#sums.set(key, counted(sum, number, fromMs, toMs, monotonicMs, firstWaitMs));
  }

  #spend(monotonicMs: number): boolean {
    const { burst, perSecond } = this.#limits;
    const gained = ((monotonicMs - this.#filledMs) / 1_000) * perSecond;
    this.#tokens = Math.min(burst, this.#tokens + gained);
    this.#filledMs = monotonicMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

function counted(
  event: AuditEvent,
  number: number,
  fromMs: number,
  toMs: number,
  monotonicMs: number,
  waitMs: number,
): Counted {
  return { event, count: number, fromMs, toMs, waitMs, dueMs: monotonicMs + waitMs };
}

function count(known: Counted, number: number, fromMs: number, toMs: number): void {
  if (known.count === 0) {
    known.fromMs = fromMs;
    known.toMs = toMs;
  }
  known.count += number;
  known.fromMs = Math.min(known.fromMs, fromMs);
  known.toMs = Math.max(known.toMs, toMs);
}

function keyOf({ action, result, user, door, address, port, resource, reason, detail }: AuditEvent): string {
  return JSON.stringify([action, result, user, door, address, port, resource, reason, detail]);
}

function entryOf(
  event: AuditEvent,
  number: number,
  fromMs: number,
  toMs: number,
  isSum: boolean,
): AuditEntry {
  const { isRoutine: _, ...rest } = event;
  return { ...rest, count: number, fromMs, toMs, isSum };
}
