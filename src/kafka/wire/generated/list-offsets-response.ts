// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ListOffsetsResponse: versions 1 to 11, flexible from 6. */
export const LIST_OFFSETS_RESPONSE: MessageCodec<ListOffsetsResponse> = {
  name: "ListOffsetsResponse",
  apiKey: 2,
  minVersion: 1,
  maxVersion: 11,
  flexibleFrom: 6,
  read: readListOffsetsResponse,
  write: writeListOffsetsResponse,
};

export interface ListOffsetsResponse {
  /** In versions 2 and up. */
  readonly throttleTimeMs: number;
  readonly topics: readonly ListOffsetsTopicResponse[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface ListOffsetsTopicResponse {
  readonly name: string;
  readonly partitions: readonly ListOffsetsPartitionResponse[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface ListOffsetsPartitionResponse {
  readonly partitionIndex: number;
  readonly errorCode: number;
  readonly timestamp: Int64;
  readonly offset: Int64;
  /** In versions 4 and up. */
  readonly leaderEpoch: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_LIST_OFFSETS_PARTITION_RESPONSE: ListOffsetsPartitionResponse = {
  partitionIndex: 0,
  errorCode: 0,
  timestamp: -1,
  offset: -1,
  leaderEpoch: -1,
};

export const DEFAULT_LIST_OFFSETS_TOPIC_RESPONSE: ListOffsetsTopicResponse = {
  name: "",
  partitions: [],
};

export const DEFAULT_LIST_OFFSETS_RESPONSE: ListOffsetsResponse = {
  throttleTimeMs: 0,
  topics: [],
};

export function readListOffsetsResponse(reader: Reader, version: number): ListOffsetsResponse {
  if (version < 1 || version > 11) throw unsupportedVersion("ListOffsetsResponse", version);
  const flexible = version >= 6;
  const message: Mutable<ListOffsetsResponse> = {
    throttleTimeMs: (version >= 2 ? reader.int32() : 0),
    topics: (flexible ? readListOffsetsTopicResponseArray(reader, version, reader.compactArrayLength(3)) : readListOffsetsTopicResponseArray(reader, version, reader.arrayLength(6))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readListOffsetsTopicResponse(reader: Reader, version: number): ListOffsetsTopicResponse {
  const flexible = version >= 6;
  const message: Mutable<ListOffsetsTopicResponse> = {
    name: (flexible ? reader.compactString() : reader.string()),
    partitions: (flexible ? readListOffsetsPartitionResponseArray(reader, version, reader.compactArrayLength(27)) : readListOffsetsPartitionResponseArray(reader, version, reader.arrayLength(22))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readListOffsetsTopicResponseArray(reader: Reader, version: number, count: number): ListOffsetsTopicResponse[] {
  const values: ListOffsetsTopicResponse[] = [];
  for (let index = 0; index < count; index++) values.push(readListOffsetsTopicResponse(reader, version));
  return values;
}

function readListOffsetsPartitionResponse(reader: Reader, version: number): ListOffsetsPartitionResponse {
  const flexible = version >= 6;
  const message: Mutable<ListOffsetsPartitionResponse> = {
    partitionIndex: reader.int32(),
    errorCode: reader.int16(),
    timestamp: reader.int64(),
    offset: reader.int64(),
    leaderEpoch: (version >= 4 ? reader.int32() : -1),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readListOffsetsPartitionResponseArray(reader: Reader, version: number, count: number): ListOffsetsPartitionResponse[] {
  const values: ListOffsetsPartitionResponse[] = [];
  for (let index = 0; index < count; index++) values.push(readListOffsetsPartitionResponse(reader, version));
  return values;
}

export function writeListOffsetsResponse(writer: Writer, message: ListOffsetsResponse, version: number): void {
  if (version < 1 || version > 11) throw unsupportedVersion("ListOffsetsResponse", version);
  const flexible = version >= 6;
  if (version >= 2) {
    writer.int32(message.throttleTimeMs);
  }
  if (flexible) {
    writer.compactArrayLength(message.topics.length);
    for (const value of message.topics) writeListOffsetsTopicResponse(writer, value, version);
  } else {
    writer.arrayLength(message.topics.length);
    for (const value of message.topics) writeListOffsetsTopicResponse(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("ListOffsetsResponse.unknownTaggedFields", version);
  }
}

function writeListOffsetsTopicResponse(writer: Writer, message: ListOffsetsTopicResponse, version: number): void {
  const flexible = version >= 6;
  if (flexible) {
    writer.compactString(message.name);
  } else {
    writer.string(message.name);
  }
  if (flexible) {
    writer.compactArrayLength(message.partitions.length);
    for (const value of message.partitions) writeListOffsetsPartitionResponse(writer, value, version);
  } else {
    writer.arrayLength(message.partitions.length);
    for (const value of message.partitions) writeListOffsetsPartitionResponse(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("ListOffsetsTopicResponse.unknownTaggedFields", version);
  }
}

function writeListOffsetsPartitionResponse(writer: Writer, message: ListOffsetsPartitionResponse, version: number): void {
  const flexible = version >= 6;
  writer.int32(message.partitionIndex);
  writer.int16(message.errorCode);
  writer.int64(message.timestamp);
  writer.int64(message.offset);
  if (version >= 4) {
    writer.int32(message.leaderEpoch);
  } else if (message.leaderEpoch !== -1) {
    throw unsupportedField("ListOffsetsPartitionResponse.leaderEpoch", version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("ListOffsetsPartitionResponse.unknownTaggedFields", version);
  }
}
