import type { Random } from "../../io/random.ts";
import { Adaptation, type RoundFigures, type SizeLimits } from "./adaptation.ts";
import { Budget, type BudgetPeriod } from "./budget.ts";
import { type BudgetLeft, Eta } from "./eta.ts";
import { decodeLinkRecord, encodeLinkRecord, type LinkMode } from "./link-record.ts";
import { windowState } from "./schedule.ts";
import type { LinkSettings, WallClock } from "./settings.ts";
import { SlowStart } from "./slow-start.ts";
import type { BudgetStatus, LinkStatus } from "./status.ts";
import { type TopicPriority, topicPriority } from "./topic-priority.ts";
import { decodeUseHint, encodeUseHint, type HintPlace, hinted } from "./use-hint.ts";
import { WireMeter } from "./wire-meter.ts";

/** Why no round begins. */
export interface Hold {
  readonly reason: string;
  /** When that may be over; null where somebody has to say so. */
  readonly retryInMs: number | null;
}

/** What is on its way, or waits to be, and was not answered. */
export interface Ahead {
  /** As it is sent, or before compression where it is not compressed yet. */
  readonly bufferedBytes: number;
  readonly batchCount: number;
}

/** Since when a record waits for a budget that has room for it. */
export interface Shortage {
  readonly period: BudgetPeriod;
  /** How often that period had begun by then. */
  readonly starts: number;
}

/** What passes beside a round's records, at most: its own requests, and for each batch its header, request and answer. */
const ROUND_OVERHEAD_BYTES = 1_536;
const BATCH_OVERHEAD_BYTES = 288;
/** The same for each byte, where the link is encrypted. */
const ENCRYPTED_SHARE = 1.002;
/** A budget that has no more left than this share is used up, or no more than a connection and a round cost. */
const SPENT_SHARE = 0.01;
const SPENT_BYTES = 2 * 1024 + 256;
const LARGEST_SPENT_SHARE = 0.1;
/** Parts of the smaller budget in which use is written down, ahead of it. */
const BUDGET_STEPS = 400;
const SMALLEST_STEP_BYTES = 1024;
/** Parts of it by which the hint is ahead of the use. */
const HINT_STEPS = 2_000;
/** The time of day is looked at again this often: it may be set. */
const LOOK_MS = 30_000;
/** How soon it is asked again by whom the store has to be read first. */
const UNREAD_RETRY_MS = 250;

/**
 * Says when and how fast an uplink may use its link: rate, windows, budgets, what goes first, how much at a time, and what
 * the operator wants. Pure: it counts by its meter, and is told the time.
 */
export class LinkGovernor {
  readonly meter = new WireMeter();
  readonly sizes: Adaptation;
  readonly priority: TopicPriority;
  #settings: LinkSettings;
  readonly #wall: WallClock;
  readonly #slowStart: SlowStart;
  readonly #day: Budget;
  readonly #month: Budget;
  #mode: LinkMode = "flowing";
  #operatorCap: number | null = null;
  #isRestored = false;
  #countedBytes = 0;
  /** Whether what is stored is older than the mode. */
  #modeChanged = false;
  /** Bytes of use that the store knows of, of this process; beyond that it is told in time. */
  #storedUpToBytes = 0;
  /** Said once in a period. */
  #warned = false;
  /** What is left in this period is less than the next record takes. */
  #isTooLittle = false;
  /** A record that goes up in this period though no budget had room for it. */
  #oversized: { readonly bytes: number; readonly why: string; isTold: boolean } | null = null;
  /** Whether a record found room in this period, or may have before this process. */
  #hasCarried = true;
  readonly #eta = new Eta();
  readonly #hint: HintPlace | null;
  /** Bytes of use that the hint knows of, of this process. */
  #hintedUpToBytes = -1;
  /** What the store was given last, and what it has. */
  #toStore: { readonly dayBytes: number; readonly monthBytes: number } | null = null;
  #stored: { readonly dayBytes: number; readonly monthBytes: number } | null = null;

