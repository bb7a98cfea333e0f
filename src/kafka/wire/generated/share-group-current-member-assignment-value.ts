// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { readInt32Array, writeInt32Array } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ShareGroupCurrentMemberAssignmentValue: version 0, flexible from 0. */
export const SHARE_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE: MessageCodec<ShareGroupCurrentMemberAssignmentValue> = {
  name: "ShareGroupCurrentMemberAssignmentValue",
  apiKey: 14,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readShareGroupCurrentMemberAssignmentValue,
  write: writeShareGroupCurrentMemberAssignmentValue,
};

export interface ShareGroupCurrentMemberAssignmentValue {
  readonly memberEpoch: number;
  readonly previousMemberEpoch: number;
  readonly state: number;
  readonly assignedPartitions: readonly TopicPartitions[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TopicPartitions {
  readonly topicId: Uuid;
  readonly partitions: readonly number[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_TOPIC_PARTITIONS: TopicPartitions = {
  topicId: ZERO_UUID,
  partitions: [],
};

export const DEFAULT_SHARE_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE: ShareGroupCurrentMemberAssignmentValue = {
  memberEpoch: 0,
  previousMemberEpoch: 0,
  state: 0,
  assignedPartitions: [],
};

export function readShareGroupCurrentMemberAssignmentValue(reader: Reader, version: number): ShareGroupCurrentMemberAssignmentValue {
  if (version < 0 || version > 0) throw unsupportedVersion("ShareGroupCurrentMemberAssignmentValue", version);
  const message: Mutable<ShareGroupCurrentMemberAssignmentValue> = {
    memberEpoch: reader.int32(),
    previousMemberEpoch: reader.int32(),
    state: reader.int8(),
    assignedPartitions: readTopicPartitionsArray(reader, version, reader.compactArrayLength(18)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTopicPartitions(reader: Reader, _version: number): TopicPartitions {
  const message: Mutable<TopicPartitions> = {
    topicId: reader.uuid(),
    partitions: readInt32Array(reader, reader.compactArrayLength(4)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTopicPartitionsArray(reader: Reader, version: number, count: number): TopicPartitions[] {
  const values: TopicPartitions[] = [];
  for (let index = 0; index < count; index++) values.push(readTopicPartitions(reader, version));
  return values;
}

export function writeShareGroupCurrentMemberAssignmentValue(writer: Writer, message: ShareGroupCurrentMemberAssignmentValue, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ShareGroupCurrentMemberAssignmentValue", version);
  writer.int32(message.memberEpoch);
  writer.int32(message.previousMemberEpoch);
  writer.int8(message.state);
  writer.compactArrayLength(message.assignedPartitions.length);
  for (const value of message.assignedPartitions) writeTopicPartitions(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeTopicPartitions(writer: Writer, message: TopicPartitions, _version: number): void {
  writer.uuid(message.topicId);
  writer.compactArrayLength(message.partitions.length);
  writeInt32Array(writer, message.partitions);
  writer.taggedFields(message.unknownTaggedFields);
}
