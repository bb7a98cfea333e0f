// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DeleteShareGroupStateRequest: version 0, flexible from 0. */
export const DELETE_SHARE_GROUP_STATE_REQUEST: MessageCodec<DeleteShareGroupStateRequest> = {
  name: "DeleteShareGroupStateRequest",
  apiKey: 86,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readDeleteShareGroupStateRequest,
  write: writeDeleteShareGroupStateRequest,
};

export interface DeleteShareGroupStateRequest {
  readonly groupId: string;
  readonly topics: readonly DeleteStateData[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DeleteStateData {
  readonly topicId: Uuid;
  readonly partitions: readonly PartitionData[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface PartitionData {
  readonly partition: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_PARTITION_DATA: PartitionData = {
  partition: 0,
};

export const DEFAULT_DELETE_STATE_DATA: DeleteStateData = {
  topicId: ZERO_UUID,
  partitions: [],
};

export const DEFAULT_DELETE_SHARE_GROUP_STATE_REQUEST: DeleteShareGroupStateRequest = {
  groupId: "",
  topics: [],
};

export function readDeleteShareGroupStateRequest(reader: Reader, version: number): DeleteShareGroupStateRequest {
  if (version < 0 || version > 0) throw unsupportedVersion("DeleteShareGroupStateRequest", version);
  const message: Mutable<DeleteShareGroupStateRequest> = {
    groupId: reader.compactString(),
    topics: readDeleteStateDataArray(reader, version, reader.compactArrayLength(18)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readDeleteStateData(reader: Reader, version: number): DeleteStateData {
  const message: Mutable<DeleteStateData> = {
    topicId: reader.uuid(),
    partitions: readPartitionDataArray(reader, version, reader.compactArrayLength(5)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readDeleteStateDataArray(reader: Reader, version: number, count: number): DeleteStateData[] {
  const values: DeleteStateData[] = [];
  for (let index = 0; index < count; index++) values.push(readDeleteStateData(reader, version));
  return values;
}

function readPartitionData(reader: Reader, _version: number): PartitionData {
  const message: Mutable<PartitionData> = {
    partition: reader.int32(),
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

export function writeDeleteShareGroupStateRequest(writer: Writer, message: DeleteShareGroupStateRequest, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("DeleteShareGroupStateRequest", version);
  writer.compactString(message.groupId);
  writer.compactArrayLength(message.topics.length);
  for (const value of message.topics) writeDeleteStateData(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeDeleteStateData(writer: Writer, message: DeleteStateData, version: number): void {
  writer.uuid(message.topicId);
  writer.compactArrayLength(message.partitions.length);
  for (const value of message.partitions) writePartitionData(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writePartitionData(writer: Writer, message: PartitionData, _version: number): void {
  writer.int32(message.partition);
  writer.taggedFields(message.unknownTaggedFields);
}
