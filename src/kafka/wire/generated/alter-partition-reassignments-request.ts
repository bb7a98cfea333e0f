// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { readNullableInt32Array, writeInt32Array } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** AlterPartitionReassignmentsRequest: versions 0 to 1, flexible from 0. */
export const ALTER_PARTITION_REASSIGNMENTS_REQUEST: MessageCodec<AlterPartitionReassignmentsRequest> = {
  name: "AlterPartitionReassignmentsRequest",
  apiKey: 45,
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 0,
  read: readAlterPartitionReassignmentsRequest,
  write: writeAlterPartitionReassignmentsRequest,
};

export interface AlterPartitionReassignmentsRequest {
  readonly timeoutMs: number;
  /** In versions 1 and up. */
  readonly allowReplicationFactorChange: boolean;
  readonly topics: readonly ReassignableTopic[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface ReassignableTopic {
  readonly name: string;
  readonly partitions: readonly ReassignablePartition[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface ReassignablePartition {
  readonly partitionIndex: number;
  readonly replicas: readonly number[] | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_REASSIGNABLE_PARTITION: ReassignablePartition = {
  partitionIndex: 0,
  replicas: null,
};

export const DEFAULT_REASSIGNABLE_TOPIC: ReassignableTopic = {
  name: "",
  partitions: [],
};

export const DEFAULT_ALTER_PARTITION_REASSIGNMENTS_REQUEST: AlterPartitionReassignmentsRequest = {
  timeoutMs: 60000,
  allowReplicationFactorChange: true,
  topics: [],
};

export function readAlterPartitionReassignmentsRequest(reader: Reader, version: number): AlterPartitionReassignmentsRequest {
  if (version < 0 || version > 1) throw unsupportedVersion("AlterPartitionReassignmentsRequest", version);
  const message: Mutable<AlterPartitionReassignmentsRequest> = {
    timeoutMs: reader.int32(),
    allowReplicationFactorChange: (version >= 1 ? reader.bool() : true),
    topics: readReassignableTopicArray(reader, version, reader.compactArrayLength(3)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readReassignableTopic(reader: Reader, version: number): ReassignableTopic {
  const message: Mutable<ReassignableTopic> = {
    name: reader.compactString(),
    partitions: readReassignablePartitionArray(reader, version, reader.compactArrayLength(6)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readReassignableTopicArray(reader: Reader, version: number, count: number): ReassignableTopic[] {
  const values: ReassignableTopic[] = [];
  for (let index = 0; index < count; index++) values.push(readReassignableTopic(reader, version));
  return values;
}

function readReassignablePartition(reader: Reader, _version: number): ReassignablePartition {
  const message: Mutable<ReassignablePartition> = {
    partitionIndex: reader.int32(),
    replicas: readNullableInt32Array(reader, reader.compactNullableArrayLength(4)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readReassignablePartitionArray(reader: Reader, version: number, count: number): ReassignablePartition[] {
  const values: ReassignablePartition[] = [];
  for (let index = 0; index < count; index++) values.push(readReassignablePartition(reader, version));
  return values;
}

export function writeAlterPartitionReassignmentsRequest(writer: Writer, message: AlterPartitionReassignmentsRequest, version: number): void {
  if (version < 0 || version > 1) throw unsupportedVersion("AlterPartitionReassignmentsRequest", version);
  writer.int32(message.timeoutMs);
  if (version >= 1) {
    writer.bool(message.allowReplicationFactorChange);
  } else if (!message.allowReplicationFactorChange) {
    throw unsupportedField("AlterPartitionReassignmentsRequest.allowReplicationFactorChange", version);
  }
  writer.compactArrayLength(message.topics.length);
  for (const value of message.topics) writeReassignableTopic(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeReassignableTopic(writer: Writer, message: ReassignableTopic, version: number): void {
  writer.compactString(message.name);
  writer.compactArrayLength(message.partitions.length);
  for (const value of message.partitions) writeReassignablePartition(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeReassignablePartition(writer: Writer, message: ReassignablePartition, _version: number): void {
  writer.int32(message.partitionIndex);
  if (message.replicas === null) writer.compactArrayLength(-1);
  else {
    writer.compactArrayLength(message.replicas.length);
    writeInt32Array(writer, message.replicas);
  }
  writer.taggedFields(message.unknownTaggedFields);
}
