// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { readNullableStringArray, writeStringArray, readNullableCompactStringArray, writeCompactStringArray } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DescribeConfigsRequest: versions 1 to 4, flexible from 4. */
export const DESCRIBE_CONFIGS_REQUEST: MessageCodec<DescribeConfigsRequest> = {
  name: "DescribeConfigsRequest",
  apiKey: 32,
  minVersion: 1,
  maxVersion: 4,
  flexibleFrom: 4,
  read: readDescribeConfigsRequest,
  write: writeDescribeConfigsRequest,
};

export interface DescribeConfigsRequest {
  readonly resources: readonly DescribeConfigsResource[];
  readonly includeSynonyms: boolean;
  /** In versions 3 and up. */
  readonly includeDocumentation: boolean;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DescribeConfigsResource {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly configurationKeys: readonly string[] | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_DESCRIBE_CONFIGS_RESOURCE: DescribeConfigsResource = {
  resourceType: 0,
  resourceName: "",
  configurationKeys: [],
};

export const DEFAULT_DESCRIBE_CONFIGS_REQUEST: DescribeConfigsRequest = {
  resources: [],
  includeSynonyms: false,
  includeDocumentation: false,
};

export function readDescribeConfigsRequest(reader: Reader, version: number): DescribeConfigsRequest {
  if (version < 1 || version > 4) throw unsupportedVersion("DescribeConfigsRequest", version);
  const flexible = version >= 4;
  const message: Mutable<DescribeConfigsRequest> = {
    resources: (flexible ? readDescribeConfigsResourceArray(reader, version, reader.compactArrayLength(4)) : readDescribeConfigsResourceArray(reader, version, reader.arrayLength(7))),
    includeSynonyms: reader.bool(),
    includeDocumentation: (version >= 3 ? reader.bool() : false),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readDescribeConfigsResource(reader: Reader, version: number): DescribeConfigsResource {
  const flexible = version >= 4;
  const message: Mutable<DescribeConfigsResource> = {
    resourceType: reader.int8(),
    resourceName: (flexible ? reader.compactString() : reader.string()),
    configurationKeys: (flexible ? readNullableCompactStringArray(reader, reader.compactNullableArrayLength(1)) : readNullableStringArray(reader, reader.nullableArrayLength(2))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readDescribeConfigsResourceArray(reader: Reader, version: number, count: number): DescribeConfigsResource[] {
  const values: DescribeConfigsResource[] = [];
  for (let index = 0; index < count; index++) values.push(readDescribeConfigsResource(reader, version));
  return values;
}

export function writeDescribeConfigsRequest(writer: Writer, message: DescribeConfigsRequest, version: number): void {
  if (version < 1 || version > 4) throw unsupportedVersion("DescribeConfigsRequest", version);
  const flexible = version >= 4;
  if (flexible) {
    writer.compactArrayLength(message.resources.length);
    for (const value of message.resources) writeDescribeConfigsResource(writer, value, version);
  } else {
    writer.arrayLength(message.resources.length);
    for (const value of message.resources) writeDescribeConfigsResource(writer, value, version);
  }
  writer.bool(message.includeSynonyms);
  if (version >= 3) {
    writer.bool(message.includeDocumentation);
  } else if (message.includeDocumentation) {
    throw unsupportedField("DescribeConfigsRequest.includeDocumentation", version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DescribeConfigsRequest.unknownTaggedFields", version);
  }
}

function writeDescribeConfigsResource(writer: Writer, message: DescribeConfigsResource, version: number): void {
  const flexible = version >= 4;
  writer.int8(message.resourceType);
  if (flexible) {
    writer.compactString(message.resourceName);
  } else {
    writer.string(message.resourceName);
  }
  if (flexible) {
    if (message.configurationKeys === null) writer.compactArrayLength(-1);
    else {
      writer.compactArrayLength(message.configurationKeys.length);
      writeCompactStringArray(writer, message.configurationKeys);
    }
  } else {
    if (message.configurationKeys === null) writer.arrayLength(-1);
    else {
      writer.arrayLength(message.configurationKeys.length);
      writeStringArray(writer, message.configurationKeys);
    }
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DescribeConfigsResource.unknownTaggedFields", version);
  }
}
