import type { Uuid } from "../base/ids.ts";
import type { Clock, Timer } from "../io/clock.ts";
import type { DeletionReason, DeletionWitness, LogIdentity } from "../log/log-config.ts";
import type { PartitionLog } from "../log/partition-log.ts";
import type { Broker } from "./broker.ts";
import { GAP_TOPIC, type Gap, type GapLedger, type LossReason } from "./gap-ledger.ts";
import { type DeletionPromise, LossBook, type Range } from "./loss-book.ts";
import { LossTally, runTally } from "./loss-tally.ts";
import { OpenGaps } from "./open-gaps.ts";
import { replayRecords } from "./replay.ts";

/** Who carries logs elsewhere: an uplink. */
export interface Carrier {
  /**
   * How far it is with a log: what it will read next, and what is at the centre for good; -1 where it does not know
   * yet. Null where it does not carry the log.
   */
  progress(log: LogIdentity): { readonly next: number; readonly committed: number } | null;
  /** A log goes with its topic, and ends there: what it has not carried by then it never will. */
  gone?(log: LogIdentity, endOffset: number): void;
}

/** How long refusals are gathered: twice as long each time while they go on. What is gathered a power cut takes. */
const FIRST_REFUSALS_MS = 1_000;
const LAST_REFUSALS_MS = 60_000;

/**
 * Witness of what retention, a full disk and clients take: has every loss in the ledger before it happens, by device, and
 * knows what is no loss. What was not forwarded is one. So is what makes room on a full disk where nobody carries it;
 * that retention takes what nobody carries is what it is for.
 *
 * It is promised first: where power goes before the deletion, the next start writes what is missing of its entries
 * and deletes, so that nothing is both lost by the ledger and there.
 */
export class Losses implements DeletionWitness {
  ready = true;
  readonly #broker: Broker;
  readonly #clock: Clock;
  readonly #ledger: GapLedger;
  readonly #carriers: Carrier[] = [];
  readonly #book: LossBook;
  /** Promises of before the start that are being kept. */
  readonly #unkept = new Map<PartitionLog, DeletionPromise[]>();
  /** By topic and partition. */
  readonly #refusals = new Map<string, Gap & { count: number; bytes: number }>();
  #refusalTimer: Timer | null = null;
  #refusalsMs = FIRST_REFUSALS_MS;
  /** Whether some are on their way into the ledger. */
  #isTelling = false;
  /** What is gone, and what is about to go. */
  readonly #gone = new OpenGaps();
  readonly #going = new OpenGaps();

  constructor(broker: Broker, ledger: GapLedger) {
    this.#broker = broker;
    this.#clock = broker.clock;
    this.#ledger = ledger;
    this.#book = new LossBook(broker);
    broker.store.witness = this;
    this.#keepPromises();
    broker.topics.hooks.onFull = (...refused) => this.#refused(...refused);
  }

  /** Writes down what waits for more of its kind. */
  close(): void {
    this.#refusalTimer?.cancel();
    this.#isTelling = false;
    this.#tellRefusals();
    this.#refusalTimer?.cancel();
    this.#book.close();
  }

  /** From the first one on somebody loses by what goes: what it takes to tell of that has its room before the disk is full. */
  addCarrier(carrier: Carrier): void {
    this.#carriers.push(carrier);
    this.#book.prepare();
    this.#ledger.prepare();
  }

  /**
   * Whether no power cut takes what the ledger tells of a log's records below an offset that are gone. Nobody may pass over
   * them for good before.
   */
  areWritten(topicId: Uuid, partition: number, endOffset: number): boolean {
    return !this.#gone.has(topicId, partition, endOffset);
  }

  /** The same of what is about to go. Who has read it before may still carry it. */
  areDeletionsWritten(topicId: Uuid, partition: number, endOffset: number): boolean {
    return !this.#going.has(topicId, partition, endOffset);
  }

  forwardedEnd(log: LogIdentity): number | null {
    let end: number | null = null;
    for (const carrier of this.#carriers) {
      const progress = carrier.progress(log);
      if (progress !== null) end = Math.min(end ?? Number.MAX_SAFE_INTEGER, Math.max(0, progress.committed));
    }
    return end;
  }

