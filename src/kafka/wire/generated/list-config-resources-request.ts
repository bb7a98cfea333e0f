// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { readInt8Array, writeInt8Array } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ListConfigResourcesRequest: versions 0 to 1, flexible from 0. */
export const LIST_CONFIG_RESOURCES_REQUEST: MessageCodec<ListConfigResourcesRequest> = {
  name: "ListConfigResourcesRequest",
  apiKey: 74,
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 0,
  read: readListConfigResourcesRequest,
  write: writeListConfigResourcesRequest,
};

export interface ListConfigResourcesRequest {
  /** In versions 1 and up. */
  readonly resourceTypes: readonly number[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_LIST_CONFIG_RESOURCES_REQUEST: ListConfigResourcesRequest = {
  resourceTypes: [],
};

export function readListConfigResourcesRequest(reader: Reader, version: number): ListConfigResourcesRequest {
  if (version < 0 || version > 1) throw unsupportedVersion("ListConfigResourcesRequest", version);
  const message: Mutable<ListConfigResourcesRequest> = {
    resourceTypes: (version >= 1 ? readInt8Array(reader, reader.compactArrayLength(1)) : []),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeListConfigResourcesRequest(writer: Writer, message: ListConfigResourcesRequest, version: number): void {
  if (version < 0 || version > 1) throw unsupportedVersion("ListConfigResourcesRequest", version);
  if (version >= 1) {
    writer.compactArrayLength(message.resourceTypes.length);
    writeInt8Array(writer, message.resourceTypes);
  } else if (message.resourceTypes.length !== 0) {
    throw unsupportedField("ListConfigResourcesRequest.resourceTypes", version);
  }
  writer.taggedFields(message.unknownTaggedFields);
}
