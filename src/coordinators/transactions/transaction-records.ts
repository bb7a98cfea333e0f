import { hasCode } from "../../base/errors.ts";
import { toProducerId } from "../../base/ids.ts";
import { TRANSACTION_LOG_KEY } from "../../kafka/wire/generated/transaction-log-key.ts";
import { TRANSACTION_LOG_VALUE } from "../../kafka/wire/generated/transaction-log-value.ts";
import type { CoordinatorRecord } from "../runtime/coordinator-log.ts";
import { encodeRecord, encodeTombstone, openKey, openValue } from "../runtime/record-codec.ts";
import {
  NO_PARTITIONS,
  NO_PRODUCER_EPOCH,
  STATE_NAMES,
  type Transaction,
  type TransactionPartitions,
} from "./transaction.ts";

const TRANSACTION_RECORD = 0;

/** What a record of `__transaction_state` says about its transactional id; null: it was forgotten. */
export interface TransactionRecord {
  readonly transactionalId: string;
  readonly transaction: Transaction | null;
}

/** A transactional id's record. Version 0 of the value is what Kafka writes at transaction version 0 (KIP-890). */
export function encodeTransaction(transaction: Transaction, transactionVersion: number): CoordinatorRecord {
  const flexible = transactionVersion >= 1;
  const { transactionalId, state } = transaction;
  return encodeRecord(
    TRANSACTION_LOG_KEY,
    { transactionalId },
    TRANSACTION_LOG_VALUE,
    {
      producerId: transaction.producerId,
      previousProducerId: flexible ? transaction.previousProducerId : -1,
      nextProducerId: flexible ? transaction.nextProducerId : -1,
      producerEpoch: transaction.producerEpoch,
      nextProducerEpoch: -1,
      transactionTimeoutMs: transaction.timeoutMs,
      transactionStatus: STATE_NAMES.indexOf(state),
      transactionPartitions: state === "Empty" ? null : topicsOf(transaction.partitions),
      transactionLastUpdateTimestampMs: transaction.lastUpdateTimestampMs,
      transactionStartTimestampMs: transaction.startTimestampMs,
      clientTransactionVersion: flexible ? transaction.clientTransactionVersion : 0,
    },
    flexible ? 1 : 0,
  );
}

export function encodeForgotten(transactionalId: string): CoordinatorRecord {
  return encodeTombstone(TRANSACTION_LOG_KEY, { transactionalId });
}

/**
 * Reads a record back, with `lastProducerEpoch`, which no record holds. Returns null where it is of a kind or a
 * version that came later, or where it is no record of this topic at all.
 */
export function decodeTransaction(
  { key, value }: CoordinatorRecord,
  lastProducerEpoch = NO_PRODUCER_EPOCH,
): TransactionRecord | null {
  try {
    const { type, reader } = openKey(key);
    if (type !== TRANSACTION_RECORD) return null;
    const { transactionalId } = TRANSACTION_LOG_KEY.read(reader, 0);
    if (value === null) return { transactionalId, transaction: null };
    const transaction = decodeValue(transactionalId, value, lastProducerEpoch);
    return transaction === null ? null : { transactionalId, transaction };
  } catch (error) {
    if (!hasCode(error, "MALFORMED")) throw error;
    return null;
  }
}

function decodeValue(
  transactionalId: string,
  bytes: Uint8Array,
  lastProducerEpoch: number,
): Transaction | null {
  const { version, reader } = openValue(bytes);
  if (version < 0 || version > TRANSACTION_LOG_VALUE.maxVersion) return null;
  const value = TRANSACTION_LOG_VALUE.read(reader, version);
  const state = STATE_NAMES[value.transactionStatus];
  const producerId = toProducerId(value.producerId);
  const previousProducerId = toProducerId(value.previousProducerId);
  const nextProducerId = toProducerId(value.nextProducerId);
  if (state === undefined || value.producerEpoch < 0) return null;
  if (producerId === null || previousProducerId === null || nextProducerId === null) return null;
  return {
    transactionalId,
    producerId,
    previousProducerId,
    nextProducerId,
    producerEpoch: value.producerEpoch,
    lastProducerEpoch,
    timeoutMs: value.transactionTimeoutMs,
    state,
    partitions:
      value.transactionPartitions === null ? NO_PARTITIONS : partitionsOf(value.transactionPartitions),
    startTimestampMs: Number(value.transactionStartTimestampMs),
    lastUpdateTimestampMs: Number(value.transactionLastUpdateTimestampMs),
    clientTransactionVersion: value.clientTransactionVersion,
  };
}

function topicsOf(partitions: TransactionPartitions) {
  return [...partitions].map(([topic, indexes]) => ({ topic, partitionIds: [...indexes] }));
}

function partitionsOf(
  topics: readonly { readonly topic: string; readonly partitionIds: readonly number[] }[],
): TransactionPartitions {
  return new Map(topics.map(({ topic, partitionIds }) => [topic, new Set(partitionIds)]));
}
