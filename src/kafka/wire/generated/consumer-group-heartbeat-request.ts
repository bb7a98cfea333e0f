// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { readInt32Array, writeInt32Array, readNullableCompactStringArray, writeCompactStringArray } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ConsumerGroupHeartbeatRequest: versions 0 to 1, flexible from 0. */
export const CONSUMER_GROUP_HEARTBEAT_REQUEST: MessageCodec<ConsumerGroupHeartbeatRequest> = {
  name: "ConsumerGroupHeartbeatRequest",
  apiKey: 68,
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 0,
  read: readConsumerGroupHeartbeatRequest,
  write: writeConsumerGroupHeartbeatRequest,
};

export interface ConsumerGroupHeartbeatRequest {
  readonly groupId: string;
  readonly memberId: string;
  readonly memberEpoch: number;
  readonly instanceId: string | null;
  readonly rackId: string | null;
  readonly rebalanceTimeoutMs: number;
  readonly subscribedTopicNames: readonly string[] | null;
  /** In versions 1 and up. */
  readonly subscribedTopicRegex: string | null;
  readonly serverAssignor: string | null;
  readonly topicPartitions: readonly TopicPartitions[] | null;
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

export const DEFAULT_CONSUMER_GROUP_HEARTBEAT_REQUEST: ConsumerGroupHeartbeatRequest = {
  groupId: "",
  memberId: "",
  memberEpoch: 0,
  instanceId: null,
  rackId: null,
  rebalanceTimeoutMs: -1,
  subscribedTopicNames: null,
  subscribedTopicRegex: null,
  serverAssignor: null,
  topicPartitions: null,
};

export function readConsumerGroupHeartbeatRequest(reader: Reader, version: number): ConsumerGroupHeartbeatRequest {
  if (version < 0 || version > 1) throw unsupportedVersion("ConsumerGroupHeartbeatRequest", version);
  const message: Mutable<ConsumerGroupHeartbeatRequest> = {
    groupId: reader.compactString(),
    memberId: reader.compactString(),
    memberEpoch: reader.int32(),
    instanceId: reader.compactNullableString(),
    rackId: reader.compactNullableString(),
    rebalanceTimeoutMs: reader.int32(),
    subscribedTopicNames: readNullableCompactStringArray(reader, reader.compactNullableArrayLength(1)),
    subscribedTopicRegex: (version >= 1 ? reader.compactNullableString() : null),
    serverAssignor: reader.compactNullableString(),
    topicPartitions: readNullableTopicPartitionsArray(reader, version, reader.compactNullableArrayLength(18)),
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

function readNullableTopicPartitionsArray(reader: Reader, version: number, count: number): TopicPartitions[] | null {
  return count === -1 ? null : readTopicPartitionsArray(reader, version, count);
}

export function writeConsumerGroupHeartbeatRequest(writer: Writer, message: ConsumerGroupHeartbeatRequest, version: number): void {
  if (version < 0 || version > 1) throw unsupportedVersion("ConsumerGroupHeartbeatRequest", version);
  writer.compactString(message.groupId);
  writer.compactString(message.memberId);
  writer.int32(message.memberEpoch);
  writer.compactNullableString(message.instanceId);
  writer.compactNullableString(message.rackId);
  writer.int32(message.rebalanceTimeoutMs);
  if (message.subscribedTopicNames === null) writer.compactArrayLength(-1);
  else {
    writer.compactArrayLength(message.subscribedTopicNames.length);
    writeCompactStringArray(writer, message.subscribedTopicNames);
  }
  if (version >= 1) {
    writer.compactNullableString(message.subscribedTopicRegex);
  } else if (message.subscribedTopicRegex !== null) {
    throw unsupportedField("ConsumerGroupHeartbeatRequest.subscribedTopicRegex", version);
  }
  writer.compactNullableString(message.serverAssignor);
  if (message.topicPartitions === null) writer.compactArrayLength(-1);
  else {
    writer.compactArrayLength(message.topicPartitions.length);
    for (const value of message.topicPartitions) writeTopicPartitions(writer, value, version);
  }
  writer.taggedFields(message.unknownTaggedFields);
}

function writeTopicPartitions(writer: Writer, message: TopicPartitions, _version: number): void {
  writer.uuid(message.topicId);
  writer.compactArrayLength(message.partitions.length);
  writeInt32Array(writer, message.partitions);
  writer.taggedFields(message.unknownTaggedFields);
}
