// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DescribeQuorumRequest: versions 0 to 2, flexible from 0. */
export const DESCRIBE_QUORUM_REQUEST: MessageCodec<DescribeQuorumRequest> = {
  name: "DescribeQuorumRequest",
  apiKey: 55,
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 0,
  read: readDescribeQuorumRequest,
  write: writeDescribeQuorumRequest,
};

export interface DescribeQuorumRequest {
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
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_PARTITION_DATA: PartitionData = {
  partitionIndex: 0,
};

export const DEFAULT_TOPIC_DATA: TopicData = {
  topicName: "",
  partitions: [],
};

export const DEFAULT_DESCRIBE_QUORUM_REQUEST: DescribeQuorumRequest = {
  topics: [],
};

export function readDescribeQuorumRequest(reader: Reader, version: number): DescribeQuorumRequest {
  if (version < 0 || version > 2) throw unsupportedVersion("DescribeQuorumRequest", version);
  const message: Mutable<DescribeQuorumRequest> = {
    topics: readTopicDataArray(reader, version, reader.compactArrayLength(3)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTopicData(reader: Reader, version: number): TopicData {
  const message: Mutable<TopicData> = {
    topicName: reader.compactString(),
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

export function writeDescribeQuorumRequest(writer: Writer, message: DescribeQuorumRequest, version: number): void {
  if (version < 0 || version > 2) throw unsupportedVersion("DescribeQuorumRequest", version);
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

function writePartitionData(writer: Writer, message: PartitionData, _version: number): void {
  writer.int32(message.partitionIndex);
  writer.taggedFields(message.unknownTaggedFields);
}
