import {
  batchBaseOffset,
  batchBaseSequence,
  batchIsControl,
  batchIsTransactional,
  batchLastOffset,
  batchLastSequence,
  batchMaxTimestampMs,
  batchProducerEpoch,
  batchProducerId,
  NO_SEQUENCE,
} from "../records/batch.ts";
import { markerOf } from "../records/transaction-marker.ts";
import { type EndedTransaction, type OpenTransaction, OpenTransactions } from "./transaction-state.ts";
import { Verifications } from "./verifications.ts";

/** Batches remembered per producer: as many as a producer may have in flight. Kafka's number. */
export const REMEMBERED_BATCHES = 5;
/** Changes kept for a checkpoint from which on it is looked whether one still needs them. */
const MANY_CHANGES = 1024;
const MAX_SEQUENCE = 0x7fffffff;
const MAX_EPOCH = 0x7fff;
const NONE = -1;
/** The transaction version whose markers raise the producer's epoch. */
const EPOCH_BUMPS = 2;

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
  /** Of the transaction coordinator that wrote the last marker; -1 before the first. */
  readonly coordinatorEpoch: number;
  /** Offset of the first record of the open transaction; -1 where none is open. */
  readonly transactionOffset: number;
  /** Whether what was written last is not among `batches`, so that any sequence may follow. */
  readonly anySequence: boolean;
  /** Time since its last batch. Not a time of day: gateways boot with wrong clocks. */
  readonly silentMs: number;
  /** The timestamp of its last batch, for people. */
  readonly lastTimestampMs: number;
  readonly batches: readonly ProducerBatch[];
}

/** A producer as DescribeProducers shows it; -1 for what there is not. */
export interface ActiveProducer {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly lastSequence: number;
  /** Of its last batch that is no marker. */
  readonly lastDataOffset: number;
  readonly lastTimestampMs: number;
  readonly coordinatorEpoch: number;
  readonly transactionOffset: number;
}

export type ProducerError =
  | "INVALID_PRODUCER_EPOCH"
  | "OUT_OF_ORDER_SEQUENCE_NUMBER"
  | "INVALID_TXN_STATE"
  | "TRANSACTION_COORDINATOR_FENCED"
  | "NOT_ENOUGH_REPLICAS";

export interface ProducerRefusal {
  readonly kind: "refused";
  readonly error: ProducerError;
  readonly reason: string;
}

export type SequenceCheck =
  | { readonly kind: "next" }
  | { readonly kind: "duplicate"; readonly batch: ProducerBatch }
  | ProducerRefusal;

const NEXT: SequenceCheck = { kind: "next" };

interface Producer {
  epoch: number;
  coordinatorEpoch: number;
  transactionOffset: number;
  anySequence: boolean;
  lastSeenMs: number;
  lastTimestampMs: number;
  batches: ProducerBatch[];
}

/** What a batch changed beside sequences, so that a checkpoint can tell how it was before; null: unknown producer. */
interface Change {
  readonly offset: number;
  readonly producerId: number;
  readonly before: Readonly<Producer> | null;
}

/**
 * The idempotent and transactional producers of one partition, judged as Kafka's ProducerAppendInfo does: a
 * producer that is not known may begin with any sequence (it may have been forgotten here), one that is known
 * goes on without a gap, a newer epoch begins with 0, and one of the last five batches sent again is a duplicate.
 * A transaction's first batch needs a guard that the coordinator has confirmed; a marker needs a coordinator's
 * epoch that is not older than the last one's. Unlike Kafka, the time of silence is measured by the process's own
 * clock, not by the records' timestamps. A producer with an open transaction is never forgotten.
 */
export class ProducerStates {
  readonly open = new OpenTransactions();
  /** The one silent for longest first. */
  readonly #producers = new Map<number, Producer>();
  readonly #verifications: Verifications;
  readonly #maxProducers: number;
  /** In the order of the log. */
  #changes: Change[] = [];
  #manyChanges = MANY_CHANGES;

