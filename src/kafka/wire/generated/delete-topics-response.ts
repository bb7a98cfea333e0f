// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, notNull, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DeleteTopicsResponse: versions 1 to 6, flexible from 4. */
export const DELETE_TOPICS_RESPONSE: MessageCodec<DeleteTopicsResponse> = {
  name: "DeleteTopicsResponse",
  apiKey: 20,
  minVersion: 1,
  maxVersion: 6,
  flexibleFrom: 4,
  read: readDeleteTopicsResponse,
  write: writeDeleteTopicsResponse,
};

export interface DeleteTopicsResponse {
  readonly throttleTimeMs: number;
  readonly responses: readonly DeletableTopicResult[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DeletableTopicResult {
  readonly name: string | null;
  /** In versions 6 and up. */
  readonly topicId: Uuid;
  readonly errorCode: number;
  /** In versions 5 and up. */
  readonly errorMessage: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_DELETABLE_TOPIC_RESULT: DeletableTopicResult = {
  name: "",
  topicId: ZERO_UUID,
  errorCode: 0,
  errorMessage: null,
};

export const DEFAULT_DELETE_TOPICS_RESPONSE: DeleteTopicsResponse = {
  throttleTimeMs: 0,
  responses: [],
};

export function readDeleteTopicsResponse(reader: Reader, version: number): DeleteTopicsResponse {
  if (version < 1 || version > 6) throw unsupportedVersion("DeleteTopicsResponse", version);
  const flexible = version >= 4;
  const message: Mutable<DeleteTopicsResponse> = {
    throttleTimeMs: reader.int32(),
    responses: (flexible ? readDeletableTopicResultArray(reader, version, reader.compactArrayLength(4)) : readDeletableTopicResultArray(reader, version, reader.arrayLength(4))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readDeletableTopicResult(reader: Reader, version: number): DeletableTopicResult {
  const flexible = version >= 4;
  const message: Mutable<DeletableTopicResult> = {
    name: (flexible ? (version >= 6 ? reader.compactNullableString() : reader.compactString()) : (version >= 6 ? reader.nullableString() : reader.string())),
    topicId: (version >= 6 ? reader.uuid() : ZERO_UUID),
    errorCode: reader.int16(),
    errorMessage: (version >= 5 ? reader.compactNullableString() : null),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readDeletableTopicResultArray(reader: Reader, version: number, count: number): DeletableTopicResult[] {
  const values: DeletableTopicResult[] = [];
  for (let index = 0; index < count; index++) values.push(readDeletableTopicResult(reader, version));
  return values;
}

export function writeDeleteTopicsResponse(writer: Writer, message: DeleteTopicsResponse, version: number): void {
  if (version < 1 || version > 6) throw unsupportedVersion("DeleteTopicsResponse", version);
  const flexible = version >= 4;
  writer.int32(message.throttleTimeMs);
  if (flexible) {
    writer.compactArrayLength(message.responses.length);
    for (const value of message.responses) writeDeletableTopicResult(writer, value, version);
  } else {
    writer.arrayLength(message.responses.length);
    for (const value of message.responses) writeDeletableTopicResult(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DeleteTopicsResponse.unknownTaggedFields", version);
  }
}

function writeDeletableTopicResult(writer: Writer, message: DeletableTopicResult, version: number): void {
  const flexible = version >= 4;
  if (version < 6) notNull(message.name, "DeletableTopicResult.name", version);
  if (flexible) {
    writer.compactNullableString(message.name);
  } else {
    writer.nullableString(message.name);
  }
  if (version >= 6) {
    writer.uuid(message.topicId);
  }
  writer.int16(message.errorCode);
  if (version >= 5) {
    writer.compactNullableString(message.errorMessage);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DeletableTopicResult.unknownTaggedFields", version);
  }
}
