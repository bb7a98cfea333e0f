// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** OffsetForLeaderEpochRequest: versions 2 to 4, flexible from 4. */
export const OFFSET_FOR_LEADER_EPOCH_REQUEST: MessageCodec<OffsetForLeaderEpochRequest> = {
  name: "OffsetForLeaderEpochRequest",
  apiKey: 23,
  minVersion: 2,
  maxVersion: 4,
  flexibleFrom: 4,
  read: readOffsetForLeaderEpochRequest,
  write: writeOffsetForLeaderEpochRequest,
};

export interface OffsetForLeaderEpochRequest {
  /** In versions 3 and up. */
  readonly replicaId: number;
  readonly topics: readonly OffsetForLeaderTopic[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface OffsetForLeaderTopic {
  readonly topic: string;
  readonly partitions: readonly OffsetForLeaderPartition[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface OffsetForLeaderPartition {
  readonly partition: number;
  readonly currentLeaderEpoch: number;
  readonly leaderEpoch: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_OFFSET_FOR_LEADER_PARTITION: OffsetForLeaderPartition = {
  partition: 0,
  currentLeaderEpoch: -1,
  leaderEpoch: 0,
};

export const DEFAULT_OFFSET_FOR_LEADER_TOPIC: OffsetForLeaderTopic = {
  topic: "",
  partitions: [],
};

export const DEFAULT_OFFSET_FOR_LEADER_EPOCH_REQUEST: OffsetForLeaderEpochRequest = {
  replicaId: -2,
  topics: [],
};

export function readOffsetForLeaderEpochRequest(reader: Reader, version: number): OffsetForLeaderEpochRequest {
  if (version < 2 || version > 4) throw unsupportedVersion("OffsetForLeaderEpochRequest", version);
  const flexible = version >= 4;
  const message: Mutable<OffsetForLeaderEpochRequest> = {
    replicaId: (version >= 3 ? reader.int32() : -2),
    topics: (flexible ? readOffsetForLeaderTopicArray(reader, version, reader.compactArrayLength(3)) : readOffsetForLeaderTopicArray(reader, version, reader.arrayLength(6))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readOffsetForLeaderTopic(reader: Reader, version: number): OffsetForLeaderTopic {
  const flexible = version >= 4;
  const message: Mutable<OffsetForLeaderTopic> = {
    topic: (flexible ? reader.compactString() : reader.string()),
    partitions: (flexible ? readOffsetForLeaderPartitionArray(reader, version, reader.compactArrayLength(13)) : readOffsetForLeaderPartitionArray(reader, version, reader.arrayLength(12))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readOffsetForLeaderTopicArray(reader: Reader, version: number, count: number): OffsetForLeaderTopic[] {
  const values: OffsetForLeaderTopic[] = [];
  for (let index = 0; index < count; index++) values.push(readOffsetForLeaderTopic(reader, version));
  return values;
}

function readOffsetForLeaderPartition(reader: Reader, version: number): OffsetForLeaderPartition {
  const flexible = version >= 4;
  const message: Mutable<OffsetForLeaderPartition> = {
    partition: reader.int32(),
    currentLeaderEpoch: reader.int32(),
    leaderEpoch: reader.int32(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readOffsetForLeaderPartitionArray(reader: Reader, version: number, count: number): OffsetForLeaderPartition[] {
  const values: OffsetForLeaderPartition[] = [];
  for (let index = 0; index < count; index++) values.push(readOffsetForLeaderPartition(reader, version));
  return values;
}

export function writeOffsetForLeaderEpochRequest(writer: Writer, message: OffsetForLeaderEpochRequest, version: number): void {
  if (version < 2 || version > 4) throw unsupportedVersion("OffsetForLeaderEpochRequest", version);
  const flexible = version >= 4;
  if (version >= 3) {
    writer.int32(message.replicaId);
  }
  if (flexible) {
    writer.compactArrayLength(message.topics.length);
    for (const value of message.topics) writeOffsetForLeaderTopic(writer, value, version);
  } else {
    writer.arrayLength(message.topics.length);
    for (const value of message.topics) writeOffsetForLeaderTopic(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("OffsetForLeaderEpochRequest.unknownTaggedFields", version);
  }
}

function writeOffsetForLeaderTopic(writer: Writer, message: OffsetForLeaderTopic, version: number): void {
  const flexible = version >= 4;
  if (flexible) {
    writer.compactString(message.topic);
  } else {
    writer.string(message.topic);
  }
  if (flexible) {
    writer.compactArrayLength(message.partitions.length);
    for (const value of message.partitions) writeOffsetForLeaderPartition(writer, value, version);
  } else {
    writer.arrayLength(message.partitions.length);
    for (const value of message.partitions) writeOffsetForLeaderPartition(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("OffsetForLeaderTopic.unknownTaggedFields", version);
  }
}

function writeOffsetForLeaderPartition(writer: Writer, message: OffsetForLeaderPartition, version: number): void {
  const flexible = version >= 4;
  writer.int32(message.partition);
  writer.int32(message.currentLeaderEpoch);
  writer.int32(message.leaderEpoch);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("OffsetForLeaderPartition.unknownTaggedFields", version);
  }
}
