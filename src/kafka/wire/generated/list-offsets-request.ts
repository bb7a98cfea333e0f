// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ListOffsetsRequest: versions 1 to 11, flexible from 6. */
export const LIST_OFFSETS_REQUEST: MessageCodec<ListOffsetsRequest> = {
  name: "ListOffsetsRequest",
  apiKey: 2,
  minVersion: 1,
  maxVersion: 11,
  flexibleFrom: 6,
  read: readListOffsetsRequest,
  write: writeListOffsetsRequest,
};

export interface ListOffsetsRequest {
  readonly replicaId: number;
  /** In versions 2 and up. */
  readonly isolationLevel: number;
  readonly topics: readonly ListOffsetsTopic[];
  /** In versions 10 and up. */
  readonly timeoutMs: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface ListOffsetsTopic {
  readonly name: string;
  readonly partitions: readonly ListOffsetsPartition[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface ListOffsetsPartition {
  readonly partitionIndex: number;
  /** In versions 4 and up. */
  readonly currentLeaderEpoch: number;
  readonly timestamp: Int64;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_LIST_OFFSETS_PARTITION: ListOffsetsPartition = {
  partitionIndex: 0,
  currentLeaderEpoch: -1,
  timestamp: 0,
};

export const DEFAULT_LIST_OFFSETS_TOPIC: ListOffsetsTopic = {
  name: "",
  partitions: [],
};

export const DEFAULT_LIST_OFFSETS_REQUEST: ListOffsetsRequest = {
  replicaId: 0,
  isolationLevel: 0,
  topics: [],
  timeoutMs: 0,
};

export function readListOffsetsRequest(reader: Reader, version: number): ListOffsetsRequest {
  if (version < 1 || version > 11) throw unsupportedVersion("ListOffsetsRequest", version);
  const flexible = version >= 6;
  const message: Mutable<ListOffsetsRequest> = {
    replicaId: reader.int32(),
    isolationLevel: (version >= 2 ? reader.int8() : 0),
    topics: (flexible ? readListOffsetsTopicArray(reader, version, reader.compactArrayLength(3)) : readListOffsetsTopicArray(reader, version, reader.arrayLength(6))),
    timeoutMs: (version >= 10 ? reader.int32() : 0),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readListOffsetsTopic(reader: Reader, version: number): ListOffsetsTopic {
  const flexible = version >= 6;
  const message: Mutable<ListOffsetsTopic> = {
    name: (flexible ? reader.compactString() : reader.string()),
    partitions: (flexible ? readListOffsetsPartitionArray(reader, version, reader.compactArrayLength(17)) : readListOffsetsPartitionArray(reader, version, reader.arrayLength(12))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readListOffsetsTopicArray(reader: Reader, version: number, count: number): ListOffsetsTopic[] {
  const values: ListOffsetsTopic[] = [];
  for (let index = 0; index < count; index++) values.push(readListOffsetsTopic(reader, version));
  return values;
}

function readListOffsetsPartition(reader: Reader, version: number): ListOffsetsPartition {
  const flexible = version >= 6;
  const message: Mutable<ListOffsetsPartition> = {
    partitionIndex: reader.int32(),
    currentLeaderEpoch: (version >= 4 ? reader.int32() : -1),
    timestamp: reader.int64(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readListOffsetsPartitionArray(reader: Reader, version: number, count: number): ListOffsetsPartition[] {
  const values: ListOffsetsPartition[] = [];
  for (let index = 0; index < count; index++) values.push(readListOffsetsPartition(reader, version));
  return values;
}

export function writeListOffsetsRequest(writer: Writer, message: ListOffsetsRequest, version: number): void {
  if (version < 1 || version > 11) throw unsupportedVersion("ListOffsetsRequest", version);
  const flexible = version >= 6;
  writer.int32(message.replicaId);
  if (version >= 2) {
    writer.int8(message.isolationLevel);
  } else if (message.isolationLevel !== 0) {
    throw unsupportedField("ListOffsetsRequest.isolationLevel", version);
  }
  if (flexible) {
    writer.compactArrayLength(message.topics.length);
    for (const value of message.topics) writeListOffsetsTopic(writer, value, version);
  } else {
    writer.arrayLength(message.topics.length);
    for (const value of message.topics) writeListOffsetsTopic(writer, value, version);
  }
  if (version >= 10) {
    writer.int32(message.timeoutMs);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("ListOffsetsRequest.unknownTaggedFields", version);
  }
}

function writeListOffsetsTopic(writer: Writer, message: ListOffsetsTopic, version: number): void {
  const flexible = version >= 6;
  if (flexible) {
    writer.compactString(message.name);
  } else {
    writer.string(message.name);
  }
  if (flexible) {
    writer.compactArrayLength(message.partitions.length);
    for (const value of message.partitions) writeListOffsetsPartition(writer, value, version);
  } else {
    writer.arrayLength(message.partitions.length);
    for (const value of message.partitions) writeListOffsetsPartition(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("ListOffsetsTopic.unknownTaggedFields", version);
  }
}

function writeListOffsetsPartition(writer: Writer, message: ListOffsetsPartition, version: number): void {
  const flexible = version >= 6;
  writer.int32(message.partitionIndex);
  if (version >= 4) {
    writer.int32(message.currentLeaderEpoch);
  }
  writer.int64(message.timestamp);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("ListOffsetsPartition.unknownTaggedFields", version);
  }
}
