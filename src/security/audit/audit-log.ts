import type { Logger } from "../../base/logger.ts";
import type { Clock, Timer } from "../../io/clock.ts";
import { errorName } from "../../kafka/wire/generated/errors.ts";
import { type AuditEntry, boundedEvent } from "./audit-entry.ts";
import type { AuditEvent, AuditNotes } from "./audit-event.ts";
import type { AuditTopic } from "./audit-topic.ts";
import { ACCESS_LIMITS, CHANGE_LIMITS, Repeats } from "./repeats.ts";

/** Entries of a kind that wait for the log; more are only counted. */
export const MAX_WAITING = 1_000;
/** How soon it is tried again where the log takes nothing; it doubles up to the last. */
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 60_000;

/** Deliberate bugs, for tests of the tests. */
const BUGS = ["forgets-refusals", "sums-nothing"] as const;
export type AuditBug = (typeof BUGS)[number];

/** Those of a list of names, separated by commas. */
export function parseAuditBugs(text: string): ReadonlySet<AuditBug> {
  const names = text.split(",");
  return new Set(BUGS.filter((bug) => names.includes(bug)));
}

type Kind = AuditEvent["kind"];
const KINDS: readonly Kind[] = ["change", "access"];

/**
 * Who did what. What is noted is written at the turn's end; where the log takes nothing, it waits, and what is more than
 * may wait is counted. Whoever notes something never waits, and never hears of a failure.
 */
export class AuditLog implements AuditNotes {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #bugs: ReadonlySet<AuditBug>;
  readonly #repeats: Readonly<Record<Kind, Repeats>>;
  readonly #waiting: Readonly<Record<Kind, AuditEntry[]>> = { change: [], access: [] };
  #topic: AuditTopic | null = null;
  #isScheduled = false;
  #timer: Timer | null = null;
  #timerDueMs = Number.POSITIVE_INFINITY;
  #retry: Timer | null = null;
  #retryMs = FIRST_RETRY_MS;
  /** Why the log took nothing the last time; 0 where it did. */
  #kafkaError = 0;
  #isClosed = false;
  #written = 0;

  constructor(clock: Clock, logger: Logger, bugs: ReadonlySet<AuditBug> = new Set()) {
    this.#clock = clock;
    this.#logger = logger;
    this.#bugs = bugs;
    const nowMs = clock.monotonicMs();
    this.#repeats = {
      change: new Repeats(CHANGE_LIMITS, nowMs),
      access: new Repeats(ACCESS_LIMITS, nowMs),
    };
  }

  /** Entries that the log has taken since the start. */
  get writtenCount(): number {
    return this.#written;
  }

  /** Why entries can't be written at the moment, in words; null where they can. */
  get fault(): string | null {
    if (this.#kafkaError === 0) return null;
    const waiting = this.#waiting.change.length + this.#waiting.access.length;
    return `the audit log takes nothing (${errorName(this.#kafkaError)}): ${waiting} entries wait, more are counted; make room on the disk`;
  }

  /** From now on entries have somewhere to go. */
  open(topic: AuditTopic): void {
    this.#topic = topic;
    this.#writeSoon();
  }

  note(event: AuditEvent): void {
    if (this.#isClosed || (this.#bugs.has("forgets-refusals") && event.result === "refused")) return;
    const { kind } = event;
    const nowMs = this.#clock.nowMs();
    const monotonicMs = this.#clock.monotonicMs();
    const bounded = boundedEvent(event);
    const entry = this.#bugs.has("sums-nothing")
      ? { ...bounded, fromMs: nowMs, toMs: nowMs, count: 1, isSum: false }
      : this.#repeats[kind].take(bounded, nowMs, monotonicMs);
    if (entry !== null) this.#wait(entry, monotonicMs);
    if (this.#timerDueMs > monotonicMs + ACCESS_LIMITS.firstWaitMs) this.#look(monotonicMs);
  }

  /** Writes what waits and what was counted. Nothing is noted any more. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#retry?.cancel();
    const monotonicMs = this.#clock.monotonicMs();
    for (const kind of KINDS)
      for (const entry of this.#repeats[kind].due(monotonicMs, true)) this.#wait(entry, monotonicMs);
    this.#write();
  }

  #wait(entry: AuditEntry, monotonicMs: number): void {
    this.#tell(entry);
    const waiting = this.#waiting[entry.kind];
    if (waiting.length < MAX_WAITING) waiting.push(entry);
    else this.#repeats[entry.kind].giveUp(entry, monotonicMs);
    if (!this.#isClosed) this.#writeSoon();
  }

  /** A line for whoever reads the journal: of devices that come and go there would be too many. */
  #tell({ kind, fromMs: _, toMs: _to, ...entry }: AuditEntry): void {
    if (kind === "access" && entry.result === "success" && entry.door !== "http") return;
    const { count, isSum, user, address, port, ...rest } = entry;
    const fields = {
      ...rest,
      user: user ?? undefined,
      address: address ?? undefined,
      port: port ?? undefined,
    };
    this.#logger.info("audit", { ...fields, ...(count > 1 || isSum ? { count } : {}) });
  }

  #writeSoon(): void {
    if (this.#isScheduled || this.#topic === null || this.#retry !== null) return;
    this.#isScheduled = true;
    this.#clock.soon(() => {
      this.#isScheduled = false;
      this.#write();
    });
  }

  #write(): void {
    if (this.#topic === null) return;
    let kafkaError = 0;
    for (const kind of KINDS) {
      const waiting = this.#waiting[kind];
      if (waiting.length === 0) continue;
      const { count, error } = this.#topic.append(kind, waiting);
      waiting.splice(0, count);
      this.#written += count;
      kafkaError ||= error;
    }
    if (kafkaError === 0) this.#retryMs = FIRST_RETRY_MS;
    else if (this.#kafkaError === 0)
      this.#logger.warn("the audit log takes nothing; entries wait", { kafkaError: errorName(kafkaError) });
    this.#kafkaError = kafkaError;
    if (kafkaError !== 0 && !this.#isClosed) this.#tryAgain();
  }

  #tryAgain(): void {
    this.#retry ??= this.#clock.after(this.#retryMs, () => {
      this.#retry = null;
      this.#write();
    });
    this.#retryMs = Math.min(LAST_RETRY_MS, 2 * this.#retryMs);
  }

  /** Has what is counted told of when it is due. */
  #look(monotonicMs: number): void {
    const due = Math.min(...KINDS.map((kind) => this.#repeats[kind].dueMs ?? Number.POSITIVE_INFINITY));
    if (due >= this.#timerDueMs || due === Number.POSITIVE_INFINITY) return;
    this.#timer?.cancel();
    this.#timerDueMs = due;
    this.#timer = this.#clock.after(due - monotonicMs, () => {
      this.#timerDueMs = Number.POSITIVE_INFINITY;
      const nowMs = this.#clock.monotonicMs();
      for (const kind of KINDS) for (const entry of this.#repeats[kind].due(nowMs)) this.#wait(entry, nowMs);
      this.#look(nowMs);
    });
  }
}
