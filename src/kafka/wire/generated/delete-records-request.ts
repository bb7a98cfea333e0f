// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DeleteRecordsRequest: versions 0 to 2, flexible from 2. */
export const DELETE_RECORDS_REQUEST: MessageCodec<DeleteRecordsRequest> = {
  name: "DeleteRecordsRequest",
  apiKey: 21,
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 2,
  read: readDeleteRecordsRequest,
  write: writeDeleteRecordsRequest,
};

export interface DeleteRecordsRequest {
  readonly topics: readonly DeleteRecordsTopic[];
  readonly timeoutMs: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DeleteRecordsTopic {
  readonly name: string;
  readonly partitions: readonly DeleteRecordsPartition[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DeleteRecordsPartition {
  readonly partitionIndex: number;
  readonly offset: Int64;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_DELETE_RECORDS_PARTITION: DeleteRecordsPartition = {
  partitionIndex: 0,
  offset: 0,
};

export const DEFAULT_DELETE_RECORDS_TOPIC: DeleteRecordsTopic = {
  name: "",
  partitions: [],
};

export const DEFAULT_DELETE_RECORDS_REQUEST: DeleteRecordsRequest = {
  topics: [],
  timeoutMs: 0,
};

export function readDeleteRecordsRequest(reader: Reader, version: number): DeleteRecordsRequest {
  if (version < 0 || version > 2) throw unsupportedVersion("DeleteRecordsRequest", version);
  const flexible = version >= 2;
  const message: Mutable<DeleteRecordsRequest> = {
    topics: (flexible ? readDeleteRecordsTopicArray(reader, version, reader.compactArrayLength(3)) : readDeleteRecordsTopicArray(reader, version, reader.arrayLength(6))),
    timeoutMs: reader.int32(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readDeleteRecordsTopic(reader: Reader, version: number): DeleteRecordsTopic {
  const flexible = version >= 2;
  const message: Mutable<DeleteRecordsTopic> = {
    name: (flexible ? reader.compactString() : reader.string()),
    partitions: (flexible ? readDeleteRecordsPartitionArray(reader, version, reader.compactArrayLength(13)) : readDeleteRecordsPartitionArray(reader, version, reader.arrayLength(12))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readDeleteRecordsTopicArray(reader: Reader, version: number, count: number): DeleteRecordsTopic[] {
  const values: DeleteRecordsTopic[] = [];
  for (let index = 0; index < count; index++) values.push(readDeleteRecordsTopic(reader, version));
  return values;
}

function readDeleteRecordsPartition(reader: Reader, version: number): DeleteRecordsPartition {
  const flexible = version >= 2;
  const message: Mutable<DeleteRecordsPartition> = {
    partitionIndex: reader.int32(),
    offset: reader.int64(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readDeleteRecordsPartitionArray(reader: Reader, version: number, count: number): DeleteRecordsPartition[] {
  const values: DeleteRecordsPartition[] = [];
  for (let index = 0; index < count; index++) values.push(readDeleteRecordsPartition(reader, version));
  return values;
}

export function writeDeleteRecordsRequest(writer: Writer, message: DeleteRecordsRequest, version: number): void {
  if (version < 0 || version > 2) throw unsupportedVersion("DeleteRecordsRequest", version);
  const flexible = version >= 2;
  if (flexible) {
    writer.compactArrayLength(message.topics.length);
    for (const value of message.topics) writeDeleteRecordsTopic(writer, value, version);
  } else {
    writer.arrayLength(message.topics.length);
    for (const value of message.topics) writeDeleteRecordsTopic(writer, value, version);
  }
  writer.int32(message.timeoutMs);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DeleteRecordsRequest.unknownTaggedFields", version);
  }
}

function writeDeleteRecordsTopic(writer: Writer, message: DeleteRecordsTopic, version: number): void {
  const flexible = version >= 2;
  if (flexible) {
    writer.compactString(message.name);
  } else {
    writer.string(message.name);
  }
  if (flexible) {
    writer.compactArrayLength(message.partitions.length);
    for (const value of message.partitions) writeDeleteRecordsPartition(writer, value, version);
  } else {
    writer.arrayLength(message.partitions.length);
    for (const value of message.partitions) writeDeleteRecordsPartition(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DeleteRecordsTopic.unknownTaggedFields", version);
  }
}

function writeDeleteRecordsPartition(writer: Writer, message: DeleteRecordsPartition, version: number): void {
  const flexible = version >= 2;
  writer.int32(message.partitionIndex);
  writer.int64(message.offset);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DeleteRecordsPartition.unknownTaggedFields", version);
  }
}
