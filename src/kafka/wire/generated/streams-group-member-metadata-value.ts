// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** StreamsGroupMemberMetadataValue: version 0, flexible from 0. */
export const STREAMS_GROUP_MEMBER_METADATA_VALUE: MessageCodec<StreamsGroupMemberMetadataValue> = {
  name: "StreamsGroupMemberMetadataValue",
  apiKey: 19,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readStreamsGroupMemberMetadataValue,
  write: writeStreamsGroupMemberMetadataValue,
};

export interface StreamsGroupMemberMetadataValue {
  readonly instanceId: string | null;
  readonly rackId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly rebalanceTimeoutMs: number;
  readonly topologyEpoch: number;
  readonly processId: string;
  readonly userEndpoint: Endpoint | null;
  readonly clientTags: readonly KeyValue[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface KeyValue {
  readonly key: string;
  readonly value: string;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_ENDPOINT: Endpoint = {
  host: "",
  port: 0,
};

export const DEFAULT_KEY_VALUE: KeyValue = {
  key: "",
  value: "",
};

export const DEFAULT_STREAMS_GROUP_MEMBER_METADATA_VALUE: StreamsGroupMemberMetadataValue = {
  instanceId: "",
  rackId: "",
  clientId: "",
  clientHost: "",
  rebalanceTimeoutMs: -1,
  topologyEpoch: 0,
  processId: "",
  userEndpoint: null,
  clientTags: [],
};

export function readStreamsGroupMemberMetadataValue(reader: Reader, version: number): StreamsGroupMemberMetadataValue {
  if (version < 0 || version > 0) throw unsupportedVersion("StreamsGroupMemberMetadataValue", version);
  const message: Mutable<StreamsGroupMemberMetadataValue> = {
    instanceId: reader.compactNullableString(),
    rackId: reader.compactNullableString(),
    clientId: reader.compactString(),
    clientHost: reader.compactString(),
    rebalanceTimeoutMs: reader.int32(),
    topologyEpoch: reader.int32(),
    processId: reader.compactString(),
    userEndpoint: reader.int8() < 0 ? null : readEndpoint(reader, version),
    clientTags: readKeyValueArray(reader, version, reader.compactArrayLength(3)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readKeyValue(reader: Reader, _version: number): KeyValue {
  const message: Mutable<KeyValue> = {
    key: reader.compactString(),
    value: reader.compactString(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readKeyValueArray(reader: Reader, version: number, count: number): KeyValue[] {
  const values: KeyValue[] = [];
  for (let index = 0; index < count; index++) values.push(readKeyValue(reader, version));
  return values;
}

function readEndpoint(reader: Reader, _version: number): Endpoint {
  const message: Mutable<Endpoint> = {
    host: reader.compactString(),
    port: reader.uint16(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeStreamsGroupMemberMetadataValue(writer: Writer, message: StreamsGroupMemberMetadataValue, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("StreamsGroupMemberMetadataValue", version);
  writer.compactNullableString(message.instanceId);
  writer.compactNullableString(message.rackId);
  writer.compactString(message.clientId);
  writer.compactString(message.clientHost);
  writer.int32(message.rebalanceTimeoutMs);
  writer.int32(message.topologyEpoch);
  writer.compactString(message.processId);
  if (message.userEndpoint === null) writer.int8(-1);
  else {
    writer.int8(1);
    writeEndpoint(writer, message.userEndpoint, version);
  }
  writer.compactArrayLength(message.clientTags.length);
  for (const value of message.clientTags) writeKeyValue(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeKeyValue(writer: Writer, message: KeyValue, _version: number): void {
  writer.compactString(message.key);
  writer.compactString(message.value);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeEndpoint(writer: Writer, message: Endpoint, _version: number): void {
  writer.compactString(message.host);
  writer.uint16(message.port);
  writer.taggedFields(message.unknownTaggedFields);
}
