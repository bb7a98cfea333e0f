// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { readInt32Array, writeInt32Array } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ListPartitionReassignmentsRequest: version 0, flexible from 0. */
export const LIST_PARTITION_REASSIGNMENTS_REQUEST: MessageCodec<ListPartitionReassignmentsRequest> = {
  name: "ListPartitionReassignmentsRequest",
  apiKey: 46,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readListPartitionReassignmentsRequest,
  write: writeListPartitionReassignmentsRequest,
};

export interface ListPartitionReassignmentsRequest {
  readonly timeoutMs: number;
  readonly topics: readonly ListPartitionReassignmentsTopics[] | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface ListPartitionReassignmentsTopics {
  readonly name: string;
  readonly partitionIndexes: readonly number[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_LIST_PARTITION_REASSIGNMENTS_TOPICS: ListPartitionReassignmentsTopics = {
  name: "",
  partitionIndexes: [],
};

export const DEFAULT_LIST_PARTITION_REASSIGNMENTS_REQUEST: ListPartitionReassignmentsRequest = {
  timeoutMs: 60000,
  topics: null,
};

export function readListPartitionReassignmentsRequest(reader: Reader, version: number): ListPartitionReassignmentsRequest {
  if (version < 0 || version > 0) throw unsupportedVersion("ListPartitionReassignmentsRequest", version);
  const message: Mutable<ListPartitionReassignmentsRequest> = {
    timeoutMs: reader.int32(),
    topics: readNullableListPartitionReassignmentsTopicsArray(reader, version, reader.compactNullableArrayLength(3)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readListPartitionReassignmentsTopics(reader: Reader, _version: number): ListPartitionReassignmentsTopics {
  const message: Mutable<ListPartitionReassignmentsTopics> = {
    name: reader.compactString(),
    partitionIndexes: readInt32Array(reader, reader.compactArrayLength(4)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readListPartitionReassignmentsTopicsArray(reader: Reader, version: number, count: number): ListPartitionReassignmentsTopics[] {
  const values: ListPartitionReassignmentsTopics[] = [];
  for (let index = 0; index < count; index++) values.push(readListPartitionReassignmentsTopics(reader, version));
  return values;
}

function readNullableListPartitionReassignmentsTopicsArray(reader: Reader, version: number, count: number): ListPartitionReassignmentsTopics[] | null {
  return count === -1 ? null : readListPartitionReassignmentsTopicsArray(reader, version, count);
}

export function writeListPartitionReassignmentsRequest(writer: Writer, message: ListPartitionReassignmentsRequest, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ListPartitionReassignmentsRequest", version);
  writer.int32(message.timeoutMs);
  if (message.topics === null) writer.compactArrayLength(-1);
  else {
    writer.compactArrayLength(message.topics.length);
    for (const value of message.topics) writeListPartitionReassignmentsTopics(writer, value, version);
  }
  writer.taggedFields(message.unknownTaggedFields);
}

function writeListPartitionReassignmentsTopics(writer: Writer, message: ListPartitionReassignmentsTopics, _version: number): void {
  writer.compactString(message.name);
  writer.compactArrayLength(message.partitionIndexes.length);
  writeInt32Array(writer, message.partitionIndexes);
  writer.taggedFields(message.unknownTaggedFields);
}
