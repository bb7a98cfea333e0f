// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Int64, type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** VoteRequest: versions 0 to 2, flexible from 0. */
export const VOTE_REQUEST: MessageCodec<VoteRequest> = {
  name: "VoteRequest",
  apiKey: 52,
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 0,
  read: readVoteRequest,
  write: writeVoteRequest,
};

export interface VoteRequest {
  readonly clusterId: string | null;
  /** In versions 1 and up. */
  readonly voterId: number;
  readonly topics: readonly TopicData[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TopicData {
  readonly topicName: string;
  readonly partitions: readonly PartitionData[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface PartitionData {
  readonly partitionIndex: number;
  readonly replicaEpoch: number;
  readonly replicaId: number;
  /** In versions 1 and up. */
  readonly replicaDirectoryId: Uuid;
  /** In versions 1 and up. */
  readonly voterDirectoryId: Uuid;
  readonly lastOffsetEpoch: number;
  readonly lastOffset: Int64;
  /** In versions 2 and up. */
  readonly preVote: boolean;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_PARTITION_DATA: PartitionData = {
  partitionIndex: 0,
  replicaEpoch: 0,
  replicaId: 0,
  replicaDirectoryId: ZERO_UUID,
  voterDirectoryId: ZERO_UUID,
  lastOffsetEpoch: 0,
  lastOffset: 0,
  preVote: false,
};

export const DEFAULT_TOPIC_DATA: TopicData = {
  topicName: "",
  partitions: [],
};

export const DEFAULT_VOTE_REQUEST: VoteRequest = {
  clusterId: null,
  voterId: -1,
  topics: [],
};

export function readVoteRequest(reader: Reader, version: number): VoteRequest {
  if (version < 0 || version > 2) throw unsupportedVersion("VoteRequest", version);
  const message: Mutable<VoteRequest> = {
    clusterId: reader.compactNullableString(),
    voterId: (version >= 1 ? reader.int32() : -1),
    topics: readTopicDataArray(reader, version, reader.compactArrayLength(3)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTopicData(reader: Reader, version: number): TopicData {
  const message: Mutable<TopicData> = {
    topicName: reader.compactString(),
    partitions: readPartitionDataArray(reader, version, reader.compactArrayLength(25)),
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

function readPartitionData(reader: Reader, version: number): PartitionData {
  const message: Mutable<PartitionData> = {
    partitionIndex: reader.int32(),
    replicaEpoch: reader.int32(),
    replicaId: reader.int32(),
    replicaDirectoryId: (version >= 1 ? reader.uuid() : ZERO_UUID),
    voterDirectoryId: (version >= 1 ? reader.uuid() : ZERO_UUID),
    lastOffsetEpoch: reader.int32(),
    lastOffset: reader.int64(),
    preVote: (version >= 2 ? reader.bool() : false),
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

export function writeVoteRequest(writer: Writer, message: VoteRequest, version: number): void {
  if (version < 0 || version > 2) throw unsupportedVersion("VoteRequest", version);
  writer.compactNullableString(message.clusterId);
  if (version >= 1) {
    writer.int32(message.voterId);
  }
  writer.compactArrayLength(message.topics.length);
  for (const value of message.topics) writeTopicData(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeTopicData(writer: Writer, message: TopicData, version: number): void {
  writer.compactString(message.topicName);
  writer.compactArrayLength(message.partitions.length);
  for (const value of message.partitions) writePartitionData(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writePartitionData(writer: Writer, message: PartitionData, version: number): void {
  writer.int32(message.partitionIndex);
  writer.int32(message.replicaEpoch);
  writer.int32(message.replicaId);
  if (version >= 1) {
    writer.uuid(message.replicaDirectoryId);
  }
  if (version >= 1) {
    writer.uuid(message.voterDirectoryId);
  }
  writer.int32(message.lastOffsetEpoch);
  writer.int64(message.lastOffset);
  if (version >= 2) {
    writer.bool(message.preVote);
  } else if (message.preVote) {
    throw unsupportedField("PartitionData.preVote", version);
  }
  writer.taggedFields(message.unknownTaggedFields);
}
