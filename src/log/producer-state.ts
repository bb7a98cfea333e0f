import {
  batchBaseOffset,
  batchBaseSequence,
  batchIsControl,
  batchLastOffset,
  batchLastSequence,
  batchMaxTimestampMs,
  batchProducerEpoch,
  batchProducerId,
} from "../records/batch.ts";

/** Batches remembered per producer: as many as a producer may have in flight. Kafka's number. */
export const REMEMBERED_BATCHES = 5;
const MAX_SEQUENCE = 0x7fffffff;

export interface ProducerBatch {
  readonly baseSequence: number;
  readonly lastSequence: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly timestampMs: number;
}

/** One producer, as a checkpoint keeps it. `batches` are the last ones, oldest first. */
export interface ProducerSnapshot {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Time since its last batch. Not a time of day: gateways boot with wrong clocks. */
  readonly silentMs: number;
  readonly batches: readonly ProducerBatch[];
}

export type SequenceCheck =
  | { readonly kind: "next" }
  | { readonly kind: "duplicate"; readonly batch: ProducerBatch }
  | {
      readonly kind: "refused";
      readonly error: "INVALID_PRODUCER_EPOCH" | "OUT_OF_ORDER_SEQUENCE_NUMBER";
      readonly reason: string;
    };

const NEXT: SequenceCheck = { kind: "next" };

interface Producer {
  epoch: number;
  lastSeenMs: number;
  batches: ProducerBatch[];
}

/**
 * Sequence numbers of the idempotent producers of one partition, checked as Kafka's ProducerAppendInfo does: a
 * producer that is not known may begin with any sequence (it may have been forgotten here), one that is known
 * goes on without a gap, a newer epoch begins with 0, and one of the last five batches sent again is a duplicate.
 * Unlike Kafka, the time of silence is measured by the process's own clock, not by the records' timestamps.
 */
export class ProducerStates {
  /** The one silent for longest first. */
  readonly #producers = new Map<number, Producer>();
  readonly #maxProducers: number;

  constructor(maxProducers: number) {
    this.#maxProducers = maxProducers;
  }

  get count(): number {
    return this.#producers.size;
  }

  /** Judges a batch with a producer id. Changes nothing. */
  check(bytes: Uint8Array, at: number): SequenceCheck {
    const producer = this.#producers.get(batchProducerId(bytes, at));
    if (producer === undefined) return NEXT;
    const epoch = batchProducerEpoch(bytes, at);
    if (epoch < producer.epoch) {
      const reason = `producer epoch ${epoch} is older than ${producer.epoch}`;
      return { kind: "refused", error: "INVALID_PRODUCER_EPOCH", reason };
    }
    const first = batchBaseSequence(bytes, at);
    if (epoch > producer.epoch)
      return first === 0 ? NEXT : outOfOrder(`new epoch ${epoch} begins with ${first}`);
    const last = batchLastSequence(bytes, at);
    for (const batch of producer.batches) {
      if (batch.baseSequence === first && batch.lastSequence === last) return { kind: "duplicate", batch };
    }
    const expected = nextSequence(producer.batches.at(-1)?.lastSequence ?? -1);
    return first === expected ? NEXT : outOfOrder(`sequence ${first} came where ${expected} was due`);
  }

  /** Takes up a batch that is in the log now. Batches that were taken up before change nothing. */
  note(bytes: Uint8Array, at: number, nowMs: number): void {
    const producerId = batchProducerId(bytes, at);
    if (producerId < 0) return;
    const epoch = batchProducerEpoch(bytes, at);
    let producer = this.#producers.get(producerId);
    if (producer === undefined) {
      producer = { epoch, lastSeenMs: nowMs, batches: [] };
    } else {
      this.#producers.delete(producerId);
      if (epoch > producer.epoch) producer.batches = [];
      producer.epoch = Math.max(epoch, producer.epoch);
      producer.lastSeenMs = nowMs;
    }
    this.#producers.set(producerId, producer);
    // A transaction's marker has an epoch and no sequence.
    if (!batchIsControl(bytes, at) && epoch === producer.epoch) remember(producer, bytes, at);
    if (this.#producers.size > this.#maxProducers) this.#forgetOldest();
  }

  /** Forgets producers that were silent for `expirationMs` or longer. */
  expire(nowMs: number, expirationMs: number): void {
    for (const [producerId, producer] of this.#producers) {
      if (nowMs - producer.lastSeenMs < expirationMs) return;
      this.#producers.delete(producerId);
    }
  }

  /**
   * The producers as of `endOffset`. One all of whose batches lie behind it is left out: replay brings it back,
   * or its batches are lost and it may begin anew.
   */
  snapshot(endOffset: number, nowMs: number): ProducerSnapshot[] {
    const snapshots: ProducerSnapshot[] = [];
    for (const [producerId, producer] of this.#producers) {
      const batches = producer.batches.filter((batch) => batch.lastOffset < endOffset);
      if (batches.length === 0 && producer.batches.length > 0) continue;
      const silentMs = Math.max(0, nowMs - producer.lastSeenMs);
      snapshots.push({ producerId, producerEpoch: producer.epoch, silentMs, batches });
    }
    return snapshots;
  }

  /** Forgets everybody: some batches are gone, and nobody can say whose. Producers begin anew. */
  clear(): void {
    this.#producers.clear();
  }

  restore(snapshots: readonly ProducerSnapshot[], nowMs: number): void {
    this.#producers.clear();
    for (const { producerId, producerEpoch, silentMs, batches } of snapshots) {
      this.#producers.set(producerId, {
        epoch: producerEpoch,
        lastSeenMs: nowMs - silentMs,
        batches: [...batches],
      });
    }
  }

  #forgetOldest(): void {
    for (const producerId of this.#producers.keys()) {
      this.#producers.delete(producerId);
      return;
    }
  }
}

function remember(producer: Producer, bytes: Uint8Array, at: number): void {
  const lastOffset = batchLastOffset(bytes, at);
  const newest = producer.batches.at(-1);
  if (newest !== undefined && lastOffset <= newest.lastOffset) return;
  if (producer.batches.length === REMEMBERED_BATCHES) producer.batches.shift();
  producer.batches.push({
    baseSequence: batchBaseSequence(bytes, at),
    lastSequence: batchLastSequence(bytes, at),
    baseOffset: batchBaseOffset(bytes, at),
    lastOffset,
    timestampMs: batchMaxTimestampMs(bytes, at),
  });
}

function nextSequence(last: number): number {
  return last === MAX_SEQUENCE ? 0 : last + 1;
}

function outOfOrder(reason: string): SequenceCheck {
  return { kind: "refused", error: "OUT_OF_ORDER_SEQUENCE_NUMBER", reason };
}
