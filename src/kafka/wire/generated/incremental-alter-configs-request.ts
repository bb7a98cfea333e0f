// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** IncrementalAlterConfigsRequest: versions 0 to 1, flexible from 1. */
export const INCREMENTAL_ALTER_CONFIGS_REQUEST: MessageCodec<IncrementalAlterConfigsRequest> = {
  name: "IncrementalAlterConfigsRequest",
  apiKey: 44,
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 1,
  read: readIncrementalAlterConfigsRequest,
  write: writeIncrementalAlterConfigsRequest,
};

export interface IncrementalAlterConfigsRequest {
  readonly resources: readonly AlterConfigsResource[];
  readonly validateOnly: boolean;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface AlterConfigsResource {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly configs: readonly AlterableConfig[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface AlterableConfig {
  readonly name: string;
  readonly configOperation: number;
  readonly value: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_ALTERABLE_CONFIG: AlterableConfig = {
  name: "",
  configOperation: 0,
  value: "",
};

export const DEFAULT_ALTER_CONFIGS_RESOURCE: AlterConfigsResource = {
  resourceType: 0,
  resourceName: "",
  configs: [],
};

export const DEFAULT_INCREMENTAL_ALTER_CONFIGS_REQUEST: IncrementalAlterConfigsRequest = {
  resources: [],
  validateOnly: false,
};

export function readIncrementalAlterConfigsRequest(reader: Reader, version: number): IncrementalAlterConfigsRequest {
  if (version < 0 || version > 1) throw unsupportedVersion("IncrementalAlterConfigsRequest", version);
  const flexible = version >= 1;
  const message: Mutable<IncrementalAlterConfigsRequest> = {
    resources: (flexible ? readAlterConfigsResourceArray(reader, version, reader.compactArrayLength(4)) : readAlterConfigsResourceArray(reader, version, reader.arrayLength(7))),
    validateOnly: reader.bool(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readAlterConfigsResource(reader: Reader, version: number): AlterConfigsResource {
  const flexible = version >= 1;
  const message: Mutable<AlterConfigsResource> = {
    resourceType: reader.int8(),
    resourceName: (flexible ? reader.compactString() : reader.string()),
    configs: (flexible ? readAlterableConfigArray(reader, version, reader.compactArrayLength(4)) : readAlterableConfigArray(reader, version, reader.arrayLength(5))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readAlterConfigsResourceArray(reader: Reader, version: number, count: number): AlterConfigsResource[] {
  const values: AlterConfigsResource[] = [];
  for (let index = 0; index < count; index++) values.push(readAlterConfigsResource(reader, version));
  return values;
}

function readAlterableConfig(reader: Reader, version: number): AlterableConfig {
  const flexible = version >= 1;
  const message: Mutable<AlterableConfig> = {
    name: (flexible ? reader.compactString() : reader.string()),
    configOperation: reader.int8(),
    value: (flexible ? reader.compactNullableString() : reader.nullableString()),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readAlterableConfigArray(reader: Reader, version: number, count: number): AlterableConfig[] {
  const values: AlterableConfig[] = [];
  for (let index = 0; index < count; index++) values.push(readAlterableConfig(reader, version));
  return values;
}

export function writeIncrementalAlterConfigsRequest(writer: Writer, message: IncrementalAlterConfigsRequest, version: number): void {
  if (version < 0 || version > 1) throw unsupportedVersion("IncrementalAlterConfigsRequest", version);
  const flexible = version >= 1;
  if (flexible) {
    writer.compactArrayLength(message.resources.length);
    for (const value of message.resources) writeAlterConfigsResource(writer, value, version);
  } else {
    writer.arrayLength(message.resources.length);
    for (const value of message.resources) writeAlterConfigsResource(writer, value, version);
  }
  writer.bool(message.validateOnly);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("IncrementalAlterConfigsRequest.unknownTaggedFields", version);
  }
}

function writeAlterConfigsResource(writer: Writer, message: AlterConfigsResource, version: number): void {
  const flexible = version >= 1;
  writer.int8(message.resourceType);
  if (flexible) {
    writer.compactString(message.resourceName);
  } else {
    writer.string(message.resourceName);
  }
  if (flexible) {
    writer.compactArrayLength(message.configs.length);
    for (const value of message.configs) writeAlterableConfig(writer, value, version);
  } else {
    writer.arrayLength(message.configs.length);
    for (const value of message.configs) writeAlterableConfig(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("AlterConfigsResource.unknownTaggedFields", version);
  }
}

function writeAlterableConfig(writer: Writer, message: AlterableConfig, version: number): void {
  const flexible = version >= 1;
  if (flexible) {
    writer.compactString(message.name);
  } else {
    writer.string(message.name);
  }
  writer.int8(message.configOperation);
  if (flexible) {
    writer.compactNullableString(message.value);
  } else {
    writer.nullableString(message.value);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("AlterableConfig.unknownTaggedFields", version);
  }
}