  /** Without `hint` a crash costs as much of a budget as a power cut. */
  constructor(
    settings: LinkSettings,
    limits: SizeLimits,
    wall: WallClock,
    random: Random,
    hint: HintPlace | null = null,
  ) {
    this.#hint = hint;
    this.meter.onUse = () => this.#hintUse();
    this.#settings = settings;
    this.#wall = wall;
    this.sizes = new Adaptation(limits);
    this.priority = topicPriority(settings.priorityTopics);
    this.#slowStart = new SlowStart(settings.slowStartMs, random);
    this.#day = new Budget("day", settings.dayBudgetBytes);
    this.#month = new Budget("month", settings.monthBudgetBytes);
    this.meter.setRate(this.#cap, 0);
    this.sizes.capBytesPerSecond = this.#cap;
  }

  /** From now on: rate, windows and budgets, whose use so far counts. What goes first and the slow start stay. */
  reconfigure(settings: LinkSettings, nowMs: number): void {
    const { priorityTopics, slowStartMs } = this.#settings;
    this.#settings = { ...settings, priorityTopics, slowStartMs };
    this.#day.limitBytes = settings.dayBudgetBytes;
    this.#month.limitBytes = settings.monthBudgetBytes;
    this.meter.setRate(this.#cap, nowMs);
    this.sizes.capBytesPerSecond = this.#cap;
    this.#warned = false;
  }

  get mode(): LinkMode {
    return this.#mode;
  }

  set mode(mode: LinkMode) {
    if (mode === this.#mode) return;
    this.#mode = mode;
    this.#modeChanged = true;
  }

  /** What the operator lets pass a second at most, beside what is configured; null for no more than that. */
  get operatorCap(): number | null {
    return this.#operatorCap;
  }

  set operatorCap(bytesPerSecond: number | null) {
    if (bytesPerSecond === this.#operatorCap) return;
    this.#operatorCap = bytesPerSecond;
    this.#modeChanged = true;
    this.sizes.capBytesPerSecond = this.#cap;
  }

  /** Whether the store was read: before that nothing may be stored, which would be less than it has. */
  get isRestored(): boolean {
    return this.#isRestored;
  }

  /** Takes up what the store has, once. What was used since this process began is added. */
  restore(bytes: Uint8Array | null): void {
    if (this.#isRestored) return;
    this.#isRestored = true;
    const record = decodeLinkRecord(bytes);
    if (record === null) return;
    if (!this.#modeChanged) {
      this.#mode = record.mode;
      this.#operatorCap = record.capBytesPerSecond ?? null;
      this.sizes.capBytesPerSecond = this.#cap;
    }
    const [day, month] = hinted(record.day, record.month, decodeUseHint(this.#hint?.read() ?? null));
    this.#day.restore(day);
    this.#month.restore(month);
  }

  /** Writes down what is used, now and then, where a crash of the process does not take it. */
  #hintUse(): void {
    const { totalBytes } = this.meter;
    if (this.#hint === null || this.#stored === null || totalBytes <= this.#hintedUpToBytes) return;
    this.#count();
    const stepBytes = Math.max(SMALLEST_STEP_BYTES, Math.floor(Math.min(...this.#limits) / HINT_STEPS));
    this.#hintedUpToBytes = totalBytes + stepBytes;
    const ahead = ({ record: { startMs, usedBytes } }: Budget) => ({
      startMs,
      usedBytes: usedBytes + stepBytes,
    });
    const { dayBytes: storedDayBytes, monthBytes: storedMonthBytes } = this.#stored;
    const hint = { day: ahead(this.#day), month: ahead(this.#month), storedDayBytes, storedMonthBytes };
    this.#hint.write(encodeUseHint(hint));
  }

  /**
   * What to store now, or null where the store knows enough. Use is written down before it happens, a step ahead: after a
   * power cut too much counts as used, by at most a step and what was on its way, and never too little. `exact` is for a
   * stop in good order; `inFlightBytes` were handed to the sockets, which take their time.
   */
  toStore(exact = false, inFlightBytes = 0): Uint8Array | null {
    if (!this.#isRestored) return null;
    this.#count();
    const ahead = exact || !this.#hasBudget ? 0 : this.#stepBytes + inFlightBytes;
    const soon = this.meter.totalBytes + inFlightBytes + this.#stepBytes / 2;
    const due = this.#hasBudget && soon > this.#storedUpToBytes;
    if (!due && !this.#modeChanged && !exact) return null;
    this.#modeChanged = false;
    this.#storedUpToBytes = this.meter.totalBytes + ahead;
    const [day, month] = [this.#day.record, this.#month.record].map(({ startMs, usedBytes }) => ({
      startMs,
      usedBytes: usedBytes + ahead,
    })) as [Budget["record"], Budget["record"]];
    this.#toStore = { dayBytes: day.usedBytes, monthBytes: month.usedBytes };
    const cap = this.#operatorCap === null ? {} : { capBytesPerSecond: this.#operatorCap };
    return encodeLinkRecord({ mode: this.#mode, ...cap, day, month });
  }

  /** What was to be stored is. */
  stored(): void {
    this.#stored = this.#hasBudget ? this.#toStore : null;
    this.#hintedUpToBytes = -1;
    this.#hintUse();
  }

  /** What was to be stored was not. */
  notStored(): void {
    this.#modeChanged = true;
    this.#storedUpToBytes = 0;
  }

  /** Follows time: the rate, and the budgets' calendar. Returns what there is to tell. */
  advance(nowMs: number): string | null {
    this.#count();
    const rate = Math.min(this.#cap, this.#slowStart.bytesPerSecond(nowMs));
    this.meter.setRate(rate, nowMs);
    this.sizes.capBytesPerSecond = rate;
    const begunAnew = [this.#day.advance(this.#wall), this.#month.advance(this.#wall)];
    if (begunAnew.includes(true)) {
      this.#warned = false;
      this.#isTooLittle = false;
      this.#oversized = null;
      this.#hasCarried = false;
      this.#storedUpToBytes = 0;
    }
    const oversized = this.#oversized;
    if (oversized !== null && !oversized.isTold) {
      oversized.isTold = true;
      return `a record of ${oversized.bytes} bytes ${oversized.why}: it goes up all the same, and exceeds it`;
    }
    const spent = this.#spent;
    if (spent === null || this.#warned) return null;
    this.#warned = true;
    return `the budget of the ${spent.period} is used up: ${CONSEQUENCES[this.#settings.atBudgetEnd]}`;
  }

  /** Why no round may begin now, or null. */
  hold(): Hold | null {
    if (this.#mode === "paused") return { reason: "paused", retryInMs: null };
    const window = this.#mode === "draining" ? null : this.#windowHold();
    if (window !== null) return window;
    return this.#settings.atBudgetEnd === "stop" ? this.#spentHold() : null;
  }

  /** Why nothing but topics with a priority may go up now, or null. */
  ordinaryHold(): Hold | null {
    const hold = this.#settings.atBudgetEnd === "priority" ? this.#spentHold() : null;
    return hold === null ? null : { ...hold, reason: `${hold.reason} but for priority topics` };
  }

  /** Why nothing of a topic may go up now, or null. */
  holdOf(topic: string): Hold | null {
    return this.hold() ?? (this.priority.of(topic) > this.lastPriority ? this.ordinaryHold() : null);
  }

  /**
   * The same for what comes down through the link: with what was used until now, and nothing before it is known what was
   * used and said before.
   */
  holdForOthers(nowMs: number): Hold | null {
    if (!this.#isRestored)
      return { reason: "what the link was told is not read yet", retryInMs: UNREAD_RETRY_MS };
    this.advance(nowMs);
    return this.hold() ?? this.ordinaryHold();
  }

  /** The last priority that may go up now. */
  get lastPriority(): number {
    const onlyPriority = this.#settings.atBudgetEnd === "priority" && this.#spent !== null;
    return onlyPriority ? this.priority.last - 1 : this.priority.last;
  }

  /** Whether records of a topic may go up only as far as a budget allows: then `affords` is to be asked for each. */
  isBudgeted(topic: string): boolean {
    const { atBudgetEnd } = this.#settings;
    if (atBudgetEnd === "warn" || !this.#hasBudget) return false;
    return atBudgetEnd === "stop" || this.priority.of(topic) === this.priority.last;
  }

  /**
   * Whether the budgets have room for a record besides what is ahead of it, even if nothing of all that shrinks any more.
   * One that does not fit once nothing is ahead waits for the next period. One that would fit in none is let through, and
   * so is one that `waits` for the period before: what goes first would be in its way each time.
   */
  affords(recordBytes: number, { bufferedBytes, batchCount }: Ahead, waits: Shortage | null = null): boolean {
    this.#count();
    const batches = bufferedBytes + recordBytes + (batchCount + 1) * BATCH_OVERHEAD_BYTES;
    const neededBytes = ROUND_OVERHEAD_BYTES + ENCRYPTED_SHARE * batches;
    if (neededBytes <= this.#leftBytes) {
      this.#hasCarried = true;
      return true;
    }
    if (bufferedBytes > 0 || this.#spent !== null) return false;
    const wholeBytes = Math.min(...this.#limits);
    const fitsInOne = neededBytes <= wholeBytes - reserveOf(wholeBytes);
    if (fitsInOne && (waits === null || this.#budgetOf(waits.period).starts === waits.starts)) {
      this.#isTooLittle = true;
      return false;
    }
    const why = fitsInOne
      ? "has waited for this budget, which has no room for it either besides what goes first"
      : "is more than a whole budget";
    this.#oversized ??= { bytes: recordBytes, why, isTold: false };
    this.#hasCarried = true;
    return true;
  }

  /** Of the budget that has the least room now, for what `affords` does not let through. */
  get shortage(): Shortage {
    const { period, starts } = this.#shortest;
    return { period, starts };
  }

  /** When to look again though nothing happens, as a delay; null where time changes nothing. */
  nextLookMs(): number | null {
    const { windows } = this.#settings;
    if (windows.length === 0 && !this.#hasBudget) return null;
    const nowMs = this.#wall.nowMs();
    const changesInMs = nowMs === null ? null : windowState(windows, this.#wall, nowMs).changesInMs;
    return Math.min(LOOK_MS, Math.max(1, changesInMs ?? LOOK_MS));
  }

  /** The centre answers, after an attempt. */
  reached(nowMs: number): void {
    this.#slowStart.reached(nowMs);
    this.advance(nowMs);
  }

  /** The centre is away, or nothing may be sent to it. */
  away(nowMs: number): void {
    this.#slowStart.lost(nowMs);
  }

  roundEnded(figures: RoundFigures, nowMs: number): void {
    this.sizes.roundEnded(figures);
    this.#eta.roundEnded(figures.records, this.meter.totalBytes, nowMs);
  }

  /** `lagRecords`: -1 where nobody can say how long they take. */
  status(lagRecords: number, nowMs: number): Omit<LinkStatus, "leftBehind" | "drained"> {
    const wallMs = this.#wall.nowMs();
    const { windows } = this.#settings;
    const window = wallMs === null ? null : windowState(windows, this.#wall, wallMs);
    const rate = this.meter.bytesPerSecond;
    const hold = this.hold();
    const ordinaryHold = hold === null ? this.ordinaryHold() : null;
    return {
      mode: this.#mode,
      heldBecause: hold?.reason ?? null,
      othersHeldBecause: ordinaryHold?.reason ?? null,
      heldForMs: wallMs === null ? null : ((hold ?? ordinaryHold)?.retryInMs ?? null),
      window:
        windows.length === 0
          ? null
          : { open: this.#windowHold() === null, changesInMs: window?.changesInMs ?? null },
      capBytesPerSecond: this.#operatorCap,
      rateBytesPerSecond: rate === Number.POSITIVE_INFINITY ? null : Math.round(rate),
      sentBytes: this.meter.sentBytes,
      receivedBytes: this.meter.receivedBytes,
      goodputBytesPerSecond: rounded(this.sizes.goodputBytesPerSecond),
      roundTripMs: rounded(this.sizes.minRoundTripMs),
      roundBytes: Math.round(this.sizes.roundBytes),
      batchBytes: Math.round(this.sizes.batchBytes),
      compressionRatio: Math.round(this.sizes.ratio * 1000) / 1000,
      etaMs: this.#etaMs(lagRecords, nowMs),
    };
  }

  budgetStatus(): BudgetStatus | null {
    if (!this.#hasBudget) return null;
    this.#count();
    const [day, month] = [this.#day, this.#month].map((budget) =>
      budget.limitBytes === 0
        ? null
        : {
            limitBytes: budget.limitBytes,
            usedBytes: budget.usedBytes,
            resetsInMs: budget.resetsInMs(this.#wall),
          },
    );
    return {
      day: day ?? null,
      month: month ?? null,
      atEnd: this.#settings.atBudgetEnd,
      spent: this.#spent !== null,
      oversizedBytes: this.#oversized?.bytes ?? null,
    };
  }

  get #cap(): number {
    const { rateBytesPerSecond } = this.#settings;
    const configured = rateBytesPerSecond === 0 ? Number.POSITIVE_INFINITY : rateBytesPerSecond;
    return Math.min(configured, this.#operatorCap ?? Number.POSITIVE_INFINITY);
  }

  get #hasBudget(): boolean {
    return this.#day.limitBytes > 0 || this.#month.limitBytes > 0;
  }

  get #leftBytes(): number {
    return Math.min(this.#day.leftBytes, this.#month.leftBytes);
  }

  get #limits(): readonly number[] {
    return [this.#day.limitBytes, this.#month.limitBytes].filter((bytes) => bytes > 0);
  }

  /** The budget that is used up, the longer one first; what is left of it would not pay for a round, or the next record. */
  get #spent(): Budget | null {
    const spent = [this.#month, this.#day].find(
      ({ limitBytes, leftBytes }) => limitBytes > 0 && leftBytes <= reserveOf(limitBytes),
    );
    if (spent !== undefined) return spent;
    return this.#isTooLittle ? this.#shortest : null;
  }

  get #shortest(): Budget {
    return this.#month.leftBytes < this.#day.leftBytes ? this.#month : this.#day;
  }

  #budgetOf(period: BudgetPeriod): Budget {
    return period === "day" ? this.#day : this.#month;
  }

  #spentHold(): Hold | null {
    const spent = this.#spent;
    if (spent === null) return null;
    const retryInMs = spent.resetsInMs(this.#wall) ?? LOOK_MS;
    const early = this.#hasCarried ? "" : `, before a record went up: raise budget.${spent.period}`;
    return { reason: `the budget of the ${spent.period} is used up${early}`, retryInMs };
  }

  get #stepBytes(): number {
    return Math.max(SMALLEST_STEP_BYTES, Math.floor(Math.min(...this.#limits) / BUDGET_STEPS));
  }

  #windowHold(): Hold | null {
    const { windows, unknownTime } = this.#settings;
    if (windows.length === 0) return null;
    const nowMs = this.#wall.nowMs();
    if (nowMs === null) {
      if (unknownTime === "open") return null;
      return { reason: "the time of day is not known, nor whether a window is open", retryInMs: LOOK_MS };
    }
    const { open, changesInMs } = windowState(windows, this.#wall, nowMs);
    return open ? null : { reason: "outside its windows", retryInMs: changesInMs };
  }

  /** Takes what the meter has counted into the budgets. */
  #count(): void {
    const bytes = this.meter.totalBytes - this.#countedBytes;
    this.#countedBytes += bytes;
    this.#day.count(bytes);
    this.#month.count(bytes);
  }

  /** How long the records that wait will take. */
  #etaMs(lagRecords: number, nowMs: number): number | null {
    if (lagRecords !== 0 && (this.hold() !== null || this.ordinaryHold() !== null)) return null;
    return this.#eta.of(lagRecords, this.meter.bytesPerSecond, this.#budgetLeft(), nowMs);
  }

  /** Null where none ends what goes up. */
  #budgetLeft(): BudgetLeft | null {
    if (!this.#hasBudget || this.#settings.atBudgetEnd === "warn") return null;
    const { period, limitBytes, leftBytes } = this.#shortest;
    const reserve = reserveOf(limitBytes);
    return {
      period,
      leftBytes: Math.max(0, leftBytes - reserve),
      wholeBytes: limitBytes - reserve,
      resetsInMs: this.#shortest.resetsInMs(this.#wall),
    };
  }
}

function reserveOf(limitBytes: number): number {
  return Math.min(limitBytes * LARGEST_SPENT_SHARE, Math.max(limitBytes * SPENT_SHARE, SPENT_BYTES));
}

const CONSEQUENCES = {
  stop: "nothing is forwarded until the next one begins",
  priority: "only topics with a priority are forwarded until the next one begins",
  warn: "forwarding goes on all the same",
} as const;

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value);
}
