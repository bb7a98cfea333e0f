// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Int64, type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** InitializeShareGroupStateRequest: version 0, flexible from 0. */
export const INITIALIZE_SHARE_GROUP_STATE_REQUEST: MessageCodec<InitializeShareGroupStateRequest> = {
  name: "InitializeShareGroupStateRequest",
  apiKey: 83,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readInitializeShareGroupStateRequest,
  write: writeInitializeShareGroupStateRequest,
};

export interface InitializeShareGroupStateRequest {
  readonly groupId: string;
  readonly topics: readonly InitializeStateData[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface InitializeStateData {
  readonly topicId: Uuid;
  readonly partitions: readonly PartitionData[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface PartitionData {
  readonly partition: number;
  readonly stateEpoch: number;
  readonly startOffset: Int64;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_PARTITION_DATA: PartitionData = {
  partition: 0,
  stateEpoch: 0,
  startOffset: 0,
};

export const DEFAULT_INITIALIZE_STATE_DATA: InitializeStateData = {
  topicId: ZERO_UUID,
  partitions: [],
};

export const DEFAULT_INITIALIZE_SHARE_GROUP_STATE_REQUEST: InitializeShareGroupStateRequest = {
  groupId: "",
  topics: [],
};

export function readInitializeShareGroupStateRequest(reader: Reader, version: number): InitializeShareGroupStateRequest {
  if (version < 0 || version > 0) throw unsupportedVersion("InitializeShareGroupStateRequest", version);
  const message: Mutable<InitializeShareGroupStateRequest> = {
    groupId: reader.compactString(),
    topics: readInitializeStateDataArray(reader, version, reader.compactArrayLength(18)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readInitializeStateData(reader: Reader, version: number): InitializeStateData {
  const message: Mutable<InitializeStateData> = {
    topicId: reader.uuid(),
    partitions: readPartitionDataArray(reader, version, reader.compactArrayLength(17)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readInitializeStateDataArray(reader: Reader, version: number, count: number): InitializeStateData[] {
  const values: InitializeStateData[] = [];
  for (let index = 0; index < count; index++) values.push(readInitializeStateData(reader, version));
  return values;
}

function readPartitionData(reader: Reader, _version: number): PartitionData {
  const message: Mutable<PartitionData> = {
    partition: reader.int32(),
    stateEpoch: reader.int32(),
    startOffset: reader.int64(),
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

export function writeInitializeShareGroupStateRequest(writer: Writer, message: InitializeShareGroupStateRequest, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("InitializeShareGroupStateRequest", version);
  writer.compactString(message.groupId);
  writer.compactArrayLength(message.topics.length);
  for (const value of message.topics) writeInitializeStateData(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeInitializeStateData(writer: Writer, message: InitializeStateData, version: number): void {
  writer.uuid(message.topicId);
  writer.compactArrayLength(message.partitions.length);
  for (const value of message.partitions) writePartitionData(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writePartitionData(writer: Writer, message: PartitionData, _version: number): void {
  writer.int32(message.partition);
  writer.int32(message.stateEpoch);
  writer.int64(message.startOffset);
  writer.taggedFields(message.unknownTaggedFields);
}
