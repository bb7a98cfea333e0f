// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Int64, type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, NO_BYTES, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ShareFetchResponse: versions 1 to 2, flexible from 1. */
export const SHARE_FETCH_RESPONSE: MessageCodec<ShareFetchResponse> = {
  name: "ShareFetchResponse",
  apiKey: 78,
  minVersion: 1,
  maxVersion: 2,
  flexibleFrom: 1,
  read: readShareFetchResponse,
  write: writeShareFetchResponse,
};

export interface ShareFetchResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly acquisitionLockTimeoutMs: number;
  readonly responses: readonly ShareFetchableTopicResponse[];
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

export interface ShareFetchableTopicResponse {
  readonly topicId: Uuid;
  readonly partitions: readonly PartitionData[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface PartitionData {
  readonly partitionIndex: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly acknowledgeErrorCode: number;
  readonly acknowledgeErrorMessage: string | null;
  readonly currentLeader: LeaderIdAndEpoch;
  readonly records: Uint8Array;
  readonly acquiredRecords: readonly AcquiredRecords[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface AcquiredRecords {
  readonly firstOffset: Int64;
  readonly lastOffset: Int64;
  readonly deliveryCount: number;
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

export const DEFAULT_ACQUIRED_RECORDS: AcquiredRecords = {
  firstOffset: 0,
  lastOffset: 0,
  deliveryCount: 0,
};

export const DEFAULT_PARTITION_DATA: PartitionData = {
  partitionIndex: 0,
  errorCode: 0,
  errorMessage: null,
  acknowledgeErrorCode: 0,
  acknowledgeErrorMessage: null,
  currentLeader: DEFAULT_LEADER_ID_AND_EPOCH,
  records: NO_BYTES,
  acquiredRecords: [],
};

export const DEFAULT_SHARE_FETCHABLE_TOPIC_RESPONSE: ShareFetchableTopicResponse = {
  topicId: ZERO_UUID,
  partitions: [],
};

export const DEFAULT_NODE_ENDPOINT: NodeEndpoint = {
  nodeId: 0,
  host: "",
  port: 0,
  rack: null,
};

export const DEFAULT_SHARE_FETCH_RESPONSE: ShareFetchResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  errorMessage: null,
  acquisitionLockTimeoutMs: 0,
  responses: [],
  nodeEndpoints: [],
};

export function readShareFetchResponse(reader: Reader, version: number): ShareFetchResponse {
  if (version < 1 || version > 2) throw unsupportedVersion("ShareFetchResponse", version);
  const message: Mutable<ShareFetchResponse> = {
    throttleTimeMs: reader.int32(),
    errorCode: reader.int16(),
    errorMessage: reader.compactNullableString(),
    acquisitionLockTimeoutMs: reader.int32(),
    responses: readShareFetchableTopicResponseArray(reader, version, reader.compactArrayLength(18)),
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

function readShareFetchableTopicResponse(reader: Reader, version: number): ShareFetchableTopicResponse {
  const message: Mutable<ShareFetchableTopicResponse> = {
    topicId: reader.uuid(),
    partitions: readPartitionDataArray(reader, version, reader.compactArrayLength(22)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readShareFetchableTopicResponseArray(reader: Reader, version: number, count: number): ShareFetchableTopicResponse[] {
  const values: ShareFetchableTopicResponse[] = [];
  for (let index = 0; index < count; index++) values.push(readShareFetchableTopicResponse(reader, version));
  return values;
}

function readPartitionData(reader: Reader, version: number): PartitionData {
  const message: Mutable<PartitionData> = {
    partitionIndex: reader.int32(),
    errorCode: reader.int16(),
    errorMessage: reader.compactNullableString(),
    acknowledgeErrorCode: reader.int16(),
    acknowledgeErrorMessage: reader.compactNullableString(),
    currentLeader: readLeaderIdAndEpoch(reader, version),
    records: reader.compactByteString(),
    acquiredRecords: readAcquiredRecordsArray(reader, version, reader.compactArrayLength(19)),
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

function readAcquiredRecords(reader: Reader, _version: number): AcquiredRecords {
  const message: Mutable<AcquiredRecords> = {
    firstOffset: reader.int64(),
    lastOffset: reader.int64(),
    deliveryCount: reader.int16(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readAcquiredRecordsArray(reader: Reader, version: number, count: number): AcquiredRecords[] {
  const values: AcquiredRecords[] = [];
  for (let index = 0; index < count; index++) values.push(readAcquiredRecords(reader, version));
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

export function writeShareFetchResponse(writer: Writer, message: ShareFetchResponse, version: number): void {
  if (version < 1 || version > 2) throw unsupportedVersion("ShareFetchResponse", version);
  writer.int32(message.throttleTimeMs);
  writer.int16(message.errorCode);
  writer.compactNullableString(message.errorMessage);
  writer.int32(message.acquisitionLockTimeoutMs);
  writer.compactArrayLength(message.responses.length);
  for (const value of message.responses) writeShareFetchableTopicResponse(writer, value, version);
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

function writeShareFetchableTopicResponse(writer: Writer, message: ShareFetchableTopicResponse, version: number): void {
  writer.uuid(message.topicId);
  writer.compactArrayLength(message.partitions.length);
  for (const value of message.partitions) writePartitionData(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writePartitionData(writer: Writer, message: PartitionData, version: number): void {
  writer.int32(message.partitionIndex);
  writer.int16(message.errorCode);
  writer.compactNullableString(message.errorMessage);
  writer.int16(message.acknowledgeErrorCode);
  writer.compactNullableString(message.acknowledgeErrorMessage);
  writeLeaderIdAndEpoch(writer, message.currentLeader, version);
  writer.compactByteString(message.records);
  writer.compactArrayLength(message.acquiredRecords.length);
  for (const value of message.acquiredRecords) writeAcquiredRecords(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeAcquiredRecords(writer: Writer, message: AcquiredRecords, _version: number): void {
  writer.int64(message.firstOffset);
  writer.int64(message.lastOffset);
  writer.int16(message.deliveryCount);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeLeaderIdAndEpoch(writer: Writer, message: LeaderIdAndEpoch, _version: number): void {
  writer.int32(message.leaderId);
  writer.int32(message.leaderEpoch);
  writer.taggedFields(message.unknownTaggedFields);
}
