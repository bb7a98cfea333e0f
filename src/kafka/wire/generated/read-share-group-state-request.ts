// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ReadShareGroupStateRequest: version 0, flexible from 0. */
export const READ_SHARE_GROUP_STATE_REQUEST: MessageCodec<ReadShareGroupStateRequest> = {
  name: "ReadShareGroupStateRequest",
  apiKey: 84,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readReadShareGroupStateRequest,
  write: writeReadShareGroupStateRequest,
};

export interface ReadShareGroupStateRequest {
  readonly groupId: string;
  readonly topics: readonly ReadStateData[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface ReadStateData {
  readonly topicId: Uuid;
  readonly partitions: readonly PartitionData[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface PartitionData {
  readonly partition: number;
  readonly leaderEpoch: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_PARTITION_DATA: PartitionData = {
  partition: 0,
  leaderEpoch: 0,
};

export const DEFAULT_READ_STATE_DATA: ReadStateData = {
  topicId: ZERO_UUID,
  partitions: [],
};

export const DEFAULT_READ_SHARE_GROUP_STATE_REQUEST: ReadShareGroupStateRequest = {
  groupId: "",
  topics: [],
};

export function readReadShareGroupStateRequest(reader: Reader, version: number): ReadShareGroupStateRequest {
  if (version < 0 || version > 0) throw unsupportedVersion("ReadShareGroupStateRequest", version);
  const message: Mutable<ReadShareGroupStateRequest> = {
    groupId: reader.compactString(),
    topics: readReadStateDataArray(reader, version, reader.compactArrayLength(18)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readReadStateData(reader: Reader, version: number): ReadStateData {
  const message: Mutable<ReadStateData> = {
    topicId: reader.uuid(),
    partitions: readPartitionDataArray(reader, version, reader.compactArrayLength(9)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readReadStateDataArray(reader: Reader, version: number, count: number): ReadStateData[] {
  const values: ReadStateData[] = [];
  for (let index = 0; index < count; index++) values.push(readReadStateData(reader, version));
  return values;
}

function readPartitionData(reader: Reader, _version: number): PartitionData {
  const message: Mutable<PartitionData> = {
    partition: reader.int32(),
    leaderEpoch: reader.int32(),
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

export function writeReadShareGroupStateRequest(writer: Writer, message: ReadShareGroupStateRequest, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ReadShareGroupStateRequest", version);
  writer.compactString(message.groupId);
  writer.compactArrayLength(message.topics.length);
  for (const value of message.topics) writeReadStateData(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeReadStateData(writer: Writer, message: ReadStateData, version: number): void {
  writer.uuid(message.topicId);
  writer.compactArrayLength(message.partitions.length);
  for (const value of message.partitions) writePartitionData(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writePartitionData(writer: Writer, message: PartitionData, _version: number): void {
  writer.int32(message.partition);
  writer.int32(message.leaderEpoch);
  writer.taggedFields(message.unknownTaggedFields);
}
