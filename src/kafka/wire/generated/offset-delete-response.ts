// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, unsupportedVersion } from "../message.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** OffsetDeleteResponse: version 0. */
export const OFFSET_DELETE_RESPONSE: MessageCodec<OffsetDeleteResponse> = {
  name: "OffsetDeleteResponse",
  apiKey: 47,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: null,
  read: readOffsetDeleteResponse,
  write: writeOffsetDeleteResponse,
};

export interface OffsetDeleteResponse {
  readonly errorCode: number;
  readonly throttleTimeMs: number;
  readonly topics: readonly OffsetDeleteResponseTopic[];
}

export interface OffsetDeleteResponseTopic {
  readonly name: string;
  readonly partitions: readonly OffsetDeleteResponsePartition[];
}

export interface OffsetDeleteResponsePartition {
  readonly partitionIndex: number;
  readonly errorCode: number;
}

export const DEFAULT_OFFSET_DELETE_RESPONSE_PARTITION: OffsetDeleteResponsePartition = {
  partitionIndex: 0,
  errorCode: 0,
};

export const DEFAULT_OFFSET_DELETE_RESPONSE_TOPIC: OffsetDeleteResponseTopic = {
  name: "",
  partitions: [],
};

export const DEFAULT_OFFSET_DELETE_RESPONSE: OffsetDeleteResponse = {
  errorCode: 0,
  throttleTimeMs: 0,
  topics: [],
};

export function readOffsetDeleteResponse(reader: Reader, version: number): OffsetDeleteResponse {
  if (version < 0 || version > 0) throw unsupportedVersion("OffsetDeleteResponse", version);
  return {
    errorCode: reader.int16(),
    throttleTimeMs: reader.int32(),
    topics: readOffsetDeleteResponseTopicArray(reader, version, reader.arrayLength(6)),
  };
}

function readOffsetDeleteResponseTopic(reader: Reader, version: number): OffsetDeleteResponseTopic {
  return {
    name: reader.string(),
    partitions: readOffsetDeleteResponsePartitionArray(reader, version, reader.arrayLength(6)),
  };
}

function readOffsetDeleteResponseTopicArray(reader: Reader, version: number, count: number): OffsetDeleteResponseTopic[] {
  const values: OffsetDeleteResponseTopic[] = [];
  for (let index = 0; index < count; index++) values.push(readOffsetDeleteResponseTopic(reader, version));
  return values;
}

function readOffsetDeleteResponsePartition(reader: Reader, _version: number): OffsetDeleteResponsePartition {
  return {
    partitionIndex: reader.int32(),
    errorCode: reader.int16(),
  };
}

function readOffsetDeleteResponsePartitionArray(reader: Reader, version: number, count: number): OffsetDeleteResponsePartition[] {
  const values: OffsetDeleteResponsePartition[] = [];
  for (let index = 0; index < count; index++) values.push(readOffsetDeleteResponsePartition(reader, version));
  return values;
}

export function writeOffsetDeleteResponse(writer: Writer, message: OffsetDeleteResponse, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("OffsetDeleteResponse", version);
  writer.int16(message.errorCode);
  writer.int32(message.throttleTimeMs);
  writer.arrayLength(message.topics.length);
  for (const value of message.topics) writeOffsetDeleteResponseTopic(writer, value, version);
}

function writeOffsetDeleteResponseTopic(writer: Writer, message: OffsetDeleteResponseTopic, version: number): void {
  writer.string(message.name);
  writer.arrayLength(message.partitions.length);
  for (const value of message.partitions) writeOffsetDeleteResponsePartition(writer, value, version);
}

function writeOffsetDeleteResponsePartition(writer: Writer, message: OffsetDeleteResponsePartition, _version: number): void {
  writer.int32(message.partitionIndex);
  writer.int16(message.errorCode);
}
