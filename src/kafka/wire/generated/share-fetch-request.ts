// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Int64, type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { readInt8Array, writeInt8Array, readInt32Array, writeInt32Array } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ShareFetchRequest: versions 1 to 2, flexible from 1. */
export const SHARE_FETCH_REQUEST: MessageCodec<ShareFetchRequest> = {
  name: "ShareFetchRequest",
  apiKey: 78,
  minVersion: 1,
  maxVersion: 2,
  flexibleFrom: 1,
  read: readShareFetchRequest,
  write: writeShareFetchRequest,
};

export interface ShareFetchRequest {
  readonly groupId: string | null;
  readonly memberId: string | null;
  readonly shareSessionEpoch: number;
  readonly maxWaitMs: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly maxRecords: number;
  readonly batchSize: number;
  /** In versions 2 and up. */
  readonly shareAcquireMode: number;
  /** In versions 2 and up. */
  readonly isRenewAck: boolean;
  readonly topics: readonly FetchTopic[];
  readonly forgottenTopicsData: readonly ForgottenTopic[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface ForgottenTopic {
  readonly topicId: Uuid;
  readonly partitions: readonly number[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface FetchTopic {
  readonly topicId: Uuid;
  readonly partitions: readonly FetchPartition[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface FetchPartition {
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

export const DEFAULT_FETCH_PARTITION: FetchPartition = {
  partitionIndex: 0,
  acknowledgementBatches: [],
};

export const DEFAULT_FETCH_TOPIC: FetchTopic = {
  topicId: ZERO_UUID,
  partitions: [],
};

export const DEFAULT_FORGOTTEN_TOPIC: ForgottenTopic = {
  topicId: ZERO_UUID,
  partitions: [],
};

export const DEFAULT_SHARE_FETCH_REQUEST: ShareFetchRequest = {
  groupId: null,
  memberId: "",
  shareSessionEpoch: 0,
  maxWaitMs: 0,
  minBytes: 0,
  maxBytes: 2147483647,
  maxRecords: 0,
  batchSize: 0,
  shareAcquireMode: 0,
  isRenewAck: false,
  topics: [],
  forgottenTopicsData: [],
};

export function readShareFetchRequest(reader: Reader, version: number): ShareFetchRequest {
  if (version < 1 || version > 2) throw unsupportedVersion("ShareFetchRequest", version);
  const message: Mutable<ShareFetchRequest> = {
    groupId: reader.compactNullableString(),
    memberId: reader.compactNullableString(),
    shareSessionEpoch: reader.int32(),
    maxWaitMs: reader.int32(),
    minBytes: reader.int32(),
    maxBytes: reader.int32(),
    maxRecords: reader.int32(),
    batchSize: reader.int32(),
    shareAcquireMode: (version >= 2 ? reader.int8() : 0),
    isRenewAck: (version >= 2 ? reader.bool() : false),
    topics: readFetchTopicArray(reader, version, reader.compactArrayLength(18)),
    forgottenTopicsData: readForgottenTopicArray(reader, version, reader.compactArrayLength(18)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readForgottenTopic(reader: Reader, _version: number): ForgottenTopic {
  const message: Mutable<ForgottenTopic> = {
    topicId: reader.uuid(),
    partitions: readInt32Array(reader, reader.compactArrayLength(4)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readForgottenTopicArray(reader: Reader, version: number, count: number): ForgottenTopic[] {
  const values: ForgottenTopic[] = [];
  for (let index = 0; index < count; index++) values.push(readForgottenTopic(reader, version));
  return values;
}

function readFetchTopic(reader: Reader, version: number): FetchTopic {
  const message: Mutable<FetchTopic> = {
    topicId: reader.uuid(),
    partitions: readFetchPartitionArray(reader, version, reader.compactArrayLength(6)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readFetchTopicArray(reader: Reader, version: number, count: number): FetchTopic[] {
  const values: FetchTopic[] = [];
  for (let index = 0; index < count; index++) values.push(readFetchTopic(reader, version));
  return values;
}

function readFetchPartition(reader: Reader, version: number): FetchPartition {
  const message: Mutable<FetchPartition> = {
    partitionIndex: reader.int32(),
    acknowledgementBatches: readAcknowledgementBatchArray(reader, version, reader.compactArrayLength(18)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readFetchPartitionArray(reader: Reader, version: number, count: number): FetchPartition[] {
  const values: FetchPartition[] = [];
  for (let index = 0; index < count; index++) values.push(readFetchPartition(reader, version));
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

export function writeShareFetchRequest(writer: Writer, message: ShareFetchRequest, version: number): void {
  if (version < 1 || version > 2) throw unsupportedVersion("ShareFetchRequest", version);
  writer.compactNullableString(message.groupId);
  writer.compactNullableString(message.memberId);
  writer.int32(message.shareSessionEpoch);
  writer.int32(message.maxWaitMs);
  writer.int32(message.minBytes);
  writer.int32(message.maxBytes);
  writer.int32(message.maxRecords);
  writer.int32(message.batchSize);
  if (version >= 2) {
    writer.int8(message.shareAcquireMode);
  }
  if (version >= 2) {
    writer.bool(message.isRenewAck);
  } else if (message.isRenewAck) {
    throw unsupportedField("ShareFetchRequest.isRenewAck", version);
  }
  writer.compactArrayLength(message.topics.length);
  for (const value of message.topics) writeFetchTopic(writer, value, version);
  writer.compactArrayLength(message.forgottenTopicsData.length);
  for (const value of message.forgottenTopicsData) writeForgottenTopic(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeForgottenTopic(writer: Writer, message: ForgottenTopic, _version: number): void {
  writer.uuid(message.topicId);
  writer.compactArrayLength(message.partitions.length);
  writeInt32Array(writer, message.partitions);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeFetchTopic(writer: Writer, message: FetchTopic, version: number): void {
  writer.uuid(message.topicId);
  writer.compactArrayLength(message.partitions.length);
  for (const value of message.partitions) writeFetchPartition(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeFetchPartition(writer: Writer, message: FetchPartition, version: number): void {
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
