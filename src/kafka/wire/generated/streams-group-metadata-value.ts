// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** StreamsGroupMetadataValue: version 0, flexible from 0. */
export const STREAMS_GROUP_METADATA_VALUE: MessageCodec<StreamsGroupMetadataValue> = {
  name: "StreamsGroupMetadataValue",
  apiKey: 17,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readStreamsGroupMetadataValue,
  write: writeStreamsGroupMetadataValue,
};

export interface StreamsGroupMetadataValue {
  readonly epoch: number;
  readonly metadataHash: Int64;
  readonly validatedTopologyEpoch: number;
  readonly lastAssignmentConfigs: readonly LastAssignmentConfig[] | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface LastAssignmentConfig {
  readonly key: string;
  readonly value: string;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_LAST_ASSIGNMENT_CONFIG: LastAssignmentConfig = {
  key: "",
  value: "",
};

export const DEFAULT_STREAMS_GROUP_METADATA_VALUE: StreamsGroupMetadataValue = {
  epoch: 0,
  metadataHash: 0,
  validatedTopologyEpoch: -1,
  lastAssignmentConfigs: null,
};

export function readStreamsGroupMetadataValue(reader: Reader, version: number): StreamsGroupMetadataValue {
  if (version < 0 || version > 0) throw unsupportedVersion("StreamsGroupMetadataValue", version);
  const message: Mutable<StreamsGroupMetadataValue> = {
    epoch: reader.int32(),
    metadataHash: reader.int64(),
    validatedTopologyEpoch: -1,
    lastAssignmentConfigs: null,
  };
  let count = reader.taggedFieldCount();
  let tag = -1;
  let unknown: UnknownTaggedField[] | undefined;
  for (; count > 0; count--) {
    tag = reader.tag(tag);
    const outerEnd = reader.beginTaggedField();
    if (tag === 0) {
      message.validatedTopologyEpoch = reader.int32();
    } else if (tag === 1) {
      message.lastAssignmentConfigs = readNullableLastAssignmentConfigArray(reader, version, reader.compactNullableArrayLength(3));
    } else {
      unknown ??= [];
      unknown.push({ tag, bytes: reader.rest() });
    }
    reader.endTaggedField(outerEnd);
  }
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readLastAssignmentConfig(reader: Reader, _version: number): LastAssignmentConfig {
  const message: Mutable<LastAssignmentConfig> = {
    key: reader.compactString(),
    value: reader.compactString(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readLastAssignmentConfigArray(reader: Reader, version: number, count: number): LastAssignmentConfig[] {
  const values: LastAssignmentConfig[] = [];
  for (let index = 0; index < count; index++) values.push(readLastAssignmentConfig(reader, version));
  return values;
}

function readNullableLastAssignmentConfigArray(reader: Reader, version: number, count: number): LastAssignmentConfig[] | null {
  return count === -1 ? null : readLastAssignmentConfigArray(reader, version, count);
}

export function writeStreamsGroupMetadataValue(writer: Writer, message: StreamsGroupMetadataValue, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("StreamsGroupMetadataValue", version);
  writer.int32(message.epoch);
  writer.int64(message.metadataHash);
  const unknown = message.unknownTaggedFields;
  const has0 = message.validatedTopologyEpoch !== -1;
  const has1 = message.lastAssignmentConfigs !== null;
  writer.unsignedVarint((has0 ? 1 : 0) + (has1 ? 1 : 0) + (unknown === undefined ? 0 : unknown.length));
  let next = 0;
  next = writer.unknownTaggedFields(unknown, next, 0);
  if (has0) {
    const at = writer.beginTaggedField(0);
    writer.int32(message.validatedTopologyEpoch);
    writer.endTaggedField(at);
  }
  next = writer.unknownTaggedFields(unknown, next, 1);
  if (has1) {
    const at = writer.beginTaggedField(1);
    if (message.lastAssignmentConfigs === null) writer.compactArrayLength(-1);
    else {
      writer.compactArrayLength(message.lastAssignmentConfigs.length);
      for (const value of message.lastAssignmentConfigs) writeLastAssignmentConfig(writer, value, version);
    }
    writer.endTaggedField(at);
  }
  writer.unknownTaggedFields(unknown, next, Number.POSITIVE_INFINITY);
}

function writeLastAssignmentConfig(writer: Writer, message: LastAssignmentConfig, _version: number): void {
  writer.compactString(message.key);
  writer.compactString(message.value);
  writer.taggedFields(message.unknownTaggedFields);
}
