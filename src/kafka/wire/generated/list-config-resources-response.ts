// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ListConfigResourcesResponse: versions 0 to 1, flexible from 0. */
export const LIST_CONFIG_RESOURCES_RESPONSE: MessageCodec<ListConfigResourcesResponse> = {
  name: "ListConfigResourcesResponse",
  apiKey: 74,
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 0,
  read: readListConfigResourcesResponse,
  write: writeListConfigResourcesResponse,
};

export interface ListConfigResourcesResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly configResources: readonly ConfigResource[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface ConfigResource {
  readonly resourceName: string;
  /** In versions 1 and up. */
  readonly resourceType: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_CONFIG_RESOURCE: ConfigResource = {
  resourceName: "",
  resourceType: 16,
};

export const DEFAULT_LIST_CONFIG_RESOURCES_RESPONSE: ListConfigResourcesResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  configResources: [],
};

export function readListConfigResourcesResponse(reader: Reader, version: number): ListConfigResourcesResponse {
  if (version < 0 || version > 1) throw unsupportedVersion("ListConfigResourcesResponse", version);
  const message: Mutable<ListConfigResourcesResponse> = {
    throttleTimeMs: reader.int32(),
    errorCode: reader.int16(),
    configResources: readConfigResourceArray(reader, version, reader.compactArrayLength(2)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readConfigResource(reader: Reader, version: number): ConfigResource {
  const message: Mutable<ConfigResource> = {
    resourceName: reader.compactString(),
    resourceType: (version >= 1 ? reader.int8() : 16),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readConfigResourceArray(reader: Reader, version: number, count: number): ConfigResource[] {
  const values: ConfigResource[] = [];
  for (let index = 0; index < count; index++) values.push(readConfigResource(reader, version));
  return values;
}

export function writeListConfigResourcesResponse(writer: Writer, message: ListConfigResourcesResponse, version: number): void {
  if (version < 0 || version > 1) throw unsupportedVersion("ListConfigResourcesResponse", version);
  writer.int32(message.throttleTimeMs);
  writer.int16(message.errorCode);
  writer.compactArrayLength(message.configResources.length);
  for (const value of message.configResources) writeConfigResource(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeConfigResource(writer: Writer, message: ConfigResource, version: number): void {
  writer.compactString(message.resourceName);
  if (version >= 1) {
    writer.int8(message.resourceType);
  }
  writer.taggedFields(message.unknownTaggedFields);
}
