// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { readInt32Array, writeInt32Array } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** CreateTopicsRequest: versions 2 to 7, flexible from 5. */
export const CREATE_TOPICS_REQUEST: MessageCodec<CreateTopicsRequest> = {
  name: "CreateTopicsRequest",
  apiKey: 19,
  minVersion: 2,
  maxVersion: 7,
  flexibleFrom: 5,
  read: readCreateTopicsRequest,
  write: writeCreateTopicsRequest,
};

export interface CreateTopicsRequest {
  readonly topics: readonly CreatableTopic[];
  readonly timeoutMs: number;
  readonly validateOnly: boolean;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface CreatableTopic {
  readonly name: string;
  readonly numPartitions: number;
  readonly replicationFactor: number;
  readonly assignments: readonly CreatableReplicaAssignment[];
  readonly configs: readonly CreatableTopicConfig[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface CreatableTopicConfig {
  readonly name: string;
  readonly value: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface CreatableReplicaAssignment {
  readonly partitionIndex: number;
  readonly brokerIds: readonly number[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_CREATABLE_REPLICA_ASSIGNMENT: CreatableReplicaAssignment = {
  partitionIndex: 0,
  brokerIds: [],
};

export const DEFAULT_CREATABLE_TOPIC_CONFIG: CreatableTopicConfig = {
  name: "",
  value: "",
};

export const DEFAULT_CREATABLE_TOPIC: CreatableTopic = {
  name: "",
  numPartitions: 0,
  replicationFactor: 0,
  assignments: [],
  configs: [],
};

export const DEFAULT_CREATE_TOPICS_REQUEST: CreateTopicsRequest = {
  topics: [],
  timeoutMs: 60000,
  validateOnly: false,
};

export function readCreateTopicsRequest(reader: Reader, version: number): CreateTopicsRequest {
  if (version < 2 || version > 7) throw unsupportedVersion("CreateTopicsRequest", version);
  const flexible = version >= 5;
  const message: Mutable<CreateTopicsRequest> = {
    topics: (flexible ? readCreatableTopicArray(reader, version, reader.compactArrayLength(10)) : readCreatableTopicArray(reader, version, reader.arrayLength(16))),
    timeoutMs: reader.int32(),
    validateOnly: reader.bool(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readCreatableTopic(reader: Reader, version: number): CreatableTopic {
  const flexible = version >= 5;
  const message: Mutable<CreatableTopic> = {
    name: (flexible ? reader.compactString() : reader.string()),
    numPartitions: reader.int32(),
    replicationFactor: reader.int16(),
    assignments: (flexible ? readCreatableReplicaAssignmentArray(reader, version, reader.compactArrayLength(6)) : readCreatableReplicaAssignmentArray(reader, version, reader.arrayLength(8))),
    configs: (flexible ? readCreatableTopicConfigArray(reader, version, reader.compactArrayLength(3)) : readCreatableTopicConfigArray(reader, version, reader.arrayLength(4))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readCreatableTopicArray(reader: Reader, version: number, count: number): CreatableTopic[] {
  const values: CreatableTopic[] = [];
  for (let index = 0; index < count; index++) values.push(readCreatableTopic(reader, version));
  return values;
}

function readCreatableTopicConfig(reader: Reader, version: number): CreatableTopicConfig {
  const flexible = version >= 5;
  const message: Mutable<CreatableTopicConfig> = {
    name: (flexible ? reader.compactString() : reader.string()),
    value: (flexible ? reader.compactNullableString() : reader.nullableString()),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readCreatableTopicConfigArray(reader: Reader, version: number, count: number): CreatableTopicConfig[] {
  const values: CreatableTopicConfig[] = [];
  for (let index = 0; index < count; index++) values.push(readCreatableTopicConfig(reader, version));
  return values;
}

function readCreatableReplicaAssignment(reader: Reader, version: number): CreatableReplicaAssignment {
  const flexible = version >= 5;
  const message: Mutable<CreatableReplicaAssignment> = {
    partitionIndex: reader.int32(),
    brokerIds: (flexible ? readInt32Array(reader, reader.compactArrayLength(4)) : readInt32Array(reader, reader.arrayLength(4))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readCreatableReplicaAssignmentArray(reader: Reader, version: number, count: number): CreatableReplicaAssignment[] {
  const values: CreatableReplicaAssignment[] = [];
  for (let index = 0; index < count; index++) values.push(readCreatableReplicaAssignment(reader, version));
  return values;
}

export function writeCreateTopicsRequest(writer: Writer, message: CreateTopicsRequest, version: number): void {
  if (version < 2 || version > 7) throw unsupportedVersion("CreateTopicsRequest", version);
  const flexible = version >= 5;
  if (flexible) {
    writer.compactArrayLength(message.topics.length);
    for (const value of message.topics) writeCreatableTopic(writer, value, version);
  } else {
    writer.arrayLength(message.topics.length);
    for (const value of message.topics) writeCreatableTopic(writer, value, version);
  }
  writer.int32(message.timeoutMs);
  writer.bool(message.validateOnly);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("CreateTopicsRequest.unknownTaggedFields", version);
  }
}

function writeCreatableTopic(writer: Writer, message: CreatableTopic, version: number): void {
  const flexible = version >= 5;
  if (flexible) {
    writer.compactString(message.name);
  } else {
    writer.string(message.name);
  }
  writer.int32(message.numPartitions);
  writer.int16(message.replicationFactor);
  if (flexible) {
    writer.compactArrayLength(message.assignments.length);
    for (const value of message.assignments) writeCreatableReplicaAssignment(writer, value, version);
  } else {
    writer.arrayLength(message.assignments.length);
    for (const value of message.assignments) writeCreatableReplicaAssignment(writer, value, version);
  }
  if (flexible) {
    writer.compactArrayLength(message.configs.length);
    for (const value of message.configs) writeCreatableTopicConfig(writer, value, version);
  } else {
    writer.arrayLength(message.configs.length);
    for (const value of message.configs) writeCreatableTopicConfig(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("CreatableTopic.unknownTaggedFields", version);
  }
}

function writeCreatableTopicConfig(writer: Writer, message: CreatableTopicConfig, version: number): void {
  const flexible = version >= 5;
  if (flexible) {
    writer.compactString(message.name);
  } else {
    writer.string(message.name);
  }
  if (flexible) {
    writer.compactNullableString(message.value);
  } else {
    writer.nullableString(message.value);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("CreatableTopicConfig.unknownTaggedFields", version);
  }
}

function writeCreatableReplicaAssignment(writer: Writer, message: CreatableReplicaAssignment, version: number): void {
  const flexible = version >= 5;
  writer.int32(message.partitionIndex);
  if (flexible) {
    writer.compactArrayLength(message.brokerIds.length);
    writeInt32Array(writer, message.brokerIds);
  } else {
    writer.arrayLength(message.brokerIds.length);
    writeInt32Array(writer, message.brokerIds);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("CreatableReplicaAssignment.unknownTaggedFields", version);
  }
}
