// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ApiVersionsRequest: versions 0 to 5, flexible from 3. */
export const API_VERSIONS_REQUEST: MessageCodec<ApiVersionsRequest> = {
  name: "ApiVersionsRequest",
  apiKey: 18,
  minVersion: 0,
  maxVersion: 5,
  flexibleFrom: 3,
  read: readApiVersionsRequest,
  write: writeApiVersionsRequest,
};

export interface ApiVersionsRequest {
  /** In versions 3 and up. */
  readonly clientSoftwareName: string;
  /** In versions 3 and up. */
  readonly clientSoftwareVersion: string;
  /** In versions 5 and up. */
  readonly clusterId: string | null;
  /** In versions 5 and up. */
  readonly nodeId: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_API_VERSIONS_REQUEST: ApiVersionsRequest = {
  clientSoftwareName: "",
  clientSoftwareVersion: "",
  clusterId: null,
  nodeId: -1,
};

export function readApiVersionsRequest(reader: Reader, version: number): ApiVersionsRequest {
  if (version < 0 || version > 5) throw unsupportedVersion("ApiVersionsRequest", version);
  const flexible = version >= 3;
  const message: Mutable<ApiVersionsRequest> = {
    clientSoftwareName: (version >= 3 ? reader.compactString() : ""),
    clientSoftwareVersion: (version >= 3 ? reader.compactString() : ""),
    clusterId: (version >= 5 ? reader.compactNullableString() : null),
    nodeId: (version >= 5 ? reader.int32() : -1),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

export function writeApiVersionsRequest(writer: Writer, message: ApiVersionsRequest, version: number): void {
  if (version < 0 || version > 5) throw unsupportedVersion("ApiVersionsRequest", version);
  const flexible = version >= 3;
  if (version >= 3) {
    writer.compactString(message.clientSoftwareName);
  }
  if (version >= 3) {
    writer.compactString(message.clientSoftwareVersion);
  }
  if (version >= 5) {
    writer.compactNullableString(message.clusterId);
  }
  if (version >= 5) {
    writer.int32(message.nodeId);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("ApiVersionsRequest.unknownTaggedFields", version);
  }
}
