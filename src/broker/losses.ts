import type { Uuid } from "../base/ids.ts";
import type { Clock, Timer } from "../io/clock.ts";
import type { DeletionReason, DeletionWitness, LogIdentity } from "../log/log-config.ts";
import type { PartitionLog } from "../log/partition-log.ts";
import { RecordCursor } from "../records/reader.ts";
import type { Broker } from "./broker.ts";
import { GAP_TOPIC, type Gap, type GapLedger, type LossReason } from "./gap-ledger.ts";
import { LossTally } from "./loss-tally.ts";

/** Who carries logs elsewhere: an uplink. */
export interface Carrier {
  /**
   * How far it is with a log: what it will read next, and what is at the centre for good; -1 where it does not know
   * yet. Null where it does not carry the log.
   */
  progress(log: LogIdentity): { readonly next: number; readonly committed: number } | null;
}

/** Bytes of the ledger's end that a start goes through for losses that are written down and have not happened. */
const TAIL_BYTES = 1024 * 1024;
/** How long refusals are gathered. */
const REFUSALS_MS = 60_000;
/** Losses of one log that are remembered; neighbours are one. */
const MAX_KNOWN_PER_LOG = 64;
/** Slices of a tally in one turn of the event loop. */
const SLICES_PER_TURN = 4;

interface Range {
  start: number;
  end: number;
}

/**
 * Witness of what retention and a full disk take: has every loss in the ledger before it happens, by device, and
 * knows what is no loss. What was not forwarded is one. So is what makes room on a full disk where nobody carries it;
 * that retention takes what nobody carries is what it is for.
 *
 * An entry is a promise: where power went between it and the deletion, the start deletes what the entry tells of, so
 * that nothing is both lost by the ledger and there.
 */
export class Losses implements DeletionWitness {
  ready = true;
  readonly #broker: Broker;
  readonly #clock: Clock;
  readonly #ledger: GapLedger;
  readonly #carriers: Carrier[] = [];
  /** What the ledger tells of, by log. */
  readonly #known = new Map<string, Range[]>();
  /** By topic and partition. */
  readonly #refusals = new Map<string, Gap & { count: number; bytes: number }>();
  #refusalTimer: Timer | null = null;
  /** Losses that are known here, and that a power cut would still take out of the ledger. */
  #unwritten = 0;

  constructor(broker: Broker, ledger: GapLedger) {
    this.#broker = broker;
    this.#clock = broker.clock;
    this.#ledger = ledger;
    this.#keepPromises();
    broker.store.witness = this;
    broker.topics.hooks.onFull = (...refused) => this.#refused(...refused);
  }

  /** Writes down what waits for more of its kind. */
  close(): void {
    this.#refusalTimer?.cancel();
    this.#tellRefusals();
  }

  addCarrier(carrier: Carrier): void {
    this.#carriers.push(carrier);
  }

  /** Whether no power cut takes what the ledger tells of. Nobody may pass over a loss for good before. */
  get areWritten(): boolean {
    return this.#unwritten === 0;
  }

  forwardedEnd(log: LogIdentity): number | null {
    let end: number | null = null;
    for (const carrier of this.#carriers) {
      const progress = carrier.progress(log);
      if (progress !== null) end = Math.min(end ?? Number.MAX_SAFE_INTEGER, Math.max(0, progress.committed));
    }
    return end;
  }