  constructor(maxProducers: number) {
    this.#maxProducers = maxProducers;
    this.#verifications = new Verifications(maxProducers);
  }

  get count(): number {
    return this.#producers.size;
  }

  /** Whether it is time to `settle` between two checkpoints. */
  get hasManyChanges(): boolean {
    return this.#changes.length > this.#manyChanges;
  }

  active(): ActiveProducer[] {
    return [...this.#producers].map(([producerId, producer]) => ({
      producerId,
      producerEpoch: producer.epoch,
      lastSequence: producer.batches.at(-1)?.lastSequence ?? NO_SEQUENCE,
      lastDataOffset: producer.batches.at(-1)?.lastOffset ?? NONE,
      lastTimestampMs: producer.lastTimestampMs,
      coordinatorEpoch: producer.coordinatorEpoch,
      transactionOffset: producer.transactionOffset,
    }));
  }

  /**
   * Gives the guard under which a client's transactional batch may go in, once the coordinator has said that the
   * partition is in the transaction: 0 where the transaction is open here, so that nobody has to be asked.
   */
  verify(bytes: Uint8Array, at: number, implicit: boolean, nowMs: number): number | ProducerRefusal {
    const producerId = batchProducerId(bytes, at);
    const epoch = batchProducerEpoch(bytes, at);
    const producer = this.#producers.get(producerId);
    if (producer !== undefined && epoch < producer.epoch) return staleEpoch(epoch, producer.epoch);
    if (producer !== undefined && isOpen(producer, epoch)) return 0;
    return this.#verifications.start(producerId, epoch, batchBaseSequence(bytes, at), implicit, nowMs);
  }

  /** Judges a client's batch with a producer id. Changes nothing. */
  check(bytes: Uint8Array, at: number, guard = 0): SequenceCheck {
    const producer = this.#producers.get(batchProducerId(bytes, at));
    const first = batchBaseSequence(bytes, at);
    const last = batchLastSequence(bytes, at);
    if (producer !== undefined && batchProducerEpoch(bytes, at) === producer.epoch) {
      for (const batch of producer.batches) {
        if (batch.baseSequence === first && batch.lastSequence === last) return { kind: "duplicate", batch };
      }
    }
    return (
      this.#checkTransaction(bytes, at, producer, guard) ??
      this.#checkVerified(bytes, at, producer) ??
      checkSequence(bytes, at, producer) ??
      NEXT
    );
  }

  /** Judges a batch with a producer id that the broker built: data without sequences, or a marker. */
  checkFromBroker(bytes: Uint8Array, at: number, transactionVersion: number): ProducerRefusal | null {
    const producer = this.#producers.get(batchProducerId(bytes, at));
    const epoch = batchProducerEpoch(bytes, at);
    if (batchIsControl(bytes, at)) return checkMarker(bytes, at, producer, transactionVersion);
    if (producer !== undefined && epoch < producer.epoch) return staleEpoch(epoch, producer.epoch);
    return this.#checkTransactional(bytes, at, producer);
  }

  /**
   * Takes up a batch that is in the log now, all of it in `bytes`. Batches that were taken up before change
   * nothing. Gives the transaction that it ended.
   */
  note(bytes: Uint8Array, at: number, nowMs: number): EndedTransaction | null {
    const producerId = batchProducerId(bytes, at);
    if (producerId < 0) return null;
    if (batchIsTransactional(bytes, at)) this.#verifications.end(producerId);
    const epoch = batchProducerEpoch(bytes, at);
    const producer = this.#touch(producerId, bytes, at, nowMs);
    if (batchIsControl(bytes, at)) return this.#noteMarker(producerId, producer, bytes, at);
    if (epoch !== producer.epoch) return null;
    const isNew = batchBaseSequence(bytes, at) === NO_SEQUENCE || remember(producer, bytes, at);
    if (isNew && batchIsTransactional(bytes, at) && producer.transactionOffset === NONE) {
      const offset = batchBaseOffset(bytes, at);
      this.#change(producerId, offset, producer);
      producer.transactionOffset = offset;
      this.open.begin(producerId, offset);
    }
    return null;
  }

  /** Forgets producers that were silent for `expirationMs` or longer. */
  expire(nowMs: number, expirationMs: number): void {
    this.#verifications.expire(nowMs, expirationMs);
    for (const [producerId, producer] of this.#producers) {
      if (nowMs - producer.lastSeenMs < expirationMs) return;
      if (producer.transactionOffset === NONE) this.#producers.delete(producerId);
    }
  }

  /** Nobody will ask for a snapshot as of an earlier offset any more. */
  settle(recoveryPoint: number): void {
    this.#changes = this.#changes.filter((change) => change.offset >= recoveryPoint);
    this.#manyChanges = Math.max(MANY_CHANGES, this.#changes.length * 2);
  }

  /**
   * The producers as of `endOffset`. One all of whose batches lie behind it is left out: replay brings it back,
   * or its batches are lost and it may begin anew.
   */
  snapshot(endOffset: number, nowMs: number): ProducerSnapshot[] {
    this.settle(endOffset);
    const before = new Map<number, Readonly<Producer> | null>();
    for (const change of this.#changes) {
      if (!before.has(change.producerId)) before.set(change.producerId, change.before);
    }
    const snapshots: ProducerSnapshot[] = [];
    for (const [producerId, current] of this.#producers) {
      const known = before.get(producerId);
      if (known === null) continue;
      const silentMs = Math.max(0, nowMs - current.lastSeenMs);
      snapshots.push(snapshotOf(producerId, known ?? current, endOffset, silentMs));
    }
    return snapshots;
  }

  /** The producers as they are. Unlike `snapshot` it leaves what a checkpoint as of an earlier offset still needs. */
  snapshotNow(nowMs: number): ProducerSnapshot[] {
    return [...this.#producers].map(([producerId, producer]) =>
      snapshotOf(producerId, producer, Number.MAX_SAFE_INTEGER, Math.max(0, nowMs - producer.lastSeenMs)),
    );
  }

  /** Forgets everybody: some batches are gone, and nobody can say whose. Producers begin anew. */
  clear(): void {
    this.#producers.clear();
    this.#changes = [];
    this.open.restore([]);
  }

  /**
   * The same where records of open transactions can still be read: those stay open until a marker comes, whose
   * coordinator may send it again. What they had aborted must not come to be read.
   */
  clearSequences(): void {
    for (const [producerId, producer] of this.#producers) {
      if (producer.transactionOffset === NONE) this.#producers.delete(producerId);
      producer.batches = [];
      producer.anySequence = true;
    }
    this.#changes = [];
  }

  restore(snapshots: readonly ProducerSnapshot[], nowMs: number): void {
    this.clear();
    const open: OpenTransaction[] = [];
    for (const snapshot of snapshots) {
      const { producerId, transactionOffset } = snapshot;
      this.#producers.set(producerId, {
        epoch: snapshot.producerEpoch,
        coordinatorEpoch: snapshot.coordinatorEpoch,
        transactionOffset,
        anySequence: snapshot.anySequence,
        lastSeenMs: nowMs - snapshot.silentMs,
        lastTimestampMs: snapshot.lastTimestampMs,
        batches: [...snapshot.batches],
      });
      if (transactionOffset !== NONE) open.push({ producerId, firstOffset: transactionOffset });
    }
    this.open.restore(open);
  }

  /** Whether a client's transactional batch is part of a transaction that the coordinator knows of. */
  #checkTransaction(
    bytes: Uint8Array,
    at: number,
    producer: Producer | undefined,
    guard: number,
  ): ProducerRefusal | null {
    const epoch = batchProducerEpoch(bytes, at);
    if (producer !== undefined && epoch < producer.epoch) return staleEpoch(epoch, producer.epoch);
    const refusal = this.#checkTransactional(bytes, at, producer);
    if (refusal !== null || !batchIsTransactional(bytes, at)) return refusal;
    if (producer !== undefined && isOpen(producer, epoch)) return null;
    const verification = this.#verifications.get(batchProducerId(bytes, at));
    if (verification !== null && verification.guard === guard) return null;
    return refused("INVALID_TXN_STATE", "Record was not part of an ongoing transaction");
  }

  #checkTransactional(bytes: Uint8Array, at: number, producer: Producer | undefined): ProducerRefusal | null {
    const isOpen = producer !== undefined && producer.transactionOffset !== NONE;
    if (isOpen && !batchIsTransactional(bytes, at)) {
      return refused(
        "INVALID_TXN_STATE",
        "a transaction of this producer is open, and the records are not of it",
      );
    }
    if (!isOpen && batchIsTransactional(bytes, at) && this.open.count >= this.#maxProducers) {
      return refused("NOT_ENOUGH_REPLICAS", `${this.open.count} transactions are open in this partition`);
    }
    return null;
  }

  /** Sequences within a verification: what was sent later may have been answered for earlier. */
  #checkVerified(bytes: Uint8Array, at: number, producer: Producer | undefined): ProducerRefusal | null {
    const verification = this.#verifications.get(batchProducerId(bytes, at));
    if (verification === null) return null;
    const first = batchBaseSequence(bytes, at);
    const isEmpty = producer === undefined || producer.batches.length === 0;
    if (verification.implicit && first !== 0 && isEmpty) {
      return outOfOrder(`a producer that begins here came with sequence ${first}`);
    }
    const { lowestSequence } = verification;
    return first <= lowestSequence ? null : outOfOrder(`sequence ${first} came before ${lowestSequence}`);
  }

  #touch(producerId: number, bytes: Uint8Array, at: number, nowMs: number): Producer {
    const epoch = batchProducerEpoch(bytes, at);
    const known = this.#producers.get(producerId);
    const lastTimestampMs = batchMaxTimestampMs(bytes, at);
    if (known === undefined) {
      const producer: Producer = {
        epoch,
        coordinatorEpoch: NONE,
        transactionOffset: NONE,
        // A producer that a marker speaks of may have been forgotten here.
        anySequence: batchIsControl(bytes, at),
        lastSeenMs: nowMs,
        lastTimestampMs,
        batches: [],
      };
      this.#changes.push({ offset: batchBaseOffset(bytes, at), producerId, before: null });
      this.#producers.set(producerId, producer);
      if (this.#producers.size > this.#maxProducers) this.#forgetOldest();
      return producer;
    }
    this.#producers.delete(producerId);
    this.#producers.set(producerId, known);
    if (epoch > known.epoch) {
      this.#change(producerId, batchBaseOffset(bytes, at), known);
      known.epoch = epoch;
      known.batches = [];
      known.anySequence = false;
    }
    known.lastSeenMs = nowMs;
    known.lastTimestampMs = lastTimestampMs;
    return known;
  }

  #noteMarker(
    producerId: number,
    producer: Producer,
    bytes: Uint8Array,
    at: number,
  ): EndedTransaction | null {
    const marker = markerOf(bytes, at);
    if (marker === null) return null;
    const lastOffset = batchLastOffset(bytes, at);
    const firstOffset = producer.transactionOffset;
    if (firstOffset !== NONE || marker.coordinatorEpoch !== producer.coordinatorEpoch) {
      this.#change(producerId, lastOffset, producer);
    }
    producer.coordinatorEpoch = Math.max(producer.coordinatorEpoch, marker.coordinatorEpoch);
    producer.transactionOffset = NONE;
    if (firstOffset === NONE) return null;
    this.open.end(firstOffset, lastOffset);
    const lastStableOffset = this.open.firstOpen() ?? lastOffset + 1;
    return { producerId, firstOffset, lastOffset, lastStableOffset, outcome: marker.outcome };
  }

  #change(producerId: number, offset: number, producer: Producer): void {
    this.#changes.push({ offset, producerId, before: { ...producer } });
  }

  #forgetOldest(): void {
    for (const [producerId, producer] of this.#producers) {
      if (producer.transactionOffset !== NONE) continue;
      this.#producers.delete(producerId);
      return;
    }
  }
}

