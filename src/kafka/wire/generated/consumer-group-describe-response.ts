// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { readInt32Array, writeInt32Array, readCompactStringArray, writeCompactStringArray } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ConsumerGroupDescribeResponse: versions 0 to 1, flexible from 0. */
export const CONSUMER_GROUP_DESCRIBE_RESPONSE: MessageCodec<ConsumerGroupDescribeResponse> = {
  name: "ConsumerGroupDescribeResponse",
  apiKey: 69,
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 0,
  read: readConsumerGroupDescribeResponse,
  write: writeConsumerGroupDescribeResponse,
};

export interface ConsumerGroupDescribeResponse {
  readonly throttleTimeMs: number;
  readonly groups: readonly DescribedGroup[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DescribedGroup {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly groupId: string;
  readonly groupState: string;
  readonly groupEpoch: number;
  readonly assignmentEpoch: number;
  readonly assignorName: string;
  readonly members: readonly Member[];
  readonly authorizedOperations: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface Member {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly rackId: string | null;
  readonly memberEpoch: number;
  readonly clientId: string;
  readonly clientHost: string;
  readonly subscribedTopicNames: readonly string[];
  readonly subscribedTopicRegex: string | null;
  readonly assignment: Assignment;
  readonly targetAssignment: Assignment;
  /** In versions 1 and up. */
  readonly memberType: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface Assignment {
  readonly topicPartitions: readonly TopicPartitions[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TopicPartitions {
  readonly topicId: Uuid;
  readonly topicName: string;
  readonly partitions: readonly number[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_TOPIC_PARTITIONS: TopicPartitions = {
  topicId: ZERO_UUID,
  topicName: "",
  partitions: [],
};

export const DEFAULT_ASSIGNMENT: Assignment = {
  topicPartitions: [],
};

export const DEFAULT_MEMBER: Member = {
  memberId: "",
  instanceId: null,
  rackId: null,
  memberEpoch: 0,
  clientId: "",
  clientHost: "",
  subscribedTopicNames: [],
  subscribedTopicRegex: null,
  assignment: DEFAULT_ASSIGNMENT,
  targetAssignment: DEFAULT_ASSIGNMENT,
  memberType: -1,
};

export const DEFAULT_DESCRIBED_GROUP: DescribedGroup = {
  errorCode: 0,
  errorMessage: null,
  groupId: "",
  groupState: "",
  groupEpoch: 0,
  assignmentEpoch: 0,
  assignorName: "",
  members: [],
  authorizedOperations: -2147483648,
};

export const DEFAULT_CONSUMER_GROUP_DESCRIBE_RESPONSE: ConsumerGroupDescribeResponse = {
  throttleTimeMs: 0,
  groups: [],
};

export function readConsumerGroupDescribeResponse(reader: Reader, version: number): ConsumerGroupDescribeResponse {
  if (version < 0 || version > 1) throw unsupportedVersion("ConsumerGroupDescribeResponse", version);
  const message: Mutable<ConsumerGroupDescribeResponse> = {
    throttleTimeMs: reader.int32(),
    groups: readDescribedGroupArray(reader, version, reader.compactArrayLength(20)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readDescribedGroup(reader: Reader, version: number): DescribedGroup {
  const message: Mutable<DescribedGroup> = {
    errorCode: reader.int16(),
    errorMessage: reader.compactNullableString(),
    groupId: reader.compactString(),
    groupState: reader.compactString(),
    groupEpoch: reader.int32(),
    assignmentEpoch: reader.int32(),
    assignorName: reader.compactString(),
    members: readMemberArray(reader, version, reader.compactArrayLength(16)),
    authorizedOperations: reader.int32(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readDescribedGroupArray(reader: Reader, version: number, count: number): DescribedGroup[] {
  const values: DescribedGroup[] = [];
  for (let index = 0; index < count; index++) values.push(readDescribedGroup(reader, version));
  return values;
}

function readMember(reader: Reader, version: number): Member {
  const message: Mutable<Member> = {
    memberId: reader.compactString(),
    instanceId: reader.compactNullableString(),
    rackId: reader.compactNullableString(),
    memberEpoch: reader.int32(),
    clientId: reader.compactString(),
    clientHost: reader.compactString(),
    subscribedTopicNames: readCompactStringArray(reader, reader.compactArrayLength(1)),
    subscribedTopicRegex: reader.compactNullableString(),
    assignment: readAssignment(reader, version),
    targetAssignment: readAssignment(reader, version),
    memberType: (version >= 1 ? reader.int8() : -1),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readMemberArray(reader: Reader, version: number, count: number): Member[] {
  const values: Member[] = [];
  for (let index = 0; index < count; index++) values.push(readMember(reader, version));
  return values;
}

function readAssignment(reader: Reader, version: number): Assignment {
  const message: Mutable<Assignment> = {
    topicPartitions: readTopicPartitionsArray(reader, version, reader.compactArrayLength(19)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTopicPartitions(reader: Reader, _version: number): TopicPartitions {
  const message: Mutable<TopicPartitions> = {
    topicId: reader.uuid(),
    topicName: reader.compactString(),
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

export function writeConsumerGroupDescribeResponse(writer: Writer, message: ConsumerGroupDescribeResponse, version: number): void {
  if (version < 0 || version > 1) throw unsupportedVersion("ConsumerGroupDescribeResponse", version);
  writer.int32(message.throttleTimeMs);
  writer.compactArrayLength(message.groups.length);
  for (const value of message.groups) writeDescribedGroup(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeDescribedGroup(writer: Writer, message: DescribedGroup, version: number): void {
  writer.int16(message.errorCode);
  writer.compactNullableString(message.errorMessage);
  writer.compactString(message.groupId);
  writer.compactString(message.groupState);
  writer.int32(message.groupEpoch);
  writer.int32(message.assignmentEpoch);
  writer.compactString(message.assignorName);
  writer.compactArrayLength(message.members.length);
  for (const value of message.members) writeMember(writer, value, version);
  writer.int32(message.authorizedOperations);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeMember(writer: Writer, message: Member, version: number): void {
  writer.compactString(message.memberId);
  writer.compactNullableString(message.instanceId);
  writer.compactNullableString(message.rackId);
  writer.int32(message.memberEpoch);
  writer.compactString(message.clientId);
  writer.compactString(message.clientHost);
  writer.compactArrayLength(message.subscribedTopicNames.length);
  writeCompactStringArray(writer, message.subscribedTopicNames);
  writer.compactNullableString(message.subscribedTopicRegex);
  writeAssignment(writer, message.assignment, version);
  writeAssignment(writer, message.targetAssignment, version);
  if (version >= 1) {
    writer.int8(message.memberType);
  }
  writer.taggedFields(message.unknownTaggedFields);
}

function writeAssignment(writer: Writer, message: Assignment, version: number): void {
  writer.compactArrayLength(message.topicPartitions.length);
  for (const value of message.topicPartitions) writeTopicPartitions(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeTopicPartitions(writer: Writer, message: TopicPartitions, _version: number): void {
  writer.uuid(message.topicId);
  writer.compactString(message.topicName);
  writer.compactArrayLength(message.partitions.length);
  writeInt32Array(writer, message.partitions);
  writer.taggedFields(message.unknownTaggedFields);
}
