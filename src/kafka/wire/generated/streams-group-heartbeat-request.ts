// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { readInt16Array, writeInt16Array, readInt32Array, writeInt32Array, readCompactStringArray, writeCompactStringArray } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** StreamsGroupHeartbeatRequest: versions 0 to 1, flexible from 0. */
export const STREAMS_GROUP_HEARTBEAT_REQUEST: MessageCodec<StreamsGroupHeartbeatRequest> = {
  name: "StreamsGroupHeartbeatRequest",
  apiKey: 88,
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 0,
  read: readStreamsGroupHeartbeatRequest,
  write: writeStreamsGroupHeartbeatRequest,
};

export interface StreamsGroupHeartbeatRequest {
  readonly groupId: string;
  readonly memberId: string;
  readonly memberEpoch: number;
  readonly endpointInformationEpoch: number;
  readonly instanceId: string | null;
  readonly rackId: string | null;
  readonly rebalanceTimeoutMs: number;
  readonly topology: Topology | null;
  readonly activeTasks: readonly TaskIds[] | null;
  readonly standbyTasks: readonly TaskIds[] | null;
  readonly warmupTasks: readonly TaskIds[] | null;
  readonly processId: string | null;
  readonly userEndpoint: Endpoint | null;
  readonly clientTags: readonly KeyValue[] | null;
  readonly taskOffsets: readonly TaskOffset[] | null;
  readonly taskEndOffsets: readonly TaskOffset[] | null;
  readonly shutdownApplication: boolean;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TaskOffset {
  readonly subtopologyId: string;
  readonly partition: number;
  readonly offset: Int64;
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

export interface Topology {
  readonly epoch: number;
  readonly subtopologies: readonly Subtopology[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface Subtopology {
  readonly subtopologyId: string;
  readonly sourceTopics: readonly string[];
  readonly sourceTopicRegex: readonly string[];
  readonly stateChangelogTopics: readonly TopicInfo[];
  readonly repartitionSinkTopics: readonly string[];
  readonly repartitionSourceTopics: readonly TopicInfo[];
  readonly copartitionGroups: readonly CopartitionGroup[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface CopartitionGroup {
  readonly sourceTopics: readonly number[];
  readonly sourceTopicRegex: readonly number[];
  readonly repartitionSourceTopics: readonly number[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TopicInfo {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly topicConfigs: readonly KeyValue[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface KeyValue {
  readonly key: string;
  readonly value: string;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_KEY_VALUE: KeyValue = {
  key: "",
  value: "",
};

export const DEFAULT_TOPIC_INFO: TopicInfo = {
  name: "",
  partitions: 0,
  replicationFactor: 0,
  topicConfigs: [],
};

export const DEFAULT_COPARTITION_GROUP: CopartitionGroup = {
  sourceTopics: [],
  sourceTopicRegex: [],
  repartitionSourceTopics: [],
};

export const DEFAULT_SUBTOPOLOGY: Subtopology = {
  subtopologyId: "",
  sourceTopics: [],
  sourceTopicRegex: [],
  stateChangelogTopics: [],
  repartitionSinkTopics: [],
  repartitionSourceTopics: [],
  copartitionGroups: [],
};

export const DEFAULT_TOPOLOGY: Topology = {
  epoch: 0,
  subtopologies: [],
};

export const DEFAULT_TASK_IDS: TaskIds = {
  subtopologyId: "",
  partitions: [],
};

export const DEFAULT_ENDPOINT: Endpoint = {
  host: "",
  port: 0,
};

export const DEFAULT_TASK_OFFSET: TaskOffset = {
  subtopologyId: "",
  partition: 0,
  offset: 0,
};

export const DEFAULT_STREAMS_GROUP_HEARTBEAT_REQUEST: StreamsGroupHeartbeatRequest = {
  groupId: "",
  memberId: "",
  memberEpoch: 0,
  endpointInformationEpoch: 0,
  instanceId: null,
  rackId: null,
  rebalanceTimeoutMs: -1,
  topology: null,
  activeTasks: null,
  standbyTasks: null,
  warmupTasks: null,
  processId: null,
  userEndpoint: null,
  clientTags: null,
  taskOffsets: null,
  taskEndOffsets: null,
  shutdownApplication: false,
};

export function readStreamsGroupHeartbeatRequest(reader: Reader, version: number): StreamsGroupHeartbeatRequest {
  if (version < 0 || version > 1) throw unsupportedVersion("StreamsGroupHeartbeatRequest", version);
  const message: Mutable<StreamsGroupHeartbeatRequest> = {
    groupId: reader.compactString(),
    memberId: reader.compactString(),
    memberEpoch: reader.int32(),
    endpointInformationEpoch: reader.int32(),
    instanceId: reader.compactNullableString(),
    rackId: reader.compactNullableString(),
    rebalanceTimeoutMs: reader.int32(),
    topology: reader.int8() < 0 ? null : readTopology(reader, version),
    activeTasks: readNullableTaskIdsArray(reader, version, reader.compactNullableArrayLength(3)),
    standbyTasks: readNullableTaskIdsArray(reader, version, reader.compactNullableArrayLength(3)),
    warmupTasks: readNullableTaskIdsArray(reader, version, reader.compactNullableArrayLength(3)),
    processId: reader.compactNullableString(),
    userEndpoint: reader.int8() < 0 ? null : readEndpoint(reader, version),
    clientTags: readNullableKeyValueArray(reader, version, reader.compactNullableArrayLength(3)),
    taskOffsets: readNullableTaskOffsetArray(reader, version, reader.compactNullableArrayLength(14)),
    taskEndOffsets: readNullableTaskOffsetArray(reader, version, reader.compactNullableArrayLength(14)),
    shutdownApplication: reader.bool(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTaskOffset(reader: Reader, _version: number): TaskOffset {
  const message: Mutable<TaskOffset> = {
    subtopologyId: reader.compactString(),
    partition: reader.int32(),
    offset: reader.int64(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTaskOffsetArray(reader: Reader, version: number, count: number): TaskOffset[] {
  const values: TaskOffset[] = [];
  for (let index = 0; index < count; index++) values.push(readTaskOffset(reader, version));
  return values;
}

function readNullableTaskOffsetArray(reader: Reader, version: number, count: number): TaskOffset[] | null {
  return count === -1 ? null : readTaskOffsetArray(reader, version, count);
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

function readTopology(reader: Reader, version: number): Topology {
  const message: Mutable<Topology> = {
    epoch: reader.int32(),
    subtopologies: readSubtopologyArray(reader, version, reader.compactArrayLength(8)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readSubtopology(reader: Reader, version: number): Subtopology {
  const message: Mutable<Subtopology> = {
    subtopologyId: reader.compactString(),
    sourceTopics: readCompactStringArray(reader, reader.compactArrayLength(1)),
    sourceTopicRegex: readCompactStringArray(reader, reader.compactArrayLength(1)),
    stateChangelogTopics: readTopicInfoArray(reader, version, reader.compactArrayLength(9)),
    repartitionSinkTopics: readCompactStringArray(reader, reader.compactArrayLength(1)),
    repartitionSourceTopics: readTopicInfoArray(reader, version, reader.compactArrayLength(9)),
    copartitionGroups: readCopartitionGroupArray(reader, version, reader.compactArrayLength(4)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readSubtopologyArray(reader: Reader, version: number, count: number): Subtopology[] {
  const values: Subtopology[] = [];
  for (let index = 0; index < count; index++) values.push(readSubtopology(reader, version));
  return values;
}

function readCopartitionGroup(reader: Reader, _version: number): CopartitionGroup {
  const message: Mutable<CopartitionGroup> = {
    sourceTopics: readInt16Array(reader, reader.compactArrayLength(2)),
    sourceTopicRegex: readInt16Array(reader, reader.compactArrayLength(2)),
    repartitionSourceTopics: readInt16Array(reader, reader.compactArrayLength(2)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readCopartitionGroupArray(reader: Reader, version: number, count: number): CopartitionGroup[] {
  const values: CopartitionGroup[] = [];
  for (let index = 0; index < count; index++) values.push(readCopartitionGroup(reader, version));
  return values;
}

function readTopicInfo(reader: Reader, version: number): TopicInfo {
  const message: Mutable<TopicInfo> = {
    name: reader.compactString(),
    partitions: reader.int32(),
    replicationFactor: reader.int16(),
    topicConfigs: readKeyValueArray(reader, version, reader.compactArrayLength(3)),
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

function readKeyValue(reader: Reader, _version: number): KeyValue {
  const message: Mutable<KeyValue> = {
    key: reader.compactString(),
    value: reader.compactString(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readKeyValueArray(reader: Reader, version: number, count: number): KeyValue[] {
  const values: KeyValue[] = [];
  for (let index = 0; index < count; index++) values.push(readKeyValue(reader, version));
  return values;
}

function readNullableKeyValueArray(reader: Reader, version: number, count: number): KeyValue[] | null {
  return count === -1 ? null : readKeyValueArray(reader, version, count);
}

export function writeStreamsGroupHeartbeatRequest(writer: Writer, message: StreamsGroupHeartbeatRequest, version: number): void {
  if (version < 0 || version > 1) throw unsupportedVersion("StreamsGroupHeartbeatRequest", version);
  writer.compactString(message.groupId);
  writer.compactString(message.memberId);
  writer.int32(message.memberEpoch);
  writer.int32(message.endpointInformationEpoch);
  writer.compactNullableString(message.instanceId);
  writer.compactNullableString(message.rackId);
  writer.int32(message.rebalanceTimeoutMs);
  if (message.topology === null) writer.int8(-1);
  else {
    writer.int8(1);
    writeTopology(writer, message.topology, version);
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
  writer.compactNullableString(message.processId);
  if (message.userEndpoint === null) writer.int8(-1);
  else {
    writer.int8(1);
    writeEndpoint(writer, message.userEndpoint, version);
  }
  if (message.clientTags === null) writer.compactArrayLength(-1);
  else {
    writer.compactArrayLength(message.clientTags.length);
    for (const value of message.clientTags) writeKeyValue(writer, value, version);
  }
  if (message.taskOffsets === null) writer.compactArrayLength(-1);
  else {
    writer.compactArrayLength(message.taskOffsets.length);
    for (const value of message.taskOffsets) writeTaskOffset(writer, value, version);
  }
  if (message.taskEndOffsets === null) writer.compactArrayLength(-1);
  else {
    writer.compactArrayLength(message.taskEndOffsets.length);
    for (const value of message.taskEndOffsets) writeTaskOffset(writer, value, version);
  }
  writer.bool(message.shutdownApplication);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeTaskOffset(writer: Writer, message: TaskOffset, _version: number): void {
  writer.compactString(message.subtopologyId);
  writer.int32(message.partition);
  writer.int64(message.offset);
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

function writeTopology(writer: Writer, message: Topology, version: number): void {
  writer.int32(message.epoch);
  writer.compactArrayLength(message.subtopologies.length);
  for (const value of message.subtopologies) writeSubtopology(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeSubtopology(writer: Writer, message: Subtopology, version: number): void {
  writer.compactString(message.subtopologyId);
  writer.compactArrayLength(message.sourceTopics.length);
  writeCompactStringArray(writer, message.sourceTopics);
  writer.compactArrayLength(message.sourceTopicRegex.length);
  writeCompactStringArray(writer, message.sourceTopicRegex);
  writer.compactArrayLength(message.stateChangelogTopics.length);
  for (const value of message.stateChangelogTopics) writeTopicInfo(writer, value, version);
  writer.compactArrayLength(message.repartitionSinkTopics.length);
  writeCompactStringArray(writer, message.repartitionSinkTopics);
  writer.compactArrayLength(message.repartitionSourceTopics.length);
  for (const value of message.repartitionSourceTopics) writeTopicInfo(writer, value, version);
  writer.compactArrayLength(message.copartitionGroups.length);
  for (const value of message.copartitionGroups) writeCopartitionGroup(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeCopartitionGroup(writer: Writer, message: CopartitionGroup, _version: number): void {
  writer.compactArrayLength(message.sourceTopics.length);
  writeInt16Array(writer, message.sourceTopics);
  writer.compactArrayLength(message.sourceTopicRegex.length);
  writeInt16Array(writer, message.sourceTopicRegex);
  writer.compactArrayLength(message.repartitionSourceTopics.length);
  writeInt16Array(writer, message.repartitionSourceTopics);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeTopicInfo(writer: Writer, message: TopicInfo, version: number): void {
  writer.compactString(message.name);
  writer.int32(message.partitions);
  writer.int16(message.replicationFactor);
  writer.compactArrayLength(message.topicConfigs.length);
  for (const value of message.topicConfigs) writeKeyValue(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeKeyValue(writer: Writer, message: KeyValue, _version: number): void {
  writer.compactString(message.key);
  writer.compactString(message.value);
  writer.taggedFields(message.unknownTaggedFields);
}
