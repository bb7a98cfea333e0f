// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Int64, type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** OffsetCommitRequest: versions 2 to 10, flexible from 8. */
export const OFFSET_COMMIT_REQUEST: MessageCodec<OffsetCommitRequest> = {
  name: "OffsetCommitRequest",
  apiKey: 8,
  minVersion: 2,
  maxVersion: 10,
  flexibleFrom: 8,
  read: readOffsetCommitRequest,
  write: writeOffsetCommitRequest,
};

export interface OffsetCommitRequest {
  readonly groupId: string;
  readonly generationIdOrMemberEpoch: number;
  readonly memberId: string;
  /** In versions 7 and up. */
  readonly groupInstanceId: string | null;
  /** In versions 2 to 4. */
  readonly retentionTimeMs: Int64;
  readonly topics: readonly OffsetCommitRequestTopic[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface OffsetCommitRequestTopic {
  /** In versions 2 to 9. */
  readonly name: string;
  /** In versions 10 and up. */
  readonly topicId: Uuid;
  readonly partitions: readonly OffsetCommitRequestPartition[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface OffsetCommitRequestPartition {
  readonly partitionIndex: number;
  readonly committedOffset: Int64;
  /** In versions 6 and up. */
  readonly committedLeaderEpoch: number;
  readonly committedMetadata: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_OFFSET_COMMIT_REQUEST_PARTITION: OffsetCommitRequestPartition = {
  partitionIndex: 0,
  committedOffset: 0,
  committedLeaderEpoch: -1,
  committedMetadata: "",
};

export const DEFAULT_OFFSET_COMMIT_REQUEST_TOPIC: OffsetCommitRequestTopic = {
  name: "",
  topicId: ZERO_UUID,
  partitions: [],
};

export const DEFAULT_OFFSET_COMMIT_REQUEST: OffsetCommitRequest = {
  groupId: "",
  generationIdOrMemberEpoch: -1,
  memberId: "",
  groupInstanceId: null,
  retentionTimeMs: -1,
  topics: [],
};

export function readOffsetCommitRequest(reader: Reader, version: number): OffsetCommitRequest {
  if (version < 2 || version > 10) throw unsupportedVersion("OffsetCommitRequest", version);
  const flexible = version >= 8;
  const message: Mutable<OffsetCommitRequest> = {
    groupId: (flexible ? reader.compactString() : reader.string()),
    generationIdOrMemberEpoch: reader.int32(),
    memberId: (flexible ? reader.compactString() : reader.string()),
    groupInstanceId: (version >= 7 ? (flexible ? reader.compactNullableString() : reader.nullableString()) : null),
    retentionTimeMs: (version <= 4 ? reader.int64() : -1),
    topics: (flexible ? readOffsetCommitRequestTopicArray(reader, version, reader.compactArrayLength(3)) : readOffsetCommitRequestTopicArray(reader, version, reader.arrayLength(6))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readOffsetCommitRequestTopic(reader: Reader, version: number): OffsetCommitRequestTopic {
  const flexible = version >= 8;
  const message: Mutable<OffsetCommitRequestTopic> = {
    name: (version <= 9 ? (flexible ? reader.compactString() : reader.string()) : ""),
    topicId: (version >= 10 ? reader.uuid() : ZERO_UUID),
    partitions: (flexible ? readOffsetCommitRequestPartitionArray(reader, version, reader.compactArrayLength(18)) : readOffsetCommitRequestPartitionArray(reader, version, reader.arrayLength(14))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readOffsetCommitRequestTopicArray(reader: Reader, version: number, count: number): OffsetCommitRequestTopic[] {
  const values: OffsetCommitRequestTopic[] = [];
  for (let index = 0; index < count; index++) values.push(readOffsetCommitRequestTopic(reader, version));
  return values;
}

function readOffsetCommitRequestPartition(reader: Reader, version: number): OffsetCommitRequestPartition {
  const flexible = version >= 8;
  const message: Mutable<OffsetCommitRequestPartition> = {
    partitionIndex: reader.int32(),
    committedOffset: reader.int64(),
    committedLeaderEpoch: (version >= 6 ? reader.int32() : -1),
    committedMetadata: (flexible ? reader.compactNullableString() : reader.nullableString()),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readOffsetCommitRequestPartitionArray(reader: Reader, version: number, count: number): OffsetCommitRequestPartition[] {
  const values: OffsetCommitRequestPartition[] = [];
  for (let index = 0; index < count; index++) values.push(readOffsetCommitRequestPartition(reader, version));
  return values;
}

export function writeOffsetCommitRequest(writer: Writer, message: OffsetCommitRequest, version: number): void {
  if (version < 2 || version > 10) throw unsupportedVersion("OffsetCommitRequest", version);
  const flexible = version >= 8;
  if (flexible) {
    writer.compactString(message.groupId);
  } else {
    writer.string(message.groupId);
  }
  writer.int32(message.generationIdOrMemberEpoch);
  if (flexible) {
    writer.compactString(message.memberId);
  } else {
    writer.string(message.memberId);
  }
  if (version >= 7) {
    if (flexible) {
      writer.compactNullableString(message.groupInstanceId);
    } else {
      writer.nullableString(message.groupInstanceId);
    }
  } else if (message.groupInstanceId !== null) {
    throw unsupportedField("OffsetCommitRequest.groupInstanceId", version);
  }
  if (version <= 4) {
    writer.int64(message.retentionTimeMs);
  }
  if (flexible) {
    writer.compactArrayLength(message.topics.length);
    for (const value of message.topics) writeOffsetCommitRequestTopic(writer, value, version);
  } else {
    writer.arrayLength(message.topics.length);
    for (const value of message.topics) writeOffsetCommitRequestTopic(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("OffsetCommitRequest.unknownTaggedFields", version);
  }
}

function writeOffsetCommitRequestTopic(writer: Writer, message: OffsetCommitRequestTopic, version: number): void {
  const flexible = version >= 8;
  if (version <= 9) {
    if (flexible) {
      writer.compactString(message.name);
    } else {
      writer.string(message.name);
    }
  }
  if (version >= 10) {
    writer.uuid(message.topicId);
  }
  if (flexible) {
    writer.compactArrayLength(message.partitions.length);
    for (const value of message.partitions) writeOffsetCommitRequestPartition(writer, value, version);
  } else {
    writer.arrayLength(message.partitions.length);
    for (const value of message.partitions) writeOffsetCommitRequestPartition(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("OffsetCommitRequestTopic.unknownTaggedFields", version);
  }
}

function writeOffsetCommitRequestPartition(writer: Writer, message: OffsetCommitRequestPartition, version: number): void {
  const flexible = version >= 8;
  writer.int32(message.partitionIndex);
  writer.int64(message.committedOffset);
  if (version >= 6) {
    writer.int32(message.committedLeaderEpoch);
  }
  if (flexible) {
    writer.compactNullableString(message.committedMetadata);
  } else {
    writer.nullableString(message.committedMetadata);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("OffsetCommitRequestPartition.unknownTaggedFields", version);
  }
}
