// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** AssignReplicasToDirsResponse: version 0, flexible from 0. */
export const ASSIGN_REPLICAS_TO_DIRS_RESPONSE: MessageCodec<AssignReplicasToDirsResponse> = {
  name: "AssignReplicasToDirsResponse",
  apiKey: 73,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readAssignReplicasToDirsResponse,
  write: writeAssignReplicasToDirsResponse,
};

export interface AssignReplicasToDirsResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly directories: readonly DirectoryData[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DirectoryData {
  readonly id: Uuid;
  readonly topics: readonly TopicData[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TopicData {
  readonly topicId: Uuid;
  readonly partitions: readonly PartitionData[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface PartitionData {
  readonly partitionIndex: number;
  readonly errorCode: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_PARTITION_DATA: PartitionData = {
  partitionIndex: 0,
  errorCode: 0,
};

export const DEFAULT_TOPIC_DATA: TopicData = {
  topicId: ZERO_UUID,
  partitions: [],
};

export const DEFAULT_DIRECTORY_DATA: DirectoryData = {
  id: ZERO_UUID,
  topics: [],
};

export const DEFAULT_ASSIGN_REPLICAS_TO_DIRS_RESPONSE: AssignReplicasToDirsResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  directories: [],
};

export function readAssignReplicasToDirsResponse(reader: Reader, version: number): AssignReplicasToDirsResponse {
  if (version < 0 || version > 0) throw unsupportedVersion("AssignReplicasToDirsResponse", version);
  const message: Mutable<AssignReplicasToDirsResponse> = {
    throttleTimeMs: reader.int32(),
    errorCode: reader.int16(),
    directories: readDirectoryDataArray(reader, version, reader.compactArrayLength(18)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readDirectoryData(reader: Reader, version: number): DirectoryData {
  const message: Mutable<DirectoryData> = {
    id: reader.uuid(),
    topics: readTopicDataArray(reader, version, reader.compactArrayLength(18)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readDirectoryDataArray(reader: Reader, version: number, count: number): DirectoryData[] {
  const values: DirectoryData[] = [];
  for (let index = 0; index < count; index++) values.push(readDirectoryData(reader, version));
  return values;
}

function readTopicData(reader: Reader, version: number): TopicData {
  const message: Mutable<TopicData> = {
    topicId: reader.uuid(),
    partitions: readPartitionDataArray(reader, version, reader.compactArrayLength(7)),
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

function readPartitionData(reader: Reader, _version: number): PartitionData {
  const message: Mutable<PartitionData> = {
    partitionIndex: reader.int32(),
    errorCode: reader.int16(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readPartitionDataArray(reader: Reader, version: number, count: number): PartitionData[] {
  const values: PartitionData[] = [];
  for (let index = 0; index < count; index++) values.push(readPartitionData(reader, version));
  return values;
}

export function writeAssignReplicasToDirsResponse(writer: Writer, message: AssignReplicasToDirsResponse, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("AssignReplicasToDirsResponse", version);
  writer.int32(message.throttleTimeMs);
  writer.int16(message.errorCode);
  writer.compactArrayLength(message.directories.length);
  for (const value of message.directories) writeDirectoryData(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeDirectoryData(writer: Writer, message: DirectoryData, version: number): void {
  writer.uuid(message.id);
  writer.compactArrayLength(message.topics.length);
  for (const value of message.topics) writeTopicData(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeTopicData(writer: Writer, message: TopicData, version: number): void {
  writer.uuid(message.topicId);
  writer.compactArrayLength(message.partitions.length);
  for (const value of message.partitions) writePartitionData(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writePartitionData(writer: Writer, message: PartitionData, _version: number): void {
  writer.int32(message.partitionIndex);
  writer.int16(message.errorCode);
  writer.taggedFields(message.unknownTaggedFields);
}
