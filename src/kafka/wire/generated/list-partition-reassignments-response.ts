// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { readInt32Array, writeInt32Array } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ListPartitionReassignmentsResponse: version 0, flexible from 0. */
export const LIST_PARTITION_REASSIGNMENTS_RESPONSE: MessageCodec<ListPartitionReassignmentsResponse> = {
  name: "ListPartitionReassignmentsResponse",
  apiKey: 46,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readListPartitionReassignmentsResponse,
  write: writeListPartitionReassignmentsResponse,
};

export interface ListPartitionReassignmentsResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly topics: readonly OngoingTopicReassignment[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface OngoingTopicReassignment {
  readonly name: string;
  readonly partitions: readonly OngoingPartitionReassignment[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface OngoingPartitionReassignment {
  readonly partitionIndex: number;
  readonly replicas: readonly number[];
  readonly addingReplicas: readonly number[];
  readonly removingReplicas: readonly number[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_ONGOING_PARTITION_REASSIGNMENT: OngoingPartitionReassignment = {
  partitionIndex: 0,
  replicas: [],
  addingReplicas: [],
  removingReplicas: [],
};

export const DEFAULT_ONGOING_TOPIC_REASSIGNMENT: OngoingTopicReassignment = {
  name: "",
  partitions: [],
};

export const DEFAULT_LIST_PARTITION_REASSIGNMENTS_RESPONSE: ListPartitionReassignmentsResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  errorMessage: "",
  topics: [],
};

export function readListPartitionReassignmentsResponse(reader: Reader, version: number): ListPartitionReassignmentsResponse {
  if (version < 0 || version > 0) throw unsupportedVersion("ListPartitionReassignmentsResponse", version);
  const message: Mutable<ListPartitionReassignmentsResponse> = {
    throttleTimeMs: reader.int32(),
    errorCode: reader.int16(),
    errorMessage: reader.compactNullableString(),
    topics: readOngoingTopicReassignmentArray(reader, version, reader.compactArrayLength(3)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readOngoingTopicReassignment(reader: Reader, version: number): OngoingTopicReassignment {
  const message: Mutable<OngoingTopicReassignment> = {
    name: reader.compactString(),
    partitions: readOngoingPartitionReassignmentArray(reader, version, reader.compactArrayLength(8)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readOngoingTopicReassignmentArray(reader: Reader, version: number, count: number): OngoingTopicReassignment[] {
  const values: OngoingTopicReassignment[] = [];
  for (let index = 0; index < count; index++) values.push(readOngoingTopicReassignment(reader, version));
  return values;
}

function readOngoingPartitionReassignment(reader: Reader, _version: number): OngoingPartitionReassignment {
  const message: Mutable<OngoingPartitionReassignment> = {
    partitionIndex: reader.int32(),
    replicas: readInt32Array(reader, reader.compactArrayLength(4)),
    addingReplicas: readInt32Array(reader, reader.compactArrayLength(4)),
    removingReplicas: readInt32Array(reader, reader.compactArrayLength(4)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readOngoingPartitionReassignmentArray(reader: Reader, version: number, count: number): OngoingPartitionReassignment[] {
  const values: OngoingPartitionReassignment[] = [];
  for (let index = 0; index < count; index++) values.push(readOngoingPartitionReassignment(reader, version));
  return values;
}

export function writeListPartitionReassignmentsResponse(writer: Writer, message: ListPartitionReassignmentsResponse, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ListPartitionReassignmentsResponse", version);
  writer.int32(message.throttleTimeMs);
  writer.int16(message.errorCode);
  writer.compactNullableString(message.errorMessage);
  writer.compactArrayLength(message.topics.length);
  for (const value of message.topics) writeOngoingTopicReassignment(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeOngoingTopicReassignment(writer: Writer, message: OngoingTopicReassignment, version: number): void {
  writer.compactString(message.name);
  writer.compactArrayLength(message.partitions.length);
  for (const value of message.partitions) writeOngoingPartitionReassignment(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeOngoingPartitionReassignment(writer: Writer, message: OngoingPartitionReassignment, _version: number): void {
  writer.int32(message.partitionIndex);
  writer.compactArrayLength(message.replicas.length);
  writeInt32Array(writer, message.replicas);
  writer.compactArrayLength(message.addingReplicas.length);
  writeInt32Array(writer, message.addingReplicas);
  writer.compactArrayLength(message.removingReplicas.length);
  writeInt32Array(writer, message.removingReplicas);
  writer.taggedFields(message.unknownTaggedFields);
}
