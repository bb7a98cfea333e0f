// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { readCompactStringArray, writeCompactStringArray } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DescribeTransactionsRequest: version 0, flexible from 0. */
export const DESCRIBE_TRANSACTIONS_REQUEST: MessageCodec<DescribeTransactionsRequest> = {
  name: "DescribeTransactionsRequest",
  apiKey: 65,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readDescribeTransactionsRequest,
  write: writeDescribeTransactionsRequest,
};

export interface DescribeTransactionsRequest {
  readonly transactionalIds: readonly string[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_DESCRIBE_TRANSACTIONS_REQUEST: DescribeTransactionsRequest = {
  transactionalIds: [],
};

export function readDescribeTransactionsRequest(reader: Reader, version: number): DescribeTransactionsRequest {
  if (version < 0 || version > 0) throw unsupportedVersion("DescribeTransactionsRequest", version);
  const message: Mutable<DescribeTransactionsRequest> = {
    transactionalIds: readCompactStringArray(reader, reader.compactArrayLength(1)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeDescribeTransactionsRequest(writer: Writer, message: DescribeTransactionsRequest, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("DescribeTransactionsRequest", version);
  writer.compactArrayLength(message.transactionalIds.length);
  writeCompactStringArray(writer, message.transactionalIds);
  writer.taggedFields(message.unknownTaggedFields);
}
