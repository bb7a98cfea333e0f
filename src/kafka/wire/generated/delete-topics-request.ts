// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { readStringArray, writeStringArray, readCompactStringArray, writeCompactStringArray } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DeleteTopicsRequest: versions 1 to 6, flexible from 4. */
export const DELETE_TOPICS_REQUEST: MessageCodec<DeleteTopicsRequest> = {
  name: "DeleteTopicsRequest",
  apiKey: 20,
  minVersion: 1,
  maxVersion: 6,
  flexibleFrom: 4,
  read: readDeleteTopicsRequest,
  write: writeDeleteTopicsRequest,
};

export interface DeleteTopicsRequest {
  /** In versions 6 and up. */
  readonly topics: readonly DeleteTopicState[];
  /** In versions 1 to 5. */
  readonly topicNames: readonly string[];
  readonly timeoutMs: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DeleteTopicState {
  readonly name: string | null;
  readonly topicId: Uuid;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_DELETE_TOPIC_STATE: DeleteTopicState = {
  name: null,
  topicId: ZERO_UUID,
};

export const DEFAULT_DELETE_TOPICS_REQUEST: DeleteTopicsRequest = {
  topics: [],
  topicNames: [],
  timeoutMs: 0,
};

export function readDeleteTopicsRequest(reader: Reader, version: number): DeleteTopicsRequest {
  if (version < 1 || version > 6) throw unsupportedVersion("DeleteTopicsRequest", version);
  const flexible = version >= 4;
  const message: Mutable<DeleteTopicsRequest> = {
    topics: (version >= 6 ? readDeleteTopicStateArray(reader, version, reader.compactArrayLength(18)) : []),
    topicNames: (version <= 5 ? (flexible ? readCompactStringArray(reader, reader.compactArrayLength(1)) : readStringArray(reader, reader.arrayLength(2))) : []),
    timeoutMs: reader.int32(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readDeleteTopicState(reader: Reader, _version: number): DeleteTopicState {
  const message: Mutable<DeleteTopicState> = {
    name: reader.compactNullableString(),
    topicId: reader.uuid(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readDeleteTopicStateArray(reader: Reader, version: number, count: number): DeleteTopicState[] {
  const values: DeleteTopicState[] = [];
  for (let index = 0; index < count; index++) values.push(readDeleteTopicState(reader, version));
  return values;
}

export function writeDeleteTopicsRequest(writer: Writer, message: DeleteTopicsRequest, version: number): void {
  if (version < 1 || version > 6) throw unsupportedVersion("DeleteTopicsRequest", version);
  const flexible = version >= 4;
  if (version >= 6) {
    writer.compactArrayLength(message.topics.length);
    for (const value of message.topics) writeDeleteTopicState(writer, value, version);
  } else if (message.topics.length !== 0) {
    throw unsupportedField("DeleteTopicsRequest.topics", version);
  }
  if (version <= 5) {
    if (flexible) {
      writer.compactArrayLength(message.topicNames.length);
      writeCompactStringArray(writer, message.topicNames);
    } else {
      writer.arrayLength(message.topicNames.length);
      writeStringArray(writer, message.topicNames);
    }
  }
  writer.int32(message.timeoutMs);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DeleteTopicsRequest.unknownTaggedFields", version);
  }
}

function writeDeleteTopicState(writer: Writer, message: DeleteTopicState, _version: number): void {
  writer.compactNullableString(message.name);
  writer.uuid(message.topicId);
  writer.taggedFields(message.unknownTaggedFields);
}