function snapshotOf(
  producerId: number,
  producer: Readonly<Producer>,
  endOffset: number,
  silentMs: number,
): ProducerSnapshot {
  const batches = producer.batches.filter((batch) => batch.lastOffset < endOffset);
  return {
    producerId,
    producerEpoch: producer.epoch,
    coordinatorEpoch: producer.coordinatorEpoch,
    transactionOffset: producer.transactionOffset,
    anySequence: producer.anySequence || (batches.length === 0 && producer.batches.length > 0),
    silentMs,
    lastTimestampMs: producer.lastTimestampMs,
    batches,
  };
}

function isOpen(producer: Producer, epoch: number): boolean {
  return producer.transactionOffset !== NONE && producer.epoch === epoch;
}

function checkSequence(
  bytes: Uint8Array,
  at: number,
  producer: Producer | undefined,
): ProducerRefusal | null {
  if (producer === undefined) return null;
  const epoch = batchProducerEpoch(bytes, at);
  const first = batchBaseSequence(bytes, at);
  if (epoch > producer.epoch) {
    return first === 0 ? null : outOfOrder(`new epoch ${epoch} begins with ${first}`);
  }
  if (producer.anySequence && producer.batches.length === 0) return null;
  const expected = nextSequence(producer.batches.at(-1)?.lastSequence ?? -1);
  return first === expected ? null : outOfOrder(`sequence ${first} came where ${expected} was due`);
}

