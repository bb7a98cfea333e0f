// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** CreatePartitionsResponse: versions 0 to 3, flexible from 2. */
export const CREATE_PARTITIONS_RESPONSE: MessageCodec<CreatePartitionsResponse> = {
  name: "CreatePartitionsResponse",
  apiKey: 37,
  minVersion: 0,
  maxVersion: 3,
  flexibleFrom: 2,
  read: readCreatePartitionsResponse,
  write: writeCreatePartitionsResponse,
};

export interface CreatePartitionsResponse {
  readonly throttleTimeMs: number;
  readonly results: readonly CreatePartitionsTopicResult[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface CreatePartitionsTopicResult {
  readonly name: string;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_CREATE_PARTITIONS_TOPIC_RESULT: CreatePartitionsTopicResult = {
  name: "",
  errorCode: 0,
  errorMessage: null,
};

export const DEFAULT_CREATE_PARTITIONS_RESPONSE: CreatePartitionsResponse = {
  throttleTimeMs: 0,
  results: [],
};

export function readCreatePartitionsResponse(reader: Reader, version: number): CreatePartitionsResponse {
  if (version < 0 || version > 3) throw unsupportedVersion("CreatePartitionsResponse", version);
  const flexible = version >= 2;
  const message: Mutable<CreatePartitionsResponse> = {
    throttleTimeMs: reader.int32(),
    results: (flexible ? readCreatePartitionsTopicResultArray(reader, version, reader.compactArrayLength(5)) : readCreatePartitionsTopicResultArray(reader, version, reader.arrayLength(6))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readCreatePartitionsTopicResult(reader: Reader, version: number): CreatePartitionsTopicResult {
  const flexible = version >= 2;
  const message: Mutable<CreatePartitionsTopicResult> = {
    name: (flexible ? reader.compactString() : reader.string()),
    errorCode: reader.int16(),
    errorMessage: (flexible ? reader.compactNullableString() : reader.nullableString()),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readCreatePartitionsTopicResultArray(reader: Reader, version: number, count: number): CreatePartitionsTopicResult[] {
  const values: CreatePartitionsTopicResult[] = [];
  for (let index = 0; index < count; index++) values.push(readCreatePartitionsTopicResult(reader, version));
  return values;
}

export function writeCreatePartitionsResponse(writer: Writer, message: CreatePartitionsResponse, version: number): void {
  if (version < 0 || version > 3) throw unsupportedVersion("CreatePartitionsResponse", version);
  const flexible = version >= 2;
  writer.int32(message.throttleTimeMs);
  if (flexible) {
    writer.compactArrayLength(message.results.length);
    for (const value of message.results) writeCreatePartitionsTopicResult(writer, value, version);
  } else {
    writer.arrayLength(message.results.length);
    for (const value of message.results) writeCreatePartitionsTopicResult(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("CreatePartitionsResponse.unknownTaggedFields", version);
  }
}

function writeCreatePartitionsTopicResult(writer: Writer, message: CreatePartitionsTopicResult, version: number): void {
  const flexible = version >= 2;
  if (flexible) {
    writer.compactString(message.name);
  } else {
    writer.string(message.name);
  }
  writer.int16(message.errorCode);
  if (flexible) {
    writer.compactNullableString(message.errorMessage);
  } else {
    writer.nullableString(message.errorMessage);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("CreatePartitionsTopicResult.unknownTaggedFields", version);
  }
}
