// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { readCompactStringArray, writeCompactStringArray } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ConsumerGroupPartitionMetadataValue: version 0, flexible from 0. */
export const CONSUMER_GROUP_PARTITION_METADATA_VALUE: MessageCodec<ConsumerGroupPartitionMetadataValue> = {
  name: "ConsumerGroupPartitionMetadataValue",
  apiKey: 4,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readConsumerGroupPartitionMetadataValue,
  write: writeConsumerGroupPartitionMetadataValue,
};

export interface ConsumerGroupPartitionMetadataValue {
  readonly topics: readonly TopicMetadata[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TopicMetadata {
  readonly topicId: Uuid;
  readonly topicName: string;
  readonly numPartitions: number;
  readonly partitionMetadata: readonly PartitionMetadata[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface PartitionMetadata {
  readonly partition: number;
  readonly racks: readonly string[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_PARTITION_METADATA: PartitionMetadata = {
  partition: 0,
  racks: [],
};

export const DEFAULT_TOPIC_METADATA: TopicMetadata = {
  topicId: ZERO_UUID,
  topicName: "",
  numPartitions: 0,
  partitionMetadata: [],
};

export const DEFAULT_CONSUMER_GROUP_PARTITION_METADATA_VALUE: ConsumerGroupPartitionMetadataValue = {
  topics: [],
};

export function readConsumerGroupPartitionMetadataValue(reader: Reader, version: number): ConsumerGroupPartitionMetadataValue {
  if (version < 0 || version > 0) throw unsupportedVersion("ConsumerGroupPartitionMetadataValue", version);
  const message: Mutable<ConsumerGroupPartitionMetadataValue> = {
    topics: readTopicMetadataArray(reader, version, reader.compactArrayLength(23)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTopicMetadata(reader: Reader, version: number): TopicMetadata {
  const message: Mutable<TopicMetadata> = {
    topicId: reader.uuid(),
    topicName: reader.compactString(),
    numPartitions: reader.int32(),
    partitionMetadata: readPartitionMetadataArray(reader, version, reader.compactArrayLength(6)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTopicMetadataArray(reader: Reader, version: number, count: number): TopicMetadata[] {
  const values: TopicMetadata[] = [];
  for (let index = 0; index < count; index++) values.push(readTopicMetadata(reader, version));
  return values;
}

function readPartitionMetadata(reader: Reader, _version: number): PartitionMetadata {
  const message: Mutable<PartitionMetadata> = {
    partition: reader.int32(),
    racks: readCompactStringArray(reader, reader.compactArrayLength(1)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readPartitionMetadataArray(reader: Reader, version: number, count: number): PartitionMetadata[] {
  const values: PartitionMetadata[] = [];
  for (let index = 0; index < count; index++) values.push(readPartitionMetadata(reader, version));
  return values;
}

export function writeConsumerGroupPartitionMetadataValue(writer: Writer, message: ConsumerGroupPartitionMetadataValue, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ConsumerGroupPartitionMetadataValue", version);
  writer.compactArrayLength(message.topics.length);
  for (const value of message.topics) writeTopicMetadata(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeTopicMetadata(writer: Writer, message: TopicMetadata, version: number): void {
  writer.uuid(message.topicId);
  writer.compactString(message.topicName);
  writer.int32(message.numPartitions);
  writer.compactArrayLength(message.partitionMetadata.length);
  for (const value of message.partitionMetadata) writePartitionMetadata(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writePartitionMetadata(writer: Writer, message: PartitionMetadata, _version: number): void {
  writer.int32(message.partition);
  writer.compactArrayLength(message.racks.length);
  writeCompactStringArray(writer, message.racks);
  writer.taggedFields(message.unknownTaggedFields);
}
