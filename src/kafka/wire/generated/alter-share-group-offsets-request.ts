// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** AlterShareGroupOffsetsRequest: version 0, flexible from 0. */
export const ALTER_SHARE_GROUP_OFFSETS_REQUEST: MessageCodec<AlterShareGroupOffsetsRequest> = {
  name: "AlterShareGroupOffsetsRequest",
  apiKey: 91,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readAlterShareGroupOffsetsRequest,
  write: writeAlterShareGroupOffsetsRequest,
};

export interface AlterShareGroupOffsetsRequest {
  readonly groupId: string;
  readonly topics: readonly AlterShareGroupOffsetsRequestTopic[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface AlterShareGroupOffsetsRequestTopic {
  readonly topicName: string;
  readonly partitions: readonly AlterShareGroupOffsetsRequestPartition[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface AlterShareGroupOffsetsRequestPartition {
  readonly partitionIndex: number;
  readonly startOffset: Int64;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_ALTER_SHARE_GROUP_OFFSETS_REQUEST_PARTITION: AlterShareGroupOffsetsRequestPartition = {
  partitionIndex: 0,
  startOffset: 0,
};

export const DEFAULT_ALTER_SHARE_GROUP_OFFSETS_REQUEST_TOPIC: AlterShareGroupOffsetsRequestTopic = {
  topicName: "",
  partitions: [],
};

export const DEFAULT_ALTER_SHARE_GROUP_OFFSETS_REQUEST: AlterShareGroupOffsetsRequest = {
  groupId: "",
  topics: [],
};

export function readAlterShareGroupOffsetsRequest(reader: Reader, version: number): AlterShareGroupOffsetsRequest {
  if (version < 0 || version > 0) throw unsupportedVersion("AlterShareGroupOffsetsRequest", version);
  const message: Mutable<AlterShareGroupOffsetsRequest> = {
    groupId: reader.compactString(),
    topics: readAlterShareGroupOffsetsRequestTopicArray(reader, version, reader.compactArrayLength(3)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readAlterShareGroupOffsetsRequestTopic(reader: Reader, version: number): AlterShareGroupOffsetsRequestTopic {
  const message: Mutable<AlterShareGroupOffsetsRequestTopic> = {
    topicName: reader.compactString(),
    partitions: readAlterShareGroupOffsetsRequestPartitionArray(reader, version, reader.compactArrayLength(13)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readAlterShareGroupOffsetsRequestTopicArray(reader: Reader, version: number, count: number): AlterShareGroupOffsetsRequestTopic[] {
  const values: AlterShareGroupOffsetsRequestTopic[] = [];
  for (let index = 0; index < count; index++) values.push(readAlterShareGroupOffsetsRequestTopic(reader, version));
  return values;
}

function readAlterShareGroupOffsetsRequestPartition(reader: Reader, _version: number): AlterShareGroupOffsetsRequestPartition {
  const message: Mutable<AlterShareGroupOffsetsRequestPartition> = {
    partitionIndex: reader.int32(),
    startOffset: reader.int64(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readAlterShareGroupOffsetsRequestPartitionArray(reader: Reader, version: number, count: number): AlterShareGroupOffsetsRequestPartition[] {
  const values: AlterShareGroupOffsetsRequestPartition[] = [];
  for (let index = 0; index < count; index++) values.push(readAlterShareGroupOffsetsRequestPartition(reader, version));
  return values;
}

export function writeAlterShareGroupOffsetsRequest(writer: Writer, message: AlterShareGroupOffsetsRequest, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("AlterShareGroupOffsetsRequest", version);
  writer.compactString(message.groupId);
  writer.compactArrayLength(message.topics.length);
  for (const value of message.topics) writeAlterShareGroupOffsetsRequestTopic(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeAlterShareGroupOffsetsRequestTopic(writer: Writer, message: AlterShareGroupOffsetsRequestTopic, version: number): void {
  writer.compactString(message.topicName);
  writer.compactArrayLength(message.partitions.length);
  for (const value of message.partitions) writeAlterShareGroupOffsetsRequestPartition(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeAlterShareGroupOffsetsRequestPartition(writer: Writer, message: AlterShareGroupOffsetsRequestPartition, _version: number): void {
  writer.int32(message.partitionIndex);
  writer.int64(message.startOffset);
  writer.taggedFields(message.unknownTaggedFields);
}
