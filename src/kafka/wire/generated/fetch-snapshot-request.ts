// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Int64, type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** FetchSnapshotRequest: versions 0 to 1, flexible from 0. */
export const FETCH_SNAPSHOT_REQUEST: MessageCodec<FetchSnapshotRequest> = {
  name: "FetchSnapshotRequest",
  apiKey: 59,
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 0,
  read: readFetchSnapshotRequest,
  write: writeFetchSnapshotRequest,
};

export interface FetchSnapshotRequest {
  readonly clusterId: string | null;
  readonly replicaId: number;
  readonly maxBytes: number;
  readonly topics: readonly TopicSnapshot[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TopicSnapshot {
  readonly name: string;
  readonly partitions: readonly PartitionSnapshot[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface PartitionSnapshot {
  readonly partition: number;
  readonly currentLeaderEpoch: number;
  readonly snapshotId: SnapshotId;
  readonly position: Int64;
  /** In versions 1 and up. */
  readonly replicaDirectoryId: Uuid;
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

export const DEFAULT_PARTITION_SNAPSHOT: PartitionSnapshot = {
  partition: 0,
  currentLeaderEpoch: 0,
  snapshotId: DEFAULT_SNAPSHOT_ID,
  position: 0,
  replicaDirectoryId: ZERO_UUID,
};

export const DEFAULT_TOPIC_SNAPSHOT: TopicSnapshot = {
  name: "",
  partitions: [],
};

export const DEFAULT_FETCH_SNAPSHOT_REQUEST: FetchSnapshotRequest = {
  clusterId: null,
  replicaId: -1,
  maxBytes: 2147483647,
  topics: [],
};

export function readFetchSnapshotRequest(reader: Reader, version: number): FetchSnapshotRequest {
  if (version < 0 || version > 1) throw unsupportedVersion("FetchSnapshotRequest", version);
  const message: Mutable<FetchSnapshotRequest> = {
    clusterId: null,
    replicaId: reader.int32(),
    maxBytes: reader.int32(),
    topics: readTopicSnapshotArray(reader, version, reader.compactArrayLength(3)),
  };
  let count = reader.taggedFieldCount();
  let tag = -1;
  let unknown: UnknownTaggedField[] | undefined;
  for (; count > 0; count--) {
    tag = reader.tag(tag);
    const outerEnd = reader.beginTaggedField();
    if (tag === 0) {
      message.clusterId = reader.compactNullableString();
    } else {
      unknown ??= [];
      unknown.push({ tag, bytes: reader.rest() });
    }
    reader.endTaggedField(outerEnd);
  }
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTopicSnapshot(reader: Reader, version: number): TopicSnapshot {
  const message: Mutable<TopicSnapshot> = {
    name: reader.compactString(),
    partitions: readPartitionSnapshotArray(reader, version, reader.compactArrayLength(30)),
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
    partition: reader.int32(),
    currentLeaderEpoch: reader.int32(),
    snapshotId: readSnapshotId(reader, version),
    position: reader.int64(),
    replicaDirectoryId: ZERO_UUID,
  };
  let count = reader.taggedFieldCount();
  let tag = -1;
  let unknown: UnknownTaggedField[] | undefined;
  for (; count > 0; count--) {
    tag = reader.tag(tag);
    const outerEnd = reader.beginTaggedField();
    if (tag === 0 && version >= 1) {
      message.replicaDirectoryId = reader.uuid();
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

function readSnapshotId(reader: Reader, _version: number): SnapshotId {
  const message: Mutable<SnapshotId> = {
    endOffset: reader.int64(),
    epoch: reader.int32(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeFetchSnapshotRequest(writer: Writer, message: FetchSnapshotRequest, version: number): void {
  if (version < 0 || version > 1) throw unsupportedVersion("FetchSnapshotRequest", version);
  writer.int32(message.replicaId);
  writer.int32(message.maxBytes);
  writer.compactArrayLength(message.topics.length);
  for (const value of message.topics) writeTopicSnapshot(writer, value, version);
  const unknown = message.unknownTaggedFields;
  const has0 = message.clusterId !== null;
  writer.unsignedVarint((has0 ? 1 : 0) + (unknown === undefined ? 0 : unknown.length));
  let next = 0;
  next = writer.unknownTaggedFields(unknown, next, 0);
  if (has0) {
    const at = writer.beginTaggedField(0);
    writer.compactNullableString(message.clusterId);
    writer.endTaggedField(at);
  }
  writer.unknownTaggedFields(unknown, next, Number.POSITIVE_INFINITY);
}

function writeTopicSnapshot(writer: Writer, message: TopicSnapshot, version: number): void {
  writer.compactString(message.name);
  writer.compactArrayLength(message.partitions.length);
  for (const value of message.partitions) writePartitionSnapshot(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writePartitionSnapshot(writer: Writer, message: PartitionSnapshot, version: number): void {
  writer.int32(message.partition);
  writer.int32(message.currentLeaderEpoch);
  writeSnapshotId(writer, message.snapshotId, version);
  writer.int64(message.position);
  const unknown = message.unknownTaggedFields;
  const has0 = version >= 1 && (message.replicaDirectoryId !== ZERO_UUID);
  writer.unsignedVarint((has0 ? 1 : 0) + (unknown === undefined ? 0 : unknown.length));
  let next = 0;
  if (version >= 1) next = writer.unknownTaggedFields(unknown, next, 0);
  if (has0) {
    const at = writer.beginTaggedField(0);
    writer.uuid(message.replicaDirectoryId);
    writer.endTaggedField(at);
  }
  writer.unknownTaggedFields(unknown, next, Number.POSITIVE_INFINITY);
}

function writeSnapshotId(writer: Writer, message: SnapshotId, _version: number): void {
  writer.int64(message.endOffset);
  writer.int32(message.epoch);
  writer.taggedFields(message.unknownTaggedFields);
}
