// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DescribeProducersResponse: version 0, flexible from 0. */
export const DESCRIBE_PRODUCERS_RESPONSE: MessageCodec<DescribeProducersResponse> = {
  name: "DescribeProducersResponse",
  apiKey: 61,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readDescribeProducersResponse,
  write: writeDescribeProducersResponse,
};

export interface DescribeProducersResponse {
  readonly throttleTimeMs: number;
  readonly topics: readonly TopicResponse[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TopicResponse {
  readonly name: string;
  readonly partitions: readonly PartitionResponse[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface PartitionResponse {
  readonly partitionIndex: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly activeProducers: readonly ProducerState[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface ProducerState {
  readonly producerId: Int64;
  readonly producerEpoch: number;
  readonly lastSequence: number;
  readonly lastTimestamp: Int64;
  readonly coordinatorEpoch: number;
  readonly currentTxnStartOffset: Int64;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_PRODUCER_STATE: ProducerState = {
  producerId: 0,
  producerEpoch: 0,
  lastSequence: -1,
  lastTimestamp: -1,
  coordinatorEpoch: 0,
  currentTxnStartOffset: -1,
};

export const DEFAULT_PARTITION_RESPONSE: PartitionResponse = {
  partitionIndex: 0,
  errorCode: 0,
  errorMessage: null,
  activeProducers: [],
};

export const DEFAULT_TOPIC_RESPONSE: TopicResponse = {
  name: "",
  partitions: [],
};

export const DEFAULT_DESCRIBE_PRODUCERS_RESPONSE: DescribeProducersResponse = {
  throttleTimeMs: 0,
  topics: [],
};

export function readDescribeProducersResponse(reader: Reader, version: number): DescribeProducersResponse {
  if (version < 0 || version > 0) throw unsupportedVersion("DescribeProducersResponse", version);
  const message: Mutable<DescribeProducersResponse> = {
    throttleTimeMs: reader.int32(),
    topics: readTopicResponseArray(reader, version, reader.compactArrayLength(3)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTopicResponse(reader: Reader, version: number): TopicResponse {
  const message: Mutable<TopicResponse> = {
    name: reader.compactString(),
    partitions: readPartitionResponseArray(reader, version, reader.compactArrayLength(9)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTopicResponseArray(reader: Reader, version: number, count: number): TopicResponse[] {
  const values: TopicResponse[] = [];
  for (let index = 0; index < count; index++) values.push(readTopicResponse(reader, version));
  return values;
}

function readPartitionResponse(reader: Reader, version: number): PartitionResponse {
  const message: Mutable<PartitionResponse> = {
    partitionIndex: reader.int32(),
    errorCode: reader.int16(),
    errorMessage: reader.compactNullableString(),
    activeProducers: readProducerStateArray(reader, version, reader.compactArrayLength(37)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readPartitionResponseArray(reader: Reader, version: number, count: number): PartitionResponse[] {
  const values: PartitionResponse[] = [];
  for (let index = 0; index < count; index++) values.push(readPartitionResponse(reader, version));
  return values;
}

function readProducerState(reader: Reader, _version: number): ProducerState {
  const message: Mutable<ProducerState> = {
    producerId: reader.int64(),
    producerEpoch: reader.int32(),
    lastSequence: reader.int32(),
    lastTimestamp: reader.int64(),
    coordinatorEpoch: reader.int32(),
    currentTxnStartOffset: reader.int64(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readProducerStateArray(reader: Reader, version: number, count: number): ProducerState[] {
  const values: ProducerState[] = [];
  for (let index = 0; index < count; index++) values.push(readProducerState(reader, version));
  return values;
}

export function writeDescribeProducersResponse(writer: Writer, message: DescribeProducersResponse, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("DescribeProducersResponse", version);
  writer.int32(message.throttleTimeMs);
  writer.compactArrayLength(message.topics.length);
  for (const value of message.topics) writeTopicResponse(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeTopicResponse(writer: Writer, message: TopicResponse, version: number): void {
  writer.compactString(message.name);
  writer.compactArrayLength(message.partitions.length);
  for (const value of message.partitions) writePartitionResponse(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writePartitionResponse(writer: Writer, message: PartitionResponse, version: number): void {
  writer.int32(message.partitionIndex);
  writer.int16(message.errorCode);
  writer.compactNullableString(message.errorMessage);
  writer.compactArrayLength(message.activeProducers.length);
  for (const value of message.activeProducers) writeProducerState(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeProducerState(writer: Writer, message: ProducerState, _version: number): void {
  writer.int64(message.producerId);
  writer.int32(message.producerEpoch);
  writer.int32(message.lastSequence);
  writer.int64(message.lastTimestamp);
  writer.int32(message.coordinatorEpoch);
  writer.int64(message.currentTxnStartOffset);
  writer.taggedFields(message.unknownTaggedFields);
}
