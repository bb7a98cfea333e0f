// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Int64, type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ReadShareGroupStateSummaryResponse: versions 0 to 1, flexible from 0. */
export const READ_SHARE_GROUP_STATE_SUMMARY_RESPONSE: MessageCodec<ReadShareGroupStateSummaryResponse> = {
  name: "ReadShareGroupStateSummaryResponse",
  apiKey: 87,
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 0,
  read: readReadShareGroupStateSummaryResponse,
  write: writeReadShareGroupStateSummaryResponse,
};

export interface ReadShareGroupStateSummaryResponse {
  readonly results: readonly ReadStateSummaryResult[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface ReadStateSummaryResult {
  readonly topicId: Uuid;
  readonly partitions: readonly PartitionResult[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface PartitionResult {
  readonly partition: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly stateEpoch: number;
  readonly leaderEpoch: number;
  readonly startOffset: Int64;
  /** In versions 1 and up. */
  readonly deliveryCompleteCount: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_PARTITION_RESULT: PartitionResult = {
  partition: 0,
  errorCode: 0,
  errorMessage: null,
  stateEpoch: 0,
  leaderEpoch: 0,
  startOffset: 0,
  deliveryCompleteCount: -1,
};

export const DEFAULT_READ_STATE_SUMMARY_RESULT: ReadStateSummaryResult = {
  topicId: ZERO_UUID,
  partitions: [],
};

export const DEFAULT_READ_SHARE_GROUP_STATE_SUMMARY_RESPONSE: ReadShareGroupStateSummaryResponse = {
  results: [],
};

export function readReadShareGroupStateSummaryResponse(reader: Reader, version: number): ReadShareGroupStateSummaryResponse {
  if (version < 0 || version > 1) throw unsupportedVersion("ReadShareGroupStateSummaryResponse", version);
  const message: Mutable<ReadShareGroupStateSummaryResponse> = {
    results: readReadStateSummaryResultArray(reader, version, reader.compactArrayLength(18)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readReadStateSummaryResult(reader: Reader, version: number): ReadStateSummaryResult {
  const message: Mutable<ReadStateSummaryResult> = {
    topicId: reader.uuid(),
    partitions: readPartitionResultArray(reader, version, reader.compactArrayLength(24)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readReadStateSummaryResultArray(reader: Reader, version: number, count: number): ReadStateSummaryResult[] {
  const values: ReadStateSummaryResult[] = [];
  for (let index = 0; index < count; index++) values.push(readReadStateSummaryResult(reader, version));
  return values;
}

function readPartitionResult(reader: Reader, version: number): PartitionResult {
  const message: Mutable<PartitionResult> = {
    partition: reader.int32(),
    errorCode: reader.int16(),
    errorMessage: reader.compactNullableString(),
    stateEpoch: reader.int32(),
    leaderEpoch: reader.int32(),
    startOffset: reader.int64(),
    deliveryCompleteCount: (version >= 1 ? reader.int32() : -1),
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

export function writeReadShareGroupStateSummaryResponse(writer: Writer, message: ReadShareGroupStateSummaryResponse, version: number): void {
  if (version < 0 || version > 1) throw unsupportedVersion("ReadShareGroupStateSummaryResponse", version);
  writer.compactArrayLength(message.results.length);
  for (const value of message.results) writeReadStateSummaryResult(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeReadStateSummaryResult(writer: Writer, message: ReadStateSummaryResult, version: number): void {
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
  writer.int32(message.leaderEpoch);
  writer.int64(message.startOffset);
  if (version >= 1) {
    writer.int32(message.deliveryCompleteCount);
  }
  writer.taggedFields(message.unknownTaggedFields);
}
