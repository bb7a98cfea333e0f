// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { readInt32Array, writeInt32Array } from "../arrays.ts";
import { type MessageCodec, unsupportedVersion } from "../message.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ConsumerProtocolAssignment: versions 0 to 3. */
export const CONSUMER_PROTOCOL_ASSIGNMENT: MessageCodec<ConsumerProtocolAssignment> = {
  name: "ConsumerProtocolAssignment",
  apiKey: null,
  minVersion: 0,
  maxVersion: 3,
  flexibleFrom: null,
  read: readConsumerProtocolAssignment,
  write: writeConsumerProtocolAssignment,
};

export interface ConsumerProtocolAssignment {
  readonly assignedPartitions: readonly TopicPartition[];
  readonly userData: Uint8Array | null;
}

export interface TopicPartition {
  readonly topic: string;
  readonly partitions: readonly number[];
}

export const DEFAULT_TOPIC_PARTITION: TopicPartition = {
  topic: "",
  partitions: [],
};

export const DEFAULT_CONSUMER_PROTOCOL_ASSIGNMENT: ConsumerProtocolAssignment = {
  assignedPartitions: [],
  userData: null,
};

export function readConsumerProtocolAssignment(reader: Reader, version: number): ConsumerProtocolAssignment {
  if (version < 0 || version > 3) throw unsupportedVersion("ConsumerProtocolAssignment", version);
  return {
    assignedPartitions: readTopicPartitionArray(reader, version, reader.arrayLength(6)),
    userData: reader.nullableByteString(),
  };
}

function readTopicPartition(reader: Reader, _version: number): TopicPartition {
  return {
    topic: reader.string(),
    partitions: readInt32Array(reader, reader.arrayLength(4)),
  };
}

function readTopicPartitionArray(reader: Reader, version: number, count: number): TopicPartition[] {
  const values: TopicPartition[] = [];
  for (let index = 0; index < count; index++) values.push(readTopicPartition(reader, version));
  return values;
}

export function writeConsumerProtocolAssignment(writer: Writer, message: ConsumerProtocolAssignment, version: number): void {
  if (version < 0 || version > 3) throw unsupportedVersion("ConsumerProtocolAssignment", version);
  writer.arrayLength(message.assignedPartitions.length);
  for (const value of message.assignedPartitions) writeTopicPartition(writer, value, version);
  writer.nullableByteString(message.userData);
}

function writeTopicPartition(writer: Writer, message: TopicPartition, _version: number): void {
  writer.string(message.topic);
  writer.arrayLength(message.partitions.length);
  writeInt32Array(writer, message.partitions);
}
