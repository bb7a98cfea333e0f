// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { readInt32Array, writeInt32Array } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ShareGroupHeartbeatResponse: version 1, flexible from 1. */
export const SHARE_GROUP_HEARTBEAT_RESPONSE: MessageCodec<ShareGroupHeartbeatResponse> = {
  name: "ShareGroupHeartbeatResponse",
  apiKey: 76,
  minVersion: 1,
  maxVersion: 1,
  flexibleFrom: 1,
  read: readShareGroupHeartbeatResponse,
  write: writeShareGroupHeartbeatResponse,
};

export interface ShareGroupHeartbeatResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly memberId: string | null;
  readonly memberEpoch: number;
  readonly heartbeatIntervalMs: number;
  readonly assignment: Assignment | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface Assignment {
  readonly topicPartitions: readonly TopicPartitions[];
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

export const DEFAULT_ASSIGNMENT: Assignment = {
  topicPartitions: [],
};

export const DEFAULT_SHARE_GROUP_HEARTBEAT_RESPONSE: ShareGroupHeartbeatResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  errorMessage: null,
  memberId: null,
  memberEpoch: 0,
  heartbeatIntervalMs: 0,
  assignment: null,
};

export function readShareGroupHeartbeatResponse(reader: Reader, version: number): ShareGroupHeartbeatResponse {
  if (version < 1 || version > 1) throw unsupportedVersion("ShareGroupHeartbeatResponse", version);
  const message: Mutable<ShareGroupHeartbeatResponse> = {
    throttleTimeMs: reader.int32(),
    errorCode: reader.int16(),
    errorMessage: reader.compactNullableString(),
    memberId: reader.compactNullableString(),
    memberEpoch: reader.int32(),
    heartbeatIntervalMs: reader.int32(),
    assignment: reader.int8() < 0 ? null : readAssignment(reader, version),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readAssignment(reader: Reader, version: number): Assignment {
  const message: Mutable<Assignment> = {
    topicPartitions: readTopicPartitionsArray(reader, version, reader.compactArrayLength(18)),
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

export function writeShareGroupHeartbeatResponse(writer: Writer, message: ShareGroupHeartbeatResponse, version: number): void {
  if (version < 1 || version > 1) throw unsupportedVersion("ShareGroupHeartbeatResponse", version);
  writer.int32(message.throttleTimeMs);
  writer.int16(message.errorCode);
  writer.compactNullableString(message.errorMessage);
  writer.compactNullableString(message.memberId);
  writer.int32(message.memberEpoch);
  writer.int32(message.heartbeatIntervalMs);
  if (message.assignment === null) writer.int8(-1);
  else {
    writer.int8(1);
    writeAssignment(writer, message.assignment, version);
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
  writer.compactArrayLength(message.partitions.length);
  writeInt32Array(writer, message.partitions);
  writer.taggedFields(message.unknownTaggedFields);
}
