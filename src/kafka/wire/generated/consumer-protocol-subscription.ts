// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { readInt32Array, writeInt32Array, readStringArray, writeStringArray } from "../arrays.ts";
import { type MessageCodec, unsupportedVersion } from "../message.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ConsumerProtocolSubscription: versions 0 to 3. */
export const CONSUMER_PROTOCOL_SUBSCRIPTION: MessageCodec<ConsumerProtocolSubscription> = {
  name: "ConsumerProtocolSubscription",
  apiKey: null,
  minVersion: 0,
  maxVersion: 3,
  flexibleFrom: null,
  read: readConsumerProtocolSubscription,
  write: writeConsumerProtocolSubscription,
};

export interface ConsumerProtocolSubscription {
  readonly topics: readonly string[];
  readonly userData: Uint8Array | null;
  /** In versions 1 and up. */
  readonly ownedPartitions: readonly TopicPartition[];
  /** In versions 2 and up. */
  readonly generationId: number;
  /** In versions 3 and up. */
  readonly rackId: string | null;
}

export interface TopicPartition {
  readonly topic: string;
  readonly partitions: readonly number[];
}

export const DEFAULT_TOPIC_PARTITION: TopicPartition = {
  topic: "",
  partitions: [],
};

export const DEFAULT_CONSUMER_PROTOCOL_SUBSCRIPTION: ConsumerProtocolSubscription = {
  topics: [],
  userData: null,
  ownedPartitions: [],
  generationId: -1,
  rackId: null,
};

export function readConsumerProtocolSubscription(reader: Reader, version: number): ConsumerProtocolSubscription {
  if (version < 0 || version > 3) throw unsupportedVersion("ConsumerProtocolSubscription", version);
  return {
    topics: readStringArray(reader, reader.arrayLength(2)),
    userData: reader.nullableByteString(),
    ownedPartitions: (version >= 1 ? readTopicPartitionArray(reader, version, reader.arrayLength(6)) : []),
    generationId: (version >= 2 ? reader.int32() : -1),
    rackId: (version >= 3 ? reader.nullableString() : null),
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

export function writeConsumerProtocolSubscription(writer: Writer, message: ConsumerProtocolSubscription, version: number): void {
  if (version < 0 || version > 3) throw unsupportedVersion("ConsumerProtocolSubscription", version);
  writer.arrayLength(message.topics.length);
  writeStringArray(writer, message.topics);
  writer.nullableByteString(message.userData);
  if (version >= 1) {
    writer.arrayLength(message.ownedPartitions.length);
    for (const value of message.ownedPartitions) writeTopicPartition(writer, value, version);
  }
  if (version >= 2) {
    writer.int32(message.generationId);
  }
  if (version >= 3) {
    writer.nullableString(message.rackId);
  }
}

function writeTopicPartition(writer: Writer, message: TopicPartition, _version: number): void {
  writer.string(message.topic);
  writer.arrayLength(message.partitions.length);
  writeInt32Array(writer, message.partitions);
}
