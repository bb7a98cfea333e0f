// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { readInt32Array, writeInt32Array } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** StreamsGroupHeartbeatResponse: versions 0 to 1, flexible from 0. */
export const STREAMS_GROUP_HEARTBEAT_RESPONSE: MessageCodec<StreamsGroupHeartbeatResponse> = {
  name: "StreamsGroupHeartbeatResponse",
  apiKey: 88,
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 0,
  read: readStreamsGroupHeartbeatResponse,
  write: writeStreamsGroupHeartbeatResponse,
};

export interface StreamsGroupHeartbeatResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly memberId: string;
  readonly memberEpoch: number;
  readonly heartbeatIntervalMs: number;
  /** In version 0. */
  readonly acceptableRecoveryLagLegacy: number;
  readonly taskOffsetIntervalMs: number;
  /** In versions 1 and up. */
  readonly acceptableRecoveryLag: Int64;
  readonly status: readonly Status[] | null;
  readonly activeTasks: readonly TaskIds[] | null;
  readonly standbyTasks: readonly TaskIds[] | null;
  readonly warmupTasks: readonly TaskIds[] | null;
  /** In versions 1 and up. */
  readonly topologyDescriptionRequired: boolean;
  readonly endpointInformationEpoch: number;
  readonly partitionsByUserEndpoint: readonly EndpointToPartitions[] | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface EndpointToPartitions {
  readonly userEndpoint: Endpoint;
  readonly activePartitions: readonly TopicPartition[];
  readonly standbyPartitions: readonly TopicPartition[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TopicPartition {
  readonly topic: string;
  readonly partitions: readonly number[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TaskIds {
  readonly subtopologyId: string;
  readonly partitions: readonly number[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface Status {
  readonly statusCode: number;
  readonly statusDetail: string;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_STATUS: Status = {
  statusCode: 0,
  statusDetail: "",
};

export const DEFAULT_TASK_IDS: TaskIds = {
  subtopologyId: "",
  partitions: [],
};

export const DEFAULT_ENDPOINT: Endpoint = {
  host: "",
  port: 0,
};

export const DEFAULT_TOPIC_PARTITION: TopicPartition = {
  topic: "",
  partitions: [],
};

export const DEFAULT_ENDPOINT_TO_PARTITIONS: EndpointToPartitions = {
  userEndpoint: DEFAULT_ENDPOINT,
  activePartitions: [],
  standbyPartitions: [],
};

export const DEFAULT_STREAMS_GROUP_HEARTBEAT_RESPONSE: StreamsGroupHeartbeatResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  errorMessage: null,
  memberId: "",
  memberEpoch: 0,
  heartbeatIntervalMs: 0,
  acceptableRecoveryLagLegacy: 0,
  taskOffsetIntervalMs: 0,
  acceptableRecoveryLag: -1,
  status: [],
  activeTasks: null,
  standbyTasks: null,
  warmupTasks: null,
  topologyDescriptionRequired: false,
  endpointInformationEpoch: 0,
  partitionsByUserEndpoint: null,
};

export function readStreamsGroupHeartbeatResponse(reader: Reader, version: number): StreamsGroupHeartbeatResponse {
  if (version < 0 || version > 1) throw unsupportedVersion("StreamsGroupHeartbeatResponse", version);
  const message: Mutable<StreamsGroupHeartbeatResponse> = {
    throttleTimeMs: reader.int32(),
    errorCode: reader.int16(),
    errorMessage: reader.compactNullableString(),
    memberId: reader.compactString(),
    memberEpoch: reader.int32(),
    heartbeatIntervalMs: reader.int32(),
    acceptableRecoveryLagLegacy: (version <= 0 ? reader.int32() : 0),
    taskOffsetIntervalMs: reader.int32(),
    acceptableRecoveryLag: (version >= 1 ? reader.int64() : -1),
    status: readNullableStatusArray(reader, version, reader.compactNullableArrayLength(3)),
    activeTasks: readNullableTaskIdsArray(reader, version, reader.compactNullableArrayLength(3)),
    standbyTasks: readNullableTaskIdsArray(reader, version, reader.compactNullableArrayLength(3)),
    warmupTasks: readNullableTaskIdsArray(reader, version, reader.compactNullableArrayLength(3)),
    topologyDescriptionRequired: (version >= 1 ? reader.bool() : false),
    endpointInformationEpoch: reader.int32(),
    partitionsByUserEndpoint: readNullableEndpointToPartitionsArray(reader, version, reader.compactNullableArrayLength(7)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readEndpointToPartitions(reader: Reader, version: number): EndpointToPartitions {
  const message: Mutable<EndpointToPartitions> = {
    userEndpoint: readEndpoint(reader, version),
    activePartitions: readTopicPartitionArray(reader, version, reader.compactArrayLength(3)),
    standbyPartitions: readTopicPartitionArray(reader, version, reader.compactArrayLength(3)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readEndpointToPartitionsArray(reader: Reader, version: number, count: number): EndpointToPartitions[] {
  const values: EndpointToPartitions[] = [];
  for (let index = 0; index < count; index++) values.push(readEndpointToPartitions(reader, version));
  return values;
}

function readNullableEndpointToPartitionsArray(reader: Reader, version: number, count: number): EndpointToPartitions[] | null {
  return count === -1 ? null : readEndpointToPartitionsArray(reader, version, count);
}

function readTopicPartition(reader: Reader, _version: number): TopicPartition {
  const message: Mutable<TopicPartition> = {
    topic: reader.compactString(),
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

function readEndpoint(reader: Reader, _version: number): Endpoint {
  const message: Mutable<Endpoint> = {
    host: reader.compactString(),
    port: reader.uint16(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTaskIds(reader: Reader, _version: number): TaskIds {
  const message: Mutable<TaskIds> = {
    subtopologyId: reader.compactString(),
    partitions: readInt32Array(reader, reader.compactArrayLength(4)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTaskIdsArray(reader: Reader, version: number, count: number): TaskIds[] {
  const values: TaskIds[] = [];
  for (let index = 0; index < count; index++) values.push(readTaskIds(reader, version));
  return values;
}

function readNullableTaskIdsArray(reader: Reader, version: number, count: number): TaskIds[] | null {
  return count === -1 ? null : readTaskIdsArray(reader, version, count);
}

function readStatus(reader: Reader, _version: number): Status {
  const message: Mutable<Status> = {
    statusCode: reader.int8(),
    statusDetail: reader.compactString(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readStatusArray(reader: Reader, version: number, count: number): Status[] {
  const values: Status[] = [];
  for (let index = 0; index < count; index++) values.push(readStatus(reader, version));
  return values;
}

function readNullableStatusArray(reader: Reader, version: number, count: number): Status[] | null {
  return count === -1 ? null : readStatusArray(reader, version, count);
}

export function writeStreamsGroupHeartbeatResponse(writer: Writer, message: StreamsGroupHeartbeatResponse, version: number): void {
  if (version < 0 || version > 1) throw unsupportedVersion("StreamsGroupHeartbeatResponse", version);
  writer.int32(message.throttleTimeMs);
  writer.int16(message.errorCode);
  writer.compactNullableString(message.errorMessage);
  writer.compactString(message.memberId);
  writer.int32(message.memberEpoch);
  writer.int32(message.heartbeatIntervalMs);
  if (version <= 0) {
    writer.int32(message.acceptableRecoveryLagLegacy);
  } else if (message.acceptableRecoveryLagLegacy !== 0) {
    throw unsupportedField("StreamsGroupHeartbeatResponse.acceptableRecoveryLagLegacy", version);
  }
  writer.int32(message.taskOffsetIntervalMs);
  if (version >= 1) {
    writer.int64(message.acceptableRecoveryLag);
  }
  if (message.status === null) writer.compactArrayLength(-1);
  else {
    writer.compactArrayLength(message.status.length);
    for (const value of message.status) writeStatus(writer, value, version);
  }
  if (message.activeTasks === null) writer.compactArrayLength(-1);
  else {
    writer.compactArrayLength(message.activeTasks.length);
    for (const value of message.activeTasks) writeTaskIds(writer, value, version);
  }
  if (message.standbyTasks === null) writer.compactArrayLength(-1);
  else {
    writer.compactArrayLength(message.standbyTasks.length);
    for (const value of message.standbyTasks) writeTaskIds(writer, value, version);
  }
  if (message.warmupTasks === null) writer.compactArrayLength(-1);
  else {
    writer.compactArrayLength(message.warmupTasks.length);
    for (const value of message.warmupTasks) writeTaskIds(writer, value, version);
  }
  if (version >= 1) {
    writer.bool(message.topologyDescriptionRequired);
  } else if (message.topologyDescriptionRequired) {
    throw unsupportedField("StreamsGroupHeartbeatResponse.topologyDescriptionRequired", version);
  }
  writer.int32(message.endpointInformationEpoch);
  if (message.partitionsByUserEndpoint === null) writer.compactArrayLength(-1);
  else {
    writer.compactArrayLength(message.partitionsByUserEndpoint.length);
    for (const value of message.partitionsByUserEndpoint) writeEndpointToPartitions(writer, value, version);
  }
  writer.taggedFields(message.unknownTaggedFields);
}

function writeEndpointToPartitions(writer: Writer, message: EndpointToPartitions, version: number): void {
  writeEndpoint(writer, message.userEndpoint, version);
  writer.compactArrayLength(message.activePartitions.length);
  for (const value of message.activePartitions) writeTopicPartition(writer, value, version);
  writer.compactArrayLength(message.standbyPartitions.length);
  for (const value of message.standbyPartitions) writeTopicPartition(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeTopicPartition(writer: Writer, message: TopicPartition, _version: number): void {
  writer.compactString(message.topic);
  writer.compactArrayLength(message.partitions.length);
  writeInt32Array(writer, message.partitions);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeEndpoint(writer: Writer, message: Endpoint, _version: number): void {
  writer.compactString(message.host);
  writer.uint16(message.port);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeTaskIds(writer: Writer, message: TaskIds, _version: number): void {
  writer.compactString(message.subtopologyId);
  writer.compactArrayLength(message.partitions.length);
  writeInt32Array(writer, message.partitions);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeStatus(writer: Writer, message: Status, _version: number): void {
  writer.int8(message.statusCode);
  writer.compactString(message.statusDetail);
  writer.taggedFields(message.unknownTaggedFields);
}
