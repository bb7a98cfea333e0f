// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { readInt64Array, writeInt64Array, readCompactStringArray, writeCompactStringArray } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ListTransactionsRequest: versions 0 to 2, flexible from 0. */
export const LIST_TRANSACTIONS_REQUEST: MessageCodec<ListTransactionsRequest> = {
  name: "ListTransactionsRequest",
  apiKey: 66,
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 0,
  read: readListTransactionsRequest,
  write: writeListTransactionsRequest,
};

export interface ListTransactionsRequest {
  readonly stateFilters: readonly string[];
  readonly producerIdFilters: readonly Int64[];
  /** In versions 1 and up. */
  readonly durationFilter: Int64;
  /** In versions 2 and up. */
  readonly transactionalIdPattern: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_LIST_TRANSACTIONS_REQUEST: ListTransactionsRequest = {
  stateFilters: [],
  producerIdFilters: [],
  durationFilter: -1,
  transactionalIdPattern: null,
};

export function readListTransactionsRequest(reader: Reader, version: number): ListTransactionsRequest {
  if (version < 0 || version > 2) throw unsupportedVersion("ListTransactionsRequest", version);
  const message: Mutable<ListTransactionsRequest> = {
    stateFilters: readCompactStringArray(reader, reader.compactArrayLength(1)),
    producerIdFilters: readInt64Array(reader, reader.compactArrayLength(8)),
    durationFilter: (version >= 1 ? reader.int64() : -1),
    transactionalIdPattern: (version >= 2 ? reader.compactNullableString() : null),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeListTransactionsRequest(writer: Writer, message: ListTransactionsRequest, version: number): void {
  if (version < 0 || version > 2) throw unsupportedVersion("ListTransactionsRequest", version);
  writer.compactArrayLength(message.stateFilters.length);
  writeCompactStringArray(writer, message.stateFilters);
  writer.compactArrayLength(message.producerIdFilters.length);
  writeInt64Array(writer, message.producerIdFilters);
  if (version >= 1) {
    writer.int64(message.durationFilter);
  } else if (message.durationFilter != -1) {
    throw unsupportedField("ListTransactionsRequest.durationFilter", version);
  }
  if (version >= 2) {
    writer.compactNullableString(message.transactionalIdPattern);
  } else if (message.transactionalIdPattern !== null) {
    throw unsupportedField("ListTransactionsRequest.transactionalIdPattern", version);
  }
  writer.taggedFields(message.unknownTaggedFields);
}
