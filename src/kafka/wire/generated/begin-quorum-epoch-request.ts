// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** BeginQuorumEpochRequest: versions 0 to 1, flexible from 1. */
export const BEGIN_QUORUM_EPOCH_REQUEST: MessageCodec<BeginQuorumEpochRequest> = {
  name: "BeginQuorumEpochRequest",
  apiKey: 53,
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 1,
  read: readBeginQuorumEpochRequest,
  write: writeBeginQuorumEpochRequest,
};

export interface BeginQuorumEpochRequest {
  readonly clusterId: string | null;
  /** In versions 1 and up. */
  readonly voterId: number;
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
  /** In versions 1 and up. */
  readonly voterDirectoryId: Uuid;
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_PARTITION_DATA: PartitionData = {
  partitionIndex: 0,
  voterDirectoryId: ZERO_UUID,
  leaderId: 0,
  leaderEpoch: 0,
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

export const DEFAULT_BEGIN_QUORUM_EPOCH_REQUEST: BeginQuorumEpochRequest = {
  clusterId: null,
  voterId: -1,
  topics: [],
  leaderEndpoints: [],
};

export function readBeginQuorumEpochRequest(reader: Reader, version: number): BeginQuorumEpochRequest {
  if (version < 0 || version > 1) throw unsupportedVersion("BeginQuorumEpochRequest", version);
  const flexible = version >= 1;
  const message: Mutable<BeginQuorumEpochRequest> = {
    clusterId: (flexible ? reader.compactNullableString() : reader.nullableString()),
    voterId: (version >= 1 ? reader.int32() : -1),
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
    partitions: (flexible ? readPartitionDataArray(reader, version, reader.compactArrayLength(29)) : readPartitionDataArray(reader, version, reader.arrayLength(12))),
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
    voterDirectoryId: (version >= 1 ? reader.uuid() : ZERO_UUID),
    leaderId: reader.int32(),
    leaderEpoch: reader.int32(),
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

export function writeBeginQuorumEpochRequest(writer: Writer, message: BeginQuorumEpochRequest, version: number): void {
  if (version < 0 || version > 1) throw unsupportedVersion("BeginQuorumEpochRequest", version);
  const flexible = version >= 1;
  if (flexible) {
    writer.compactNullableString(message.clusterId);
  } else {
    writer.nullableString(message.clusterId);
  }
  if (version >= 1) {
    writer.int32(message.voterId);
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
    throw unsupportedField("BeginQuorumEpochRequest.unknownTaggedFields", version);
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
  if (version >= 1) {
    writer.uuid(message.voterDirectoryId);
  }
  writer.int32(message.leaderId);
  writer.int32(message.leaderEpoch);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("PartitionData.unknownTaggedFields", version);
  }
}
