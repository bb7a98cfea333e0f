// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** TxnOffsetCommitResponse: versions 0 to 6, flexible from 3. */
export const TXN_OFFSET_COMMIT_RESPONSE: MessageCodec<TxnOffsetCommitResponse> = {
  name: "TxnOffsetCommitResponse",
  apiKey: 28,
  minVersion: 0,
  maxVersion: 6,
  flexibleFrom: 3,
  read: readTxnOffsetCommitResponse,
  write: writeTxnOffsetCommitResponse,
};

export interface TxnOffsetCommitResponse {
  readonly throttleTimeMs: number;
  readonly topics: readonly TxnOffsetCommitResponseTopic[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TxnOffsetCommitResponseTopic {
  /** In versions 0 to 5. */
  readonly name: string;
  /** In versions 6 and up. */
  readonly topicId: Uuid;
  readonly partitions: readonly TxnOffsetCommitResponsePartition[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TxnOffsetCommitResponsePartition {
  readonly partitionIndex: number;
  readonly errorCode: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_TXN_OFFSET_COMMIT_RESPONSE_PARTITION: TxnOffsetCommitResponsePartition = {
  partitionIndex: 0,
  errorCode: 0,
};

export const DEFAULT_TXN_OFFSET_COMMIT_RESPONSE_TOPIC: TxnOffsetCommitResponseTopic = {
  name: "",
  topicId: ZERO_UUID,
  partitions: [],
};

export const DEFAULT_TXN_OFFSET_COMMIT_RESPONSE: TxnOffsetCommitResponse = {
  throttleTimeMs: 0,
  topics: [],
};

export function readTxnOffsetCommitResponse(reader: Reader, version: number): TxnOffsetCommitResponse {
  if (version < 0 || version > 6) throw unsupportedVersion("TxnOffsetCommitResponse", version);
  const flexible = version >= 3;
  const message: Mutable<TxnOffsetCommitResponse> = {
    throttleTimeMs: reader.int32(),
    topics: (flexible ? readTxnOffsetCommitResponseTopicArray(reader, version, reader.compactArrayLength(3)) : readTxnOffsetCommitResponseTopicArray(reader, version, reader.arrayLength(6))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readTxnOffsetCommitResponseTopic(reader: Reader, version: number): TxnOffsetCommitResponseTopic {
  const flexible = version >= 3;
  const message: Mutable<TxnOffsetCommitResponseTopic> = {
    name: (version <= 5 ? (flexible ? reader.compactString() : reader.string()) : ""),
    topicId: (version >= 6 ? reader.uuid() : ZERO_UUID),
    partitions: (flexible ? readTxnOffsetCommitResponsePartitionArray(reader, version, reader.compactArrayLength(7)) : readTxnOffsetCommitResponsePartitionArray(reader, version, reader.arrayLength(6))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readTxnOffsetCommitResponseTopicArray(reader: Reader, version: number, count: number): TxnOffsetCommitResponseTopic[] {
  const values: TxnOffsetCommitResponseTopic[] = [];
  for (let index = 0; index < count; index++) values.push(readTxnOffsetCommitResponseTopic(reader, version));
  return values;
}

function readTxnOffsetCommitResponsePartition(reader: Reader, version: number): TxnOffsetCommitResponsePartition {
  const flexible = version >= 3;
  const message: Mutable<TxnOffsetCommitResponsePartition> = {
    partitionIndex: reader.int32(),
    errorCode: reader.int16(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readTxnOffsetCommitResponsePartitionArray(reader: Reader, version: number, count: number): TxnOffsetCommitResponsePartition[] {
  const values: TxnOffsetCommitResponsePartition[] = [];
  for (let index = 0; index < count; index++) values.push(readTxnOffsetCommitResponsePartition(reader, version));
  return values;
}

export function writeTxnOffsetCommitResponse(writer: Writer, message: TxnOffsetCommitResponse, version: number): void {
  if (version < 0 || version > 6) throw unsupportedVersion("TxnOffsetCommitResponse", version);
  const flexible = version >= 3;
  writer.int32(message.throttleTimeMs);
  if (flexible) {
    writer.compactArrayLength(message.topics.length);
    for (const value of message.topics) writeTxnOffsetCommitResponseTopic(writer, value, version);
  } else {
    writer.arrayLength(message.topics.length);
    for (const value of message.topics) writeTxnOffsetCommitResponseTopic(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("TxnOffsetCommitResponse.unknownTaggedFields", version);
  }
}

function writeTxnOffsetCommitResponseTopic(writer: Writer, message: TxnOffsetCommitResponseTopic, version: number): void {
  const flexible = version >= 3;
  if (version <= 5) {
    if (flexible) {
      writer.compactString(message.name);
    } else {
      writer.string(message.name);
    }
  }
  if (version >= 6) {
    writer.uuid(message.topicId);
  }
  if (flexible) {
    writer.compactArrayLength(message.partitions.length);
    for (const value of message.partitions) writeTxnOffsetCommitResponsePartition(writer, value, version);
  } else {
    writer.arrayLength(message.partitions.length);
    for (const value of message.partitions) writeTxnOffsetCommitResponsePartition(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("TxnOffsetCommitResponseTopic.unknownTaggedFields", version);
  }
}

function writeTxnOffsetCommitResponsePartition(writer: Writer, message: TxnOffsetCommitResponsePartition, version: number): void {
  const flexible = version >= 3;
  writer.int32(message.partitionIndex);
  writer.int16(message.errorCode);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("TxnOffsetCommitResponsePartition.unknownTaggedFields", version);
  }
}
