// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { readCompactStringArray, writeCompactStringArray } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ListTransactionsResponse: versions 0 to 2, flexible from 0. */
export const LIST_TRANSACTIONS_RESPONSE: MessageCodec<ListTransactionsResponse> = {
  name: "ListTransactionsResponse",
  apiKey: 66,
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 0,
  read: readListTransactionsResponse,
  write: writeListTransactionsResponse,
};

export interface ListTransactionsResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly unknownStateFilters: readonly string[];
  readonly transactionStates: readonly TransactionState[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TransactionState {
  readonly transactionalId: string;
  readonly producerId: Int64;
  readonly transactionState: string;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_TRANSACTION_STATE: TransactionState = {
  transactionalId: "",
  producerId: 0,
  transactionState: "",
};

export const DEFAULT_LIST_TRANSACTIONS_RESPONSE: ListTransactionsResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  unknownStateFilters: [],
  transactionStates: [],
};

export function readListTransactionsResponse(reader: Reader, version: number): ListTransactionsResponse {
  if (version < 0 || version > 2) throw unsupportedVersion("ListTransactionsResponse", version);
  const message: Mutable<ListTransactionsResponse> = {
    throttleTimeMs: reader.int32(),
    errorCode: reader.int16(),
    unknownStateFilters: readCompactStringArray(reader, reader.compactArrayLength(1)),
    transactionStates: readTransactionStateArray(reader, version, reader.compactArrayLength(11)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTransactionState(reader: Reader, _version: number): TransactionState {
  const message: Mutable<TransactionState> = {
    transactionalId: reader.compactString(),
    producerId: reader.int64(),
    transactionState: reader.compactString(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTransactionStateArray(reader: Reader, version: number, count: number): TransactionState[] {
  const values: TransactionState[] = [];
  for (let index = 0; index < count; index++) values.push(readTransactionState(reader, version));
  return values;
}

export function writeListTransactionsResponse(writer: Writer, message: ListTransactionsResponse, version: number): void {
  if (version < 0 || version > 2) throw unsupportedVersion("ListTransactionsResponse", version);
  writer.int32(message.throttleTimeMs);
  writer.int16(message.errorCode);
  writer.compactArrayLength(message.unknownStateFilters.length);
  writeCompactStringArray(writer, message.unknownStateFilters);
  writer.compactArrayLength(message.transactionStates.length);
  for (const value of message.transactionStates) writeTransactionState(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeTransactionState(writer: Writer, message: TransactionState, _version: number): void {
  writer.compactString(message.transactionalId);
  writer.int64(message.producerId);
  writer.compactString(message.transactionState);
  writer.taggedFields(message.unknownTaggedFields);
}
