// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Int64, type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** WriteShareGroupStateRequest: versions 0 to 1, flexible from 0. */
export const WRITE_SHARE_GROUP_STATE_REQUEST: MessageCodec<WriteShareGroupStateRequest> = {
  name: "WriteShareGroupStateRequest",
  apiKey: 85,
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 0,
  read: readWriteShareGroupStateRequest,
  write: writeWriteShareGroupStateRequest,
};

export interface WriteShareGroupStateRequest {
  readonly groupId: string;
  readonly topics: readonly WriteStateData[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface WriteStateData {
  readonly topicId: Uuid;
  readonly partitions: readonly PartitionData[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface PartitionData {
  readonly partition: number;
  readonly stateEpoch: number;
  readonly leaderEpoch: number;
  readonly startOffset: Int64;
  /** In versions 1 and up. */
  readonly deliveryCompleteCount: number;
  readonly stateBatches: readonly StateBatch[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface StateBatch {
  readonly firstOffset: Int64;
  readonly lastOffset: Int64;
  readonly deliveryState: number;
  readonly deliveryCount: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_STATE_BATCH: StateBatch = {
  firstOffset: 0,
  lastOffset: 0,
  deliveryState: 0,
  deliveryCount: 0,
};

export const DEFAULT_PARTITION_DATA: PartitionData = {
  partition: 0,
  stateEpoch: 0,
  leaderEpoch: 0,
  startOffset: 0,
  deliveryCompleteCount: -1,
  stateBatches: [],
};

export const DEFAULT_WRITE_STATE_DATA: WriteStateData = {
  topicId: ZERO_UUID,
  partitions: [],
};

export const DEFAULT_WRITE_SHARE_GROUP_STATE_REQUEST: WriteShareGroupStateRequest = {
  groupId: "",
  topics: [],
};

export function readWriteShareGroupStateRequest(reader: Reader, version: number): WriteShareGroupStateRequest {
  if (version < 0 || version > 1) throw unsupportedVersion("WriteShareGroupStateRequest", version);
  const message: Mutable<WriteShareGroupStateRequest> = {
    groupId: reader.compactString(),
    topics: readWriteStateDataArray(reader, version, reader.compactArrayLength(18)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readWriteStateData(reader: Reader, version: number): WriteStateData {
  const message: Mutable<WriteStateData> = {
    topicId: reader.uuid(),
    partitions: readPartitionDataArray(reader, version, reader.compactArrayLength(22)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readWriteStateDataArray(reader: Reader, version: number, count: number): WriteStateData[] {
  const values: WriteStateData[] = [];
  for (let index = 0; index < count; index++) values.push(readWriteStateData(reader, version));
  return values;
}

function readPartitionData(reader: Reader, version: number): PartitionData {
  const message: Mutable<PartitionData> = {
    partition: reader.int32(),
    stateEpoch: reader.int32(),
    leaderEpoch: reader.int32(),
    startOffset: reader.int64(),
    deliveryCompleteCount: (version >= 1 ? reader.int32() : -1),
    stateBatches: readStateBatchArray(reader, version, reader.compactArrayLength(20)),
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

function readStateBatch(reader: Reader, _version: number): StateBatch {
  const message: Mutable<StateBatch> = {
    firstOffset: reader.int64(),
    lastOffset: reader.int64(),
    deliveryState: reader.int8(),
    deliveryCount: reader.int16(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readStateBatchArray(reader: Reader, version: number, count: number): StateBatch[] {
  const values: StateBatch[] = [];
  for (let index = 0; index < count; index++) values.push(readStateBatch(reader, version));
  return values;
}

export function writeWriteShareGroupStateRequest(writer: Writer, message: WriteShareGroupStateRequest, version: number): void {
  if (version < 0 || version > 1) throw unsupportedVersion("WriteShareGroupStateRequest", version);
  writer.compactString(message.groupId);
  writer.compactArrayLength(message.topics.length);
  for (const value of message.topics) writeWriteStateData(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeWriteStateData(writer: Writer, message: WriteStateData, version: number): void {
  writer.uuid(message.topicId);
  writer.compactArrayLength(message.partitions.length);
  for (const value of message.partitions) writePartitionData(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writePartitionData(writer: Writer, message: PartitionData, version: number): void {
  writer.int32(message.partition);
  writer.int32(message.stateEpoch);
  writer.int32(message.leaderEpoch);
  writer.int64(message.startOffset);
  if (version >= 1) {
    writer.int32(message.deliveryCompleteCount);
  }
  writer.compactArrayLength(message.stateBatches.length);
  for (const value of message.stateBatches) writeStateBatch(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeStateBatch(writer: Writer, message: StateBatch, _version: number): void {
  writer.int64(message.firstOffset);
  writer.int64(message.lastOffset);
  writer.int8(message.deliveryState);
  writer.int16(message.deliveryCount);
  writer.taggedFields(message.unknownTaggedFields);
}
