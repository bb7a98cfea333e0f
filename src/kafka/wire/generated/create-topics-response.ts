// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** CreateTopicsResponse: versions 2 to 7, flexible from 5. */
export const CREATE_TOPICS_RESPONSE: MessageCodec<CreateTopicsResponse> = {
  name: "CreateTopicsResponse",
  apiKey: 19,
  minVersion: 2,
  maxVersion: 7,
  flexibleFrom: 5,
  read: readCreateTopicsResponse,
  write: writeCreateTopicsResponse,
};

export interface CreateTopicsResponse {
  readonly throttleTimeMs: number;
  readonly topics: readonly CreatableTopicResult[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface CreatableTopicResult {
  readonly name: string;
  /** In versions 7 and up. */
  readonly topicId: Uuid;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  /** In versions 5 and up. */
  readonly topicConfigErrorCode: number;
  /** In versions 5 and up. */
  readonly numPartitions: number;
  /** In versions 5 and up. */
  readonly replicationFactor: number;
  /** In versions 5 and up. */
  readonly configs: readonly CreatableTopicConfigs[] | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface CreatableTopicConfigs {
  readonly name: string;
  readonly value: string | null;
  readonly readOnly: boolean;
  readonly configSource: number;
  readonly isSensitive: boolean;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_CREATABLE_TOPIC_CONFIGS: CreatableTopicConfigs = {
  name: "",
  value: "",
  readOnly: false,
  configSource: -1,
  isSensitive: false,
};

export const DEFAULT_CREATABLE_TOPIC_RESULT: CreatableTopicResult = {
  name: "",
  topicId: ZERO_UUID,
  errorCode: 0,
  errorMessage: "",
  topicConfigErrorCode: 0,
  numPartitions: -1,
  replicationFactor: -1,
  configs: [],
};

export const DEFAULT_CREATE_TOPICS_RESPONSE: CreateTopicsResponse = {
  throttleTimeMs: 0,
  topics: [],
};

export function readCreateTopicsResponse(reader: Reader, version: number): CreateTopicsResponse {
  if (version < 2 || version > 7) throw unsupportedVersion("CreateTopicsResponse", version);
  const flexible = version >= 5;
  const message: Mutable<CreateTopicsResponse> = {
    throttleTimeMs: reader.int32(),
    topics: (flexible ? readCreatableTopicResultArray(reader, version, reader.compactArrayLength(12)) : readCreatableTopicResultArray(reader, version, reader.arrayLength(6))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readCreatableTopicResult(reader: Reader, version: number): CreatableTopicResult {
  const flexible = version >= 5;
  const message: Mutable<CreatableTopicResult> = {
    name: (flexible ? reader.compactString() : reader.string()),
    topicId: (version >= 7 ? reader.uuid() : ZERO_UUID),
    errorCode: reader.int16(),
    errorMessage: (flexible ? reader.compactNullableString() : reader.nullableString()),
    topicConfigErrorCode: 0,
    numPartitions: (version >= 5 ? reader.int32() : -1),
    replicationFactor: (version >= 5 ? reader.int16() : -1),
    configs: (version >= 5 ? readNullableCreatableTopicConfigsArray(reader, version, reader.compactNullableArrayLength(6)) : []),
  };
  let count = flexible ? reader.taggedFieldCount() : 0;
  let tag = -1;
  let unknown: UnknownTaggedField[] | undefined;
  for (; count > 0; count--) {
    tag = reader.tag(tag);
    const outerEnd = reader.beginTaggedField();
    if (tag === 0) {
      message.topicConfigErrorCode = reader.int16();
    } else {
      unknown ??= [];
      unknown.push({ tag, bytes: reader.rest() });
    }
    reader.endTaggedField(outerEnd);
  }
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readCreatableTopicResultArray(reader: Reader, version: number, count: number): CreatableTopicResult[] {
  const values: CreatableTopicResult[] = [];
  for (let index = 0; index < count; index++) values.push(readCreatableTopicResult(reader, version));
  return values;
}

function readCreatableTopicConfigs(reader: Reader, _version: number): CreatableTopicConfigs {
  const message: Mutable<CreatableTopicConfigs> = {
    name: reader.compactString(),
    value: reader.compactNullableString(),
    readOnly: reader.bool(),
    configSource: reader.int8(),
    isSensitive: reader.bool(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readCreatableTopicConfigsArray(reader: Reader, version: number, count: number): CreatableTopicConfigs[] {
  const values: CreatableTopicConfigs[] = [];
  for (let index = 0; index < count; index++) values.push(readCreatableTopicConfigs(reader, version));
  return values;
}

function readNullableCreatableTopicConfigsArray(reader: Reader, version: number, count: number): CreatableTopicConfigs[] | null {
  return count === -1 ? null : readCreatableTopicConfigsArray(reader, version, count);
}

export function writeCreateTopicsResponse(writer: Writer, message: CreateTopicsResponse, version: number): void {
  if (version < 2 || version > 7) throw unsupportedVersion("CreateTopicsResponse", version);
  const flexible = version >= 5;
  writer.int32(message.throttleTimeMs);
  if (flexible) {
    writer.compactArrayLength(message.topics.length);
    for (const value of message.topics) writeCreatableTopicResult(writer, value, version);
  } else {
    writer.arrayLength(message.topics.length);
    for (const value of message.topics) writeCreatableTopicResult(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("CreateTopicsResponse.unknownTaggedFields", version);
  }
}

function writeCreatableTopicResult(writer: Writer, message: CreatableTopicResult, version: number): void {
  const flexible = version >= 5;
  if (flexible) {
    writer.compactString(message.name);
  } else {
    writer.string(message.name);
  }
  if (version >= 7) {
    writer.uuid(message.topicId);
  }
  writer.int16(message.errorCode);
  if (flexible) {
    writer.compactNullableString(message.errorMessage);
  } else {
    writer.nullableString(message.errorMessage);
  }
  if (version >= 5) {
    writer.int32(message.numPartitions);
  }
  if (version >= 5) {
    writer.int16(message.replicationFactor);
  }
  if (version >= 5) {
    if (message.configs === null) writer.compactArrayLength(-1);
    else {
      writer.compactArrayLength(message.configs.length);
      for (const value of message.configs) writeCreatableTopicConfigs(writer, value, version);
    }
  }
  if (flexible) {
    const unknown = message.unknownTaggedFields;
    const has0 = message.topicConfigErrorCode !== 0;
    writer.unsignedVarint((has0 ? 1 : 0) + (unknown === undefined ? 0 : unknown.length));
    let next = 0;
    next = writer.unknownTaggedFields(unknown, next, 0);
    if (has0) {
      const at = writer.beginTaggedField(0);
      writer.int16(message.topicConfigErrorCode);
      writer.endTaggedField(at);
    }
    writer.unknownTaggedFields(unknown, next, Number.POSITIVE_INFINITY);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("CreatableTopicResult.unknownTaggedFields", version);
  }
}

function writeCreatableTopicConfigs(writer: Writer, message: CreatableTopicConfigs, _version: number): void {
  writer.compactString(message.name);
  writer.compactNullableString(message.value);
  writer.bool(message.readOnly);
  writer.int8(message.configSource);
  writer.bool(message.isSensitive);
  writer.taggedFields(message.unknownTaggedFields);
}
