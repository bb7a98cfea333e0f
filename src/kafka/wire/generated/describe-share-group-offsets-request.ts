// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { readInt32Array, writeInt32Array } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DescribeShareGroupOffsetsRequest: versions 0 to 1, flexible from 0. */
export const DESCRIBE_SHARE_GROUP_OFFSETS_REQUEST: MessageCodec<DescribeShareGroupOffsetsRequest> = {
  name: "DescribeShareGroupOffsetsRequest",
  apiKey: 90,
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 0,
  read: readDescribeShareGroupOffsetsRequest,
  write: writeDescribeShareGroupOffsetsRequest,
};

export interface DescribeShareGroupOffsetsRequest {
  readonly groups: readonly DescribeShareGroupOffsetsRequestGroup[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DescribeShareGroupOffsetsRequestGroup {
  readonly groupId: string;
  readonly topics: readonly DescribeShareGroupOffsetsRequestTopic[] | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DescribeShareGroupOffsetsRequestTopic {
  readonly topicName: string;
  readonly partitions: readonly number[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_DESCRIBE_SHARE_GROUP_OFFSETS_REQUEST_TOPIC: DescribeShareGroupOffsetsRequestTopic = {
  topicName: "",
  partitions: [],
};

export const DEFAULT_DESCRIBE_SHARE_GROUP_OFFSETS_REQUEST_GROUP: DescribeShareGroupOffsetsRequestGroup = {
  groupId: "",
  topics: [],
};

export const DEFAULT_DESCRIBE_SHARE_GROUP_OFFSETS_REQUEST: DescribeShareGroupOffsetsRequest = {
  groups: [],
};

export function readDescribeShareGroupOffsetsRequest(reader: Reader, version: number): DescribeShareGroupOffsetsRequest {
  if (version < 0 || version > 1) throw unsupportedVersion("DescribeShareGroupOffsetsRequest", version);
  const message: Mutable<DescribeShareGroupOffsetsRequest> = {
    groups: readDescribeShareGroupOffsetsRequestGroupArray(reader, version, reader.compactArrayLength(3)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readDescribeShareGroupOffsetsRequestGroup(reader: Reader, version: number): DescribeShareGroupOffsetsRequestGroup {
  const message: Mutable<DescribeShareGroupOffsetsRequestGroup> = {
    groupId: reader.compactString(),
    topics: readNullableDescribeShareGroupOffsetsRequestTopicArray(reader, version, reader.compactNullableArrayLength(3)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readDescribeShareGroupOffsetsRequestGroupArray(reader: Reader, version: number, count: number): DescribeShareGroupOffsetsRequestGroup[] {
  const values: DescribeShareGroupOffsetsRequestGroup[] = [];
  for (let index = 0; index < count; index++) values.push(readDescribeShareGroupOffsetsRequestGroup(reader, version));
  return values;
}

function readDescribeShareGroupOffsetsRequestTopic(reader: Reader, _version: number): DescribeShareGroupOffsetsRequestTopic {
  const message: Mutable<DescribeShareGroupOffsetsRequestTopic> = {
    topicName: reader.compactString(),
    partitions: readInt32Array(reader, reader.compactArrayLength(4)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readDescribeShareGroupOffsetsRequestTopicArray(reader: Reader, version: number, count: number): DescribeShareGroupOffsetsRequestTopic[] {
  const values: DescribeShareGroupOffsetsRequestTopic[] = [];
  for (let index = 0; index < count; index++) values.push(readDescribeShareGroupOffsetsRequestTopic(reader, version));
  return values;
}

function readNullableDescribeShareGroupOffsetsRequestTopicArray(reader: Reader, version: number, count: number): DescribeShareGroupOffsetsRequestTopic[] | null {
  return count === -1 ? null : readDescribeShareGroupOffsetsRequestTopicArray(reader, version, count);
}

export function writeDescribeShareGroupOffsetsRequest(writer: Writer, message: DescribeShareGroupOffsetsRequest, version: number): void {
  if (version < 0 || version > 1) throw unsupportedVersion("DescribeShareGroupOffsetsRequest", version);
  writer.compactArrayLength(message.groups.length);
  for (const value of message.groups) writeDescribeShareGroupOffsetsRequestGroup(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeDescribeShareGroupOffsetsRequestGroup(writer: Writer, message: DescribeShareGroupOffsetsRequestGroup, version: number): void {
  writer.compactString(message.groupId);
  if (message.topics === null) writer.compactArrayLength(-1);
  else {
    writer.compactArrayLength(message.topics.length);
    for (const value of message.topics) writeDescribeShareGroupOffsetsRequestTopic(writer, value, version);
  }
  writer.taggedFields(message.unknownTaggedFields);
}

function writeDescribeShareGroupOffsetsRequestTopic(writer: Writer, message: DescribeShareGroupOffsetsRequestTopic, _version: number): void {
  writer.compactString(message.topicName);
  writer.compactArrayLength(message.partitions.length);
  writeInt32Array(writer, message.partitions);
  writer.taggedFields(message.unknownTaggedFields);
}
