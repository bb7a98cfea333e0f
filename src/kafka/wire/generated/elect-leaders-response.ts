// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ElectLeadersResponse: versions 0 to 2, flexible from 2. */
export const ELECT_LEADERS_RESPONSE: MessageCodec<ElectLeadersResponse> = {
  name: "ElectLeadersResponse",
  apiKey: 43,
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 2,
  read: readElectLeadersResponse,
  write: writeElectLeadersResponse,
};

export interface ElectLeadersResponse {
  readonly throttleTimeMs: number;
  /** In versions 1 and up. */
  readonly errorCode: number;
  readonly replicaElectionResults: readonly ReplicaElectionResult[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface ReplicaElectionResult {
  readonly topic: string;
  readonly partitionResult: readonly PartitionResult[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface PartitionResult {
  readonly partitionId: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_PARTITION_RESULT: PartitionResult = {
  partitionId: 0,
  errorCode: 0,
  errorMessage: "",
};

export const DEFAULT_REPLICA_ELECTION_RESULT: ReplicaElectionResult = {
  topic: "",
  partitionResult: [],
};

export const DEFAULT_ELECT_LEADERS_RESPONSE: ElectLeadersResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  replicaElectionResults: [],
};

export function readElectLeadersResponse(reader: Reader, version: number): ElectLeadersResponse {
  if (version < 0 || version > 2) throw unsupportedVersion("ElectLeadersResponse", version);
  const flexible = version >= 2;
  const message: Mutable<ElectLeadersResponse> = {
    throttleTimeMs: reader.int32(),
    errorCode: (version >= 1 ? reader.int16() : 0),
    replicaElectionResults: (flexible ? readReplicaElectionResultArray(reader, version, reader.compactArrayLength(3)) : readReplicaElectionResultArray(reader, version, reader.arrayLength(6))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readReplicaElectionResult(reader: Reader, version: number): ReplicaElectionResult {
  const flexible = version >= 2;
  const message: Mutable<ReplicaElectionResult> = {
    topic: (flexible ? reader.compactString() : reader.string()),
    partitionResult: (flexible ? readPartitionResultArray(reader, version, reader.compactArrayLength(8)) : readPartitionResultArray(reader, version, reader.arrayLength(8))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readReplicaElectionResultArray(reader: Reader, version: number, count: number): ReplicaElectionResult[] {
  const values: ReplicaElectionResult[] = [];
  for (let index = 0; index < count; index++) values.push(readReplicaElectionResult(reader, version));
  return values;
}

function readPartitionResult(reader: Reader, version: number): PartitionResult {
  const flexible = version >= 2;
  const message: Mutable<PartitionResult> = {
    partitionId: reader.int32(),
    errorCode: reader.int16(),
    errorMessage: (flexible ? reader.compactNullableString() : reader.nullableString()),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readPartitionResultArray(reader: Reader, version: number, count: number): PartitionResult[] {
  const values: PartitionResult[] = [];
  for (let index = 0; index < count; index++) values.push(readPartitionResult(reader, version));
  return values;
}

export function writeElectLeadersResponse(writer: Writer, message: ElectLeadersResponse, version: number): void {
  if (version < 0 || version > 2) throw unsupportedVersion("ElectLeadersResponse", version);
  const flexible = version >= 2;
  writer.int32(message.throttleTimeMs);
  if (version >= 1) {
    writer.int16(message.errorCode);
  } else if (message.errorCode !== 0) {
    throw unsupportedField("ElectLeadersResponse.errorCode", version);
  }
  if (flexible) {
    writer.compactArrayLength(message.replicaElectionResults.length);
    for (const value of message.replicaElectionResults) writeReplicaElectionResult(writer, value, version);
  } else {
    writer.arrayLength(message.replicaElectionResults.length);
    for (const value of message.replicaElectionResults) writeReplicaElectionResult(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("ElectLeadersResponse.unknownTaggedFields", version);
  }
}

function writeReplicaElectionResult(writer: Writer, message: ReplicaElectionResult, version: number): void {
  const flexible = version >= 2;
  if (flexible) {
    writer.compactString(message.topic);
  } else {
    writer.string(message.topic);
  }
  if (flexible) {
    writer.compactArrayLength(message.partitionResult.length);
    for (const value of message.partitionResult) writePartitionResult(writer, value, version);
  } else {
    writer.arrayLength(message.partitionResult.length);
    for (const value of message.partitionResult) writePartitionResult(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("ReplicaElectionResult.unknownTaggedFields", version);
  }
}

function writePartitionResult(writer: Writer, message: PartitionResult, version: number): void {
  const flexible = version >= 2;
  writer.int32(message.partitionId);
  writer.int16(message.errorCode);
  if (flexible) {
    writer.compactNullableString(message.errorMessage);
  } else {
    writer.nullableString(message.errorMessage);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("PartitionResult.unknownTaggedFields", version);
  }
}
