// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Int64, type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** TxnOffsetCommitRequest: versions 0 to 6, flexible from 3. */
export const TXN_OFFSET_COMMIT_REQUEST: MessageCodec<TxnOffsetCommitRequest> = {
  name: "TxnOffsetCommitRequest",
  apiKey: 28,
  minVersion: 0,
  maxVersion: 6,
  flexibleFrom: 3,
  read: readTxnOffsetCommitRequest,
  write: writeTxnOffsetCommitRequest,
};

export interface TxnOffsetCommitRequest {
  readonly transactionalId: string;
  readonly groupId: string;
  readonly producerId: Int64;
  readonly producerEpoch: number;
  /** In versions 3 and up. */
  readonly generationIdOrMemberEpoch: number;
  /** In versions 3 and up. */
  readonly memberId: string;
  /** In versions 3 and up. */
  readonly groupInstanceId: string | null;
  readonly topics: readonly TxnOffsetCommitRequestTopic[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TxnOffsetCommitRequestTopic {
  /** In versions 0 to 5. */
  readonly name: string;
  /** In versions 6 and up. */
  readonly topicId: Uuid;
  readonly partitions: readonly TxnOffsetCommitRequestPartition[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TxnOffsetCommitRequestPartition {
  readonly partitionIndex: number;
  readonly committedOffset: Int64;
  /** In versions 2 and up. */
  readonly committedLeaderEpoch: number;
  readonly committedMetadata: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_TXN_OFFSET_COMMIT_REQUEST_PARTITION: TxnOffsetCommitRequestPartition = {
  partitionIndex: 0,
  committedOffset: 0,
  committedLeaderEpoch: -1,
  committedMetadata: "",
};

export const DEFAULT_TXN_OFFSET_COMMIT_REQUEST_TOPIC: TxnOffsetCommitRequestTopic = {
  name: "",
  topicId: ZERO_UUID,
  partitions: [],
};

export const DEFAULT_TXN_OFFSET_COMMIT_REQUEST: TxnOffsetCommitRequest = {
  transactionalId: "",
  groupId: "",
  producerId: 0,
  producerEpoch: 0,
  generationIdOrMemberEpoch: -1,
  memberId: "",
  groupInstanceId: null,
  topics: [],
};

export function readTxnOffsetCommitRequest(reader: Reader, version: number): TxnOffsetCommitRequest {
  if (version < 0 || version > 6) throw unsupportedVersion("TxnOffsetCommitRequest", version);
  const flexible = version >= 3;
  const message: Mutable<TxnOffsetCommitRequest> = {
    transactionalId: (flexible ? reader.compactString() : reader.string()),
    groupId: (flexible ? reader.compactString() : reader.string()),
    producerId: reader.int64(),
    producerEpoch: reader.int16(),
    generationIdOrMemberEpoch: (version >= 3 ? reader.int32() : -1),
    memberId: (version >= 3 ? reader.compactString() : ""),
    groupInstanceId: (version >= 3 ? reader.compactNullableString() : null),
    topics: (flexible ? readTxnOffsetCommitRequestTopicArray(reader, version, reader.compactArrayLength(3)) : readTxnOffsetCommitRequestTopicArray(reader, version, reader.arrayLength(6))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readTxnOffsetCommitRequestTopic(reader: Reader, version: number): TxnOffsetCommitRequestTopic {
  const flexible = version >= 3;
  const message: Mutable<TxnOffsetCommitRequestTopic> = {
    name: (version <= 5 ? (flexible ? reader.compactString() : reader.string()) : ""),
    topicId: (version >= 6 ? reader.uuid() : ZERO_UUID),
    partitions: (flexible ? readTxnOffsetCommitRequestPartitionArray(reader, version, reader.compactArrayLength(18)) : readTxnOffsetCommitRequestPartitionArray(reader, version, reader.arrayLength(14))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readTxnOffsetCommitRequestTopicArray(reader: Reader, version: number, count: number): TxnOffsetCommitRequestTopic[] {
  const values: TxnOffsetCommitRequestTopic[] = [];
  for (let index = 0; index < count; index++) values.push(readTxnOffsetCommitRequestTopic(reader, version));
  return values;
}

function readTxnOffsetCommitRequestPartition(reader: Reader, version: number): TxnOffsetCommitRequestPartition {
  const flexible = version >= 3;
  const message: Mutable<TxnOffsetCommitRequestPartition> = {
    partitionIndex: reader.int32(),
    committedOffset: reader.int64(),
    committedLeaderEpoch: (version >= 2 ? reader.int32() : -1),
    committedMetadata: (flexible ? reader.compactNullableString() : reader.nullableString()),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readTxnOffsetCommitRequestPartitionArray(reader: Reader, version: number, count: number): TxnOffsetCommitRequestPartition[] {
  const values: TxnOffsetCommitRequestPartition[] = [];
  for (let index = 0; index < count; index++) values.push(readTxnOffsetCommitRequestPartition(reader, version));
  return values;
}

export function writeTxnOffsetCommitRequest(writer: Writer, message: TxnOffsetCommitRequest, version: number): void {
  if (version < 0 || version > 6) throw unsupportedVersion("TxnOffsetCommitRequest", version);
  const flexible = version >= 3;
  if (flexible) {
    writer.compactString(message.transactionalId);
  } else {
    writer.string(message.transactionalId);
  }
  if (flexible) {
    writer.compactString(message.groupId);
  } else {
    writer.string(message.groupId);
  }
  writer.int64(message.producerId);
  writer.int16(message.producerEpoch);
  if (version >= 3) {
    writer.int32(message.generationIdOrMemberEpoch);
  } else if (message.generationIdOrMemberEpoch !== -1) {
    throw unsupportedField("TxnOffsetCommitRequest.generationIdOrMemberEpoch", version);
  }
  if (version >= 3) {
    writer.compactString(message.memberId);
  } else if (message.memberId !== "") {
    throw unsupportedField("TxnOffsetCommitRequest.memberId", version);
  }
  if (version >= 3) {
    writer.compactNullableString(message.groupInstanceId);
  } else if (message.groupInstanceId !== null) {
    throw unsupportedField("TxnOffsetCommitRequest.groupInstanceId", version);
  }
  if (flexible) {
    writer.compactArrayLength(message.topics.length);
    for (const value of message.topics) writeTxnOffsetCommitRequestTopic(writer, value, version);
  } else {
    writer.arrayLength(message.topics.length);
    for (const value of message.topics) writeTxnOffsetCommitRequestTopic(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("TxnOffsetCommitRequest.unknownTaggedFields", version);
  }
}

function writeTxnOffsetCommitRequestTopic(writer: Writer, message: TxnOffsetCommitRequestTopic, version: number): void {
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
    for (const value of message.partitions) writeTxnOffsetCommitRequestPartition(writer, value, version);
  } else {
    writer.arrayLength(message.partitions.length);
    for (const value of message.partitions) writeTxnOffsetCommitRequestPartition(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("TxnOffsetCommitRequestTopic.unknownTaggedFields", version);
  }
}

function writeTxnOffsetCommitRequestPartition(writer: Writer, message: TxnOffsetCommitRequestPartition, version: number): void {
  const flexible = version >= 3;
  writer.int32(message.partitionIndex);
  writer.int64(message.committedOffset);
  if (version >= 2) {
    writer.int32(message.committedLeaderEpoch);
  }
  if (flexible) {
    writer.compactNullableString(message.committedMetadata);
  } else {
    writer.nullableString(message.committedMetadata);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("TxnOffsetCommitRequestPartition.unknownTaggedFields", version);
  }
}