  witness(
    log: PartitionLog,
    fromOffset: number,
    toOffset: number,
    reason: DeletionReason,
    then: () => void,
  ): void {
    const start = this.#lossStart(log, fromOffset, reason);
    if (log.internal || start >= toOffset) {
      then();
      return;
    }
    const word: LossReason =
      reason === "retention.ms" || reason === "retention.bytes" ? "retention" : "disk-full";
    // From now on uplinks pass over it (see LocalSource): what they have not read by now they don't read any more.
    this.#remember(log.topicId, log.partition, { start, end: toOffset });
    this.#unwritten += 1;
    this.#tally(new LossTally(log, start, toOffset, word), log, () => {
      this.#unwritten -= 1;
      then();
    });
  }

  /** Damage took records of a log, which steps over them. */
  damaged(log: LogIdentity, fromOffset: number, toOffset: number): void {
    const { topic, topicId, partition } = log;
    if (topic.startsWith("__")) return;
    for (const { start, end } of this.unknown(topicId, partition, fromOffset, toOffset)) {
      const offsets = { firstOffset: start, lastOffset: end - 1, lossStart: start, lossEnd: end };
      const where = { topic, topicId, partition, count: end - start, bytes: 0 };
      const gap = { reason: "quarantine", device: null, ...where, ...offsets };
      // Damage is met in the middle of an append, or of a read.
      this.#unwritten += 1;
      this.#clock.soon(() =>
        this.#ledger.record([gap], () => {
          this.#unwritten -= 1;
        }),
      );
    }
    this.noteKnown(topicId, partition, fromOffset, toOffset);
  }

  /** Those parts of [fromOffset, toOffset) that the ledger does not tell of yet. */
  unknown(topicId: Uuid, partition: number, fromOffset: number, toOffset: number): readonly Range[] {
    const parts: Range[] = [];
    let at = fromOffset;
    for (const { start, end } of this.#known.get(keyOf(topicId, partition)) ?? []) {
      if (end <= at || start >= toOffset) continue;
      if (start > at) parts.push({ start: at, end: start });
      at = end;
    }
    if (at < toOffset) parts.push({ start: at, end: toOffset });
    return parts;
  }

  /** The ledger tells of these. */
  noteKnown(topicId: Uuid, partition: number, fromOffset: number, toOffset: number): void {
    this.#remember(topicId, partition, { start: fromOffset, end: toOffset });
  }

  /** One entry a minute and partition: devices may try for days. */
  #refused(topic: string, partition: number, count: number, bytes: number): void {
    const key = `${topic}/${partition}`;
    const known = this.#refusals.get(key);
    if (known === undefined) {
      const fromMs = this.#clock.nowMs();
      this.#refusals.set(key, { reason: "refused", device: null, topic, partition, count, bytes, fromMs });
    } else {
      known.count += count;
      known.bytes += bytes;
    }
    this.#refusalTimer ??= this.#clock.after(REFUSALS_MS, () => this.#tellRefusals());
  }

  #tellRefusals(): void {
    this.#refusalTimer = null;
    const gaps = [...this.#refusals.values()];
    this.#refusals.clear();
    if (gaps.length > 0) this.#ledger.record(gaps, () => {});
  }

  /** Where what somebody loses begins; nothing is lost below it. */
  #lossStart(log: PartitionLog, fromOffset: number, reason: DeletionReason): number {
    let start: number | null = null;
    for (const carrier of this.#carriers) {
      const progress = carrier.progress(log);
      if (progress === null) continue;
      // What it has read is on its way, or is told of by the uplink itself if it does not arrive.
      const safe = progress.next >= 0 ? progress.next : progress.committed;
      start = Math.min(start ?? Number.MAX_SAFE_INTEGER, Math.max(0, safe));
    }
    if (start !== null) return Math.max(fromOffset, start);
    return reason === "disk-full" || reason === "log.max.bytes" ? fromOffset : Number.MAX_SAFE_INTEGER;
  }

  #tally(tally: LossTally, log: PartitionLog, then: () => void): void {
    let more = log.fault === null && !log.deleted;
    for (let slices = 0; more && slices < SLICES_PER_TURN; slices++) more = tally.advance();
    if (more) {
      this.#clock.after(0, () => this.#tally(tally, log, then));
      return;
    }
    const gaps = tally.gaps();
    if (gaps.length === 0) then();
    else this.#ledger.record(gaps, then);
  }

  #remember(topicId: Uuid, partition: number, range: Range): void {
    const key = keyOf(topicId, partition);
    const ranges = [...(this.#known.get(key) ?? []), { ...range }].sort((a, b) => a.start - b.start);
    const merged: Range[] = [];
    for (const next of ranges) {
      const last = merged.at(-1);
      if (last !== undefined && next.start <= last.end) last.end = Math.max(last.end, next.end);
      else merged.push(next);
    }
    this.#known.set(key, merged.slice(-MAX_KNOWN_PER_LOG));
  }

  /** Reads the ledger's end: what it tells of is known, and what it says went goes. */
  #keepPromises(): void {
    const ledger = this.#broker.partition(GAP_TOPIC, 0)?.log;
    if (ledger === undefined) return;
    let bytesBehind = 0;
    let from: number = ledger.logEndOffset;
    for (const segment of ledger.segments.toReversed()) {
      if (bytesBehind >= TAIL_BYTES) break;
      bytesBehind += segment.sizeBytes;
      from = segment.baseOffset;
    }
    const cursor = new RecordCursor();
    for (let next = Math.max(from, ledger.logStartOffset) as typeof ledger.logEndOffset; ; ) {
      const read = ledger.read(next, TAIL_BYTES, { minOneBatch: true, until: ledger.highWatermark });
      if (!("nextOffset" in read) || read.bytes.length === 0) return;
      cursor.open(read.bytes, 0, read.bytes.length);
      try {
        while (cursor.next()) this.#keepPromise(cursor.value());
      } catch {
        // The log tells of its damage itself.
      }
      next = read.nextOffset;
    }
  }

  #keepPromise(value: Uint8Array | null): void {
    const loss = lossOf(value);
    if (loss === null) return;
    this.#remember(loss.topicId, loss.partition, { start: loss.lossStart, end: loss.lossEnd });
    const log = this.#broker.store.get(loss.topicId, loss.partition);
    const isOfTheLog = loss.reason === "retention" || loss.reason === "disk-full";
    if (log === null || log.fault !== null || !isOfTheLog) return;
    log.moveLogStart(Math.min(loss.lossEnd, log.highWatermark), null);
  }
}

interface WrittenLoss {
  readonly reason: string;
  readonly topicId: Uuid;
  readonly partition: number;
  readonly lossStart: number;
  readonly lossEnd: number;
}

/** An entry of a loss that the log itself has made; null for any other. */
function lossOf(value: Uint8Array | null): WrittenLoss | null {
  try {
    const entry: unknown = JSON.parse(new TextDecoder().decode(value ?? new Uint8Array(0)));
    return isLoss(entry) ? entry : null;
  } catch {
    return null;
  }
}

function isLoss(entry: unknown): entry is WrittenLoss {
  if (typeof entry !== "object" || entry === null) return false;
  const { reason, topicId, partition, lossStart, lossEnd, uplink } = entry as Partial<
    Record<string, unknown>
  >;
  return (
    typeof reason === "string" &&
    uplink === undefined &&
    typeof topicId === "string" &&
    [partition, lossStart, lossEnd].every((number) => Number.isSafeInteger(number) && Number(number) >= 0)
  );
}

function keyOf(topicId: Uuid, partition: number): string {
  return `${topicId}/${partition}`;
}