  isMissed(log: PartitionLog): boolean {
    return !log.internal && this.#lossStart(log, log.logStartOffset, "delete-topic") < log.logEndOffset;
  }

  witness(
    log: PartitionLog,
    fromOffset: number,
    toOffset: number,
    reason: DeletionReason,
    then: () => void,
  ): void {
    const unkept = this.#unkept.get(log)?.find(({ end }) => end === toOffset);
    const start = unkept?.start ?? this.#lossStart(log, fromOffset, reason);
    if (log.internal || start >= toOffset) {
      then();
      return;
    }
    if (reason === "delete-topic") for (const carrier of this.#carriers) carrier.gone?.(log, toOffset);
    // From now on uplinks pass over it (see LocalSource): what they have not read by now they don't read any more.
    const ledgerEnd = this.#broker.partition(GAP_TOPIC, 0)?.log.logEndOffset ?? 0;
    const promise = unkept ?? { start, end: toOffset, cause: reason, ledgerEnd };
    const isWritten = this.#going.open(log.topicId, log.partition, start);
    const tell = (): void =>
      this.#tally(new LossTally(log, start, toOffset, wordOf(promise.cause)), unkept, log, () => {
        isWritten();
        this.#book.told(log.topicId, log.partition, promise);
        then();
      });
    if (unkept === undefined) this.#book.promise(log, promise, tell);
    else tell();
  }

  /** Damage took records of a log, which steps over them. */
  damaged(log: LogIdentity, fromOffset: number, toOffset: number): void {
    const { topic, topicId, partition } = log;
    if (topic.startsWith("__")) return;
    const gaps = this.unknown(topicId, partition, fromOffset, toOffset).map(({ start, end }) => {
      const offsets = { firstOffset: start, lastOffset: end - 1, lossStart: start, lossEnd: end };
      const where = { topic, topicId, partition, count: end - start, bytes: 0 };
      return { reason: "quarantine", device: null, ...where, ...offsets };
    });
    // Damage is met in the middle of an append, or of a read.
    const range = { start: fromOffset, end: toOffset };
    if (gaps.length > 0) this.record(topicId, partition, range, gaps, (write) => this.#clock.soon(write));
  }

  /**
   * Has entries of a log's loss written, for all who ask from now on whether it is known; once they are on the disk, also
   * after a start. `begin` says when.
   */
  record(
    topicId: Uuid,
    partition: number,
    range: Range,
    gaps: readonly Gap[],
    begin: (write: () => void) => void = (write) => write(),
  ): void {
    this.#book.note(topicId, partition, range);
    const isWritten = this.#gone.open(topicId, partition, range.start);
    begin(() =>
      this.#ledger.record(gaps, () => {
        isWritten();
        this.#book.told(topicId, partition, range);
      }),
    );
  }

  /** Those parts of [fromOffset, toOffset) that the ledger does not tell of yet. */
  unknown(topicId: Uuid, partition: number, fromOffset: number, toOffset: number): readonly Range[] {
    const parts: Range[] = [];
    let at = fromOffset;
    for (const { start, end } of this.#book.known(topicId, partition)) {
      if (end <= at || start >= toOffset) continue;
      if (start > at) parts.push({ start: at, end: start });
      at = end;
    }
    if (at < toOffset) parts.push({ start: at, end: toOffset });
    return parts;
  }

  /** In the end one entry a minute and partition: devices may try for days. */
  #refused(topic: string, partition: number, count: number, bytes: number): void {
    // Who writes to the broker's own topics tries again until it is taken: nothing of it is lost.
    if (topic === GAP_TOPIC || topic.startsWith("__")) return;
    const key = `${topic}/${partition}`;
    const known = this.#refusals.get(key);
    if (known === undefined) {
      const fromMs = this.#clock.nowMs();
      this.#refusals.set(key, { reason: "refused", device: null, topic, partition, count, bytes, fromMs });
    } else {
      known.count += count;
      known.bytes += bytes;
    }
    this.#refusalTimer ??= this.#clock.after(this.#refusalsMs, () => this.#tellRefusals());
  }

  #tellRefusals(): void {
    this.#refusalTimer = null;
    if (this.#isTelling) {
      // The ledger is refused space as well: one entry waits for it, and not one more each time.
      this.#refusalTimer = this.#clock.after(this.#refusalsMs, () => this.#tellRefusals());
      return;
    }
    const gaps = [...this.#refusals.values()];
    this.#refusals.clear();
    if (gaps.length === 0) {
      this.#refusalsMs = FIRST_REFUSALS_MS;
      return;
    }
    this.#isTelling = true;
    this.#ledger.record(gaps, () => {
      this.#isTelling = false;
    });
    this.#refusalsMs = Math.min(LAST_REFUSALS_MS, 2 * this.#refusalsMs);
    // Finds nothing once they have ended.
    this.#refusalTimer = this.#clock.after(this.#refusalsMs, () => this.#tellRefusals());
  }

  /** Where what somebody loses begins; nothing is lost below it. */
  #lossStart(log: PartitionLog, fromOffset: number, reason: DeletionReason): number {
    let start: number | null = null;
    for (const carrier of this.#carriers) {
      const progress = carrier.progress(log);
      if (progress === null) continue;
      // What it has read is on its way, or is told of by the uplink itself if it does not arrive; but not once the topic is
      // gone, then it may be told of and arrive.
      const isRead = progress.next >= 0 && reason !== "delete-topic";
      const safe = isRead ? progress.next : progress.committed;
      start = Math.min(start ?? Number.MAX_SAFE_INTEGER, Math.max(0, safe));
    }
    if (start !== null) return Math.max(fromOffset, start);
    return reason === "disk-full" || reason === "log.max.bytes" ? fromOffset : Number.MAX_SAFE_INTEGER;
  }

  /** `unkept`: of a promise that may have been told of before. */
  #tally(tally: LossTally, unkept: DeletionPromise | undefined, log: PartitionLog, then: () => void): void {
    runTally(tally, log, this.#clock, () => {
      const there = unkept === undefined ? NOTHING : entriesFrom(this.#broker, unkept.ledgerEnd);
      const gaps = tally.gaps().filter((gap) => !there.has(identityOf(gap)));
      if (gaps.length === 0) then();
      else this.#ledger.record(gaps, then);
    });
  }

  /** What was promised before power went. */
  #keepPromises(): void {
    for (const { log, promise } of this.#book.unkept()) {
      this.#unkept.set(log, [...(this.#unkept.get(log) ?? []), promise]);
      this.#broker.store.deletions.request(log, promise.end, promise.cause, () => {
        const left = (this.#unkept.get(log) ?? []).filter((other) => other !== promise);
        if (left.length > 0) this.#unkept.set(log, left);
        else this.#unkept.delete(log);
      });
    }
  }
}

function wordOf(reason: DeletionReason): LossReason {
  if (reason === "delete-records" || reason === "delete-topic") return "deleted";
  return reason === "retention.ms" || reason === "retention.bytes" ? "retention" : "disk-full";
}

const NOTHING: ReadonlySet<string> = new Set();

/** What the ledger has from an offset on, by what it says of a log. */
function entriesFrom(broker: Broker, fromOffset: number): ReadonlySet<string> {
  const found = new Set<string>();
  const ledger = broker.partition(GAP_TOPIC, 0);
  if (ledger === null) return found;
  replayRecords(
    ledger,
    (cursor) => {
      try {
        found.add(identityOf(JSON.parse(decoder.decode(cursor.value() ?? undefined)) as Gap));
      } catch {
        // It is no entry.
      }
    },
    fromOffset,
  );
  return found;
}

/** Whoever wrote an entry that is the same in all this, it tells the same. */
function identityOf(gap: Gap | null): string {
  const { reason, device, topicId, partition, firstOffset, lastOffset, count, lossStart, lossEnd } =
    gap ?? {};
  return JSON.stringify([
    ...[reason, device, topicId, partition, firstOffset, lastOffset, count, lossStart, lossEnd],
  ]);
}

const decoder = new TextDecoder();
