// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Int64, type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { readInt8Array, writeInt8Array } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ShareAcknowledgeRequest: versions 1 to 2, flexible from 1. */
export const SHARE_ACKNOWLEDGE_REQUEST: MessageCodec<ShareAcknowledgeRequest> = {
  name: "ShareAcknowledgeRequest",
  apiKey: 79,
  minVersion: 1,
  maxVersion: 2,
  flexibleFrom: 1,
  read: readShareAcknowledgeRequest,
  write: writeShareAcknowledgeRequest,
};

export interface ShareAcknowledgeRequest {
  readonly groupId: string | null;
  readonly memberId: string | null;
  readonly shareSessionEpoch: number;
  /** In versions 2 and up. */
  readonly isRenewAck: boolean;
  readonly topics: readonly AcknowledgeTopic[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface AcknowledgeTopic {
  readonly topicId: Uuid;
  readonly partitions: readonly AcknowledgePartition[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface AcknowledgePartition {
  readonly partitionIndex: number;
  readonly acknowledgementBatches: readonly AcknowledgementBatch[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface AcknowledgementBatch {
  readonly firstOffset: Int64;
  readonly lastOffset: Int64;
  readonly acknowledgeTypes: readonly number[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_ACKNOWLEDGEMENT_BATCH: AcknowledgementBatch = {
  firstOffset: 0,
  lastOffset: 0,
  acknowledgeTypes: [],
};

export const DEFAULT_ACKNOWLEDGE_PARTITION: AcknowledgePartition = {
  partitionIndex: 0,
  acknowledgementBatches: [],
};

export const DEFAULT_ACKNOWLEDGE_TOPIC: AcknowledgeTopic = {
  topicId: ZERO_UUID,
  partitions: [],
};

export const DEFAULT_SHARE_ACKNOWLEDGE_REQUEST: ShareAcknowledgeRequest = {
  groupId: null,
  memberId: "",
  shareSessionEpoch: 0,
  isRenewAck: false,
  topics: [],
};

export function readShareAcknowledgeRequest(reader: Reader, version: number): ShareAcknowledgeRequest {
  if (version < 1 || version > 2) throw unsupportedVersion("ShareAcknowledgeRequest", version);
  const message: Mutable<ShareAcknowledgeRequest> = {
    groupId: reader.compactNullableString(),
    memberId: reader.compactNullableString(),
    shareSessionEpoch: reader.int32(),
    isRenewAck: (version >= 2 ? reader.bool() : false),
    topics: readAcknowledgeTopicArray(reader, version, reader.compactArrayLength(18)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readAcknowledgeTopic(reader: Reader, version: number): AcknowledgeTopic {
  const message: Mutable<AcknowledgeTopic> = {
    topicId: reader.uuid(),
    partitions: readAcknowledgePartitionArray(reader, version, reader.compactArrayLength(6)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readAcknowledgeTopicArray(reader: Reader, version: number, count: number): AcknowledgeTopic[] {
  const values: AcknowledgeTopic[] = [];
  for (let index = 0; index < count; index++) values.push(readAcknowledgeTopic(reader, version));
  return values;
}

function readAcknowledgePartition(reader: Reader, version: number): AcknowledgePartition {
  const message: Mutable<AcknowledgePartition> = {
    partitionIndex: reader.int32(),
    acknowledgementBatches: readAcknowledgementBatchArray(reader, version, reader.compactArrayLength(18)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readAcknowledgePartitionArray(reader: Reader, version: number, count: number): AcknowledgePartition[] {
  const values: AcknowledgePartition[] = [];
  for (let index = 0; index < count; index++) values.push(readAcknowledgePartition(reader, version));
  return values;
}

function readAcknowledgementBatch(reader: Reader, _version: number): AcknowledgementBatch {
  const message: Mutable<AcknowledgementBatch> = {
    firstOffset: reader.int64(),
    lastOffset: reader.int64(),
    acknowledgeTypes: readInt8Array(reader, reader.compactArrayLength(1)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readAcknowledgementBatchArray(reader: Reader, version: number, count: number): AcknowledgementBatch[] {
  const values: AcknowledgementBatch[] = [];
  for (let index = 0; index < count; index++) values.push(readAcknowledgementBatch(reader, version));
  return values;
}

export function writeShareAcknowledgeRequest(writer: Writer, message: ShareAcknowledgeRequest, version: number): void {
  if (version < 1 || version > 2) throw unsupportedVersion("ShareAcknowledgeRequest", version);
  writer.compactNullableString(message.groupId);
  writer.compactNullableString(message.memberId);
  writer.int32(message.shareSessionEpoch);
  if (version >= 2) {
    writer.bool(message.isRenewAck);
  } else if (message.isRenewAck) {
    throw unsupportedField("ShareAcknowledgeRequest.isRenewAck", version);
  }
  writer.compactArrayLength(message.topics.length);
  for (const value of message.topics) writeAcknowledgeTopic(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeAcknowledgeTopic(writer: Writer, message: AcknowledgeTopic, version: number): void {
  writer.uuid(message.topicId);
  writer.compactArrayLength(message.partitions.length);
  for (const value of message.partitions) writeAcknowledgePartition(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeAcknowledgePartition(writer: Writer, message: AcknowledgePartition, version: number): void {
  writer.int32(message.partitionIndex);
  writer.compactArrayLength(message.acknowledgementBatches.length);
  for (const value of message.acknowledgementBatches) writeAcknowledgementBatch(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeAcknowledgementBatch(writer: Writer, message: AcknowledgementBatch, _version: number): void {
  writer.int64(message.firstOffset);
  writer.int64(message.lastOffset);
  writer.compactArrayLength(message.acknowledgeTypes.length);
  writeInt8Array(writer, message.acknowledgeTypes);
  writer.taggedFields(message.unknownTaggedFields);
}
