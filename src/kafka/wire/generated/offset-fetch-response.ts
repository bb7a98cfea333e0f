// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Int64, type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** OffsetFetchResponse: versions 1 to 10, flexible from 6. */
export const OFFSET_FETCH_RESPONSE: MessageCodec<OffsetFetchResponse> = {
  name: "OffsetFetchResponse",
  apiKey: 9,
  minVersion: 1,
  maxVersion: 10,
  flexibleFrom: 6,
  read: readOffsetFetchResponse,
  write: writeOffsetFetchResponse,
};

export interface OffsetFetchResponse {
  /** In versions 3 and up. */
  readonly throttleTimeMs: number;
  /** In versions 1 to 7. */
  readonly topics: readonly OffsetFetchResponseTopic[];
  /** In versions 2 to 7. */
  readonly errorCode: number;
  /** In versions 8 and up. */
  readonly groups: readonly OffsetFetchResponseGroup[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface OffsetFetchResponseGroup {
  readonly groupId: string;
  readonly topics: readonly OffsetFetchResponseTopics[];
  readonly errorCode: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface OffsetFetchResponseTopics {
  /** In versions 8 to 9. */
  readonly name: string;
  /** In versions 10 and up. */
  readonly topicId: Uuid;
  readonly partitions: readonly OffsetFetchResponsePartitions[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface OffsetFetchResponsePartitions {
  readonly partitionIndex: number;
  readonly committedOffset: Int64;
  readonly committedLeaderEpoch: number;
  readonly metadata: string | null;
  readonly errorCode: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface OffsetFetchResponseTopic {
  readonly name: string;
  readonly partitions: readonly OffsetFetchResponsePartition[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface OffsetFetchResponsePartition {
  readonly partitionIndex: number;
  readonly committedOffset: Int64;
  /** In versions 5 to 7. */
  readonly committedLeaderEpoch: number;
  readonly metadata: string | null;
  readonly errorCode: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_OFFSET_FETCH_RESPONSE_PARTITION: OffsetFetchResponsePartition = {
  partitionIndex: 0,
  committedOffset: 0,
  committedLeaderEpoch: -1,
  metadata: "",
  errorCode: 0,
};

export const DEFAULT_OFFSET_FETCH_RESPONSE_TOPIC: OffsetFetchResponseTopic = {
  name: "",
  partitions: [],
};

export const DEFAULT_OFFSET_FETCH_RESPONSE_PARTITIONS: OffsetFetchResponsePartitions = {
  partitionIndex: 0,
  committedOffset: 0,
  committedLeaderEpoch: -1,
  metadata: "",
  errorCode: 0,
};

export const DEFAULT_OFFSET_FETCH_RESPONSE_TOPICS: OffsetFetchResponseTopics = {
  name: "",
  topicId: ZERO_UUID,
  partitions: [],
};

export const DEFAULT_OFFSET_FETCH_RESPONSE_GROUP: OffsetFetchResponseGroup = {
  groupId: "",
  topics: [],
  errorCode: 0,
};

export const DEFAULT_OFFSET_FETCH_RESPONSE: OffsetFetchResponse = {
  throttleTimeMs: 0,
  topics: [],
  errorCode: 0,
  groups: [],
};

export function readOffsetFetchResponse(reader: Reader, version: number): OffsetFetchResponse {
  if (version < 1 || version > 10) throw unsupportedVersion("OffsetFetchResponse", version);
  const flexible = version >= 6;
  const message: Mutable<OffsetFetchResponse> = {
    throttleTimeMs: (version >= 3 ? reader.int32() : 0),
    topics: (version <= 7 ? (flexible ? readOffsetFetchResponseTopicArray(reader, version, reader.compactArrayLength(3)) : readOffsetFetchResponseTopicArray(reader, version, reader.arrayLength(6))) : []),
    errorCode: (version >= 2 && version <= 7 ? reader.int16() : 0),
    groups: (version >= 8 ? readOffsetFetchResponseGroupArray(reader, version, reader.compactArrayLength(5)) : []),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readOffsetFetchResponseGroup(reader: Reader, version: number): OffsetFetchResponseGroup {
  const message: Mutable<OffsetFetchResponseGroup> = {
    groupId: reader.compactString(),
    topics: readOffsetFetchResponseTopicsArray(reader, version, reader.compactArrayLength(3)),
    errorCode: reader.int16(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readOffsetFetchResponseGroupArray(reader: Reader, version: number, count: number): OffsetFetchResponseGroup[] {
  const values: OffsetFetchResponseGroup[] = [];
  for (let index = 0; index < count; index++) values.push(readOffsetFetchResponseGroup(reader, version));
  return values;
}

function readOffsetFetchResponseTopics(reader: Reader, version: number): OffsetFetchResponseTopics {
  const message: Mutable<OffsetFetchResponseTopics> = {
    name: (version <= 9 ? reader.compactString() : ""),
    topicId: (version >= 10 ? reader.uuid() : ZERO_UUID),
    partitions: readOffsetFetchResponsePartitionsArray(reader, version, reader.compactArrayLength(20)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readOffsetFetchResponseTopicsArray(reader: Reader, version: number, count: number): OffsetFetchResponseTopics[] {
  const values: OffsetFetchResponseTopics[] = [];
  for (let index = 0; index < count; index++) values.push(readOffsetFetchResponseTopics(reader, version));
  return values;
}

function readOffsetFetchResponsePartitions(reader: Reader, _version: number): OffsetFetchResponsePartitions {
  const message: Mutable<OffsetFetchResponsePartitions> = {
    partitionIndex: reader.int32(),
    committedOffset: reader.int64(),
    committedLeaderEpoch: reader.int32(),
    metadata: reader.compactNullableString(),
    errorCode: reader.int16(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readOffsetFetchResponsePartitionsArray(reader: Reader, version: number, count: number): OffsetFetchResponsePartitions[] {
  const values: OffsetFetchResponsePartitions[] = [];
  for (let index = 0; index < count; index++) values.push(readOffsetFetchResponsePartitions(reader, version));
  return values;
}

function readOffsetFetchResponseTopic(reader: Reader, version: number): OffsetFetchResponseTopic {
  const flexible = version >= 6;
  const message: Mutable<OffsetFetchResponseTopic> = {
    name: (flexible ? reader.compactString() : reader.string()),
    partitions: (flexible ? readOffsetFetchResponsePartitionArray(reader, version, reader.compactArrayLength(20)) : readOffsetFetchResponsePartitionArray(reader, version, reader.arrayLength(16))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readOffsetFetchResponseTopicArray(reader: Reader, version: number, count: number): OffsetFetchResponseTopic[] {
  const values: OffsetFetchResponseTopic[] = [];
  for (let index = 0; index < count; index++) values.push(readOffsetFetchResponseTopic(reader, version));
  return values;
}

function readOffsetFetchResponsePartition(reader: Reader, version: number): OffsetFetchResponsePartition {
  const flexible = version >= 6;
  const message: Mutable<OffsetFetchResponsePartition> = {
    partitionIndex: reader.int32(),
    committedOffset: reader.int64(),
    committedLeaderEpoch: (version >= 5 ? reader.int32() : -1),
    metadata: (flexible ? reader.compactNullableString() : reader.nullableString()),
    errorCode: reader.int16(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readOffsetFetchResponsePartitionArray(reader: Reader, version: number, count: number): OffsetFetchResponsePartition[] {
  const values: OffsetFetchResponsePartition[] = [];
  for (let index = 0; index < count; index++) values.push(readOffsetFetchResponsePartition(reader, version));
  return values;
}

export function writeOffsetFetchResponse(writer: Writer, message: OffsetFetchResponse, version: number): void {
  if (version < 1 || version > 10) throw unsupportedVersion("OffsetFetchResponse", version);
  const flexible = version >= 6;
  if (version >= 3) {
    writer.int32(message.throttleTimeMs);
  }
  if (version <= 7) {
    if (flexible) {
      writer.compactArrayLength(message.topics.length);
      for (const value of message.topics) writeOffsetFetchResponseTopic(writer, value, version);
    } else {
      writer.arrayLength(message.topics.length);
      for (const value of message.topics) writeOffsetFetchResponseTopic(writer, value, version);
    }
  } else if (message.topics.length !== 0) {
    throw unsupportedField("OffsetFetchResponse.topics", version);
  }
  if (version >= 2 && version <= 7) {
    writer.int16(message.errorCode);
  }
  if (version >= 8) {
    writer.compactArrayLength(message.groups.length);
    for (const value of message.groups) writeOffsetFetchResponseGroup(writer, value, version);
  } else if (message.groups.length !== 0) {
    throw unsupportedField("OffsetFetchResponse.groups", version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("OffsetFetchResponse.unknownTaggedFields", version);
  }
}

function writeOffsetFetchResponseGroup(writer: Writer, message: OffsetFetchResponseGroup, version: number): void {
  writer.compactString(message.groupId);
  writer.compactArrayLength(message.topics.length);
  for (const value of message.topics) writeOffsetFetchResponseTopics(writer, value, version);
  writer.int16(message.errorCode);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeOffsetFetchResponseTopics(writer: Writer, message: OffsetFetchResponseTopics, version: number): void {
  if (version <= 9) {
    writer.compactString(message.name);
  }
  if (version >= 10) {
    writer.uuid(message.topicId);
  }
  writer.compactArrayLength(message.partitions.length);
  for (const value of message.partitions) writeOffsetFetchResponsePartitions(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeOffsetFetchResponsePartitions(writer: Writer, message: OffsetFetchResponsePartitions, _version: number): void {
  writer.int32(message.partitionIndex);
  writer.int64(message.committedOffset);
  writer.int32(message.committedLeaderEpoch);
  writer.compactNullableString(message.metadata);
  writer.int16(message.errorCode);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeOffsetFetchResponseTopic(writer: Writer, message: OffsetFetchResponseTopic, version: number): void {
  const flexible = version >= 6;
  if (flexible) {
    writer.compactString(message.name);
  } else {
    writer.string(message.name);
  }
  if (flexible) {
    writer.compactArrayLength(message.partitions.length);
    for (const value of message.partitions) writeOffsetFetchResponsePartition(writer, value, version);
  } else {
    writer.arrayLength(message.partitions.length);
    for (const value of message.partitions) writeOffsetFetchResponsePartition(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("OffsetFetchResponseTopic.unknownTaggedFields", version);
  }
}

function writeOffsetFetchResponsePartition(writer: Writer, message: OffsetFetchResponsePartition, version: number): void {
  const flexible = version >= 6;
  writer.int32(message.partitionIndex);
  writer.int64(message.committedOffset);
  if (version >= 5) {
    writer.int32(message.committedLeaderEpoch);
  }
  if (flexible) {
    writer.compactNullableString(message.metadata);
  } else {
    writer.nullableString(message.metadata);
  }
  writer.int16(message.errorCode);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("OffsetFetchResponsePartition.unknownTaggedFields", version);
  }
}
