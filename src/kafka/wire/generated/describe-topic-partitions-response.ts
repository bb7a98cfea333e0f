// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { readInt32Array, readNullableInt32Array, writeInt32Array } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DescribeTopicPartitionsResponse: version 0, flexible from 0. */
export const DESCRIBE_TOPIC_PARTITIONS_RESPONSE: MessageCodec<DescribeTopicPartitionsResponse> = {
  name: "DescribeTopicPartitionsResponse",
  apiKey: 75,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readDescribeTopicPartitionsResponse,
  write: writeDescribeTopicPartitionsResponse,
};

export interface DescribeTopicPartitionsResponse {
  readonly throttleTimeMs: number;
  readonly topics: readonly DescribeTopicPartitionsResponseTopic[];
  readonly nextCursor: Cursor | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface Cursor {
  readonly topicName: string;
  readonly partitionIndex: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DescribeTopicPartitionsResponseTopic {
  readonly errorCode: number;
  readonly name: string | null;
  readonly topicId: Uuid;
  readonly isInternal: boolean;
  readonly partitions: readonly DescribeTopicPartitionsResponsePartition[];
  readonly topicAuthorizedOperations: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DescribeTopicPartitionsResponsePartition {
  readonly errorCode: number;
  readonly partitionIndex: number;
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly replicaNodes: readonly number[];
  readonly isrNodes: readonly number[];
  readonly eligibleLeaderReplicas: readonly number[] | null;
  readonly lastKnownElr: readonly number[] | null;
  readonly offlineReplicas: readonly number[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_DESCRIBE_TOPIC_PARTITIONS_RESPONSE_PARTITION: DescribeTopicPartitionsResponsePartition = {
  errorCode: 0,
  partitionIndex: 0,
  leaderId: 0,
  leaderEpoch: -1,
  replicaNodes: [],
  isrNodes: [],
  eligibleLeaderReplicas: null,
  lastKnownElr: null,
  offlineReplicas: [],
};

export const DEFAULT_DESCRIBE_TOPIC_PARTITIONS_RESPONSE_TOPIC: DescribeTopicPartitionsResponseTopic = {
  errorCode: 0,
  name: "",
  topicId: ZERO_UUID,
  isInternal: false,
  partitions: [],
  topicAuthorizedOperations: -2147483648,
};

export const DEFAULT_CURSOR: Cursor = {
  topicName: "",
  partitionIndex: 0,
};

export const DEFAULT_DESCRIBE_TOPIC_PARTITIONS_RESPONSE: DescribeTopicPartitionsResponse = {
  throttleTimeMs: 0,
  topics: [],
  nextCursor: null,
};

export function readDescribeTopicPartitionsResponse(reader: Reader, version: number): DescribeTopicPartitionsResponse {
  if (version < 0 || version > 0) throw unsupportedVersion("DescribeTopicPartitionsResponse", version);
  const message: Mutable<DescribeTopicPartitionsResponse> = {
    throttleTimeMs: reader.int32(),
    topics: readDescribeTopicPartitionsResponseTopicArray(reader, version, reader.compactArrayLength(26)),
    nextCursor: reader.int8() < 0 ? null : readCursor(reader, version),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readCursor(reader: Reader, _version: number): Cursor {
  const message: Mutable<Cursor> = {
    topicName: reader.compactString(),
    partitionIndex: reader.int32(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readDescribeTopicPartitionsResponseTopic(reader: Reader, version: number): DescribeTopicPartitionsResponseTopic {
  const message: Mutable<DescribeTopicPartitionsResponseTopic> = {
    errorCode: reader.int16(),
    name: reader.compactNullableString(),
    topicId: reader.uuid(),
    isInternal: reader.bool(),
    partitions: readDescribeTopicPartitionsResponsePartitionArray(reader, version, reader.compactArrayLength(20)),
    topicAuthorizedOperations: reader.int32(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readDescribeTopicPartitionsResponseTopicArray(reader: Reader, version: number, count: number): DescribeTopicPartitionsResponseTopic[] {
  const values: DescribeTopicPartitionsResponseTopic[] = [];
  for (let index = 0; index < count; index++) values.push(readDescribeTopicPartitionsResponseTopic(reader, version));
  return values;
}

function readDescribeTopicPartitionsResponsePartition(reader: Reader, _version: number): DescribeTopicPartitionsResponsePartition {
  const message: Mutable<DescribeTopicPartitionsResponsePartition> = {
    errorCode: reader.int16(),
    partitionIndex: reader.int32(),
    leaderId: reader.int32(),
    leaderEpoch: reader.int32(),
    replicaNodes: readInt32Array(reader, reader.compactArrayLength(4)),
    isrNodes: readInt32Array(reader, reader.compactArrayLength(4)),
    eligibleLeaderReplicas: readNullableInt32Array(reader, reader.compactNullableArrayLength(4)),
    lastKnownElr: readNullableInt32Array(reader, reader.compactNullableArrayLength(4)),
    offlineReplicas: readInt32Array(reader, reader.compactArrayLength(4)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readDescribeTopicPartitionsResponsePartitionArray(reader: Reader, version: number, count: number): DescribeTopicPartitionsResponsePartition[] {
  const values: DescribeTopicPartitionsResponsePartition[] = [];
  for (let index = 0; index < count; index++) values.push(readDescribeTopicPartitionsResponsePartition(reader, version));
  return values;
}

export function writeDescribeTopicPartitionsResponse(writer: Writer, message: DescribeTopicPartitionsResponse, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("DescribeTopicPartitionsResponse", version);
  writer.int32(message.throttleTimeMs);
  writer.compactArrayLength(message.topics.length);
  for (const value of message.topics) writeDescribeTopicPartitionsResponseTopic(writer, value, version);
  if (message.nextCursor === null) writer.int8(-1);
  else {
    writer.int8(1);
    writeCursor(writer, message.nextCursor, version);
  }
  writer.taggedFields(message.unknownTaggedFields);
}

function writeCursor(writer: Writer, message: Cursor, _version: number): void {
  writer.compactString(message.topicName);
  writer.int32(message.partitionIndex);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeDescribeTopicPartitionsResponseTopic(writer: Writer, message: DescribeTopicPartitionsResponseTopic, version: number): void {
  writer.int16(message.errorCode);
  writer.compactNullableString(message.name);
  writer.uuid(message.topicId);
  writer.bool(message.isInternal);
  writer.compactArrayLength(message.partitions.length);
  for (const value of message.partitions) writeDescribeTopicPartitionsResponsePartition(writer, value, version);
  writer.int32(message.topicAuthorizedOperations);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeDescribeTopicPartitionsResponsePartition(writer: Writer, message: DescribeTopicPartitionsResponsePartition, _version: number): void {
  writer.int16(message.errorCode);
  writer.int32(message.partitionIndex);
  writer.int32(message.leaderId);
  writer.int32(message.leaderEpoch);
  writer.compactArrayLength(message.replicaNodes.length);
  writeInt32Array(writer, message.replicaNodes);
  writer.compactArrayLength(message.isrNodes.length);
  writeInt32Array(writer, message.isrNodes);
  if (message.eligibleLeaderReplicas === null) writer.compactArrayLength(-1);
  else {
    writer.compactArrayLength(message.eligibleLeaderReplicas.length);
    writeInt32Array(writer, message.eligibleLeaderReplicas);
  }
  if (message.lastKnownElr === null) writer.compactArrayLength(-1);
  else {
    writer.compactArrayLength(message.lastKnownElr.length);
    writeInt32Array(writer, message.lastKnownElr);
  }
  writer.compactArrayLength(message.offlineReplicas.length);
  writeInt32Array(writer, message.offlineReplicas);
  writer.taggedFields(message.unknownTaggedFields);
}
