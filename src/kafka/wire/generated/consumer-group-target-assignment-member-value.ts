// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { readInt32Array, writeInt32Array } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ConsumerGroupTargetAssignmentMemberValue: version 0, flexible from 0. */
export const CONSUMER_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE: MessageCodec<ConsumerGroupTargetAssignmentMemberValue> = {
  name: "ConsumerGroupTargetAssignmentMemberValue",
  apiKey: 7,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readConsumerGroupTargetAssignmentMemberValue,
  write: writeConsumerGroupTargetAssignmentMemberValue,
};

export interface ConsumerGroupTargetAssignmentMemberValue {
  readonly topicPartitions: readonly TopicPartition[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TopicPartition {
  readonly topicId: Uuid;
  readonly partitions: readonly number[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_TOPIC_PARTITION: TopicPartition = {
  topicId: ZERO_UUID,
  partitions: [],
};

export const DEFAULT_CONSUMER_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE: ConsumerGroupTargetAssignmentMemberValue = {
  topicPartitions: [],
};

export function readConsumerGroupTargetAssignmentMemberValue(reader: Reader, version: number): ConsumerGroupTargetAssignmentMemberValue {
  if (version < 0 || version > 0) throw unsupportedVersion("ConsumerGroupTargetAssignmentMemberValue", version);
  const message: Mutable<ConsumerGroupTargetAssignmentMemberValue> = {
    topicPartitions: readTopicPartitionArray(reader, version, reader.compactArrayLength(18)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTopicPartition(reader: Reader, _version: number): TopicPartition {
  const message: Mutable<TopicPartition> = {
    topicId: reader.uuid(),
    partitions: readInt32Array(reader, reader.compactArrayLength(4)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTopicPartitionArray(reader: Reader, version: number, count: number): TopicPartition[] {
  const values: TopicPartition[] = [];
  for (let index = 0; index < count; index++) values.push(readTopicPartition(reader, version));
  return values;
}

export function writeConsumerGroupTargetAssignmentMemberValue(writer: Writer, message: ConsumerGroupTargetAssignmentMemberValue, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ConsumerGroupTargetAssignmentMemberValue", version);
  writer.compactArrayLength(message.topicPartitions.length);
  for (const value of message.topicPartitions) writeTopicPartition(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeTopicPartition(writer: Writer, message: TopicPartition, _version: number): void {
  writer.uuid(message.topicId);
  writer.compactArrayLength(message.partitions.length);
  writeInt32Array(writer, message.partitions);
  writer.taggedFields(message.unknownTaggedFields);
}
