// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DeleteShareGroupOffsetsRequest: version 0, flexible from 0. */
export const DELETE_SHARE_GROUP_OFFSETS_REQUEST: MessageCodec<DeleteShareGroupOffsetsRequest> = {
  name: "DeleteShareGroupOffsetsRequest",
  apiKey: 92,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readDeleteShareGroupOffsetsRequest,
  write: writeDeleteShareGroupOffsetsRequest,
};

export interface DeleteShareGroupOffsetsRequest {
  readonly groupId: string;
  readonly topics: readonly DeleteShareGroupOffsetsRequestTopic[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DeleteShareGroupOffsetsRequestTopic {
  readonly topicName: string;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_DELETE_SHARE_GROUP_OFFSETS_REQUEST_TOPIC: DeleteShareGroupOffsetsRequestTopic = {
  topicName: "",
};

export const DEFAULT_DELETE_SHARE_GROUP_OFFSETS_REQUEST: DeleteShareGroupOffsetsRequest = {
  groupId: "",
  topics: [],
};

export function readDeleteShareGroupOffsetsRequest(reader: Reader, version: number): DeleteShareGroupOffsetsRequest {
  if (version < 0 || version > 0) throw unsupportedVersion("DeleteShareGroupOffsetsRequest", version);
  const message: Mutable<DeleteShareGroupOffsetsRequest> = {
    groupId: reader.compactString(),
    topics: readDeleteShareGroupOffsetsRequestTopicArray(reader, version, reader.compactArrayLength(2)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readDeleteShareGroupOffsetsRequestTopic(reader: Reader, _version: number): DeleteShareGroupOffsetsRequestTopic {
  const message: Mutable<DeleteShareGroupOffsetsRequestTopic> = {
    topicName: reader.compactString(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readDeleteShareGroupOffsetsRequestTopicArray(reader: Reader, version: number, count: number): DeleteShareGroupOffsetsRequestTopic[] {
  const values: DeleteShareGroupOffsetsRequestTopic[] = [];
  for (let index = 0; index < count; index++) values.push(readDeleteShareGroupOffsetsRequestTopic(reader, version));
  return values;
}

export function writeDeleteShareGroupOffsetsRequest(writer: Writer, message: DeleteShareGroupOffsetsRequest, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("DeleteShareGroupOffsetsRequest", version);
  writer.compactString(message.groupId);
  writer.compactArrayLength(message.topics.length);
  for (const value of message.topics) writeDeleteShareGroupOffsetsRequestTopic(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeDeleteShareGroupOffsetsRequestTopic(writer: Writer, message: DeleteShareGroupOffsetsRequestTopic, _version: number): void {
  writer.compactString(message.topicName);
  writer.taggedFields(message.unknownTaggedFields);
}
