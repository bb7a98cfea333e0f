// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { readInt32Array, writeInt32Array } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** AlterReplicaLogDirsRequest: versions 1 to 2, flexible from 2. */
export const ALTER_REPLICA_LOG_DIRS_REQUEST: MessageCodec<AlterReplicaLogDirsRequest> = {
  name: "AlterReplicaLogDirsRequest",
  apiKey: 34,
  minVersion: 1,
  maxVersion: 2,
  flexibleFrom: 2,
  read: readAlterReplicaLogDirsRequest,
  write: writeAlterReplicaLogDirsRequest,
};

export interface AlterReplicaLogDirsRequest {
  readonly dirs: readonly AlterReplicaLogDir[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface AlterReplicaLogDir {
  readonly path: string;
  readonly topics: readonly AlterReplicaLogDirTopic[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface AlterReplicaLogDirTopic {
  readonly name: string;
  readonly partitions: readonly number[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_ALTER_REPLICA_LOG_DIR_TOPIC: AlterReplicaLogDirTopic = {
  name: "",
  partitions: [],
};

export const DEFAULT_ALTER_REPLICA_LOG_DIR: AlterReplicaLogDir = {
  path: "",
  topics: [],
};

export const DEFAULT_ALTER_REPLICA_LOG_DIRS_REQUEST: AlterReplicaLogDirsRequest = {
  dirs: [],
};

export function readAlterReplicaLogDirsRequest(reader: Reader, version: number): AlterReplicaLogDirsRequest {
  if (version < 1 || version > 2) throw unsupportedVersion("AlterReplicaLogDirsRequest", version);
  const flexible = version >= 2;
  const message: Mutable<AlterReplicaLogDirsRequest> = {
    dirs: (flexible ? readAlterReplicaLogDirArray(reader, version, reader.compactArrayLength(3)) : readAlterReplicaLogDirArray(reader, version, reader.arrayLength(6))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readAlterReplicaLogDir(reader: Reader, version: number): AlterReplicaLogDir {
  const flexible = version >= 2;
  const message: Mutable<AlterReplicaLogDir> = {
    path: (flexible ? reader.compactString() : reader.string()),
    topics: (flexible ? readAlterReplicaLogDirTopicArray(reader, version, reader.compactArrayLength(3)) : readAlterReplicaLogDirTopicArray(reader, version, reader.arrayLength(6))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readAlterReplicaLogDirArray(reader: Reader, version: number, count: number): AlterReplicaLogDir[] {
  const values: AlterReplicaLogDir[] = [];
  for (let index = 0; index < count; index++) values.push(readAlterReplicaLogDir(reader, version));
  return values;
}

function readAlterReplicaLogDirTopic(reader: Reader, version: number): AlterReplicaLogDirTopic {
  const flexible = version >= 2;
  const message: Mutable<AlterReplicaLogDirTopic> = {
    name: (flexible ? reader.compactString() : reader.string()),
    partitions: (flexible ? readInt32Array(reader, reader.compactArrayLength(4)) : readInt32Array(reader, reader.arrayLength(4))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readAlterReplicaLogDirTopicArray(reader: Reader, version: number, count: number): AlterReplicaLogDirTopic[] {
  const values: AlterReplicaLogDirTopic[] = [];
  for (let index = 0; index < count; index++) values.push(readAlterReplicaLogDirTopic(reader, version));
  return values;
}

export function writeAlterReplicaLogDirsRequest(writer: Writer, message: AlterReplicaLogDirsRequest, version: number): void {
  if (version < 1 || version > 2) throw unsupportedVersion("AlterReplicaLogDirsRequest", version);
  const flexible = version >= 2;
  if (flexible) {
    writer.compactArrayLength(message.dirs.length);
    for (const value of message.dirs) writeAlterReplicaLogDir(writer, value, version);
  } else {
    writer.arrayLength(message.dirs.length);
    for (const value of message.dirs) writeAlterReplicaLogDir(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("AlterReplicaLogDirsRequest.unknownTaggedFields", version);
  }
}

function writeAlterReplicaLogDir(writer: Writer, message: AlterReplicaLogDir, version: number): void {
  const flexible = version >= 2;
  if (flexible) {
    writer.compactString(message.path);
  } else {
    writer.string(message.path);
  }
  if (flexible) {
    writer.compactArrayLength(message.topics.length);
    for (const value of message.topics) writeAlterReplicaLogDirTopic(writer, value, version);
  } else {
    writer.arrayLength(message.topics.length);
    for (const value of message.topics) writeAlterReplicaLogDirTopic(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("AlterReplicaLogDir.unknownTaggedFields", version);
  }
}

function writeAlterReplicaLogDirTopic(writer: Writer, message: AlterReplicaLogDirTopic, version: number): void {
  const flexible = version >= 2;
  if (flexible) {
    writer.compactString(message.name);
  } else {
    writer.string(message.name);
  }
  if (flexible) {
    writer.compactArrayLength(message.partitions.length);
    writeInt32Array(writer, message.partitions);
  } else {
    writer.arrayLength(message.partitions.length);
    writeInt32Array(writer, message.partitions);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("AlterReplicaLogDirTopic.unknownTaggedFields", version);
  }
}
