// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DescribeConfigsResponse: versions 1 to 4, flexible from 4. */
export const DESCRIBE_CONFIGS_RESPONSE: MessageCodec<DescribeConfigsResponse> = {
  name: "DescribeConfigsResponse",
  apiKey: 32,
  minVersion: 1,
  maxVersion: 4,
  flexibleFrom: 4,
  read: readDescribeConfigsResponse,
  write: writeDescribeConfigsResponse,
};

export interface DescribeConfigsResponse {
  readonly throttleTimeMs: number;
  readonly results: readonly DescribeConfigsResult[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DescribeConfigsResult {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly resourceType: number;
  readonly resourceName: string;
  readonly configs: readonly DescribeConfigsResourceResult[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DescribeConfigsResourceResult {
  readonly name: string;
  readonly value: string | null;
  readonly readOnly: boolean;
  readonly configSource: number;
  readonly isSensitive: boolean;
  readonly synonyms: readonly DescribeConfigsSynonym[];
  /** In versions 3 and up. */
  readonly configType: number;
  /** In versions 3 and up. */
  readonly documentation: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DescribeConfigsSynonym {
  readonly name: string;
  readonly value: string | null;
  readonly source: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_DESCRIBE_CONFIGS_SYNONYM: DescribeConfigsSynonym = {
  name: "",
  value: "",
  source: 0,
};

export const DEFAULT_DESCRIBE_CONFIGS_RESOURCE_RESULT: DescribeConfigsResourceResult = {
  name: "",
  value: "",
  readOnly: false,
  configSource: -1,
  isSensitive: false,
  synonyms: [],
  configType: 0,
  documentation: "",
};

export const DEFAULT_DESCRIBE_CONFIGS_RESULT: DescribeConfigsResult = {
  errorCode: 0,
  errorMessage: "",
  resourceType: 0,
  resourceName: "",
  configs: [],
};

export const DEFAULT_DESCRIBE_CONFIGS_RESPONSE: DescribeConfigsResponse = {
  throttleTimeMs: 0,
  results: [],
};

export function readDescribeConfigsResponse(reader: Reader, version: number): DescribeConfigsResponse {
  if (version < 1 || version > 4) throw unsupportedVersion("DescribeConfigsResponse", version);
  const flexible = version >= 4;
  const message: Mutable<DescribeConfigsResponse> = {
    throttleTimeMs: reader.int32(),
    results: (flexible ? readDescribeConfigsResultArray(reader, version, reader.compactArrayLength(7)) : readDescribeConfigsResultArray(reader, version, reader.arrayLength(11))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readDescribeConfigsResult(reader: Reader, version: number): DescribeConfigsResult {
  const flexible = version >= 4;
  const message: Mutable<DescribeConfigsResult> = {
    errorCode: reader.int16(),
    errorMessage: (flexible ? reader.compactNullableString() : reader.nullableString()),
    resourceType: reader.int8(),
    resourceName: (flexible ? reader.compactString() : reader.string()),
    configs: (flexible ? readDescribeConfigsResourceResultArray(reader, version, reader.compactArrayLength(9)) : readDescribeConfigsResourceResultArray(reader, version, reader.arrayLength(11))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readDescribeConfigsResultArray(reader: Reader, version: number, count: number): DescribeConfigsResult[] {
  const values: DescribeConfigsResult[] = [];
  for (let index = 0; index < count; index++) values.push(readDescribeConfigsResult(reader, version));
  return values;
}

function readDescribeConfigsResourceResult(reader: Reader, version: number): DescribeConfigsResourceResult {
  const flexible = version >= 4;
  const message: Mutable<DescribeConfigsResourceResult> = {
    name: (flexible ? reader.compactString() : reader.string()),
    value: (flexible ? reader.compactNullableString() : reader.nullableString()),
    readOnly: reader.bool(),
    configSource: reader.int8(),
    isSensitive: reader.bool(),
    synonyms: (flexible ? readDescribeConfigsSynonymArray(reader, version, reader.compactArrayLength(4)) : readDescribeConfigsSynonymArray(reader, version, reader.arrayLength(5))),
    configType: (version >= 3 ? reader.int8() : 0),
    documentation: (version >= 3 ? (flexible ? reader.compactNullableString() : reader.nullableString()) : ""),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readDescribeConfigsResourceResultArray(reader: Reader, version: number, count: number): DescribeConfigsResourceResult[] {
  const values: DescribeConfigsResourceResult[] = [];
  for (let index = 0; index < count; index++) values.push(readDescribeConfigsResourceResult(reader, version));
  return values;
}

function readDescribeConfigsSynonym(reader: Reader, version: number): DescribeConfigsSynonym {
  const flexible = version >= 4;
  const message: Mutable<DescribeConfigsSynonym> = {
    name: (flexible ? reader.compactString() : reader.string()),
    value: (flexible ? reader.compactNullableString() : reader.nullableString()),
    source: reader.int8(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readDescribeConfigsSynonymArray(reader: Reader, version: number, count: number): DescribeConfigsSynonym[] {
  const values: DescribeConfigsSynonym[] = [];
  for (let index = 0; index < count; index++) values.push(readDescribeConfigsSynonym(reader, version));
  return values;
}

export function writeDescribeConfigsResponse(writer: Writer, message: DescribeConfigsResponse, version: number): void {
  if (version < 1 || version > 4) throw unsupportedVersion("DescribeConfigsResponse", version);
  const flexible = version >= 4;
  writer.int32(message.throttleTimeMs);
  if (flexible) {
    writer.compactArrayLength(message.results.length);
    for (const value of message.results) writeDescribeConfigsResult(writer, value, version);
  } else {
    writer.arrayLength(message.results.length);
    for (const value of message.results) writeDescribeConfigsResult(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DescribeConfigsResponse.unknownTaggedFields", version);
  }
}

function writeDescribeConfigsResult(writer: Writer, message: DescribeConfigsResult, version: number): void {
  const flexible = version >= 4;
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
    writer.compactArrayLength(message.configs.length);
    for (const value of message.configs) writeDescribeConfigsResourceResult(writer, value, version);
  } else {
    writer.arrayLength(message.configs.length);
    for (const value of message.configs) writeDescribeConfigsResourceResult(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DescribeConfigsResult.unknownTaggedFields", version);
  }
}

function writeDescribeConfigsResourceResult(writer: Writer, message: DescribeConfigsResourceResult, version: number): void {
  const flexible = version >= 4;
  if (flexible) {
    writer.compactString(message.name);
  } else {
    writer.string(message.name);
  }
  if (flexible) {
    writer.compactNullableString(message.value);
  } else {
    writer.nullableString(message.value);
  }
  writer.bool(message.readOnly);
  writer.int8(message.configSource);
  writer.bool(message.isSensitive);
  if (flexible) {
    writer.compactArrayLength(message.synonyms.length);
    for (const value of message.synonyms) writeDescribeConfigsSynonym(writer, value, version);
  } else {
    writer.arrayLength(message.synonyms.length);
    for (const value of message.synonyms) writeDescribeConfigsSynonym(writer, value, version);
  }
  if (version >= 3) {
    writer.int8(message.configType);
  }
  if (version >= 3) {
    if (flexible) {
      writer.compactNullableString(message.documentation);
    } else {
      writer.nullableString(message.documentation);
    }
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DescribeConfigsResourceResult.unknownTaggedFields", version);
  }
}

function writeDescribeConfigsSynonym(writer: Writer, message: DescribeConfigsSynonym, version: number): void {
  const flexible = version >= 4;
  if (flexible) {
    writer.compactString(message.name);
  } else {
    writer.string(message.name);
  }
  if (flexible) {
    writer.compactNullableString(message.value);
  } else {
    writer.nullableString(message.value);
  }
  writer.int8(message.source);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DescribeConfigsSynonym.unknownTaggedFields", version);
  }
}
