// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, NO_BYTES, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** FetchSnapshotResponse: versions 0 to 1, flexible from 0. */
export const FETCH_SNAPSHOT_RESPONSE: MessageCodec<FetchSnapshotResponse> = {
  name: "FetchSnapshotResponse",
  apiKey: 59,
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 0,
  read: readFetchSnapshotResponse,
  write: writeFetchSnapshotResponse,
};

export interface FetchSnapshotResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly topics: readonly TopicSnapshot[];
  /** In versions 1 and up. */
  readonly nodeEndpoints: readonly NodeEndpoint[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface NodeEndpoint {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TopicSnapshot {
  readonly name: string;
  readonly partitions: readonly PartitionSnapshot[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface PartitionSnapshot {
  readonly index: number;
  readonly errorCode: number;
  readonly snapshotId: SnapshotId;
  readonly currentLeader: LeaderIdAndEpoch;
  readonly size: Int64;
  readonly position: Int64;
  readonly unalignedRecords: Uint8Array;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface LeaderIdAndEpoch {
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface SnapshotId {
  readonly endOffset: Int64;
  readonly epoch: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_SNAPSHOT_ID: SnapshotId = {
  endOffset: 0,
  epoch: 0,
};

export const DEFAULT_LEADER_ID_AND_EPOCH: LeaderIdAndEpoch = {
  leaderId: 0,
  leaderEpoch: 0,
};

export const DEFAULT_PARTITION_SNAPSHOT: PartitionSnapshot = {
  index: 0,
  errorCode: 0,
  snapshotId: DEFAULT_SNAPSHOT_ID,
  currentLeader: DEFAULT_LEADER_ID_AND_EPOCH,
  size: 0,
  position: 0,
  unalignedRecords: NO_BYTES,
};

export const DEFAULT_TOPIC_SNAPSHOT: TopicSnapshot = {
  name: "",
  partitions: [],
};

export const DEFAULT_NODE_ENDPOINT: NodeEndpoint = {
  nodeId: 0,
  host: "",
  port: 0,
};

export const DEFAULT_FETCH_SNAPSHOT_RESPONSE: FetchSnapshotResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  topics: [],
  nodeEndpoints: [],
};

function isDefaultLeaderIdAndEpoch(message: LeaderIdAndEpoch): boolean {
  if (message === DEFAULT_LEADER_ID_AND_EPOCH) return true;
  return !(
    message.leaderId !== 0 ||
    message.leaderEpoch !== 0 ||
    message.unknownTaggedFields !== undefined
  );
}

export function readFetchSnapshotResponse(reader: Reader, version: number): FetchSnapshotResponse {
  if (version < 0 || version > 1) throw unsupportedVersion("FetchSnapshotResponse", version);
  const message: Mutable<FetchSnapshotResponse> = {
    throttleTimeMs: reader.int32(),
    errorCode: reader.int16(),
    topics: readTopicSnapshotArray(reader, version, reader.compactArrayLength(3)),
    nodeEndpoints: [],
  };
  let count = reader.taggedFieldCount();
  let tag = -1;
  let unknown: UnknownTaggedField[] | undefined;
  for (; count > 0; count--) {
    tag = reader.tag(tag);
    const outerEnd = reader.beginTaggedField();
    if (tag === 0 && version >= 1) {
      message.nodeEndpoints = readNodeEndpointArray(reader, version, reader.compactArrayLength(8));
    } else {
      unknown ??= [];
      unknown.push({ tag, bytes: reader.rest() });
    }
    reader.endTaggedField(outerEnd);
  }
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readNodeEndpoint(reader: Reader, _version: number): NodeEndpoint {
  const message: Mutable<NodeEndpoint> = {
    nodeId: reader.int32(),
    host: reader.compactString(),
    port: reader.uint16(),
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

function readTopicSnapshot(reader: Reader, version: number): TopicSnapshot {
  const message: Mutable<TopicSnapshot> = {
    name: reader.compactString(),
    partitions: readPartitionSnapshotArray(reader, version, reader.compactArrayLength(37)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTopicSnapshotArray(reader: Reader, version: number, count: number): TopicSnapshot[] {
  const values: TopicSnapshot[] = [];
  for (let index = 0; index < count; index++) values.push(readTopicSnapshot(reader, version));
  return values;
}

function readPartitionSnapshot(reader: Reader, version: number): PartitionSnapshot {
  const message: Mutable<PartitionSnapshot> = {
    index: reader.int32(),
    errorCode: reader.int16(),
    snapshotId: readSnapshotId(reader, version),
    currentLeader: DEFAULT_LEADER_ID_AND_EPOCH,
    size: reader.int64(),
    position: reader.int64(),
    unalignedRecords: reader.compactByteString(),
  };
  let count = reader.taggedFieldCount();
  let tag = -1;
  let unknown: UnknownTaggedField[] | undefined;
  for (; count > 0; count--) {
    tag = reader.tag(tag);
    const outerEnd = reader.beginTaggedField();
    if (tag === 0) {
      message.currentLeader = readLeaderIdAndEpoch(reader, version);
    } else {
      unknown ??= [];
      unknown.push({ tag, bytes: reader.rest() });
    }
    reader.endTaggedField(outerEnd);
  }
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readPartitionSnapshotArray(reader: Reader, version: number, count: number): PartitionSnapshot[] {
  const values: PartitionSnapshot[] = [];
  for (let index = 0; index < count; index++) values.push(readPartitionSnapshot(reader, version));
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

function readSnapshotId(reader: Reader, _version: number): SnapshotId {
  const message: Mutable<SnapshotId> = {
    endOffset: reader.int64(),
    epoch: reader.int32(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeFetchSnapshotResponse(writer: Writer, message: FetchSnapshotResponse, version: number): void {
  if (version < 0 || version > 1) throw unsupportedVersion("FetchSnapshotResponse", version);
  writer.int32(message.throttleTimeMs);
  writer.int16(message.errorCode);
  writer.compactArrayLength(message.topics.length);
  for (const value of message.topics) writeTopicSnapshot(writer, value, version);
  if (version < 1 && message.nodeEndpoints.length !== 0) {
    throw unsupportedField("FetchSnapshotResponse.nodeEndpoints", version);
  }
  const unknown = message.unknownTaggedFields;
  const has0 = version >= 1 && (message.nodeEndpoints.length !== 0);
  writer.unsignedVarint((has0 ? 1 : 0) + (unknown === undefined ? 0 : unknown.length));
  let next = 0;
  if (version >= 1) next = writer.unknownTaggedFields(unknown, next, 0);
  if (has0) {
    const at = writer.beginTaggedField(0);
    writer.compactArrayLength(message.nodeEndpoints.length);
    for (const value of message.nodeEndpoints) writeNodeEndpoint(writer, value, version);
    writer.endTaggedField(at);
  }
  writer.unknownTaggedFields(unknown, next, Number.POSITIVE_INFINITY);
}

function writeNodeEndpoint(writer: Writer, message: NodeEndpoint, _version: number): void {
  writer.int32(message.nodeId);
  writer.compactString(message.host);
  writer.uint16(message.port);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeTopicSnapshot(writer: Writer, message: TopicSnapshot, version: number): void {
  writer.compactString(message.name);
  writer.compactArrayLength(message.partitions.length);
  for (const value of message.partitions) writePartitionSnapshot(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writePartitionSnapshot(writer: Writer, message: PartitionSnapshot, version: number): void {
  writer.int32(message.index);
  writer.int16(message.errorCode);
  writeSnapshotId(writer, message.snapshotId, version);
  writer.int64(message.size);
  writer.int64(message.position);
  writer.compactByteString(message.unalignedRecords);
  const unknown = message.unknownTaggedFields;
  const has0 = !isDefaultLeaderIdAndEpoch(message.currentLeader);
  writer.unsignedVarint((has0 ? 1 : 0) + (unknown === undefined ? 0 : unknown.length));
  let next = 0;
  next = writer.unknownTaggedFields(unknown, next, 0);
  if (has0) {
    const at = writer.beginTaggedField(0);
    writeLeaderIdAndEpoch(writer, message.currentLeader, version);
    writer.endTaggedField(at);
  }
  writer.unknownTaggedFields(unknown, next, Number.POSITIVE_INFINITY);
}

function writeLeaderIdAndEpoch(writer: Writer, message: LeaderIdAndEpoch, _version: number): void {
  writer.int32(message.leaderId);
  writer.int32(message.leaderEpoch);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeSnapshotId(writer: Writer, message: SnapshotId, _version: number): void {
  writer.int64(message.endOffset);
  writer.int32(message.epoch);
  writer.taggedFields(message.unknownTaggedFields);
}
