// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DescribeTopicPartitionsRequest: version 0, flexible from 0. */
export const DESCRIBE_TOPIC_PARTITIONS_REQUEST: MessageCodec<DescribeTopicPartitionsRequest> = {
  name: "DescribeTopicPartitionsRequest",
  apiKey: 75,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readDescribeTopicPartitionsRequest,
  write: writeDescribeTopicPartitionsRequest,
};

export interface DescribeTopicPartitionsRequest {
  readonly topics: readonly TopicRequest[];
  readonly responsePartitionLimit: number;
  readonly cursor: Cursor | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface Cursor {
  readonly topicName: string;
  readonly partitionIndex: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TopicRequest {
  readonly name: string;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_TOPIC_REQUEST: TopicRequest = {
  name: "",
};

export const DEFAULT_CURSOR: Cursor = {
  topicName: "",
  partitionIndex: 0,
};

export const DEFAULT_DESCRIBE_TOPIC_PARTITIONS_REQUEST: DescribeTopicPartitionsRequest = {
  topics: [],
  responsePartitionLimit: 2000,
  cursor: null,
};

export function readDescribeTopicPartitionsRequest(reader: Reader, version: number): DescribeTopicPartitionsRequest {
  if (version < 0 || version > 0) throw unsupportedVersion("DescribeTopicPartitionsRequest", version);
  const message: Mutable<DescribeTopicPartitionsRequest> = {
    topics: readTopicRequestArray(reader, version, reader.compactArrayLength(2)),
    responsePartitionLimit: reader.int32(),
    cursor: reader.int8() < 0 ? null : readCursor(reader, version),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readCursor(reader: Reader, _version: number): Cursor {
  const message: Mutable<Cursor> = {
    topicName: reader.compactString(),
    partitionIndex: reader.int32(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTopicRequest(reader: Reader, _version: number): TopicRequest {
  const message: Mutable<TopicRequest> = {
    name: reader.compactString(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTopicRequestArray(reader: Reader, version: number, count: number): TopicRequest[] {
  const values: TopicRequest[] = [];
  for (let index = 0; index < count; index++) values.push(readTopicRequest(reader, version));
  return values;
}

export function writeDescribeTopicPartitionsRequest(writer: Writer, message: DescribeTopicPartitionsRequest, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("DescribeTopicPartitionsRequest", version);
  writer.compactArrayLength(message.topics.length);
  for (const value of message.topics) writeTopicRequest(writer, value, version);
  writer.int32(message.responsePartitionLimit);
  if (message.cursor === null) writer.int8(-1);
  else {
    writer.int8(1);
    writeCursor(writer, message.cursor, version);
  }
  writer.taggedFields(message.unknownTaggedFields);
}

function writeCursor(writer: Writer, message: Cursor, _version: number): void {
  writer.compactString(message.topicName);
  writer.int32(message.partitionIndex);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeTopicRequest(writer: Writer, message: TopicRequest, _version: number): void {
  writer.compactString(message.name);
  writer.taggedFields(message.unknownTaggedFields);
}
