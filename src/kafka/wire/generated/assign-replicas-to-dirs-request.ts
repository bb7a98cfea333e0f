// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Int64, type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** AssignReplicasToDirsRequest: version 0, flexible from 0. */
export const ASSIGN_REPLICAS_TO_DIRS_REQUEST: MessageCodec<AssignReplicasToDirsRequest> = {
  name: "AssignReplicasToDirsRequest",
  apiKey: 73,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readAssignReplicasToDirsRequest,
  write: writeAssignReplicasToDirsRequest,
};

export interface AssignReplicasToDirsRequest {
  readonly brokerId: number;
  readonly brokerEpoch: Int64;
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
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_PARTITION_DATA: PartitionData = {
  partitionIndex: 0,
};

export const DEFAULT_TOPIC_DATA: TopicData = {
  topicId: ZERO_UUID,
  partitions: [],
};

export const DEFAULT_DIRECTORY_DATA: DirectoryData = {
  id: ZERO_UUID,
  topics: [],
};

export const DEFAULT_ASSIGN_REPLICAS_TO_DIRS_REQUEST: AssignReplicasToDirsRequest = {
  brokerId: 0,
  brokerEpoch: -1,
  directories: [],
};

export function readAssignReplicasToDirsRequest(reader: Reader, version: number): AssignReplicasToDirsRequest {
  if (version < 0 || version > 0) throw unsupportedVersion("AssignReplicasToDirsRequest", version);
  const message: Mutable<AssignReplicasToDirsRequest> = {
    brokerId: reader.int32(),
    brokerEpoch: reader.int64(),
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
    partitions: readPartitionDataArray(reader, version, reader.compactArrayLength(5)),
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

export function writeAssignReplicasToDirsRequest(writer: Writer, message: AssignReplicasToDirsRequest, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("AssignReplicasToDirsRequest", version);
  writer.int32(message.brokerId);
  writer.int64(message.brokerEpoch);
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
  writer.taggedFields(message.unknownTaggedFields);
}
