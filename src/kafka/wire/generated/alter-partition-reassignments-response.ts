// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** AlterPartitionReassignmentsResponse: versions 0 to 1, flexible from 0. */
export const ALTER_PARTITION_REASSIGNMENTS_RESPONSE: MessageCodec<AlterPartitionReassignmentsResponse> = {
  name: "AlterPartitionReassignmentsResponse",
  apiKey: 45,
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 0,
  read: readAlterPartitionReassignmentsResponse,
  write: writeAlterPartitionReassignmentsResponse,
};

export interface AlterPartitionReassignmentsResponse {
  readonly throttleTimeMs: number;
  /** In versions 1 and up. */
  readonly allowReplicationFactorChange: boolean;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly responses: readonly ReassignableTopicResponse[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface ReassignableTopicResponse {
  readonly name: string;
  readonly partitions: readonly ReassignablePartitionResponse[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface ReassignablePartitionResponse {
  readonly partitionIndex: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_REASSIGNABLE_PARTITION_RESPONSE: ReassignablePartitionResponse = {
  partitionIndex: 0,
  errorCode: 0,
  errorMessage: "",
};

export const DEFAULT_REASSIGNABLE_TOPIC_RESPONSE: ReassignableTopicResponse = {
  name: "",
  partitions: [],
};

export const DEFAULT_ALTER_PARTITION_REASSIGNMENTS_RESPONSE: AlterPartitionReassignmentsResponse = {
  throttleTimeMs: 0,
  allowReplicationFactorChange: true,
  errorCode: 0,
  errorMessage: "",
  responses: [],
};

export function readAlterPartitionReassignmentsResponse(reader: Reader, version: number): AlterPartitionReassignmentsResponse {
  if (version < 0 || version > 1) throw unsupportedVersion("AlterPartitionReassignmentsResponse", version);
  const message: Mutable<AlterPartitionReassignmentsResponse> = {
    throttleTimeMs: reader.int32(),
    allowReplicationFactorChange: (version >= 1 ? reader.bool() : true),
    errorCode: reader.int16(),
    errorMessage: reader.compactNullableString(),
    responses: readReassignableTopicResponseArray(reader, version, reader.compactArrayLength(3)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readReassignableTopicResponse(reader: Reader, version: number): ReassignableTopicResponse {
  const message: Mutable<ReassignableTopicResponse> = {
    name: reader.compactString(),
    partitions: readReassignablePartitionResponseArray(reader, version, reader.compactArrayLength(8)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readReassignableTopicResponseArray(reader: Reader, version: number, count: number): ReassignableTopicResponse[] {
  const values: ReassignableTopicResponse[] = [];
  for (let index = 0; index < count; index++) values.push(readReassignableTopicResponse(reader, version));
  return values;
}

function readReassignablePartitionResponse(reader: Reader, _version: number): ReassignablePartitionResponse {
  const message: Mutable<ReassignablePartitionResponse> = {
    partitionIndex: reader.int32(),
    errorCode: reader.int16(),
    errorMessage: reader.compactNullableString(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readReassignablePartitionResponseArray(reader: Reader, version: number, count: number): ReassignablePartitionResponse[] {
  const values: ReassignablePartitionResponse[] = [];
  for (let index = 0; index < count; index++) values.push(readReassignablePartitionResponse(reader, version));
  return values;
}

export function writeAlterPartitionReassignmentsResponse(writer: Writer, message: AlterPartitionReassignmentsResponse, version: number): void {
  if (version < 0 || version > 1) throw unsupportedVersion("AlterPartitionReassignmentsResponse", version);
  writer.int32(message.throttleTimeMs);
  if (version >= 1) {
    writer.bool(message.allowReplicationFactorChange);
  }
  writer.int16(message.errorCode);
  writer.compactNullableString(message.errorMessage);
  writer.compactArrayLength(message.responses.length);
  for (const value of message.responses) writeReassignableTopicResponse(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeReassignableTopicResponse(writer: Writer, message: ReassignableTopicResponse, version: number): void {
  writer.compactString(message.name);
  writer.compactArrayLength(message.partitions.length);
  for (const value of message.partitions) writeReassignablePartitionResponse(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeReassignablePartitionResponse(writer: Writer, message: ReassignablePartitionResponse, _version: number): void {
  writer.int32(message.partitionIndex);
  writer.int16(message.errorCode);
  writer.compactNullableString(message.errorMessage);
  writer.taggedFields(message.unknownTaggedFields);
}
