import { ERROR } from "../../kafka/wire/generated/errors.ts";
import {
  EPOCH_BUMP_VERSION,
  hasPartition,
  isEnding,
  isEpochExhausted,
  LAST_CLIENT_EPOCH,
  NO_PARTITIONS,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  type Producer,
  raisedEpoch,
  type TopicPartition,
  type Transaction,
  withPartitions,
} from "./transaction.ts";

/**
 * What a request does to a transactional id: a function of what is known of it, and of the time.
 *
 * - refuse: the error, and nothing changes.
 * - repeat: it was done already; the answer is that of the state as it is.
 * - need-producer-id: ask again with a new producer id.
 * - write: what is to be written down, and is so from then on.
 */
export type Decision =
  | { readonly kind: "refuse"; readonly error: number }
  | { readonly kind: "repeat"; readonly transaction: Transaction }
  | { readonly kind: "need-producer-id" }
  | { readonly kind: "write"; readonly next: Transaction };

export type Outcome = "commit" | "abort";

export interface InitRequest {
  readonly transactionalId: string;
  readonly timeoutMs: number;
  /** Who the client thinks it is, to go on after an error (KIP-360); null for a client that starts. */
  readonly expected: Producer | null;
}

export interface AddRequest extends Producer {
  readonly partitions: readonly TopicPartition[];
  readonly clientTransactionVersion: number;
}

export interface EndRequest extends Producer {
  readonly outcome: Outcome;
  readonly clientTransactionVersion: number;
}

/** What the server itself knows when it decides. */
export interface Now {
  readonly nowMs: number;
  /** The finalized level of the feature transaction.version. */
  readonly transactionVersion: number;
  /** A producer id that nobody had, where one was asked for before. */
  readonly freshProducerId: number | null;
}

const NEED_PRODUCER_ID: Decision = { kind: "need-producer-id" };

/**
 * InitProducerId: the producer gets the id's next epoch, so that whoever had the one before is fenced. An ongoing
 * transaction is aborted first; the client is told to ask again (the `next` is then PrepareAbort).
 */
export function decideInit(transaction: Transaction | null, request: InitRequest, now: Now): Decision {
  if (transaction === null) return beginId(request, now);
  const { expected } = request;
  if (expected !== null && !mayBe(transaction, expected)) return refuse(ERROR.PRODUCER_FENCED);
  if (isEnding(transaction)) return refuse(ERROR.CONCURRENT_TRANSACTIONS);
  if (transaction.state === "Ongoing") return decideFence(transaction, now);
  const { producerEpoch, lastProducerEpoch } = transaction;
  if (expected !== null && expected.producerEpoch !== producerEpoch) {
    const repeated = expected.producerEpoch === lastProducerEpoch && lastProducerEpoch !== NO_PRODUCER_EPOCH;
    if (!repeated) return refuse(ERROR.PRODUCER_FENCED);
    return write(emptied(transaction, request, now, transaction, lastProducerEpoch));
  }
  const last = expected === null ? NO_PRODUCER_EPOCH : producerEpoch;
  if (!isEpochExhausted(producerEpoch)) {
    const raised = { producerId: transaction.producerId, producerEpoch: raisedEpoch(producerEpoch) };
    return write(emptied(transaction, request, now, raised, last));
  }
  if (now.freshProducerId === null) return NEED_PRODUCER_ID;
  const rotated = { producerId: now.freshProducerId, producerEpoch: 0 };
  return write(emptied(transaction, request, now, rotated, last));
}

/** AddPartitionsToTxn and AddOffsetsToTxn: the first partition of a transaction begins it. */
export function decideAdd(transaction: Transaction | null, request: AddRequest, now: Now): Decision {
  const fault = memberFault(transaction, request);
  if (transaction === null || fault !== ERROR.NONE) return refuse(fault);
  const { state, partitions } = transaction;
  const missing = request.partitions.filter((partition) => !hasPartition(partitions, partition));
  if (state === "Ongoing" && missing.length === 0) return { kind: "repeat", transaction };
  const begins = state !== "Ongoing";
  return write({
    ...changed(transaction, now),
    state: "Ongoing",
    partitions: withPartitions(begins ? NO_PARTITIONS : partitions, missing),
    startTimestampMs: begins ? now.nowMs : transaction.startTimestampMs,
    clientTransactionVersion: request.clientTransactionVersion,
  });
}

