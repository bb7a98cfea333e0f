// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Int64, type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DescribeQuorumResponse: versions 0 to 2, flexible from 0. */
export const DESCRIBE_QUORUM_RESPONSE: MessageCodec<DescribeQuorumResponse> = {
  name: "DescribeQuorumResponse",
  apiKey: 55,
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 0,
  read: readDescribeQuorumResponse,
  write: writeDescribeQuorumResponse,
};

export interface DescribeQuorumResponse {
  readonly errorCode: number;
  /** In versions 2 and up. */
  readonly errorMessage: string | null;
  readonly topics: readonly TopicData[];
  /** In versions 2 and up. */
  readonly nodes: readonly Node[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface Node {
  readonly nodeId: number;
  readonly listeners: readonly Listener[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface Listener {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TopicData {
  readonly topicName: string;
  readonly partitions: readonly PartitionData[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface PartitionData {
  readonly partitionIndex: number;
  readonly errorCode: number;
  /** In versions 2 and up. */
  readonly errorMessage: string | null;
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly highWatermark: Int64;
  readonly currentVoters: readonly ReplicaState[];
  readonly observers: readonly ReplicaState[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface ReplicaState {
  readonly replicaId: number;
  /** In versions 2 and up. */
  readonly replicaDirectoryId: Uuid;
  readonly logEndOffset: Int64;
  /** In versions 1 and up. */
  readonly lastFetchTimestamp: Int64;
  /** In versions 1 and up. */
  readonly lastCaughtUpTimestamp: Int64;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_REPLICA_STATE: ReplicaState = {
  replicaId: 0,
  replicaDirectoryId: ZERO_UUID,
  logEndOffset: 0,
  lastFetchTimestamp: -1,
  lastCaughtUpTimestamp: -1,
};

export const DEFAULT_PARTITION_DATA: PartitionData = {
  partitionIndex: 0,
  errorCode: 0,
  errorMessage: "",
  leaderId: 0,
  leaderEpoch: 0,
  highWatermark: 0,
  currentVoters: [],
  observers: [],
};

export const DEFAULT_TOPIC_DATA: TopicData = {
  topicName: "",
  partitions: [],
};

export const DEFAULT_LISTENER: Listener = {
  name: "",
  host: "",
  port: 0,
};

export const DEFAULT_NODE: Node = {
  nodeId: 0,
  listeners: [],
};

export const DEFAULT_DESCRIBE_QUORUM_RESPONSE: DescribeQuorumResponse = {
  errorCode: 0,
  errorMessage: "",
  topics: [],
  nodes: [],
};

export function readDescribeQuorumResponse(reader: Reader, version: number): DescribeQuorumResponse {
  if (version < 0 || version > 2) throw unsupportedVersion("DescribeQuorumResponse", version);
  const message: Mutable<DescribeQuorumResponse> = {
    errorCode: reader.int16(),
    errorMessage: (version >= 2 ? reader.compactNullableString() : ""),
    topics: readTopicDataArray(reader, version, reader.compactArrayLength(3)),
    nodes: (version >= 2 ? readNodeArray(reader, version, reader.compactArrayLength(6)) : []),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readNode(reader: Reader, version: number): Node {
  const message: Mutable<Node> = {
    nodeId: reader.int32(),
    listeners: readListenerArray(reader, version, reader.compactArrayLength(5)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readNodeArray(reader: Reader, version: number, count: number): Node[] {
  const values: Node[] = [];
  for (let index = 0; index < count; index++) values.push(readNode(reader, version));
  return values;
}

function readListener(reader: Reader, _version: number): Listener {
  const message: Mutable<Listener> = {
    name: reader.compactString(),
    host: reader.compactString(),
    port: reader.uint16(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readListenerArray(reader: Reader, version: number, count: number): Listener[] {
  const values: Listener[] = [];
  for (let index = 0; index < count; index++) values.push(readListener(reader, version));
  return values;
}

function readTopicData(reader: Reader, version: number): TopicData {
  const message: Mutable<TopicData> = {
    topicName: reader.compactString(),
    partitions: readPartitionDataArray(reader, version, reader.compactArrayLength(25)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTopicDataArray(reader: Reader, version: number, count: number): TopicData[] {
  const values: TopicData[] = [];
  for (let index = 0; index < count; index++) values.push(readTopicData(reader, version));
  return values;
}

function readPartitionData(reader: Reader, version: number): PartitionData {
  const message: Mutable<PartitionData> = {
    partitionIndex: reader.int32(),
    errorCode: reader.int16(),
    errorMessage: (version >= 2 ? reader.compactNullableString() : ""),
    leaderId: reader.int32(),
    leaderEpoch: reader.int32(),
    highWatermark: reader.int64(),
    currentVoters: readReplicaStateArray(reader, version, reader.compactArrayLength(13)),
    observers: readReplicaStateArray(reader, version, reader.compactArrayLength(13)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readPartitionDataArray(reader: Reader, version: number, count: number): PartitionData[] {
  const values: PartitionData[] = [];
  for (let index = 0; index < count; index++) values.push(readPartitionData(reader, version));
  return values;
}

function readReplicaState(reader: Reader, version: number): ReplicaState {
  const message: Mutable<ReplicaState> = {
    replicaId: reader.int32(),
    replicaDirectoryId: (version >= 2 ? reader.uuid() : ZERO_UUID),
    logEndOffset: reader.int64(),
    lastFetchTimestamp: (version >= 1 ? reader.int64() : -1),
    lastCaughtUpTimestamp: (version >= 1 ? reader.int64() : -1),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readReplicaStateArray(reader: Reader, version: number, count: number): ReplicaState[] {
  const values: ReplicaState[] = [];
  for (let index = 0; index < count; index++) values.push(readReplicaState(reader, version));
  return values;
}

export function writeDescribeQuorumResponse(writer: Writer, message: DescribeQuorumResponse, version: number): void {
  if (version < 0 || version > 2) throw unsupportedVersion("DescribeQuorumResponse", version);
  writer.int16(message.errorCode);
  if (version >= 2) {
    writer.compactNullableString(message.errorMessage);
  }
  writer.compactArrayLength(message.topics.length);
  for (const value of message.topics) writeTopicData(writer, value, version);
  if (version >= 2) {
    writer.compactArrayLength(message.nodes.length);
    for (const value of message.nodes) writeNode(writer, value, version);
  } else if (message.nodes.length !== 0) {
    throw unsupportedField("DescribeQuorumResponse.nodes", version);
  }
  writer.taggedFields(message.unknownTaggedFields);
}

function writeNode(writer: Writer, message: Node, version: number): void {
  writer.int32(message.nodeId);
  writer.compactArrayLength(message.listeners.length);
  for (const value of message.listeners) writeListener(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeListener(writer: Writer, message: Listener, _version: number): void {
  writer.compactString(message.name);
  writer.compactString(message.host);
  writer.uint16(message.port);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeTopicData(writer: Writer, message: TopicData, version: number): void {
  writer.compactString(message.topicName);
  writer.compactArrayLength(message.partitions.length);
  for (const value of message.partitions) writePartitionData(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writePartitionData(writer: Writer, message: PartitionData, version: number): void {
  writer.int32(message.partitionIndex);
  writer.int16(message.errorCode);
  if (version >= 2) {
    writer.compactNullableString(message.errorMessage);
  }
  writer.int32(message.leaderId);
  writer.int32(message.leaderEpoch);
  writer.int64(message.highWatermark);
  writer.compactArrayLength(message.currentVoters.length);
  for (const value of message.currentVoters) writeReplicaState(writer, value, version);
  writer.compactArrayLength(message.observers.length);
  for (const value of message.observers) writeReplicaState(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeReplicaState(writer: Writer, message: ReplicaState, version: number): void {
  writer.int32(message.replicaId);
  if (version >= 2) {
    writer.uuid(message.replicaDirectoryId);
  } else if (message.replicaDirectoryId !== ZERO_UUID) {
    throw unsupportedField("ReplicaState.replicaDirectoryId", version);
  }
  writer.int64(message.logEndOffset);
  if (version >= 1) {
    writer.int64(message.lastFetchTimestamp);
  }
  if (version >= 1) {
    writer.int64(message.lastCaughtUpTimestamp);
  }
  writer.taggedFields(message.unknownTaggedFields);
}
