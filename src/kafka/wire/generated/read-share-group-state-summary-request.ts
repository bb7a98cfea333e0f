// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ReadShareGroupStateSummaryRequest: versions 0 to 1, flexible from 0. */
export const READ_SHARE_GROUP_STATE_SUMMARY_REQUEST: MessageCodec<ReadShareGroupStateSummaryRequest> = {
  name: "ReadShareGroupStateSummaryRequest",
  apiKey: 87,
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 0,
  read: readReadShareGroupStateSummaryRequest,
  write: writeReadShareGroupStateSummaryRequest,
};

export interface ReadShareGroupStateSummaryRequest {
  readonly groupId: string;
  readonly topics: readonly ReadStateSummaryData[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface ReadStateSummaryData {
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

export const DEFAULT_READ_STATE_SUMMARY_DATA: ReadStateSummaryData = {
  topicId: ZERO_UUID,
  partitions: [],
};

export const DEFAULT_READ_SHARE_GROUP_STATE_SUMMARY_REQUEST: ReadShareGroupStateSummaryRequest = {
  groupId: "",
  topics: [],
};

export function readReadShareGroupStateSummaryRequest(reader: Reader, version: number): ReadShareGroupStateSummaryRequest {
  if (version < 0 || version > 1) throw unsupportedVersion("ReadShareGroupStateSummaryRequest", version);
  const message: Mutable<ReadShareGroupStateSummaryRequest> = {
    groupId: reader.compactString(),
    topics: readReadStateSummaryDataArray(reader, version, reader.compactArrayLength(18)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readReadStateSummaryData(reader: Reader, version: number): ReadStateSummaryData {
  const message: Mutable<ReadStateSummaryData> = {
    topicId: reader.uuid(),
    partitions: readPartitionDataArray(reader, version, reader.compactArrayLength(9)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readReadStateSummaryDataArray(reader: Reader, version: number, count: number): ReadStateSummaryData[] {
  const values: ReadStateSummaryData[] = [];
  for (let index = 0; index < count; index++) values.push(readReadStateSummaryData(reader, version));
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

export function writeReadShareGroupStateSummaryRequest(writer: Writer, message: ReadShareGroupStateSummaryRequest, version: number): void {
  if (version < 0 || version > 1) throw unsupportedVersion("ReadShareGroupStateSummaryRequest", version);
  writer.compactString(message.groupId);
  writer.compactArrayLength(message.topics.length);
  for (const value of message.topics) writeReadStateSummaryData(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeReadStateSummaryData(writer: Writer, message: ReadStateSummaryData, version: number): void {
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
