// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** AlterReplicaLogDirsResponse: versions 1 to 2, flexible from 2. */
export const ALTER_REPLICA_LOG_DIRS_RESPONSE: MessageCodec<AlterReplicaLogDirsResponse> = {
  name: "AlterReplicaLogDirsResponse",
  apiKey: 34,
  minVersion: 1,
  maxVersion: 2,
  flexibleFrom: 2,
  read: readAlterReplicaLogDirsResponse,
  write: writeAlterReplicaLogDirsResponse,
};

export interface AlterReplicaLogDirsResponse {
  readonly throttleTimeMs: number;
  readonly results: readonly AlterReplicaLogDirTopicResult[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface AlterReplicaLogDirTopicResult {
  readonly topicName: string;
  readonly partitions: readonly AlterReplicaLogDirPartitionResult[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface AlterReplicaLogDirPartitionResult {
  readonly partitionIndex: number;
  readonly errorCode: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_ALTER_REPLICA_LOG_DIR_PARTITION_RESULT: AlterReplicaLogDirPartitionResult = {
  partitionIndex: 0,
  errorCode: 0,
};

export const DEFAULT_ALTER_REPLICA_LOG_DIR_TOPIC_RESULT: AlterReplicaLogDirTopicResult = {
  topicName: "",
  partitions: [],
};

export const DEFAULT_ALTER_REPLICA_LOG_DIRS_RESPONSE: AlterReplicaLogDirsResponse = {
  throttleTimeMs: 0,
  results: [],
};

export function readAlterReplicaLogDirsResponse(reader: Reader, version: number): AlterReplicaLogDirsResponse {
  if (version < 1 || version > 2) throw unsupportedVersion("AlterReplicaLogDirsResponse", version);
  const flexible = version >= 2;
  const message: Mutable<AlterReplicaLogDirsResponse> = {
    throttleTimeMs: reader.int32(),
    results: (flexible ? readAlterReplicaLogDirTopicResultArray(reader, version, reader.compactArrayLength(3)) : readAlterReplicaLogDirTopicResultArray(reader, version, reader.arrayLength(6))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readAlterReplicaLogDirTopicResult(reader: Reader, version: number): AlterReplicaLogDirTopicResult {
  const flexible = version >= 2;
  const message: Mutable<AlterReplicaLogDirTopicResult> = {
    topicName: (flexible ? reader.compactString() : reader.string()),
    partitions: (flexible ? readAlterReplicaLogDirPartitionResultArray(reader, version, reader.compactArrayLength(7)) : readAlterReplicaLogDirPartitionResultArray(reader, version, reader.arrayLength(6))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readAlterReplicaLogDirTopicResultArray(reader: Reader, version: number, count: number): AlterReplicaLogDirTopicResult[] {
  const values: AlterReplicaLogDirTopicResult[] = [];
  for (let index = 0; index < count; index++) values.push(readAlterReplicaLogDirTopicResult(reader, version));
  return values;
}

function readAlterReplicaLogDirPartitionResult(reader: Reader, version: number): AlterReplicaLogDirPartitionResult {
  const flexible = version >= 2;
  const message: Mutable<AlterReplicaLogDirPartitionResult> = {
    partitionIndex: reader.int32(),
    errorCode: reader.int16(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readAlterReplicaLogDirPartitionResultArray(reader: Reader, version: number, count: number): AlterReplicaLogDirPartitionResult[] {
  const values: AlterReplicaLogDirPartitionResult[] = [];
  for (let index = 0; index < count; index++) values.push(readAlterReplicaLogDirPartitionResult(reader, version));
  return values;
}

export function writeAlterReplicaLogDirsResponse(writer: Writer, message: AlterReplicaLogDirsResponse, version: number): void {
  if (version < 1 || version > 2) throw unsupportedVersion("AlterReplicaLogDirsResponse", version);
  const flexible = version >= 2;
  writer.int32(message.throttleTimeMs);
  if (flexible) {
    writer.compactArrayLength(message.results.length);
    for (const value of message.results) writeAlterReplicaLogDirTopicResult(writer, value, version);
  } else {
    writer.arrayLength(message.results.length);
    for (const value of message.results) writeAlterReplicaLogDirTopicResult(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("AlterReplicaLogDirsResponse.unknownTaggedFields", version);
  }
}

function writeAlterReplicaLogDirTopicResult(writer: Writer, message: AlterReplicaLogDirTopicResult, version: number): void {
  const flexible = version >= 2;
  if (flexible) {
    writer.compactString(message.topicName);
  } else {
    writer.string(message.topicName);
  }
  if (flexible) {
    writer.compactArrayLength(message.partitions.length);
    for (const value of message.partitions) writeAlterReplicaLogDirPartitionResult(writer, value, version);
  } else {
    writer.arrayLength(message.partitions.length);
    for (const value of message.partitions) writeAlterReplicaLogDirPartitionResult(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("AlterReplicaLogDirTopicResult.unknownTaggedFields", version);
  }
}

function writeAlterReplicaLogDirPartitionResult(writer: Writer, message: AlterReplicaLogDirPartitionResult, version: number): void {
  const flexible = version >= 2;
  writer.int32(message.partitionIndex);
  writer.int16(message.errorCode);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("AlterReplicaLogDirPartitionResult.unknownTaggedFields", version);
  }
}
