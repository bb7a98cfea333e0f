// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** WriteTxnMarkersResponse: versions 1 to 2, flexible from 1. */
export const WRITE_TXN_MARKERS_RESPONSE: MessageCodec<WriteTxnMarkersResponse> = {
  name: "WriteTxnMarkersResponse",
  apiKey: 27,
  minVersion: 1,
  maxVersion: 2,
  flexibleFrom: 1,
  read: readWriteTxnMarkersResponse,
  write: writeWriteTxnMarkersResponse,
};

export interface WriteTxnMarkersResponse {
  readonly markers: readonly WritableTxnMarkerResult[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface WritableTxnMarkerResult {
  readonly producerId: Int64;
  readonly topics: readonly WritableTxnMarkerTopicResult[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface WritableTxnMarkerTopicResult {
  readonly name: string;
  readonly partitions: readonly WritableTxnMarkerPartitionResult[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface WritableTxnMarkerPartitionResult {
  readonly partitionIndex: number;
  readonly errorCode: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_WRITABLE_TXN_MARKER_PARTITION_RESULT: WritableTxnMarkerPartitionResult = {
  partitionIndex: 0,
  errorCode: 0,
};

export const DEFAULT_WRITABLE_TXN_MARKER_TOPIC_RESULT: WritableTxnMarkerTopicResult = {
  name: "",
  partitions: [],
};

export const DEFAULT_WRITABLE_TXN_MARKER_RESULT: WritableTxnMarkerResult = {
  producerId: 0,
  topics: [],
};

export const DEFAULT_WRITE_TXN_MARKERS_RESPONSE: WriteTxnMarkersResponse = {
  markers: [],
};

export function readWriteTxnMarkersResponse(reader: Reader, version: number): WriteTxnMarkersResponse {
  if (version < 1 || version > 2) throw unsupportedVersion("WriteTxnMarkersResponse", version);
  const message: Mutable<WriteTxnMarkersResponse> = {
    markers: readWritableTxnMarkerResultArray(reader, version, reader.compactArrayLength(10)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readWritableTxnMarkerResult(reader: Reader, version: number): WritableTxnMarkerResult {
  const message: Mutable<WritableTxnMarkerResult> = {
    producerId: reader.int64(),
    topics: readWritableTxnMarkerTopicResultArray(reader, version, reader.compactArrayLength(3)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readWritableTxnMarkerResultArray(reader: Reader, version: number, count: number): WritableTxnMarkerResult[] {
  const values: WritableTxnMarkerResult[] = [];
  for (let index = 0; index < count; index++) values.push(readWritableTxnMarkerResult(reader, version));
  return values;
}

function readWritableTxnMarkerTopicResult(reader: Reader, version: number): WritableTxnMarkerTopicResult {
  const message: Mutable<WritableTxnMarkerTopicResult> = {
    name: reader.compactString(),
    partitions: readWritableTxnMarkerPartitionResultArray(reader, version, reader.compactArrayLength(7)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readWritableTxnMarkerTopicResultArray(reader: Reader, version: number, count: number): WritableTxnMarkerTopicResult[] {
  const values: WritableTxnMarkerTopicResult[] = [];
  for (let index = 0; index < count; index++) values.push(readWritableTxnMarkerTopicResult(reader, version));
  return values;
}

function readWritableTxnMarkerPartitionResult(reader: Reader, _version: number): WritableTxnMarkerPartitionResult {
  const message: Mutable<WritableTxnMarkerPartitionResult> = {
    partitionIndex: reader.int32(),
    errorCode: reader.int16(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readWritableTxnMarkerPartitionResultArray(reader: Reader, version: number, count: number): WritableTxnMarkerPartitionResult[] {
  const values: WritableTxnMarkerPartitionResult[] = [];
  for (let index = 0; index < count; index++) values.push(readWritableTxnMarkerPartitionResult(reader, version));
  return values;
}

export function writeWriteTxnMarkersResponse(writer: Writer, message: WriteTxnMarkersResponse, version: number): void {
  if (version < 1 || version > 2) throw unsupportedVersion("WriteTxnMarkersResponse", version);
  writer.compactArrayLength(message.markers.length);
  for (const value of message.markers) writeWritableTxnMarkerResult(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeWritableTxnMarkerResult(writer: Writer, message: WritableTxnMarkerResult, version: number): void {
  writer.int64(message.producerId);
  writer.compactArrayLength(message.topics.length);
  for (const value of message.topics) writeWritableTxnMarkerTopicResult(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeWritableTxnMarkerTopicResult(writer: Writer, message: WritableTxnMarkerTopicResult, version: number): void {
  writer.compactString(message.name);
  writer.compactArrayLength(message.partitions.length);
  for (const value of message.partitions) writeWritableTxnMarkerPartitionResult(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeWritableTxnMarkerPartitionResult(writer: Writer, message: WritableTxnMarkerPartitionResult, _version: number): void {
  writer.int32(message.partitionIndex);
  writer.int16(message.errorCode);
  writer.taggedFields(message.unknownTaggedFields);
}
