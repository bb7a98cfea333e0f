// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DeleteShareGroupStateResponse: version 0, flexible from 0. */
export const DELETE_SHARE_GROUP_STATE_RESPONSE: MessageCodec<DeleteShareGroupStateResponse> = {
  name: "DeleteShareGroupStateResponse",
  apiKey: 86,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readDeleteShareGroupStateResponse,
  write: writeDeleteShareGroupStateResponse,
};

export interface DeleteShareGroupStateResponse {
  readonly results: readonly DeleteStateResult[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DeleteStateResult {
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

export const DEFAULT_DELETE_STATE_RESULT: DeleteStateResult = {
  topicId: ZERO_UUID,
  partitions: [],
};

export const DEFAULT_DELETE_SHARE_GROUP_STATE_RESPONSE: DeleteShareGroupStateResponse = {
  results: [],
};

export function readDeleteShareGroupStateResponse(reader: Reader, version: number): DeleteShareGroupStateResponse {
  if (version < 0 || version > 0) throw unsupportedVersion("DeleteShareGroupStateResponse", version);
  const message: Mutable<DeleteShareGroupStateResponse> = {
    results: readDeleteStateResultArray(reader, version, reader.compactArrayLength(18)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readDeleteStateResult(reader: Reader, version: number): DeleteStateResult {
  const message: Mutable<DeleteStateResult> = {
    topicId: reader.uuid(),
    partitions: readPartitionResultArray(reader, version, reader.compactArrayLength(8)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readDeleteStateResultArray(reader: Reader, version: number, count: number): DeleteStateResult[] {
  const values: DeleteStateResult[] = [];
  for (let index = 0; index < count; index++) values.push(readDeleteStateResult(reader, version));
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

export function writeDeleteShareGroupStateResponse(writer: Writer, message: DeleteShareGroupStateResponse, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("DeleteShareGroupStateResponse", version);
  writer.compactArrayLength(message.results.length);
  for (const value of message.results) writeDeleteStateResult(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeDeleteStateResult(writer: Writer, message: DeleteStateResult, version: number): void {
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