/** Why a producer may not write in a transaction now, or 0. */
export function memberFault(transaction: Transaction | null, producer: Producer): number {
  if (transaction === null || transaction.producerId !== producer.producerId)
    return ERROR.INVALID_PRODUCER_ID_MAPPING;
  if (transaction.producerEpoch !== producer.producerEpoch) return ERROR.PRODUCER_FENCED;
  return isEnding(transaction) ? ERROR.CONCURRENT_TRANSACTIONS : ERROR.NONE;
}

/**
 * EndTxn. Up to transaction version 1 the epoch stays, so that a request sent again can't be told from the next
 * one and is answered by the state alone; from version 2 on every end raises the epoch, and an empty
 * transaction may be aborted, which raises it too (KIP-890):
 *
 *     state            abort again   abort        commit again   commit
 *     Empty            fenced        raises       fenced         INVALID_TXN_STATE
 *     CompleteAbort    repeat        raises       INVALID_...    INVALID_TXN_STATE
 *     CompleteCommit   INVALID_...   raises       repeat         INVALID_TXN_STATE
 */
export function decideEnd(transaction: Transaction | null, request: EndRequest, now: Now): Decision {
  if (transaction === null) return refuse(ERROR.INVALID_PRODUCER_ID_MAPPING);
  return request.clientTransactionVersion < EPOCH_BUMP_VERSION
    ? decideEndWithoutBump(transaction, request, now)
    : decideEndWithBump(transaction, request, now);
}

/** Aborts an ongoing transaction that nobody asked to end: its time is over, or another producer takes over. */
export function decideFence(transaction: Transaction, now: Now): Decision {
  if (transaction.state !== "Ongoing") return refuse(ERROR.INVALID_TXN_STATE);
  if (now.transactionVersion >= EPOCH_BUMP_VERSION) {
    return endWithBump(transaction, "abort", now.transactionVersion, now);
  }
  return write({
    ...changed(transaction, now),
    producerEpoch: raisedEpoch(transaction.producerEpoch),
    lastProducerEpoch: NO_PRODUCER_EPOCH,
    state: "PrepareAbort",
    clientTransactionVersion: 0,
  });
}

/** What follows once every partition has its marker. */
export function completed(transaction: Transaction, now: Now): Transaction {
  const { clientTransactionVersion, nextProducerId } = transaction;
  const rotates = clientTransactionVersion >= EPOCH_BUMP_VERSION && nextProducerId !== NO_PRODUCER_ID;
  return {
    ...changed(transaction, now),
    ...producerAfter(transaction),
    nextProducerId: NO_PRODUCER_ID,
    state: transaction.state === "PrepareCommit" ? "CompleteCommit" : "CompleteAbort",
    partitions: NO_PARTITIONS,
    // What the client saw last: the epoch before, also where it goes on under another id.
    lastProducerEpoch: rotates ? LAST_CLIENT_EPOCH : transaction.lastProducerEpoch,
  };
}

/** Who the producer is once its transaction is complete: what EndTxn answers from version 5 on. */
export function producerAfter(transaction: Transaction): Producer {
  const { producerId, producerEpoch, clientTransactionVersion, nextProducerId } = transaction;
  return clientTransactionVersion >= EPOCH_BUMP_VERSION && nextProducerId !== NO_PRODUCER_ID
    ? { producerId: nextProducerId, producerEpoch: 0 }
    : { producerId, producerEpoch };
}

function decideEndWithoutBump(transaction: Transaction, request: EndRequest, now: Now): Decision {
  const { state } = transaction;
  const { outcome } = request;
  if (transaction.producerId !== request.producerId) return refuse(ERROR.INVALID_PRODUCER_ID_MAPPING);
  if (transaction.producerEpoch !== request.producerEpoch) return refuse(ERROR.PRODUCER_FENCED);
  if (state === "Ongoing") {
    return write({
      ...changed(transaction, now),
      state: prepared(outcome),
      lastProducerEpoch: transaction.lastProducerEpoch,
      clientTransactionVersion: 0,
    });
  }
  if (state === prepared(outcome)) return refuse(ERROR.CONCURRENT_TRANSACTIONS);
  if (state === complete(outcome)) return { kind: "repeat", transaction };
  return refuse(ERROR.INVALID_TXN_STATE);
}