/** A marker of an older producer, or of an older coordinator, is refused; one sent again is taken. */
function checkMarker(
  bytes: Uint8Array,
  at: number,
  producer: Producer | undefined,
  transactionVersion: number,
): ProducerRefusal | null {
  const marker = markerOf(bytes, at);
  if (producer === undefined || marker === null) return null;
  const epoch = batchProducerEpoch(bytes, at);
  const isRepeat = epoch === producer.epoch && (producer.transactionOffset === NONE || epoch === MAX_EPOCH);
  const isStale =
    transactionVersion >= EPOCH_BUMPS ? epoch <= producer.epoch && !isRepeat : epoch < producer.epoch;
  if (isStale) return staleEpoch(epoch, producer.epoch);
  if (marker.coordinatorEpoch < producer.coordinatorEpoch) {
    const reason = `coordinator epoch ${marker.coordinatorEpoch} is older than ${producer.coordinatorEpoch}`;
    return refused("TRANSACTION_COORDINATOR_FENCED", reason);
  }
  return null;
}

/** Whether the batch is one that the producer's state has not seen. */
function remember(producer: Producer, bytes: Uint8Array, at: number): boolean {
  const lastOffset = batchLastOffset(bytes, at);
  const newest = producer.batches.at(-1);
  if (newest !== undefined && lastOffset <= newest.lastOffset) return false;
  if (producer.batches.length === REMEMBERED_BATCHES) producer.batches.shift();
  producer.batches.push({
    baseSequence: batchBaseSequence(bytes, at),
    lastSequence: batchLastSequence(bytes, at),
    baseOffset: batchBaseOffset(bytes, at),
    lastOffset,
    timestampMs: batchMaxTimestampMs(bytes, at),
  });
  producer.anySequence = false;
  return true;
}

function nextSequence(last: number): number {
  return last === MAX_SEQUENCE ? 0 : last + 1;
}

function staleEpoch(epoch: number, known: number): ProducerRefusal {
  return refused("INVALID_PRODUCER_EPOCH", `producer epoch ${epoch} is older than ${known}`);
}

function outOfOrder(reason: string): ProducerRefusal {
  return refused("OUT_OF_ORDER_SEQUENCE_NUMBER", reason);
}

function refused(error: ProducerError, reason: string): ProducerRefusal {
  return { kind: "refused", error, reason };
}
