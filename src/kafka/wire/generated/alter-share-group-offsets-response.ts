// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** AlterShareGroupOffsetsResponse: version 0, flexible from 0. */
export const ALTER_SHARE_GROUP_OFFSETS_RESPONSE: MessageCodec<AlterShareGroupOffsetsResponse> = {
  name: "AlterShareGroupOffsetsResponse",
  apiKey: 91,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readAlterShareGroupOffsetsResponse,
  write: writeAlterShareGroupOffsetsResponse,
};

export interface AlterShareGroupOffsetsResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly responses: readonly AlterShareGroupOffsetsResponseTopic[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface AlterShareGroupOffsetsResponseTopic {
  readonly topicName: string;
  readonly topicId: Uuid;
  readonly partitions: readonly AlterShareGroupOffsetsResponsePartition[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface AlterShareGroupOffsetsResponsePartition {
  readonly partitionIndex: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_ALTER_SHARE_GROUP_OFFSETS_RESPONSE_PARTITION: AlterShareGroupOffsetsResponsePartition = {
  partitionIndex: 0,
  errorCode: 0,
  errorMessage: null,
};

export const DEFAULT_ALTER_SHARE_GROUP_OFFSETS_RESPONSE_TOPIC: AlterShareGroupOffsetsResponseTopic = {
  topicName: "",
  topicId: ZERO_UUID,
  partitions: [],
};

export const DEFAULT_ALTER_SHARE_GROUP_OFFSETS_RESPONSE: AlterShareGroupOffsetsResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  errorMessage: null,
  responses: [],
};

export function readAlterShareGroupOffsetsResponse(reader: Reader, version: number): AlterShareGroupOffsetsResponse {
  if (version < 0 || version > 0) throw unsupportedVersion("AlterShareGroupOffsetsResponse", version);
  const message: Mutable<AlterShareGroupOffsetsResponse> = {
    throttleTimeMs: reader.int32(),
    errorCode: reader.int16(),
    errorMessage: reader.compactNullableString(),
    responses: readAlterShareGroupOffsetsResponseTopicArray(reader, version, reader.compactArrayLength(19)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readAlterShareGroupOffsetsResponseTopic(reader: Reader, version: number): AlterShareGroupOffsetsResponseTopic {
  const message: Mutable<AlterShareGroupOffsetsResponseTopic> = {
    topicName: reader.compactString(),
    topicId: reader.uuid(),
    partitions: readAlterShareGroupOffsetsResponsePartitionArray(reader, version, reader.compactArrayLength(8)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readAlterShareGroupOffsetsResponseTopicArray(reader: Reader, version: number, count: number): AlterShareGroupOffsetsResponseTopic[] {
  const values: AlterShareGroupOffsetsResponseTopic[] = [];
  for (let index = 0; index < count; index++) values.push(readAlterShareGroupOffsetsResponseTopic(reader, version));
  return values;
}

function readAlterShareGroupOffsetsResponsePartition(reader: Reader, _version: number): AlterShareGroupOffsetsResponsePartition {
  const message: Mutable<AlterShareGroupOffsetsResponsePartition> = {
    partitionIndex: reader.int32(),
    errorCode: reader.int16(),
    errorMessage: reader.compactNullableString(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readAlterShareGroupOffsetsResponsePartitionArray(reader: Reader, version: number, count: number): AlterShareGroupOffsetsResponsePartition[] {
  const values: AlterShareGroupOffsetsResponsePartition[] = [];
  for (let index = 0; index < count; index++) values.push(readAlterShareGroupOffsetsResponsePartition(reader, version));
  return values;
}

export function writeAlterShareGroupOffsetsResponse(writer: Writer, message: AlterShareGroupOffsetsResponse, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("AlterShareGroupOffsetsResponse", version);
  writer.int32(message.throttleTimeMs);
  writer.int16(message.errorCode);
  writer.compactNullableString(message.errorMessage);
  writer.compactArrayLength(message.responses.length);
  for (const value of message.responses) writeAlterShareGroupOffsetsResponseTopic(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeAlterShareGroupOffsetsResponseTopic(writer: Writer, message: AlterShareGroupOffsetsResponseTopic, version: number): void {
  writer.compactString(message.topicName);
  writer.uuid(message.topicId);
  writer.compactArrayLength(message.partitions.length);
  for (const value of message.partitions) writeAlterShareGroupOffsetsResponsePartition(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeAlterShareGroupOffsetsResponsePartition(writer: Writer, message: AlterShareGroupOffsetsResponsePartition, _version: number): void {
  writer.int32(message.partitionIndex);
  writer.int16(message.errorCode);
  writer.compactNullableString(message.errorMessage);
  writer.taggedFields(message.unknownTaggedFields);
}
