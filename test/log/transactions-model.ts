import type { PartitionLog } from "../../src/log/partition-log.ts";
import { buildTransactionMarker } from "../../src/records/transaction-marker.ts";
import { batchOf, EPOCH } from "./support.ts";

/** What a batch did to its producer's transaction. */
export interface TransactionStep {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Of the batch's last record, -1 for a marker. */
  readonly lastSequence: number;
  readonly marker: "commit" | "abort" | null;
}

/** A batch in the log. */
export interface StepBatch {
  readonly baseOffset: number;
  readonly nextOffset: number;
  readonly step: TransactionStep | null;
}

interface Ended {
  readonly producerId: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly outcome: "commit" | "abort";
}

interface ProducerNow {
  readonly epoch: number;
  readonly nextSequence: number;
}

/** The first keeps its epoch from one transaction to the next, the second gets one for each (KIP-890). */
export const TRANSACTIONAL_PRODUCERS = [2001, 2002] as const;
const EPOCH_PER_TRANSACTION = 2002;

/** What the batches of a log say of its transactions, by the plainest reading of them. */
export class TransactionsModel {
  readonly open = new Map<number, number>();
  readonly ended: Ended[] = [];
  readonly #producers = new Map<number, ProducerNow>();
  readonly #data: (StepBatch & { readonly step: TransactionStep })[] = [];

  constructor(batches: readonly StepBatch[]) {
    for (const batch of batches) this.#take(batch);
  }

  producer(producerId: number): ProducerNow {
    return this.#producers.get(producerId) ?? { epoch: 0, nextSequence: 0 };
  }

  /** Says what the log has wrong, or null. */
  fault(log: PartitionLog, random: (bound: number) => number): string | null {
    return this.#stableFault(log) ?? this.#abortedFault(log, random);
  }

  #take(batch: StepBatch): void {
    const { step } = batch;
    if (step === null) return;
    const { producerId, producerEpoch } = step;
    if (step.marker === null) {
      this.#data.push({ ...batch, step });
      if (!this.open.has(producerId)) this.open.set(producerId, batch.baseOffset);
      this.#producers.set(producerId, { epoch: producerEpoch, nextSequence: step.lastSequence + 1 });
      return;
    }
    const before = this.producer(producerId);
    const nextSequence = producerEpoch > before.epoch ? 0 : before.nextSequence;
    this.#producers.set(producerId, { epoch: producerEpoch, nextSequence });
    const firstOffset = this.open.get(producerId);
    this.open.delete(producerId);
    if (firstOffset === undefined) return;
    this.ended.push({ producerId, firstOffset, lastOffset: batch.baseOffset, outcome: step.marker });
  }

  #stableFault(log: PartitionLog): string | null {
    const { highWatermark, lastStableOffset, logStartOffset } = log;
    const first = (firsts: readonly number[]): number => Math.min(highWatermark, ...firsts);
    const unstable = [
      ...[...this.open].map(([producerId, firstOffset]) => ({
        producerId,
        firstOffset,
        lastOffset: Number.MAX_SAFE_INTEGER,
      })),
      ...this.ended.filter((ended) => ended.lastOffset >= highWatermark),
    ];
    const strict = first(unstable.map(({ firstOffset }) => Math.max(firstOffset, logStartOffset)));
    // Records that were deleted hold nobody back, though the log may not know that it has none but those.
    const lenient = first(unstable.flatMap((range) => this.#firstReadable(range, logStartOffset) ?? []));
    if (lastStableOffset >= strict && lastStableOffset <= lenient) return null;
    return `last stable offset ${lastStableOffset} is not in ${strict}..${lenient} below ${highWatermark}`;
  }

  #abortedFault(log: PartitionLog, random: (bound: number) => number): string | null {
    const start = log.logStartOffset;
    const end = log.lastStableOffset;
    if (end <= start) return null;
    const from = start + random(end - start);
    const to = from + 1 + random(end - from);
    const found = log.abortedTransactions(from, to);
    if (found === null) return `aborted transactions in ${from}..${to} can't be read`;
    const wanted = this.ended.filter(
      (ended) => ended.outcome === "abort" && ended.lastOffset >= from && ended.firstOffset < to,
    );
    const isWithin = (range: Omit<Ended, "outcome">): boolean =>
      (this.#firstReadable(range, start) ?? Number.MAX_SAFE_INTEGER) < to;
    const shown = JSON.stringify(found.filter(isWithin).map((range) => this.#describe(range, start)));
    const expected = JSON.stringify(wanted.filter(isWithin).map((range) => this.#describe(range, start)));
    return shown === expected ? null : `aborted in ${from}..${to}: ${shown} instead of ${expected}`;
  }

  /** Where the first record of the transaction is that can be read; null where none can. */
  #firstReadable(range: Omit<Ended, "outcome">, logStartOffset: number): number | null {
    const batch = this.#data.find(
      ({ step, baseOffset, nextOffset }) =>
        step.producerId === range.producerId &&
        baseOffset >= range.firstOffset &&
        baseOffset < range.lastOffset &&
        nextOffset > logStartOffset,
    );
    return batch === undefined ? null : Math.max(batch.baseOffset, logStartOffset);
  }

  #describe(range: Omit<Ended, "outcome">, logStartOffset: number): readonly unknown[] {
    return [range.producerId, this.#firstReadable(range, logStartOffset), range.lastOffset];
  }
}

export interface SentStep {
  readonly bytes: Uint8Array;
  readonly step: TransactionStep;
  readonly error: number;
  readonly baseOffset: number;
  readonly nextOffset: number;
}

/** Goes on with a producer's transaction in the log: with records, or with the marker that ends it. */
export function advance(
  log: PartitionLog,
  model: TransactionsModel,
  producerId: number,
  marker: "commit" | "abort" | null,
  nowMs: number,
): SentStep {
  const { epoch, nextSequence } = model.producer(producerId);
  const bumps = producerId === EPOCH_PER_TRANSACTION;
  const producerEpoch = marker !== null && bumps ? epoch + 1 : epoch;
  const bytes =
    marker === null
      ? batchOf(["first", "second"], {
          producerId,
          producerEpoch,
          baseSequence: nextSequence,
          transactional: true,
        })
      : buildTransactionMarker({
          producerId,
          producerEpoch,
          outcome: marker,
          coordinatorEpoch: 0,
          timestampMs: nowMs,
        });
  const guard = marker === null ? log.producers.verify(bytes, 0, false, nowMs) : 0;
  const step = {
    producerId,
    producerEpoch,
    lastSequence: marker === null ? nextSequence + 1 : -1,
    marker,
  };
  if (typeof guard !== "number") return { bytes, step, error: -1, baseOffset: -1, nextOffset: -1 };
  const result = log.append(bytes, 0, bytes.length, {
    leaderEpoch: EPOCH,
    nowMs,
    origin: marker === null ? "client" : "broker",
    guard,
    transactionVersion: bumps ? 2 : 1,
  });
  if ("message" in result) return { bytes, step, error: result.error, baseOffset: -1, nextOffset: -1 };
  return { bytes, step, error: 0, baseOffset: result.baseOffset, nextOffset: result.lastOffset + 1 };
}
