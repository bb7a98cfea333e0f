// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { readInt32Array, readNullableInt32Array, writeInt32Array } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ConsumerGroupCurrentMemberAssignmentValue: version 0, flexible from 0. */
export const CONSUMER_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE: MessageCodec<ConsumerGroupCurrentMemberAssignmentValue> = {
  name: "ConsumerGroupCurrentMemberAssignmentValue",
  apiKey: 8,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readConsumerGroupCurrentMemberAssignmentValue,
  write: writeConsumerGroupCurrentMemberAssignmentValue,
};

export interface ConsumerGroupCurrentMemberAssignmentValue {
  readonly memberEpoch: number;
  readonly previousMemberEpoch: number;
  readonly state: number;
  readonly assignedPartitions: readonly TopicPartitions[];
  readonly partitionsPendingRevocation: readonly TopicPartitions[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TopicPartitions {
  readonly topicId: Uuid;
  readonly partitions: readonly number[];
  readonly assignmentEpochs: readonly number[] | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_TOPIC_PARTITIONS: TopicPartitions = {
  topicId: ZERO_UUID,
  partitions: [],
  assignmentEpochs: null,
};

export const DEFAULT_CONSUMER_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE: ConsumerGroupCurrentMemberAssignmentValue = {
  memberEpoch: 0,
  previousMemberEpoch: 0,
  state: 0,
  assignedPartitions: [],
  partitionsPendingRevocation: [],
};

export function readConsumerGroupCurrentMemberAssignmentValue(reader: Reader, version: number): ConsumerGroupCurrentMemberAssignmentValue {
  if (version < 0 || version > 0) throw unsupportedVersion("ConsumerGroupCurrentMemberAssignmentValue", version);
  const message: Mutable<ConsumerGroupCurrentMemberAssignmentValue> = {
    memberEpoch: reader.int32(),
    previousMemberEpoch: reader.int32(),
    state: reader.int8(),
    assignedPartitions: readTopicPartitionsArray(reader, version, reader.compactArrayLength(18)),
    partitionsPendingRevocation: readTopicPartitionsArray(reader, version, reader.compactArrayLength(18)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTopicPartitions(reader: Reader, _version: number): TopicPartitions {
  const message: Mutable<TopicPartitions> = {
    topicId: reader.uuid(),
    partitions: readInt32Array(reader, reader.compactArrayLength(4)),
    assignmentEpochs: null,
  };
  let count = reader.taggedFieldCount();
  let tag = -1;
  let unknown: UnknownTaggedField[] | undefined;
  for (; count > 0; count--) {
    tag = reader.tag(tag);
    const outerEnd = reader.beginTaggedField();
    if (tag === 0) {
      message.assignmentEpochs = readNullableInt32Array(reader, reader.compactNullableArrayLength(4));
    } else {
      unknown ??= [];
      unknown.push({ tag, bytes: reader.rest() });
    }
    reader.endTaggedField(outerEnd);
  }
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTopicPartitionsArray(reader: Reader, version: number, count: number): TopicPartitions[] {
  const values: TopicPartitions[] = [];
  for (let index = 0; index < count; index++) values.push(readTopicPartitions(reader, version));
  return values;
}

export function writeConsumerGroupCurrentMemberAssignmentValue(writer: Writer, message: ConsumerGroupCurrentMemberAssignmentValue, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ConsumerGroupCurrentMemberAssignmentValue", version);
  writer.int32(message.memberEpoch);
  writer.int32(message.previousMemberEpoch);
  writer.int8(message.state);
  writer.compactArrayLength(message.assignedPartitions.length);
  for (const value of message.assignedPartitions) writeTopicPartitions(writer, value, version);
  writer.compactArrayLength(message.partitionsPendingRevocation.length);
  for (const value of message.partitionsPendingRevocation) writeTopicPartitions(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeTopicPartitions(writer: Writer, message: TopicPartitions, _version: number): void {
  writer.uuid(message.topicId);
  writer.compactArrayLength(message.partitions.length);
  writeInt32Array(writer, message.partitions);
  const unknown = message.unknownTaggedFields;
  const has0 = message.assignmentEpochs !== null;
  writer.unsignedVarint((has0 ? 1 : 0) + (unknown === undefined ? 0 : unknown.length));
  let next = 0;
  next = writer.unknownTaggedFields(unknown, next, 0);
  if (has0) {
    const at = writer.beginTaggedField(0);
    if (message.assignmentEpochs === null) writer.compactArrayLength(-1);
    else {
      writer.compactArrayLength(message.assignmentEpochs.length);
      writeInt32Array(writer, message.assignmentEpochs);
    }
    writer.endTaggedField(at);
  }
  writer.unknownTaggedFields(unknown, next, Number.POSITIVE_INFINITY);
}
