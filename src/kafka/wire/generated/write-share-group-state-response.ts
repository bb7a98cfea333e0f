// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** WriteShareGroupStateResponse: versions 0 to 1, flexible from 0. */
export const WRITE_SHARE_GROUP_STATE_RESPONSE: MessageCodec<WriteShareGroupStateResponse> = {
  name: "WriteShareGroupStateResponse",
  apiKey: 85,
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 0,
  read: readWriteShareGroupStateResponse,
  write: writeWriteShareGroupStateResponse,
};

export interface WriteShareGroupStateResponse {
  readonly results: readonly WriteStateResult[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface WriteStateResult {
  readonly topicId: Uuid;
  readonly partitions: readonly PartitionResult[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface PartitionResult {
  readonly partition: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_PARTITION_RESULT: PartitionResult = {
  partition: 0,
  errorCode: 0,
  errorMessage: null,
};

export const DEFAULT_WRITE_STATE_RESULT: WriteStateResult = {
  topicId: ZERO_UUID,
  partitions: [],
};

export const DEFAULT_WRITE_SHARE_GROUP_STATE_RESPONSE: WriteShareGroupStateResponse = {
  results: [],
};

export function readWriteShareGroupStateResponse(reader: Reader, version: number): WriteShareGroupStateResponse {
  if (version < 0 || version > 1) throw unsupportedVersion("WriteShareGroupStateResponse", version);
  const message: Mutable<WriteShareGroupStateResponse> = {
    results: readWriteStateResultArray(reader, version, reader.compactArrayLength(18)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readWriteStateResult(reader: Reader, version: number): WriteStateResult {
  const message: Mutable<WriteStateResult> = {
    topicId: reader.uuid(),
    partitions: readPartitionResultArray(reader, version, reader.compactArrayLength(8)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readWriteStateResultArray(reader: Reader, version: number, count: number): WriteStateResult[] {
  const values: WriteStateResult[] = [];
  for (let index = 0; index < count; index++) values.push(readWriteStateResult(reader, version));
  return values;
}

function readPartitionResult(reader: Reader, _version: number): PartitionResult {
  const message: Mutable<PartitionResult> = {
    partition: reader.int32(),
    errorCode: reader.int16(),
    errorMessage: reader.compactNullableString(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readPartitionResultArray(reader: Reader, version: number, count: number): PartitionResult[] {
  const values: PartitionResult[] = [];
  for (let index = 0; index < count; index++) values.push(readPartitionResult(reader, version));
  return values;
}

export function writeWriteShareGroupStateResponse(writer: Writer, message: WriteShareGroupStateResponse, version: number): void {
  if (version < 0 || version > 1) throw unsupportedVersion("WriteShareGroupStateResponse", version);
  writer.compactArrayLength(message.results.length);
  for (const value of message.results) writeWriteStateResult(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeWriteStateResult(writer: Writer, message: WriteStateResult, version: number): void {
  writer.uuid(message.topicId);
  writer.compactArrayLength(message.partitions.length);
  for (const value of message.partitions) writePartitionResult(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writePartitionResult(writer: Writer, message: PartitionResult, _version: number): void {
  writer.int32(message.partition);
  writer.int16(message.errorCode);
  writer.compactNullableString(message.errorMessage);
  writer.taggedFields(message.unknownTaggedFields);
}
