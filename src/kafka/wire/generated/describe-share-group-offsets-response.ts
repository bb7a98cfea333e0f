// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Int64, type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DescribeShareGroupOffsetsResponse: versions 0 to 1, flexible from 0. */
export const DESCRIBE_SHARE_GROUP_OFFSETS_RESPONSE: MessageCodec<DescribeShareGroupOffsetsResponse> = {
  name: "DescribeShareGroupOffsetsResponse",
  apiKey: 90,
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 0,
  read: readDescribeShareGroupOffsetsResponse,
  write: writeDescribeShareGroupOffsetsResponse,
};

export interface DescribeShareGroupOffsetsResponse {
  readonly throttleTimeMs: number;
  readonly groups: readonly DescribeShareGroupOffsetsResponseGroup[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DescribeShareGroupOffsetsResponseGroup {
  readonly groupId: string;
  readonly topics: readonly DescribeShareGroupOffsetsResponseTopic[];
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DescribeShareGroupOffsetsResponseTopic {
  readonly topicName: string;
  readonly topicId: Uuid;
  readonly partitions: readonly DescribeShareGroupOffsetsResponsePartition[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DescribeShareGroupOffsetsResponsePartition {
  readonly partitionIndex: number;
  readonly startOffset: Int64;
  readonly leaderEpoch: number;
  /** In versions 1 and up. */
  readonly lag: Int64;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_DESCRIBE_SHARE_GROUP_OFFSETS_RESPONSE_PARTITION: DescribeShareGroupOffsetsResponsePartition = {
  partitionIndex: 0,
  startOffset: 0,
  leaderEpoch: 0,
  lag: -1,
  errorCode: 0,
  errorMessage: null,
};

export const DEFAULT_DESCRIBE_SHARE_GROUP_OFFSETS_RESPONSE_TOPIC: DescribeShareGroupOffsetsResponseTopic = {
  topicName: "",
  topicId: ZERO_UUID,
  partitions: [],
};

export const DEFAULT_DESCRIBE_SHARE_GROUP_OFFSETS_RESPONSE_GROUP: DescribeShareGroupOffsetsResponseGroup = {
  groupId: "",
  topics: [],
  errorCode: 0,
  errorMessage: null,
};

export const DEFAULT_DESCRIBE_SHARE_GROUP_OFFSETS_RESPONSE: DescribeShareGroupOffsetsResponse = {
  throttleTimeMs: 0,
  groups: [],
};

export function readDescribeShareGroupOffsetsResponse(reader: Reader, version: number): DescribeShareGroupOffsetsResponse {
  if (version < 0 || version > 1) throw unsupportedVersion("DescribeShareGroupOffsetsResponse", version);
  const message: Mutable<DescribeShareGroupOffsetsResponse> = {
    throttleTimeMs: reader.int32(),
    groups: readDescribeShareGroupOffsetsResponseGroupArray(reader, version, reader.compactArrayLength(6)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readDescribeShareGroupOffsetsResponseGroup(reader: Reader, version: number): DescribeShareGroupOffsetsResponseGroup {
  const message: Mutable<DescribeShareGroupOffsetsResponseGroup> = {
    groupId: reader.compactString(),
    topics: readDescribeShareGroupOffsetsResponseTopicArray(reader, version, reader.compactArrayLength(19)),
    errorCode: reader.int16(),
    errorMessage: reader.compactNullableString(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readDescribeShareGroupOffsetsResponseGroupArray(reader: Reader, version: number, count: number): DescribeShareGroupOffsetsResponseGroup[] {
  const values: DescribeShareGroupOffsetsResponseGroup[] = [];
  for (let index = 0; index < count; index++) values.push(readDescribeShareGroupOffsetsResponseGroup(reader, version));
  return values;
}

function readDescribeShareGroupOffsetsResponseTopic(reader: Reader, version: number): DescribeShareGroupOffsetsResponseTopic {
  const message: Mutable<DescribeShareGroupOffsetsResponseTopic> = {
    topicName: reader.compactString(),
    topicId: reader.uuid(),
    partitions: readDescribeShareGroupOffsetsResponsePartitionArray(reader, version, reader.compactArrayLength(20)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readDescribeShareGroupOffsetsResponseTopicArray(reader: Reader, version: number, count: number): DescribeShareGroupOffsetsResponseTopic[] {
  const values: DescribeShareGroupOffsetsResponseTopic[] = [];
  for (let index = 0; index < count; index++) values.push(readDescribeShareGroupOffsetsResponseTopic(reader, version));
  return values;
}

function readDescribeShareGroupOffsetsResponsePartition(reader: Reader, version: number): DescribeShareGroupOffsetsResponsePartition {
  const message: Mutable<DescribeShareGroupOffsetsResponsePartition> = {
    partitionIndex: reader.int32(),
    startOffset: reader.int64(),
    leaderEpoch: reader.int32(),
    lag: (version >= 1 ? reader.int64() : -1),
    errorCode: reader.int16(),
    errorMessage: reader.compactNullableString(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readDescribeShareGroupOffsetsResponsePartitionArray(reader: Reader, version: number, count: number): DescribeShareGroupOffsetsResponsePartition[] {
  const values: DescribeShareGroupOffsetsResponsePartition[] = [];
  for (let index = 0; index < count; index++) values.push(readDescribeShareGroupOffsetsResponsePartition(reader, version));
  return values;
}

export function writeDescribeShareGroupOffsetsResponse(writer: Writer, message: DescribeShareGroupOffsetsResponse, version: number): void {
  if (version < 0 || version > 1) throw unsupportedVersion("DescribeShareGroupOffsetsResponse", version);
  writer.int32(message.throttleTimeMs);
  writer.compactArrayLength(message.groups.length);
  for (const value of message.groups) writeDescribeShareGroupOffsetsResponseGroup(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeDescribeShareGroupOffsetsResponseGroup(writer: Writer, message: DescribeShareGroupOffsetsResponseGroup, version: number): void {
  writer.compactString(message.groupId);
  writer.compactArrayLength(message.topics.length);
  for (const value of message.topics) writeDescribeShareGroupOffsetsResponseTopic(writer, value, version);
  writer.int16(message.errorCode);
  writer.compactNullableString(message.errorMessage);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeDescribeShareGroupOffsetsResponseTopic(writer: Writer, message: DescribeShareGroupOffsetsResponseTopic, version: number): void {
  writer.compactString(message.topicName);
  writer.uuid(message.topicId);
  writer.compactArrayLength(message.partitions.length);
  for (const value of message.partitions) writeDescribeShareGroupOffsetsResponsePartition(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeDescribeShareGroupOffsetsResponsePartition(writer: Writer, message: DescribeShareGroupOffsetsResponsePartition, version: number): void {
  writer.int32(message.partitionIndex);
  writer.int64(message.startOffset);
  writer.int32(message.leaderEpoch);
  if (version >= 1) {
    writer.int64(message.lag);
  }
  writer.int16(message.errorCode);
  writer.compactNullableString(message.errorMessage);
  writer.taggedFields(message.unknownTaggedFields);
}
