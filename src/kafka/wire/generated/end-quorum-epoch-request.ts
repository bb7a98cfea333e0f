// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { readInt32Array, writeInt32Array } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** EndQuorumEpochRequest: versions 0 to 1, flexible from 1. */
export const END_QUORUM_EPOCH_REQUEST: MessageCodec<EndQuorumEpochRequest> = {
  name: "EndQuorumEpochRequest",
  apiKey: 54,
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 1,
  read: readEndQuorumEpochRequest,
  write: writeEndQuorumEpochRequest,
};

export interface EndQuorumEpochRequest {
  readonly clusterId: string | null;
  readonly topics: readonly TopicData[];
  /** In versions 1 and up. */
  readonly leaderEndpoints: readonly LeaderEndpoint[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface LeaderEndpoint {
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
  readonly leaderId: number;
  readonly leaderEpoch: number;
  /** In version 0. */
  readonly preferredSuccessors: readonly number[];
  /** In versions 1 and up. */
  readonly preferredCandidates: readonly ReplicaInfo[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface ReplicaInfo {
  readonly candidateId: number;
  readonly candidateDirectoryId: Uuid;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_REPLICA_INFO: ReplicaInfo = {
  candidateId: 0,
  candidateDirectoryId: ZERO_UUID,
};

export const DEFAULT_PARTITION_DATA: PartitionData = {
  partitionIndex: 0,
  leaderId: 0,
  leaderEpoch: 0,
  preferredSuccessors: [],
  preferredCandidates: [],
};

export const DEFAULT_TOPIC_DATA: TopicData = {
  topicName: "",
  partitions: [],
};

export const DEFAULT_LEADER_ENDPOINT: LeaderEndpoint = {
  name: "",
  host: "",
  port: 0,
};

export const DEFAULT_END_QUORUM_EPOCH_REQUEST: EndQuorumEpochRequest = {
  clusterId: null,
  topics: [],
  leaderEndpoints: [],
};

export function readEndQuorumEpochRequest(reader: Reader, version: number): EndQuorumEpochRequest {
  if (version < 0 || version > 1) throw unsupportedVersion("EndQuorumEpochRequest", version);
  const flexible = version >= 1;
  const message: Mutable<EndQuorumEpochRequest> = {
    clusterId: (flexible ? reader.compactNullableString() : reader.nullableString()),
    topics: (flexible ? readTopicDataArray(reader, version, reader.compactArrayLength(3)) : readTopicDataArray(reader, version, reader.arrayLength(6))),
    leaderEndpoints: (version >= 1 ? readLeaderEndpointArray(reader, version, reader.compactArrayLength(5)) : []),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readLeaderEndpoint(reader: Reader, _version: number): LeaderEndpoint {
  const message: Mutable<LeaderEndpoint> = {
    name: reader.compactString(),
    host: reader.compactString(),
    port: reader.uint16(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readLeaderEndpointArray(reader: Reader, version: number, count: number): LeaderEndpoint[] {
  const values: LeaderEndpoint[] = [];
  for (let index = 0; index < count; index++) values.push(readLeaderEndpoint(reader, version));
  return values;
}

function readTopicData(reader: Reader, version: number): TopicData {
  const flexible = version >= 1;
  const message: Mutable<TopicData> = {
    topicName: (flexible ? reader.compactString() : reader.string()),
    partitions: (flexible ? readPartitionDataArray(reader, version, reader.compactArrayLength(14)) : readPartitionDataArray(reader, version, reader.arrayLength(16))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readTopicDataArray(reader: Reader, version: number, count: number): TopicData[] {
  const values: TopicData[] = [];
  for (let index = 0; index < count; index++) values.push(readTopicData(reader, version));
  return values;
}

function readPartitionData(reader: Reader, version: number): PartitionData {
  const flexible = version >= 1;
  const message: Mutable<PartitionData> = {
    partitionIndex: reader.int32(),
    leaderId: reader.int32(),
    leaderEpoch: reader.int32(),
    preferredSuccessors: (version <= 0 ? readInt32Array(reader, reader.arrayLength(4)) : []),
    preferredCandidates: (version >= 1 ? readReplicaInfoArray(reader, version, reader.compactArrayLength(21)) : []),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readPartitionDataArray(reader: Reader, version: number, count: number): PartitionData[] {
  const values: PartitionData[] = [];
  for (let index = 0; index < count; index++) values.push(readPartitionData(reader, version));
  return values;
}

function readReplicaInfo(reader: Reader, _version: number): ReplicaInfo {
  const message: Mutable<ReplicaInfo> = {
    candidateId: reader.int32(),
    candidateDirectoryId: reader.uuid(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readReplicaInfoArray(reader: Reader, version: number, count: number): ReplicaInfo[] {
  const values: ReplicaInfo[] = [];
  for (let index = 0; index < count; index++) values.push(readReplicaInfo(reader, version));
  return values;
}

export function writeEndQuorumEpochRequest(writer: Writer, message: EndQuorumEpochRequest, version: number): void {
  if (version < 0 || version > 1) throw unsupportedVersion("EndQuorumEpochRequest", version);
  const flexible = version >= 1;
  if (flexible) {
    writer.compactNullableString(message.clusterId);
  } else {
    writer.nullableString(message.clusterId);
  }
  if (flexible) {
    writer.compactArrayLength(message.topics.length);
    for (const value of message.topics) writeTopicData(writer, value, version);
  } else {
    writer.arrayLength(message.topics.length);
    for (const value of message.topics) writeTopicData(writer, value, version);
  }
  if (version >= 1) {
    writer.compactArrayLength(message.leaderEndpoints.length);
    for (const value of message.leaderEndpoints) writeLeaderEndpoint(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("EndQuorumEpochRequest.unknownTaggedFields", version);
  }
}

function writeLeaderEndpoint(writer: Writer, message: LeaderEndpoint, _version: number): void {
  writer.compactString(message.name);
  writer.compactString(message.host);
  writer.uint16(message.port);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeTopicData(writer: Writer, message: TopicData, version: number): void {
  const flexible = version >= 1;
  if (flexible) {
    writer.compactString(message.topicName);
  } else {
    writer.string(message.topicName);
  }
  if (flexible) {
    writer.compactArrayLength(message.partitions.length);
    for (const value of message.partitions) writePartitionData(writer, value, version);
  } else {
    writer.arrayLength(message.partitions.length);
    for (const value of message.partitions) writePartitionData(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("TopicData.unknownTaggedFields", version);
  }
}

function writePartitionData(writer: Writer, message: PartitionData, version: number): void {
  const flexible = version >= 1;
  writer.int32(message.partitionIndex);
  writer.int32(message.leaderId);
  writer.int32(message.leaderEpoch);
  if (version <= 0) {
    writer.arrayLength(message.preferredSuccessors.length);
    writeInt32Array(writer, message.preferredSuccessors);
  }
  if (version >= 1) {
    writer.compactArrayLength(message.preferredCandidates.length);
    for (const value of message.preferredCandidates) writeReplicaInfo(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("PartitionData.unknownTaggedFields", version);
  }
}

function writeReplicaInfo(writer: Writer, message: ReplicaInfo, _version: number): void {
  writer.int32(message.candidateId);
  writer.uuid(message.candidateDirectoryId);
  writer.taggedFields(message.unknownTaggedFields);
}
