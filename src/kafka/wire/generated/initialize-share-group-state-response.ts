// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** InitializeShareGroupStateResponse: version 0, flexible from 0. */
export const INITIALIZE_SHARE_GROUP_STATE_RESPONSE: MessageCodec<InitializeShareGroupStateResponse> = {
  name: "InitializeShareGroupStateResponse",
  apiKey: 83,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readInitializeShareGroupStateResponse,
  write: writeInitializeShareGroupStateResponse,
};

export interface InitializeShareGroupStateResponse {
  readonly results: readonly InitializeStateResult[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface InitializeStateResult {
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

export const DEFAULT_INITIALIZE_STATE_RESULT: InitializeStateResult = {
  topicId: ZERO_UUID,
  partitions: [],
};

export const DEFAULT_INITIALIZE_SHARE_GROUP_STATE_RESPONSE: InitializeShareGroupStateResponse = {
  results: [],
};

export function readInitializeShareGroupStateResponse(reader: Reader, version: number): InitializeShareGroupStateResponse {
  if (version < 0 || version > 0) throw unsupportedVersion("InitializeShareGroupStateResponse", version);
  const message: Mutable<InitializeShareGroupStateResponse> = {
    results: readInitializeStateResultArray(reader, version, reader.compactArrayLength(18)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readInitializeStateResult(reader: Reader, version: number): InitializeStateResult {
  const message: Mutable<InitializeStateResult> = {
    topicId: reader.uuid(),
    partitions: readPartitionResultArray(reader, version, reader.compactArrayLength(8)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readInitializeStateResultArray(reader: Reader, version: number, count: number): InitializeStateResult[] {
  const values: InitializeStateResult[] = [];
  for (let index = 0; index < count; index++) values.push(readInitializeStateResult(reader, version));
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

export function writeInitializeShareGroupStateResponse(writer: Writer, message: InitializeShareGroupStateResponse, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("InitializeShareGroupStateResponse", version);
  writer.compactArrayLength(message.results.length);
  for (const value of message.results) writeInitializeStateResult(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeInitializeStateResult(writer: Writer, message: InitializeStateResult, version: number): void {
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
