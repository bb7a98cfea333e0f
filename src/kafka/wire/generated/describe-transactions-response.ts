// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { readInt32Array, writeInt32Array } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DescribeTransactionsResponse: version 0, flexible from 0. */
export const DESCRIBE_TRANSACTIONS_RESPONSE: MessageCodec<DescribeTransactionsResponse> = {
  name: "DescribeTransactionsResponse",
  apiKey: 65,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readDescribeTransactionsResponse,
  write: writeDescribeTransactionsResponse,
};

export interface DescribeTransactionsResponse {
  readonly throttleTimeMs: number;
  readonly transactionStates: readonly TransactionState[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TransactionState {
  readonly errorCode: number;
  readonly transactionalId: string;
  readonly transactionState: string;
  readonly transactionTimeoutMs: number;
  readonly transactionStartTimeMs: Int64;
  readonly producerId: Int64;
  readonly producerEpoch: number;
  readonly topics: readonly TopicData[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TopicData {
  readonly topic: string;
  readonly partitions: readonly number[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_TOPIC_DATA: TopicData = {
  topic: "",
  partitions: [],
};

export const DEFAULT_TRANSACTION_STATE: TransactionState = {
  errorCode: 0,
  transactionalId: "",
  transactionState: "",
  transactionTimeoutMs: 0,
  transactionStartTimeMs: 0,
  producerId: 0,
  producerEpoch: 0,
  topics: [],
};

export const DEFAULT_DESCRIBE_TRANSACTIONS_RESPONSE: DescribeTransactionsResponse = {
  throttleTimeMs: 0,
  transactionStates: [],
};

export function readDescribeTransactionsResponse(reader: Reader, version: number): DescribeTransactionsResponse {
  if (version < 0 || version > 0) throw unsupportedVersion("DescribeTransactionsResponse", version);
  const message: Mutable<DescribeTransactionsResponse> = {
    throttleTimeMs: reader.int32(),
    transactionStates: readTransactionStateArray(reader, version, reader.compactArrayLength(28)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTransactionState(reader: Reader, version: number): TransactionState {
  const message: Mutable<TransactionState> = {
    errorCode: reader.int16(),
    transactionalId: reader.compactString(),
    transactionState: reader.compactString(),
    transactionTimeoutMs: reader.int32(),
    transactionStartTimeMs: reader.int64(),
    producerId: reader.int64(),
    producerEpoch: reader.int16(),
    topics: readTopicDataArray(reader, version, reader.compactArrayLength(3)),
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

function readTopicData(reader: Reader, _version: number): TopicData {
  const message: Mutable<TopicData> = {
    topic: reader.compactString(),
    partitions: readInt32Array(reader, reader.compactArrayLength(4)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTopicDataArray(reader: Reader, version: number, count: number): TopicData[] {
  const values: TopicData[] = [];
  for (let index = 0; index < count; index++) values.push(readTopicData(reader, version));
  return values;
}

export function writeDescribeTransactionsResponse(writer: Writer, message: DescribeTransactionsResponse, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("DescribeTransactionsResponse", version);
  writer.int32(message.throttleTimeMs);
  writer.compactArrayLength(message.transactionStates.length);
  for (const value of message.transactionStates) writeTransactionState(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeTransactionState(writer: Writer, message: TransactionState, version: number): void {
  writer.int16(message.errorCode);
  writer.compactString(message.transactionalId);
  writer.compactString(message.transactionState);
  writer.int32(message.transactionTimeoutMs);
  writer.int64(message.transactionStartTimeMs);
  writer.int64(message.producerId);
  writer.int16(message.producerEpoch);
  writer.compactArrayLength(message.topics.length);
  for (const value of message.topics) writeTopicData(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeTopicData(writer: Writer, message: TopicData, _version: number): void {
  writer.compactString(message.topic);
  writer.compactArrayLength(message.partitions.length);
  writeInt32Array(writer, message.partitions);
  writer.taggedFields(message.unknownTaggedFields);
}
