// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, unsupportedVersion } from "../message.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** OffsetDeleteRequest: version 0. */
export const OFFSET_DELETE_REQUEST: MessageCodec<OffsetDeleteRequest> = {
  name: "OffsetDeleteRequest",
  apiKey: 47,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: null,
  read: readOffsetDeleteRequest,
  write: writeOffsetDeleteRequest,
};

export interface OffsetDeleteRequest {
  readonly groupId: string;
  readonly topics: readonly OffsetDeleteRequestTopic[];
}

export interface OffsetDeleteRequestTopic {
  readonly name: string;
  readonly partitions: readonly OffsetDeleteRequestPartition[];
}

export interface OffsetDeleteRequestPartition {
  readonly partitionIndex: number;
}

export const DEFAULT_OFFSET_DELETE_REQUEST_PARTITION: OffsetDeleteRequestPartition = {
  partitionIndex: 0,
};

export const DEFAULT_OFFSET_DELETE_REQUEST_TOPIC: OffsetDeleteRequestTopic = {
  name: "",
  partitions: [],
};

export const DEFAULT_OFFSET_DELETE_REQUEST: OffsetDeleteRequest = {
  groupId: "",
  topics: [],
};

export function readOffsetDeleteRequest(reader: Reader, version: number): OffsetDeleteRequest {
  if (version < 0 || version > 0) throw unsupportedVersion("OffsetDeleteRequest", version);
  return {
    groupId: reader.string(),
    topics: readOffsetDeleteRequestTopicArray(reader, version, reader.arrayLength(6)),
  };
}

function readOffsetDeleteRequestTopic(reader: Reader, version: number): OffsetDeleteRequestTopic {
  return {
    name: reader.string(),
    partitions: readOffsetDeleteRequestPartitionArray(reader, version, reader.arrayLength(4)),
  };
}

function readOffsetDeleteRequestTopicArray(reader: Reader, version: number, count: number): OffsetDeleteRequestTopic[] {
  const values: OffsetDeleteRequestTopic[] = [];
  for (let index = 0; index < count; index++) values.push(readOffsetDeleteRequestTopic(reader, version));
  return values;
}

function readOffsetDeleteRequestPartition(reader: Reader, _version: number): OffsetDeleteRequestPartition {
  return {
    partitionIndex: reader.int32(),
  };
}

function readOffsetDeleteRequestPartitionArray(reader: Reader, version: number, count: number): OffsetDeleteRequestPartition[] {
  const values: OffsetDeleteRequestPartition[] = [];
  for (let index = 0; index < count; index++) values.push(readOffsetDeleteRequestPartition(reader, version));
  return values;
}

export function writeOffsetDeleteRequest(writer: Writer, message: OffsetDeleteRequest, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("OffsetDeleteRequest", version);
  writer.string(message.groupId);
  writer.arrayLength(message.topics.length);
  for (const value of message.topics) writeOffsetDeleteRequestTopic(writer, value, version);
}

function writeOffsetDeleteRequestTopic(writer: Writer, message: OffsetDeleteRequestTopic, version: number): void {
  writer.string(message.name);
  writer.arrayLength(message.partitions.length);
  for (const value of message.partitions) writeOffsetDeleteRequestPartition(writer, value, version);
}

function writeOffsetDeleteRequestPartition(writer: Writer, message: OffsetDeleteRequestPartition, _version: number): void {
  writer.int32(message.partitionIndex);
}
