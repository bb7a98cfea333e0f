// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ShareAcknowledgeResponse: versions 1 to 2, flexible from 1. */
export const SHARE_ACKNOWLEDGE_RESPONSE: MessageCodec<ShareAcknowledgeResponse> = {
  name: "ShareAcknowledgeResponse",
  apiKey: 79,
  minVersion: 1,
  maxVersion: 2,
  flexibleFrom: 1,
  read: readShareAcknowledgeResponse,
  write: writeShareAcknowledgeResponse,
};

export interface ShareAcknowledgeResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  /** In versions 2 and up. */
  readonly acquisitionLockTimeoutMs: number;
  readonly responses: readonly ShareAcknowledgeTopicResponse[];
  readonly nodeEndpoints: readonly NodeEndpoint[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface NodeEndpoint {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface ShareAcknowledgeTopicResponse {
  readonly topicId: Uuid;
  readonly partitions: readonly PartitionData[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface PartitionData {
  readonly partitionIndex: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly currentLeader: LeaderIdAndEpoch;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface LeaderIdAndEpoch {
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_LEADER_ID_AND_EPOCH: LeaderIdAndEpoch = {
  leaderId: 0,
  leaderEpoch: 0,
};

export const DEFAULT_PARTITION_DATA: PartitionData = {
  partitionIndex: 0,
  errorCode: 0,
  errorMessage: null,
  currentLeader: DEFAULT_LEADER_ID_AND_EPOCH,
};

export const DEFAULT_SHARE_ACKNOWLEDGE_TOPIC_RESPONSE: ShareAcknowledgeTopicResponse = {
  topicId: ZERO_UUID,
  partitions: [],
};

export const DEFAULT_NODE_ENDPOINT: NodeEndpoint = {
  nodeId: 0,
  host: "",
  port: 0,
  rack: null,
};

export const DEFAULT_SHARE_ACKNOWLEDGE_RESPONSE: ShareAcknowledgeResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  errorMessage: null,
  acquisitionLockTimeoutMs: 0,
  responses: [],
  nodeEndpoints: [],
};

export function readShareAcknowledgeResponse(reader: Reader, version: number): ShareAcknowledgeResponse {
  if (version < 1 || version > 2) throw unsupportedVersion("ShareAcknowledgeResponse", version);
  const message: Mutable<ShareAcknowledgeResponse> = {
    throttleTimeMs: reader.int32(),
    errorCode: reader.int16(),
    errorMessage: reader.compactNullableString(),
    acquisitionLockTimeoutMs: (version >= 2 ? reader.int32() : 0),
    responses: readShareAcknowledgeTopicResponseArray(reader, version, reader.compactArrayLength(18)),
    nodeEndpoints: readNodeEndpointArray(reader, version, reader.compactArrayLength(11)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readNodeEndpoint(reader: Reader, _version: number): NodeEndpoint {
  const message: Mutable<NodeEndpoint> = {
    nodeId: reader.int32(),
    host: reader.compactString(),
    port: reader.int32(),
    rack: reader.compactNullableString(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readNodeEndpointArray(reader: Reader, version: number, count: number): NodeEndpoint[] {
  const values: NodeEndpoint[] = [];
  for (let index = 0; index < count; index++) values.push(readNodeEndpoint(reader, version));
  return values;
}

function readShareAcknowledgeTopicResponse(reader: Reader, version: number): ShareAcknowledgeTopicResponse {
  const message: Mutable<ShareAcknowledgeTopicResponse> = {
    topicId: reader.uuid(),
    partitions: readPartitionDataArray(reader, version, reader.compactArrayLength(17)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readShareAcknowledgeTopicResponseArray(reader: Reader, version: number, count: number): ShareAcknowledgeTopicResponse[] {
  const values: ShareAcknowledgeTopicResponse[] = [];
  for (let index = 0; index < count; index++) values.push(readShareAcknowledgeTopicResponse(reader, version));
  return values;
}

function readPartitionData(reader: Reader, version: number): PartitionData {
  const message: Mutable<PartitionData> = {
    partitionIndex: reader.int32(),
    errorCode: reader.int16(),
    errorMessage: reader.compactNullableString(),
    currentLeader: readLeaderIdAndEpoch(reader, version),
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

function readLeaderIdAndEpoch(reader: Reader, _version: number): LeaderIdAndEpoch {
  const message: Mutable<LeaderIdAndEpoch> = {
    leaderId: reader.int32(),
    leaderEpoch: reader.int32(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeShareAcknowledgeResponse(writer: Writer, message: ShareAcknowledgeResponse, version: number): void {
  if (version < 1 || version > 2) throw unsupportedVersion("ShareAcknowledgeResponse", version);
  writer.int32(message.throttleTimeMs);
  writer.int16(message.errorCode);
  writer.compactNullableString(message.errorMessage);
  if (version >= 2) {
    writer.int32(message.acquisitionLockTimeoutMs);
  }
  writer.compactArrayLength(message.responses.length);
  for (const value of message.responses) writeShareAcknowledgeTopicResponse(writer, value, version);
  writer.compactArrayLength(message.nodeEndpoints.length);
  for (const value of message.nodeEndpoints) writeNodeEndpoint(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeNodeEndpoint(writer: Writer, message: NodeEndpoint, _version: number): void {
  writer.int32(message.nodeId);
  writer.compactString(message.host);
  writer.int32(message.port);
  writer.compactNullableString(message.rack);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeShareAcknowledgeTopicResponse(writer: Writer, message: ShareAcknowledgeTopicResponse, version: number): void {
  writer.uuid(message.topicId);
  writer.compactArrayLength(message.partitions.length);
  for (const value of message.partitions) writePartitionData(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writePartitionData(writer: Writer, message: PartitionData, version: number): void {
  writer.int32(message.partitionIndex);
  writer.int16(message.errorCode);
  writer.compactNullableString(message.errorMessage);
  writeLeaderIdAndEpoch(writer, message.currentLeader, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeLeaderIdAndEpoch(writer: Writer, message: LeaderIdAndEpoch, _version: number): void {
  writer.int32(message.leaderId);
  writer.int32(message.leaderEpoch);
  writer.taggedFields(message.unknownTaggedFields);
}
