// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { readInt32Array, writeInt32Array } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DescribeProducersRequest: version 0, flexible from 0. */
export const DESCRIBE_PRODUCERS_REQUEST: MessageCodec<DescribeProducersRequest> = {
  name: "DescribeProducersRequest",
  apiKey: 61,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readDescribeProducersRequest,
  write: writeDescribeProducersRequest,
};

export interface DescribeProducersRequest {
  readonly topics: readonly TopicRequest[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TopicRequest {
  readonly name: string;
  readonly partitionIndexes: readonly number[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_TOPIC_REQUEST: TopicRequest = {
  name: "",
  partitionIndexes: [],
};

export const DEFAULT_DESCRIBE_PRODUCERS_REQUEST: DescribeProducersRequest = {
  topics: [],
};

export function readDescribeProducersRequest(reader: Reader, version: number): DescribeProducersRequest {
  if (version < 0 || version > 0) throw unsupportedVersion("DescribeProducersRequest", version);
  const message: Mutable<DescribeProducersRequest> = {
    topics: readTopicRequestArray(reader, version, reader.compactArrayLength(3)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTopicRequest(reader: Reader, _version: number): TopicRequest {
  const message: Mutable<TopicRequest> = {
    name: reader.compactString(),
    partitionIndexes: readInt32Array(reader, reader.compactArrayLength(4)),
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

export function writeDescribeProducersRequest(writer: Writer, message: DescribeProducersRequest, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("DescribeProducersRequest", version);
  writer.compactArrayLength(message.topics.length);
  for (const value of message.topics) writeTopicRequest(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeTopicRequest(writer: Writer, message: TopicRequest, _version: number): void {
  writer.compactString(message.name);
  writer.compactArrayLength(message.partitionIndexes.length);
  writeInt32Array(writer, message.partitionIndexes);
  writer.taggedFields(message.unknownTaggedFields);
}
