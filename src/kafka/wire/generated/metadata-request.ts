// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, notNull, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** MetadataRequest: versions 0 to 13, flexible from 9. */
export const METADATA_REQUEST: MessageCodec<MetadataRequest> = {
  name: "MetadataRequest",
  apiKey: 3,
  minVersion: 0,
  maxVersion: 13,
  flexibleFrom: 9,
  read: readMetadataRequest,
  write: writeMetadataRequest,
};

export interface MetadataRequest {
  readonly topics: readonly MetadataRequestTopic[] | null;
  /** In versions 4 and up. */
  readonly allowAutoTopicCreation: boolean;
  /** In versions 8 to 10. */
  readonly includeClusterAuthorizedOperations: boolean;
  /** In versions 8 and up. */
  readonly includeTopicAuthorizedOperations: boolean;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface MetadataRequestTopic {
  /** In versions 10 and up. */
  readonly topicId: Uuid;
  readonly name: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_METADATA_REQUEST_TOPIC: MetadataRequestTopic = {
  topicId: ZERO_UUID,
  name: "",
};

export const DEFAULT_METADATA_REQUEST: MetadataRequest = {
  topics: [],
  allowAutoTopicCreation: true,
  includeClusterAuthorizedOperations: false,
  includeTopicAuthorizedOperations: false,
};

export function readMetadataRequest(reader: Reader, version: number): MetadataRequest {
  if (version < 0 || version > 13) throw unsupportedVersion("MetadataRequest", version);
  const flexible = version >= 9;
  const message: Mutable<MetadataRequest> = {
    topics: (flexible ? readNullableMetadataRequestTopicArray(reader, version, (version >= 1 ? reader.compactNullableArrayLength(2) : reader.compactArrayLength(2))) : readNullableMetadataRequestTopicArray(reader, version, (version >= 1 ? reader.nullableArrayLength(2) : reader.arrayLength(2)))),
    allowAutoTopicCreation: (version >= 4 ? reader.bool() : true),
    includeClusterAuthorizedOperations: (version >= 8 && version <= 10 ? reader.bool() : false),
    includeTopicAuthorizedOperations: (version >= 8 ? reader.bool() : false),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readMetadataRequestTopic(reader: Reader, version: number): MetadataRequestTopic {
  const flexible = version >= 9;
  const message: Mutable<MetadataRequestTopic> = {
    topicId: (version >= 10 ? reader.uuid() : ZERO_UUID),
    name: (flexible ? (version >= 10 ? reader.compactNullableString() : reader.compactString()) : (version >= 10 ? reader.nullableString() : reader.string())),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readMetadataRequestTopicArray(reader: Reader, version: number, count: number): MetadataRequestTopic[] {
  const values: MetadataRequestTopic[] = [];
  for (let index = 0; index < count; index++) values.push(readMetadataRequestTopic(reader, version));
  return values;
}

function readNullableMetadataRequestTopicArray(reader: Reader, version: number, count: number): MetadataRequestTopic[] | null {
  return count === -1 ? null : readMetadataRequestTopicArray(reader, version, count);
}

export function writeMetadataRequest(writer: Writer, message: MetadataRequest, version: number): void {
  if (version < 0 || version > 13) throw unsupportedVersion("MetadataRequest", version);
  const flexible = version >= 9;
  if (version < 1) notNull(message.topics, "MetadataRequest.topics", version);
  if (flexible) {
    if (message.topics === null) writer.compactArrayLength(-1);
    else {
      writer.compactArrayLength(message.topics.length);
      for (const value of message.topics) writeMetadataRequestTopic(writer, value, version);
    }
  } else {
    if (message.topics === null) writer.arrayLength(-1);
    else {
      writer.arrayLength(message.topics.length);
      for (const value of message.topics) writeMetadataRequestTopic(writer, value, version);
    }
  }
  if (version >= 4) {
    writer.bool(message.allowAutoTopicCreation);
  } else if (!message.allowAutoTopicCreation) {
    throw unsupportedField("MetadataRequest.allowAutoTopicCreation", version);
  }
  if (version >= 8 && version <= 10) {
    writer.bool(message.includeClusterAuthorizedOperations);
  } else if (message.includeClusterAuthorizedOperations) {
    throw unsupportedField("MetadataRequest.includeClusterAuthorizedOperations", version);
  }
  if (version >= 8) {
    writer.bool(message.includeTopicAuthorizedOperations);
  } else if (message.includeTopicAuthorizedOperations) {
    throw unsupportedField("MetadataRequest.includeTopicAuthorizedOperations", version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("MetadataRequest.unknownTaggedFields", version);
  }
}

function writeMetadataRequestTopic(writer: Writer, message: MetadataRequestTopic, version: number): void {
  const flexible = version >= 9;
  if (version >= 10) {
    writer.uuid(message.topicId);
  }
  if (version < 10) notNull(message.name, "MetadataRequestTopic.name", version);
  if (flexible) {
    writer.compactNullableString(message.name);
  } else {
    writer.nullableString(message.name);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("MetadataRequestTopic.unknownTaggedFields", version);
  }
}
