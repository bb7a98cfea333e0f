// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DeleteAclsRequest: versions 1 to 3, flexible from 2. */
export const DELETE_ACLS_REQUEST: MessageCodec<DeleteAclsRequest> = {
  name: "DeleteAclsRequest",
  apiKey: 31,
  minVersion: 1,
  maxVersion: 3,
  flexibleFrom: 2,
  read: readDeleteAclsRequest,
  write: writeDeleteAclsRequest,
};

export interface DeleteAclsRequest {
  readonly filters: readonly DeleteAclsFilter[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DeleteAclsFilter {
  readonly resourceTypeFilter: number;
  readonly resourceNameFilter: string | null;
  readonly patternTypeFilter: number;
  readonly principalFilter: string | null;
  readonly hostFilter: string | null;
  readonly operation: number;
  readonly permissionType: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_DELETE_ACLS_FILTER: DeleteAclsFilter = {
  resourceTypeFilter: 0,
  resourceNameFilter: "",
  patternTypeFilter: 3,
  principalFilter: "",
  hostFilter: "",
  operation: 0,
  permissionType: 0,
};

export const DEFAULT_DELETE_ACLS_REQUEST: DeleteAclsRequest = {
  filters: [],
};

export function readDeleteAclsRequest(reader: Reader, version: number): DeleteAclsRequest {
  if (version < 1 || version > 3) throw unsupportedVersion("DeleteAclsRequest", version);
  const flexible = version >= 2;
  const message: Mutable<DeleteAclsRequest> = {
    filters: (flexible ? readDeleteAclsFilterArray(reader, version, reader.compactArrayLength(8)) : readDeleteAclsFilterArray(reader, version, reader.arrayLength(10))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readDeleteAclsFilter(reader: Reader, version: number): DeleteAclsFilter {
  const flexible = version >= 2;
  const message: Mutable<DeleteAclsFilter> = {
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

function readDeleteAclsFilterArray(reader: Reader, version: number, count: number): DeleteAclsFilter[] {
  const values: DeleteAclsFilter[] = [];
  for (let index = 0; index < count; index++) values.push(readDeleteAclsFilter(reader, version));
  return values;
}

export function writeDeleteAclsRequest(writer: Writer, message: DeleteAclsRequest, version: number): void {
  if (version < 1 || version > 3) throw unsupportedVersion("DeleteAclsRequest", version);
  const flexible = version >= 2;
  if (flexible) {
    writer.compactArrayLength(message.filters.length);
    for (const value of message.filters) writeDeleteAclsFilter(writer, value, version);
  } else {
    writer.arrayLength(message.filters.length);
    for (const value of message.filters) writeDeleteAclsFilter(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DeleteAclsRequest.unknownTaggedFields", version);
  }
}

function writeDeleteAclsFilter(writer: Writer, message: DeleteAclsFilter, version: number): void {
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
    throw unsupportedField("DeleteAclsFilter.unknownTaggedFields", version);
  }
}
