// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DeleteRecordsResponse: versions 0 to 2, flexible from 2. */
export const DELETE_RECORDS_RESPONSE: MessageCodec<DeleteRecordsResponse> = {
  name: "DeleteRecordsResponse",
  apiKey: 21,
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 2,
  read: readDeleteRecordsResponse,
  write: writeDeleteRecordsResponse,
};

export interface DeleteRecordsResponse {
  readonly throttleTimeMs: number;
  readonly topics: readonly DeleteRecordsTopicResult[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DeleteRecordsTopicResult {
  readonly name: string;
  readonly partitions: readonly DeleteRecordsPartitionResult[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DeleteRecordsPartitionResult {
  readonly partitionIndex: number;
  readonly lowWatermark: Int64;
  readonly errorCode: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_DELETE_RECORDS_PARTITION_RESULT: DeleteRecordsPartitionResult = {
  partitionIndex: 0,
  lowWatermark: 0,
  errorCode: 0,
};

export const DEFAULT_DELETE_RECORDS_TOPIC_RESULT: DeleteRecordsTopicResult = {
  name: "",
  partitions: [],
};

export const DEFAULT_DELETE_RECORDS_RESPONSE: DeleteRecordsResponse = {
  throttleTimeMs: 0,
  topics: [],
};

export function readDeleteRecordsResponse(reader: Reader, version: number): DeleteRecordsResponse {
  if (version < 0 || version > 2) throw unsupportedVersion("DeleteRecordsResponse", version);
  const flexible = version >= 2;
  const message: Mutable<DeleteRecordsResponse> = {
    throttleTimeMs: reader.int32(),
    topics: (flexible ? readDeleteRecordsTopicResultArray(reader, version, reader.compactArrayLength(3)) : readDeleteRecordsTopicResultArray(reader, version, reader.arrayLength(6))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readDeleteRecordsTopicResult(reader: Reader, version: number): DeleteRecordsTopicResult {
  const flexible = version >= 2;
  const message: Mutable<DeleteRecordsTopicResult> = {
    name: (flexible ? reader.compactString() : reader.string()),
    partitions: (flexible ? readDeleteRecordsPartitionResultArray(reader, version, reader.compactArrayLength(15)) : readDeleteRecordsPartitionResultArray(reader, version, reader.arrayLength(14))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readDeleteRecordsTopicResultArray(reader: Reader, version: number, count: number): DeleteRecordsTopicResult[] {
  const values: DeleteRecordsTopicResult[] = [];
  for (let index = 0; index < count; index++) values.push(readDeleteRecordsTopicResult(reader, version));
  return values;
}

function readDeleteRecordsPartitionResult(reader: Reader, version: number): DeleteRecordsPartitionResult {
  const flexible = version >= 2;
  const message: Mutable<DeleteRecordsPartitionResult> = {
    partitionIndex: reader.int32(),
    lowWatermark: reader.int64(),
    errorCode: reader.int16(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readDeleteRecordsPartitionResultArray(reader: Reader, version: number, count: number): DeleteRecordsPartitionResult[] {
  const values: DeleteRecordsPartitionResult[] = [];
  for (let index = 0; index < count; index++) values.push(readDeleteRecordsPartitionResult(reader, version));
  return values;
}

export function writeDeleteRecordsResponse(writer: Writer, message: DeleteRecordsResponse, version: number): void {
  if (version < 0 || version > 2) throw unsupportedVersion("DeleteRecordsResponse", version);
  const flexible = version >= 2;
  writer.int32(message.throttleTimeMs);
  if (flexible) {
    writer.compactArrayLength(message.topics.length);
    for (const value of message.topics) writeDeleteRecordsTopicResult(writer, value, version);
  } else {
    writer.arrayLength(message.topics.length);
    for (const value of message.topics) writeDeleteRecordsTopicResult(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DeleteRecordsResponse.unknownTaggedFields", version);
  }
}

function writeDeleteRecordsTopicResult(writer: Writer, message: DeleteRecordsTopicResult, version: number): void {
  const flexible = version >= 2;
  if (flexible) {
    writer.compactString(message.name);
  } else {
    writer.string(message.name);
  }
  if (flexible) {
    writer.compactArrayLength(message.partitions.length);
    for (const value of message.partitions) writeDeleteRecordsPartitionResult(writer, value, version);
  } else {
    writer.arrayLength(message.partitions.length);
    for (const value of message.partitions) writeDeleteRecordsPartitionResult(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DeleteRecordsTopicResult.unknownTaggedFields", version);
  }
}

function writeDeleteRecordsPartitionResult(writer: Writer, message: DeleteRecordsPartitionResult, version: number): void {
  const flexible = version >= 2;
  writer.int32(message.partitionIndex);
  writer.int64(message.lowWatermark);
  writer.int16(message.errorCode);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DeleteRecordsPartitionResult.unknownTaggedFields", version);
  }
}
