// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Int64, type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ReadShareGroupStateResponse: version 0, flexible from 0. */
export const READ_SHARE_GROUP_STATE_RESPONSE: MessageCodec<ReadShareGroupStateResponse> = {
  name: "ReadShareGroupStateResponse",
  apiKey: 84,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readReadShareGroupStateResponse,
  write: writeReadShareGroupStateResponse,
};

export interface ReadShareGroupStateResponse {
  readonly results: readonly ReadStateResult[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface ReadStateResult {
  readonly topicId: Uuid;
  readonly partitions: readonly PartitionResult[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface PartitionResult {
  readonly partition: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly stateEpoch: number;
  readonly startOffset: Int64;
  readonly stateBatches: readonly StateBatch[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface StateBatch {
  readonly firstOffset: Int64;
  readonly lastOffset: Int64;
  readonly deliveryState: number;
  readonly deliveryCount: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_STATE_BATCH: StateBatch = {
  firstOffset: 0,
  lastOffset: 0,
  deliveryState: 0,
  deliveryCount: 0,
};

export const DEFAULT_PARTITION_RESULT: PartitionResult = {
  partition: 0,
  errorCode: 0,
  errorMessage: null,
  stateEpoch: 0,
  startOffset: 0,
  stateBatches: [],
};

export const DEFAULT_READ_STATE_RESULT: ReadStateResult = {
  topicId: ZERO_UUID,
  partitions: [],
};

export const DEFAULT_READ_SHARE_GROUP_STATE_RESPONSE: ReadShareGroupStateResponse = {
  results: [],
};

export function readReadShareGroupStateResponse(reader: Reader, version: number): ReadShareGroupStateResponse {
  if (version < 0 || version > 0) throw unsupportedVersion("ReadShareGroupStateResponse", version);
  const message: Mutable<ReadShareGroupStateResponse> = {
    results: readReadStateResultArray(reader, version, reader.compactArrayLength(18)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readReadStateResult(reader: Reader, version: number): ReadStateResult {
  const message: Mutable<ReadStateResult> = {
    topicId: reader.uuid(),
    partitions: readPartitionResultArray(reader, version, reader.compactArrayLength(21)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readReadStateResultArray(reader: Reader, version: number, count: number): ReadStateResult[] {
  const values: ReadStateResult[] = [];
  for (let index = 0; index < count; index++) values.push(readReadStateResult(reader, version));
  return values;
}

function readPartitionResult(reader: Reader, version: number): PartitionResult {
  const message: Mutable<PartitionResult> = {
    partition: reader.int32(),
    errorCode: reader.int16(),
    errorMessage: reader.compactNullableString(),
    stateEpoch: reader.int32(),
    startOffset: reader.int64(),
    stateBatches: readStateBatchArray(reader, version, reader.compactArrayLength(20)),
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

function readStateBatch(reader: Reader, _version: number): StateBatch {
  const message: Mutable<StateBatch> = {
    firstOffset: reader.int64(),
    lastOffset: reader.int64(),
    deliveryState: reader.int8(),
    deliveryCount: reader.int16(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readStateBatchArray(reader: Reader, version: number, count: number): StateBatch[] {
  const values: StateBatch[] = [];
  for (let index = 0; index < count; index++) values.push(readStateBatch(reader, version));
  return values;
}

export function writeReadShareGroupStateResponse(writer: Writer, message: ReadShareGroupStateResponse, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ReadShareGroupStateResponse", version);
  writer.compactArrayLength(message.results.length);
  for (const value of message.results) writeReadStateResult(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeReadStateResult(writer: Writer, message: ReadStateResult, version: number): void {
  writer.uuid(message.topicId);
  writer.compactArrayLength(message.partitions.length);
  for (const value of message.partitions) writePartitionResult(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writePartitionResult(writer: Writer, message: PartitionResult, version: number): void {
  writer.int32(message.partition);
  writer.int16(message.errorCode);
  writer.compactNullableString(message.errorMessage);
  writer.int32(message.stateEpoch);
  writer.int64(message.startOffset);
  writer.compactArrayLength(message.stateBatches.length);
  for (const value of message.stateBatches) writeStateBatch(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeStateBatch(writer: Writer, message: StateBatch, _version: number): void {
  writer.int64(message.firstOffset);
  writer.int64(message.lastOffset);
  writer.int8(message.deliveryState);
  writer.int16(message.deliveryCount);
  writer.taggedFields(message.unknownTaggedFields);
}
