// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { readInt32Array, writeInt32Array } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ShareGroupStatePartitionMetadataValue: version 0, flexible from 0. */
export const SHARE_GROUP_STATE_PARTITION_METADATA_VALUE: MessageCodec<ShareGroupStatePartitionMetadataValue> = {
  name: "ShareGroupStatePartitionMetadataValue",
  apiKey: 15,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readShareGroupStatePartitionMetadataValue,
  write: writeShareGroupStatePartitionMetadataValue,
};

export interface ShareGroupStatePartitionMetadataValue {
  readonly initializingTopics: readonly TopicPartitionsInfo[];
  readonly initializedTopics: readonly TopicPartitionsInfo[];
  readonly deletingTopics: readonly TopicInfo[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TopicInfo {
  readonly topicId: Uuid;
  readonly topicName: string;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TopicPartitionsInfo {
  readonly topicId: Uuid;
  readonly topicName: string;
  readonly partitions: readonly number[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_TOPIC_PARTITIONS_INFO: TopicPartitionsInfo = {
  topicId: ZERO_UUID,
  topicName: "",
  partitions: [],
};

export const DEFAULT_TOPIC_INFO: TopicInfo = {
  topicId: ZERO_UUID,
  topicName: "",
};

export const DEFAULT_SHARE_GROUP_STATE_PARTITION_METADATA_VALUE: ShareGroupStatePartitionMetadataValue = {
  initializingTopics: [],
  initializedTopics: [],
  deletingTopics: [],
};

export function readShareGroupStatePartitionMetadataValue(reader: Reader, version: number): ShareGroupStatePartitionMetadataValue {
  if (version < 0 || version > 0) throw unsupportedVersion("ShareGroupStatePartitionMetadataValue", version);
  const message: Mutable<ShareGroupStatePartitionMetadataValue> = {
    initializingTopics: readTopicPartitionsInfoArray(reader, version, reader.compactArrayLength(19)),
    initializedTopics: readTopicPartitionsInfoArray(reader, version, reader.compactArrayLength(19)),
    deletingTopics: readTopicInfoArray(reader, version, reader.compactArrayLength(18)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTopicInfo(reader: Reader, _version: number): TopicInfo {
  const message: Mutable<TopicInfo> = {
    topicId: reader.uuid(),
    topicName: reader.compactString(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTopicInfoArray(reader: Reader, version: number, count: number): TopicInfo[] {
  const values: TopicInfo[] = [];
  for (let index = 0; index < count; index++) values.push(readTopicInfo(reader, version));
  return values;
}

function readTopicPartitionsInfo(reader: Reader, _version: number): TopicPartitionsInfo {
  const message: Mutable<TopicPartitionsInfo> = {
    topicId: reader.uuid(),
    topicName: reader.compactString(),
    partitions: readInt32Array(reader, reader.compactArrayLength(4)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTopicPartitionsInfoArray(reader: Reader, version: number, count: number): TopicPartitionsInfo[] {
  const values: TopicPartitionsInfo[] = [];
  for (let index = 0; index < count; index++) values.push(readTopicPartitionsInfo(reader, version));
  return values;
}

export function writeShareGroupStatePartitionMetadataValue(writer: Writer, message: ShareGroupStatePartitionMetadataValue, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ShareGroupStatePartitionMetadataValue", version);
  writer.compactArrayLength(message.initializingTopics.length);
  for (const value of message.initializingTopics) writeTopicPartitionsInfo(writer, value, version);
  writer.compactArrayLength(message.initializedTopics.length);
  for (const value of message.initializedTopics) writeTopicPartitionsInfo(writer, value, version);
  writer.compactArrayLength(message.deletingTopics.length);
  for (const value of message.deletingTopics) writeTopicInfo(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeTopicInfo(writer: Writer, message: TopicInfo, _version: number): void {
  writer.uuid(message.topicId);
  writer.compactString(message.topicName);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeTopicPartitionsInfo(writer: Writer, message: TopicPartitionsInfo, _version: number): void {
  writer.uuid(message.topicId);
  writer.compactString(message.topicName);
  writer.compactArrayLength(message.partitions.length);
  writeInt32Array(writer, message.partitions);
  writer.taggedFields(message.unknownTaggedFields);
}
