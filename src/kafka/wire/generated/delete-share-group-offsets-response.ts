// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DeleteShareGroupOffsetsResponse: version 0, flexible from 0. */
export const DELETE_SHARE_GROUP_OFFSETS_RESPONSE: MessageCodec<DeleteShareGroupOffsetsResponse> = {
  name: "DeleteShareGroupOffsetsResponse",
  apiKey: 92,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readDeleteShareGroupOffsetsResponse,
  write: writeDeleteShareGroupOffsetsResponse,
};

export interface DeleteShareGroupOffsetsResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly responses: readonly DeleteShareGroupOffsetsResponseTopic[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DeleteShareGroupOffsetsResponseTopic {
  readonly topicName: string;
  readonly topicId: Uuid;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_DELETE_SHARE_GROUP_OFFSETS_RESPONSE_TOPIC: DeleteShareGroupOffsetsResponseTopic = {
  topicName: "",
  topicId: ZERO_UUID,
  errorCode: 0,
  errorMessage: null,
};

export const DEFAULT_DELETE_SHARE_GROUP_OFFSETS_RESPONSE: DeleteShareGroupOffsetsResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  errorMessage: null,
  responses: [],
};

export function readDeleteShareGroupOffsetsResponse(reader: Reader, version: number): DeleteShareGroupOffsetsResponse {
  if (version < 0 || version > 0) throw unsupportedVersion("DeleteShareGroupOffsetsResponse", version);
  const message: Mutable<DeleteShareGroupOffsetsResponse> = {
    throttleTimeMs: reader.int32(),
    errorCode: reader.int16(),
    errorMessage: reader.compactNullableString(),
    responses: readDeleteShareGroupOffsetsResponseTopicArray(reader, version, reader.compactArrayLength(21)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readDeleteShareGroupOffsetsResponseTopic(reader: Reader, _version: number): DeleteShareGroupOffsetsResponseTopic {
  const message: Mutable<DeleteShareGroupOffsetsResponseTopic> = {
    topicName: reader.compactString(),
    topicId: reader.uuid(),
    errorCode: reader.int16(),
    errorMessage: reader.compactNullableString(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readDeleteShareGroupOffsetsResponseTopicArray(reader: Reader, version: number, count: number): DeleteShareGroupOffsetsResponseTopic[] {
  const values: DeleteShareGroupOffsetsResponseTopic[] = [];
  for (let index = 0; index < count; index++) values.push(readDeleteShareGroupOffsetsResponseTopic(reader, version));
  return values;
}

export function writeDeleteShareGroupOffsetsResponse(writer: Writer, message: DeleteShareGroupOffsetsResponse, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("DeleteShareGroupOffsetsResponse", version);
  writer.int32(message.throttleTimeMs);
  writer.int16(message.errorCode);
  writer.compactNullableString(message.errorMessage);
  writer.compactArrayLength(message.responses.length);
  for (const value of message.responses) writeDeleteShareGroupOffsetsResponseTopic(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeDeleteShareGroupOffsetsResponseTopic(writer: Writer, message: DeleteShareGroupOffsetsResponseTopic, _version: number): void {
  writer.compactString(message.topicName);
  writer.uuid(message.topicId);
  writer.int16(message.errorCode);
  writer.compactNullableString(message.errorMessage);
  writer.taggedFields(message.unknownTaggedFields);
}
