// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { readInt32Array, writeInt32Array } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** AlterPartitionResponse: versions 2 to 3, flexible from 2. */
export const ALTER_PARTITION_RESPONSE: MessageCodec<AlterPartitionResponse> = {
  name: "AlterPartitionResponse",
  apiKey: 56,
  minVersion: 2,
  maxVersion: 3,
  flexibleFrom: 2,
  read: readAlterPartitionResponse,
  write: writeAlterPartitionResponse,
};

export interface AlterPartitionResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
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
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly isr: readonly number[];
  readonly leaderRecoveryState: number;
  readonly partitionEpoch: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_PARTITION_DATA: PartitionData = {
  partitionIndex: 0,
  errorCode: 0,
  leaderId: 0,
  leaderEpoch: 0,
  isr: [],
  leaderRecoveryState: 0,
  partitionEpoch: 0,
};

export const DEFAULT_TOPIC_DATA: TopicData = {
  topicId: ZERO_UUID,
  partitions: [],
};

export const DEFAULT_ALTER_PARTITION_RESPONSE: AlterPartitionResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  topics: [],
};

export function readAlterPartitionResponse(reader: Reader, version: number): AlterPartitionResponse {
  if (version < 2 || version > 3) throw unsupportedVersion("AlterPartitionResponse", version);
  const message: Mutable<AlterPartitionResponse> = {
    throttleTimeMs: reader.int32(),
    errorCode: reader.int16(),
    topics: readTopicDataArray(reader, version, reader.compactArrayLength(18)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTopicData(reader: Reader, version: number): TopicData {
  const message: Mutable<TopicData> = {
    topicId: reader.uuid(),
    partitions: readPartitionDataArray(reader, version, reader.compactArrayLength(21)),
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
    leaderId: reader.int32(),
    leaderEpoch: reader.int32(),
    isr: readInt32Array(reader, reader.compactArrayLength(4)),
    leaderRecoveryState: reader.int8(),
    partitionEpoch: reader.int32(),
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

export function writeAlterPartitionResponse(writer: Writer, message: AlterPartitionResponse, version: number): void {
  if (version < 2 || version > 3) throw unsupportedVersion("AlterPartitionResponse", version);
  writer.int32(message.throttleTimeMs);
  writer.int16(message.errorCode);
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
  writer.int32(message.leaderId);
  writer.int32(message.leaderEpoch);
  writer.compactArrayLength(message.isr.length);
  writeInt32Array(writer, message.isr);
  writer.int8(message.leaderRecoveryState);
  writer.int32(message.partitionEpoch);
  writer.taggedFields(message.unknownTaggedFields);
}
