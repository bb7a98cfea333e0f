// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { readCompactStringArray, writeCompactStringArray } from "../arrays.ts";
import { type MessageCodec, type Mutable, NO_BYTES, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ConsumerGroupMemberMetadataValue: version 0, flexible from 0. */
export const CONSUMER_GROUP_MEMBER_METADATA_VALUE: MessageCodec<ConsumerGroupMemberMetadataValue> = {
  name: "ConsumerGroupMemberMetadataValue",
  apiKey: 5,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readConsumerGroupMemberMetadataValue,
  write: writeConsumerGroupMemberMetadataValue,
};

export interface ConsumerGroupMemberMetadataValue {
  readonly instanceId: string | null;
  readonly rackId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly subscribedTopicNames: readonly string[];
  readonly subscribedTopicRegex: string | null;
  readonly rebalanceTimeoutMs: number;
  readonly serverAssignor: string | null;
  readonly classicMemberMetadata: ClassicMemberMetadata | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface ClassicMemberMetadata {
  readonly sessionTimeoutMs: number;
  readonly supportedProtocols: readonly ClassicProtocol[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface ClassicProtocol {
  readonly name: string;
  readonly metadata: Uint8Array;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_CLASSIC_PROTOCOL: ClassicProtocol = {
  name: "",
  metadata: NO_BYTES,
};

export const DEFAULT_CLASSIC_MEMBER_METADATA: ClassicMemberMetadata = {
  sessionTimeoutMs: 0,
  supportedProtocols: [],
};

export const DEFAULT_CONSUMER_GROUP_MEMBER_METADATA_VALUE: ConsumerGroupMemberMetadataValue = {
  instanceId: "",
  rackId: "",
  clientId: "",
  clientHost: "",
  subscribedTopicNames: [],
  subscribedTopicRegex: "",
  rebalanceTimeoutMs: -1,
  serverAssignor: "",
  classicMemberMetadata: null,
};

export function readConsumerGroupMemberMetadataValue(reader: Reader, version: number): ConsumerGroupMemberMetadataValue {
  if (version < 0 || version > 0) throw unsupportedVersion("ConsumerGroupMemberMetadataValue", version);
  const message: Mutable<ConsumerGroupMemberMetadataValue> = {
    instanceId: reader.compactNullableString(),
    rackId: reader.compactNullableString(),
    clientId: reader.compactString(),
    clientHost: reader.compactString(),
    subscribedTopicNames: readCompactStringArray(reader, reader.compactArrayLength(1)),
    subscribedTopicRegex: reader.compactNullableString(),
    rebalanceTimeoutMs: reader.int32(),
    serverAssignor: reader.compactNullableString(),
    classicMemberMetadata: null,
  };
  let count = reader.taggedFieldCount();
  let tag = -1;
  let unknown: UnknownTaggedField[] | undefined;
  for (; count > 0; count--) {
    tag = reader.tag(tag);
    const outerEnd = reader.beginTaggedField();
    if (tag === 0) {
      message.classicMemberMetadata = reader.unsignedVarint() === 0 ? null : readClassicMemberMetadata(reader, version);
    } else {
      unknown ??= [];
      unknown.push({ tag, bytes: reader.rest() });
    }
    reader.endTaggedField(outerEnd);
  }
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readClassicMemberMetadata(reader: Reader, version: number): ClassicMemberMetadata {
  const message: Mutable<ClassicMemberMetadata> = {
    sessionTimeoutMs: reader.int32(),
    supportedProtocols: readClassicProtocolArray(reader, version, reader.compactArrayLength(3)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readClassicProtocol(reader: Reader, _version: number): ClassicProtocol {
  const message: Mutable<ClassicProtocol> = {
    name: reader.compactString(),
    metadata: reader.compactByteString(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readClassicProtocolArray(reader: Reader, version: number, count: number): ClassicProtocol[] {
  const values: ClassicProtocol[] = [];
  for (let index = 0; index < count; index++) values.push(readClassicProtocol(reader, version));
  return values;
}

export function writeConsumerGroupMemberMetadataValue(writer: Writer, message: ConsumerGroupMemberMetadataValue, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ConsumerGroupMemberMetadataValue", version);
  writer.compactNullableString(message.instanceId);
  writer.compactNullableString(message.rackId);
  writer.compactString(message.clientId);
  writer.compactString(message.clientHost);
  writer.compactArrayLength(message.subscribedTopicNames.length);
  writeCompactStringArray(writer, message.subscribedTopicNames);
  writer.compactNullableString(message.subscribedTopicRegex);
  writer.int32(message.rebalanceTimeoutMs);
  writer.compactNullableString(message.serverAssignor);
  const unknown = message.unknownTaggedFields;
  const has0 = message.classicMemberMetadata !== null;
  writer.unsignedVarint((has0 ? 1 : 0) + (unknown === undefined ? 0 : unknown.length));
  let next = 0;
  next = writer.unknownTaggedFields(unknown, next, 0);
  if (has0) {
    const at = writer.beginTaggedField(0);
    if (message.classicMemberMetadata === null) writer.unsignedVarint(0);
    else {
      writer.unsignedVarint(1);
      writeClassicMemberMetadata(writer, message.classicMemberMetadata, version);
    }
    writer.endTaggedField(at);
  }
  writer.unknownTaggedFields(unknown, next, Number.POSITIVE_INFINITY);
}

function writeClassicMemberMetadata(writer: Writer, message: ClassicMemberMetadata, version: number): void {
  writer.int32(message.sessionTimeoutMs);
  writer.compactArrayLength(message.supportedProtocols.length);
  for (const value of message.supportedProtocols) writeClassicProtocol(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeClassicProtocol(writer: Writer, message: ClassicProtocol, _version: number): void {
  writer.compactString(message.name);
  writer.compactByteString(message.metadata);
  writer.taggedFields(message.unknownTaggedFields);
}
