// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { readInt32Array, writeInt32Array } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** CreatePartitionsRequest: versions 0 to 3, flexible from 2. */
export const CREATE_PARTITIONS_REQUEST: MessageCodec<CreatePartitionsRequest> = {
  name: "CreatePartitionsRequest",
  apiKey: 37,
  minVersion: 0,
  maxVersion: 3,
  flexibleFrom: 2,
  read: readCreatePartitionsRequest,
  write: writeCreatePartitionsRequest,
};

export interface CreatePartitionsRequest {
  readonly topics: readonly CreatePartitionsTopic[];
  readonly timeoutMs: number;
  readonly validateOnly: boolean;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface CreatePartitionsTopic {
  readonly name: string;
  readonly count: number;
  readonly assignments: readonly CreatePartitionsAssignment[] | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface CreatePartitionsAssignment {
  readonly brokerIds: readonly number[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_CREATE_PARTITIONS_ASSIGNMENT: CreatePartitionsAssignment = {
  brokerIds: [],
};

export const DEFAULT_CREATE_PARTITIONS_TOPIC: CreatePartitionsTopic = {
  name: "",
  count: 0,
  assignments: [],
};

export const DEFAULT_CREATE_PARTITIONS_REQUEST: CreatePartitionsRequest = {
  topics: [],
  timeoutMs: 0,
  validateOnly: false,
};

export function readCreatePartitionsRequest(reader: Reader, version: number): CreatePartitionsRequest {
  if (version < 0 || version > 3) throw unsupportedVersion("CreatePartitionsRequest", version);
  const flexible = version >= 2;
  const message: Mutable<CreatePartitionsRequest> = {
    topics: (flexible ? readCreatePartitionsTopicArray(reader, version, reader.compactArrayLength(7)) : readCreatePartitionsTopicArray(reader, version, reader.arrayLength(10))),
    timeoutMs: reader.int32(),
    validateOnly: reader.bool(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readCreatePartitionsTopic(reader: Reader, version: number): CreatePartitionsTopic {
  const flexible = version >= 2;
  const message: Mutable<CreatePartitionsTopic> = {
    name: (flexible ? reader.compactString() : reader.string()),
    count: reader.int32(),
    assignments: (flexible ? readNullableCreatePartitionsAssignmentArray(reader, version, reader.compactNullableArrayLength(2)) : readNullableCreatePartitionsAssignmentArray(reader, version, reader.nullableArrayLength(4))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readCreatePartitionsTopicArray(reader: Reader, version: number, count: number): CreatePartitionsTopic[] {
  const values: CreatePartitionsTopic[] = [];
  for (let index = 0; index < count; index++) values.push(readCreatePartitionsTopic(reader, version));
  return values;
}

function readCreatePartitionsAssignment(reader: Reader, version: number): CreatePartitionsAssignment {
  const flexible = version >= 2;
  const message: Mutable<CreatePartitionsAssignment> = {
    brokerIds: (flexible ? readInt32Array(reader, reader.compactArrayLength(4)) : readInt32Array(reader, reader.arrayLength(4))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readCreatePartitionsAssignmentArray(reader: Reader, version: number, count: number): CreatePartitionsAssignment[] {
  const values: CreatePartitionsAssignment[] = [];
  for (let index = 0; index < count; index++) values.push(readCreatePartitionsAssignment(reader, version));
  return values;
}

function readNullableCreatePartitionsAssignmentArray(reader: Reader, version: number, count: number): CreatePartitionsAssignment[] | null {
  return count === -1 ? null : readCreatePartitionsAssignmentArray(reader, version, count);
}

export function writeCreatePartitionsRequest(writer: Writer, message: CreatePartitionsRequest, version: number): void {
  if (version < 0 || version > 3) throw unsupportedVersion("CreatePartitionsRequest", version);
  const flexible = version >= 2;
  if (flexible) {
    writer.compactArrayLength(message.topics.length);
    for (const value of message.topics) writeCreatePartitionsTopic(writer, value, version);
  } else {
    writer.arrayLength(message.topics.length);
    for (const value of message.topics) writeCreatePartitionsTopic(writer, value, version);
  }
  writer.int32(message.timeoutMs);
  writer.bool(message.validateOnly);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("CreatePartitionsRequest.unknownTaggedFields", version);
  }
}

function writeCreatePartitionsTopic(writer: Writer, message: CreatePartitionsTopic, version: number): void {
  const flexible = version >= 2;
  if (flexible) {
    writer.compactString(message.name);
  } else {
    writer.string(message.name);
  }
  writer.int32(message.count);
  if (flexible) {
    if (message.assignments === null) writer.compactArrayLength(-1);
    else {
      writer.compactArrayLength(message.assignments.length);
      for (const value of message.assignments) writeCreatePartitionsAssignment(writer, value, version);
    }
  } else {
    if (message.assignments === null) writer.arrayLength(-1);
    else {
      writer.arrayLength(message.assignments.length);
      for (const value of message.assignments) writeCreatePartitionsAssignment(writer, value, version);
    }
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("CreatePartitionsTopic.unknownTaggedFields", version);
  }
}

function writeCreatePartitionsAssignment(writer: Writer, message: CreatePartitionsAssignment, version: number): void {
  const flexible = version >= 2;
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
    throw unsupportedField("CreatePartitionsAssignment.unknownTaggedFields", version);
  }
}