function decideEndWithBump(transaction: Transaction, request: EndRequest, now: Now): Decision {
  const { state, producerEpoch } = transaction;
  const { outcome } = request;
  const afterOverflow =
    producerEpoch === 0 &&
    request.producerEpoch === LAST_CLIENT_EPOCH &&
    transaction.previousProducerId === request.producerId;
  const again = afterOverflow || producerEpoch === request.producerEpoch + 1;
  const current = producerEpoch === request.producerEpoch;
  if (transaction.producerId !== request.producerId && !afterOverflow)
    return refuse(ERROR.INVALID_PRODUCER_ID_MAPPING);
  if (isEnding(transaction)) {
    // The producer knows its next epoch already, and ends a transaction to which it has written nothing: it is told
    // to come again, as in Kafka while markers are on their way.
    if (current) return refuse(ERROR.CONCURRENT_TRANSACTIONS);
    if (!again) return refuse(ERROR.PRODUCER_FENCED);
    return refuse(state === prepared(outcome) ? ERROR.CONCURRENT_TRANSACTIONS : ERROR.INVALID_TXN_STATE);
  }
  const mayRepeat = state === "CompleteCommit" || state === "CompleteAbort";
  if (!current && !(again && mayRepeat)) return refuse(ERROR.PRODUCER_FENCED);
  if (state === "Ongoing") return endWithBump(transaction, outcome, request.clientTransactionVersion, now);
  if (again) {
    return state === complete(outcome) ? { kind: "repeat", transaction } : refuse(ERROR.INVALID_TXN_STATE);
  }
  if (outcome === "commit") return refuse(ERROR.INVALID_TXN_STATE);
  return endWithBump(transaction, "abort", request.clientTransactionVersion, now);
}

function endWithBump(transaction: Transaction, outcome: Outcome, version: number, now: Now): Decision {
  const { producerEpoch, state, startTimestampMs } = transaction;
  const rotates = isEpochExhausted(producerEpoch);
  if (rotates && now.freshProducerId === null) return NEED_PRODUCER_ID;
  return write({
    ...changed(transaction, now),
    producerEpoch: raisedEpoch(producerEpoch),
    lastProducerEpoch: producerEpoch,
    nextProducerId: rotates && now.freshProducerId !== null ? now.freshProducerId : NO_PRODUCER_ID,
    state: prepared(outcome),
    startTimestampMs: state === "Ongoing" ? startTimestampMs : now.nowMs,
    clientTransactionVersion: version,
  });
}

function beginId({ transactionalId, timeoutMs }: InitRequest, now: Now): Decision {
  if (now.freshProducerId === null) return NEED_PRODUCER_ID;
  return write({
    transactionalId,
    producerId: now.freshProducerId,
    previousProducerId: now.freshProducerId,
    nextProducerId: NO_PRODUCER_ID,
    producerEpoch: 0,
    lastProducerEpoch: NO_PRODUCER_EPOCH,
    timeoutMs,
    state: "Empty",
    partitions: NO_PARTITIONS,
    startTimestampMs: -1,
    lastUpdateTimestampMs: now.nowMs,
    clientTransactionVersion: 0,
  });
}

function emptied(
  transaction: Transaction,
  request: InitRequest,
  now: Now,
  producer: Producer,
  lastProducerEpoch: number,
): Transaction {
  return {
    ...changed(transaction, now),
    producerId: producer.producerId,
    producerEpoch: producer.producerEpoch,
    lastProducerEpoch,
    timeoutMs: request.timeoutMs,
    state: "Empty",
    partitions: NO_PARTITIONS,
    startTimestampMs: -1,
  };
}

/**
 * Whether the client may be who it says: the id's producer, or the one before whose epochs were used up and who
 * never heard of the new id. The epoch is looked at later.
 */
function mayBe(transaction: Transaction, { producerId, producerEpoch }: Producer): boolean {
  if (producerId === transaction.producerId) return true;
  return producerId === transaction.previousProducerId && isEpochExhausted(producerEpoch);
}

function changed(transaction: Transaction, now: Now): Transaction {
  return {
    ...transaction,
    previousProducerId: transaction.producerId,
    // A clock that was set back must not make the id look older than it is.
    lastUpdateTimestampMs: Math.max(now.nowMs, transaction.lastUpdateTimestampMs),
  };
}

function prepared(outcome: Outcome) {
  return outcome === "commit" ? "PrepareCommit" : "PrepareAbort";
}

function complete(outcome: Outcome) {
  return outcome === "commit" ? "CompleteCommit" : "CompleteAbort";
}

function write(next: Transaction): Decision {
  return { kind: "write", next };
}

function refuse(error: number): Decision {
  return { kind: "refuse", error };
}
