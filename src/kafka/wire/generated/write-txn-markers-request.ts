// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { readInt32Array, writeInt32Array } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** WriteTxnMarkersRequest: versions 1 to 2, flexible from 1. */
export const WRITE_TXN_MARKERS_REQUEST: MessageCodec<WriteTxnMarkersRequest> = {
  name: "WriteTxnMarkersRequest",
  apiKey: 27,
  minVersion: 1,
  maxVersion: 2,
  flexibleFrom: 1,
  read: readWriteTxnMarkersRequest,
  write: writeWriteTxnMarkersRequest,
};

export interface WriteTxnMarkersRequest {
  readonly markers: readonly WritableTxnMarker[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface WritableTxnMarker {
  readonly producerId: Int64;
  readonly producerEpoch: number;
  readonly transactionResult: boolean;
  readonly topics: readonly WritableTxnMarkerTopic[];
  readonly coordinatorEpoch: number;
  /** In versions 2 and up. */
  readonly transactionVersion: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface WritableTxnMarkerTopic {
  readonly name: string;
  readonly partitionIndexes: readonly number[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_WRITABLE_TXN_MARKER_TOPIC: WritableTxnMarkerTopic = {
  name: "",
  partitionIndexes: [],
};

export const DEFAULT_WRITABLE_TXN_MARKER: WritableTxnMarker = {
  producerId: 0,
  producerEpoch: 0,
  transactionResult: false,
  topics: [],
  coordinatorEpoch: 0,
  transactionVersion: 0,
};

export const DEFAULT_WRITE_TXN_MARKERS_REQUEST: WriteTxnMarkersRequest = {
  markers: [],
};

export function readWriteTxnMarkersRequest(reader: Reader, version: number): WriteTxnMarkersRequest {
  if (version < 1 || version > 2) throw unsupportedVersion("WriteTxnMarkersRequest", version);
  const message: Mutable<WriteTxnMarkersRequest> = {
    markers: readWritableTxnMarkerArray(reader, version, reader.compactArrayLength(17)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readWritableTxnMarker(reader: Reader, version: number): WritableTxnMarker {
  const message: Mutable<WritableTxnMarker> = {
    producerId: reader.int64(),
    producerEpoch: reader.int16(),
    transactionResult: reader.bool(),
    topics: readWritableTxnMarkerTopicArray(reader, version, reader.compactArrayLength(3)),
    coordinatorEpoch: reader.int32(),
    transactionVersion: (version >= 2 ? reader.int8() : 0),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readWritableTxnMarkerArray(reader: Reader, version: number, count: number): WritableTxnMarker[] {
  const values: WritableTxnMarker[] = [];
  for (let index = 0; index < count; index++) values.push(readWritableTxnMarker(reader, version));
  return values;
}

function readWritableTxnMarkerTopic(reader: Reader, _version: number): WritableTxnMarkerTopic {
  const message: Mutable<WritableTxnMarkerTopic> = {
    name: reader.compactString(),
    partitionIndexes: readInt32Array(reader, reader.compactArrayLength(4)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readWritableTxnMarkerTopicArray(reader: Reader, version: number, count: number): WritableTxnMarkerTopic[] {
  const values: WritableTxnMarkerTopic[] = [];
  for (let index = 0; index < count; index++) values.push(readWritableTxnMarkerTopic(reader, version));
  return values;
}

export function writeWriteTxnMarkersRequest(writer: Writer, message: WriteTxnMarkersRequest, version: number): void {
  if (version < 1 || version > 2) throw unsupportedVersion("WriteTxnMarkersRequest", version);
  writer.compactArrayLength(message.markers.length);
  for (const value of message.markers) writeWritableTxnMarker(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeWritableTxnMarker(writer: Writer, message: WritableTxnMarker, version: number): void {
  writer.int64(message.producerId);
  writer.int16(message.producerEpoch);
  writer.bool(message.transactionResult);
  writer.compactArrayLength(message.topics.length);
  for (const value of message.topics) writeWritableTxnMarkerTopic(writer, value, version);
  writer.int32(message.coordinatorEpoch);
  if (version >= 2) {
    writer.int8(message.transactionVersion);
  }
  writer.taggedFields(message.unknownTaggedFields);
}

function writeWritableTxnMarkerTopic(writer: Writer, message: WritableTxnMarkerTopic, _version: number): void {
  writer.compactString(message.name);
  writer.compactArrayLength(message.partitionIndexes.length);
  writeInt32Array(writer, message.partitionIndexes);
  writer.taggedFields(message.unknownTaggedFields);
}
