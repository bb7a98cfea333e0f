// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** IncrementalAlterConfigsResponse: versions 0 to 1, flexible from 1. */
export const INCREMENTAL_ALTER_CONFIGS_RESPONSE: MessageCodec<IncrementalAlterConfigsResponse> = {
  name: "IncrementalAlterConfigsResponse",
  apiKey: 44,
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 1,
  read: readIncrementalAlterConfigsResponse,
  write: writeIncrementalAlterConfigsResponse,
};

export interface IncrementalAlterConfigsResponse {
  readonly throttleTimeMs: number;
  readonly responses: readonly AlterConfigsResourceResponse[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface AlterConfigsResourceResponse {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly resourceType: number;
  readonly resourceName: string;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_ALTER_CONFIGS_RESOURCE_RESPONSE: AlterConfigsResourceResponse = {
  errorCode: 0,
  errorMessage: "",
  resourceType: 0,
  resourceName: "",
};

export const DEFAULT_INCREMENTAL_ALTER_CONFIGS_RESPONSE: IncrementalAlterConfigsResponse = {
  throttleTimeMs: 0,
  responses: [],
};

export function readIncrementalAlterConfigsResponse(reader: Reader, version: number): IncrementalAlterConfigsResponse {
  if (version < 0 || version > 1) throw unsupportedVersion("IncrementalAlterConfigsResponse", version);
  const flexible = version >= 1;
  const message: Mutable<IncrementalAlterConfigsResponse> = {
    throttleTimeMs: reader.int32(),
    responses: (flexible ? readAlterConfigsResourceResponseArray(reader, version, reader.compactArrayLength(6)) : readAlterConfigsResourceResponseArray(reader, version, reader.arrayLength(7))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readAlterConfigsResourceResponse(reader: Reader, version: number): AlterConfigsResourceResponse {
  const flexible = version >= 1;
  const message: Mutable<AlterConfigsResourceResponse> = {
    errorCode: reader.int16(),
    errorMessage: (flexible ? reader.compactNullableString() : reader.nullableString()),
    resourceType: reader.int8(),
    resourceName: (flexible ? reader.compactString() : reader.string()),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readAlterConfigsResourceResponseArray(reader: Reader, version: number, count: number): AlterConfigsResourceResponse[] {
  const values: AlterConfigsResourceResponse[] = [];
  for (let index = 0; index < count; index++) values.push(readAlterConfigsResourceResponse(reader, version));
  return values;
}

export function writeIncrementalAlterConfigsResponse(writer: Writer, message: IncrementalAlterConfigsResponse, version: number): void {
  if (version < 0 || version > 1) throw unsupportedVersion("IncrementalAlterConfigsResponse", version);
  const flexible = version >= 1;
  writer.int32(message.throttleTimeMs);
  if (flexible) {
    writer.compactArrayLength(message.responses.length);
    for (const value of message.responses) writeAlterConfigsResourceResponse(writer, value, version);
  } else {
    writer.arrayLength(message.responses.length);
    for (const value of message.responses) writeAlterConfigsResourceResponse(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("IncrementalAlterConfigsResponse.unknownTaggedFields", version);
  }
}

function writeAlterConfigsResourceResponse(writer: Writer, message: AlterConfigsResourceResponse, version: number): void {
  const flexible = version >= 1;
  writer.int16(message.errorCode);
  if (flexible) {
    writer.compactNullableString(message.errorMessage);
  } else {
    writer.nullableString(message.errorMessage);
  }
  writer.int8(message.resourceType);
  if (flexible) {
    writer.compactString(message.resourceName);
  } else {
    writer.string(message.resourceName);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("AlterConfigsResourceResponse.unknownTaggedFields", version);
  }
}
