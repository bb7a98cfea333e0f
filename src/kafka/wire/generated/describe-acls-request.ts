// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DescribeAclsRequest: versions 1 to 3, flexible from 2. */
export const DESCRIBE_ACLS_REQUEST: MessageCodec<DescribeAclsRequest> = {
  name: "DescribeAclsRequest",
  apiKey: 29,
  minVersion: 1,
  maxVersion: 3,
  flexibleFrom: 2,
  read: readDescribeAclsRequest,
  write: writeDescribeAclsRequest,
};

export interface DescribeAclsRequest {
  readonly resourceTypeFilter: number;
  readonly resourceNameFilter: string | null;
  readonly patternTypeFilter: number;
  readonly principalFilter: string | null;
  readonly hostFilter: string | null;
  readonly operation: number;
  readonly permissionType: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_DESCRIBE_ACLS_REQUEST: DescribeAclsRequest = {
  resourceTypeFilter: 0,
  resourceNameFilter: "",
  patternTypeFilter: 3,
  principalFilter: "",
  hostFilter: "",
  operation: 0,
  permissionType: 0,
};

export function readDescribeAclsRequest(reader: Reader, version: number): DescribeAclsRequest {
  if (version < 1 || version > 3) throw unsupportedVersion("DescribeAclsRequest", version);
  const flexible = version >= 2;
  const message: Mutable<DescribeAclsRequest> = {
    resourceTypeFilter: reader.int8(),
    resourceNameFilter: (flexible ? reader.compactNullableString() : reader.nullableString()),
    patternTypeFilter: reader.int8(),
    principalFilter: (flexible ? reader.compactNullableString() : reader.nullableString()),
    hostFilter: (flexible ? reader.compactNullableString() : reader.nullableString()),
    operation: reader.int8(),
    permissionType: reader.int8(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

export function writeDescribeAclsRequest(writer: Writer, message: DescribeAclsRequest, version: number): void {
  if (version < 1 || version > 3) throw unsupportedVersion("DescribeAclsRequest", version);
  const flexible = version >= 2;
  writer.int8(message.resourceTypeFilter);
  if (flexible) {
    writer.compactNullableString(message.resourceNameFilter);
  } else {
    writer.nullableString(message.resourceNameFilter);
  }
  writer.int8(message.patternTypeFilter);
  if (flexible) {
    writer.compactNullableString(message.principalFilter);
  } else {
    writer.nullableString(message.principalFilter);
  }
  if (flexible) {
    writer.compactNullableString(message.hostFilter);
  } else {
    writer.nullableString(message.hostFilter);
  }
  writer.int8(message.operation);
  writer.int8(message.permissionType);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DescribeAclsRequest.unknownTaggedFields", version);
  }
}
