// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** OffsetCommitResponse: versions 2 to 10, flexible from 8. */
export const OFFSET_COMMIT_RESPONSE: MessageCodec<OffsetCommitResponse> = {
  name: "OffsetCommitResponse",
  apiKey: 8,
  minVersion: 2,
  maxVersion: 10,
  flexibleFrom: 8,
  read: readOffsetCommitResponse,
  write: writeOffsetCommitResponse,
};

export interface OffsetCommitResponse {
  /** In versions 3 and up. */
  readonly throttleTimeMs: number;
  readonly topics: readonly OffsetCommitResponseTopic[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface OffsetCommitResponseTopic {
  /** In versions 2 to 9. */
  readonly name: string;
  /** In versions 10 and up. */
  readonly topicId: Uuid;
  readonly partitions: readonly OffsetCommitResponsePartition[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface OffsetCommitResponsePartition {
  readonly partitionIndex: number;
  readonly errorCode: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_OFFSET_COMMIT_RESPONSE_PARTITION: OffsetCommitResponsePartition = {
  partitionIndex: 0,
  errorCode: 0,
};

export const DEFAULT_OFFSET_COMMIT_RESPONSE_TOPIC: OffsetCommitResponseTopic = {
  name: "",
  topicId: ZERO_UUID,
  partitions: [],
};

export const DEFAULT_OFFSET_COMMIT_RESPONSE: OffsetCommitResponse = {
  throttleTimeMs: 0,
  topics: [],
};

export function readOffsetCommitResponse(reader: Reader, version: number): OffsetCommitResponse {
  if (version < 2 || version > 10) throw unsupportedVersion("OffsetCommitResponse", version);
  const flexible = version >= 8;
  const message: Mutable<OffsetCommitResponse> = {
    throttleTimeMs: (version >= 3 ? reader.int32() : 0),
    topics: (flexible ? readOffsetCommitResponseTopicArray(reader, version, reader.compactArrayLength(3)) : readOffsetCommitResponseTopicArray(reader, version, reader.arrayLength(6))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readOffsetCommitResponseTopic(reader: Reader, version: number): OffsetCommitResponseTopic {
  const flexible = version >= 8;
  const message: Mutable<OffsetCommitResponseTopic> = {
    name: (version <= 9 ? (flexible ? reader.compactString() : reader.string()) : ""),
    topicId: (version >= 10 ? reader.uuid() : ZERO_UUID),
    partitions: (flexible ? readOffsetCommitResponsePartitionArray(reader, version, reader.compactArrayLength(7)) : readOffsetCommitResponsePartitionArray(reader, version, reader.arrayLength(6))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readOffsetCommitResponseTopicArray(reader: Reader, version: number, count: number): OffsetCommitResponseTopic[] {
  const values: OffsetCommitResponseTopic[] = [];
  for (let index = 0; index < count; index++) values.push(readOffsetCommitResponseTopic(reader, version));
  return values;
}

function readOffsetCommitResponsePartition(reader: Reader, version: number): OffsetCommitResponsePartition {
  const flexible = version >= 8;
  const message: Mutable<OffsetCommitResponsePartition> = {
    partitionIndex: reader.int32(),
    errorCode: reader.int16(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readOffsetCommitResponsePartitionArray(reader: Reader, version: number, count: number): OffsetCommitResponsePartition[] {
  const values: OffsetCommitResponsePartition[] = [];
  for (let index = 0; index < count; index++) values.push(readOffsetCommitResponsePartition(reader, version));
  return values;
}

export function writeOffsetCommitResponse(writer: Writer, message: OffsetCommitResponse, version: number): void {
  if (version < 2 || version > 10) throw unsupportedVersion("OffsetCommitResponse", version);
  const flexible = version >= 8;
  if (version >= 3) {
    writer.int32(message.throttleTimeMs);
  }
  if (flexible) {
    writer.compactArrayLength(message.topics.length);
    for (const value of message.topics) writeOffsetCommitResponseTopic(writer, value, version);
  } else {
    writer.arrayLength(message.topics.length);
    for (const value of message.topics) writeOffsetCommitResponseTopic(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("OffsetCommitResponse.unknownTaggedFields", version);
  }
}

function writeOffsetCommitResponseTopic(writer: Writer, message: OffsetCommitResponseTopic, version: number): void {
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
    for (const value of message.partitions) writeOffsetCommitResponsePartition(writer, value, version);
  } else {
    writer.arrayLength(message.partitions.length);
    for (const value of message.partitions) writeOffsetCommitResponsePartition(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("OffsetCommitResponseTopic.unknownTaggedFields", version);
  }
}

function writeOffsetCommitResponsePartition(writer: Writer, message: OffsetCommitResponsePartition, version: number): void {
  const flexible = version >= 8;
  writer.int32(message.partitionIndex);
  writer.int16(message.errorCode);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("OffsetCommitResponsePartition.unknownTaggedFields", version);
  }
}
