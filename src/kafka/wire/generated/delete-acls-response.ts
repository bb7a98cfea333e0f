// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DeleteAclsResponse: versions 1 to 3, flexible from 2. */
export const DELETE_ACLS_RESPONSE: MessageCodec<DeleteAclsResponse> = {
  name: "DeleteAclsResponse",
  apiKey: 31,
  minVersion: 1,
  maxVersion: 3,
  flexibleFrom: 2,
  read: readDeleteAclsResponse,
  write: writeDeleteAclsResponse,
};

export interface DeleteAclsResponse {
  readonly throttleTimeMs: number;
  readonly filterResults: readonly DeleteAclsFilterResult[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DeleteAclsFilterResult {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly matchingAcls: readonly DeleteAclsMatchingAcl[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DeleteAclsMatchingAcl {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly resourceType: number;
  readonly resourceName: string;
  readonly patternType: number;
  readonly principal: string;
  readonly host: string;
  readonly operation: number;
  readonly permissionType: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_DELETE_ACLS_MATCHING_ACL: DeleteAclsMatchingAcl = {
  errorCode: 0,
  errorMessage: "",
  resourceType: 0,
  resourceName: "",
  patternType: 3,
  principal: "",
  host: "",
  operation: 0,
  permissionType: 0,
};

export const DEFAULT_DELETE_ACLS_FILTER_RESULT: DeleteAclsFilterResult = {
  errorCode: 0,
  errorMessage: "",
  matchingAcls: [],
};

export const DEFAULT_DELETE_ACLS_RESPONSE: DeleteAclsResponse = {
  throttleTimeMs: 0,
  filterResults: [],
};

export function readDeleteAclsResponse(reader: Reader, version: number): DeleteAclsResponse {
  if (version < 1 || version > 3) throw unsupportedVersion("DeleteAclsResponse", version);
  const flexible = version >= 2;
  const message: Mutable<DeleteAclsResponse> = {
    throttleTimeMs: reader.int32(),
    filterResults: (flexible ? readDeleteAclsFilterResultArray(reader, version, reader.compactArrayLength(5)) : readDeleteAclsFilterResultArray(reader, version, reader.arrayLength(8))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readDeleteAclsFilterResult(reader: Reader, version: number): DeleteAclsFilterResult {
  const flexible = version >= 2;
  const message: Mutable<DeleteAclsFilterResult> = {
    errorCode: reader.int16(),
    errorMessage: (flexible ? reader.compactNullableString() : reader.nullableString()),
    matchingAcls: (flexible ? readDeleteAclsMatchingAclArray(reader, version, reader.compactArrayLength(11)) : readDeleteAclsMatchingAclArray(reader, version, reader.arrayLength(14))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readDeleteAclsFilterResultArray(reader: Reader, version: number, count: number): DeleteAclsFilterResult[] {
  const values: DeleteAclsFilterResult[] = [];
  for (let index = 0; index < count; index++) values.push(readDeleteAclsFilterResult(reader, version));
  return values;
}

function readDeleteAclsMatchingAcl(reader: Reader, version: number): DeleteAclsMatchingAcl {
  const flexible = version >= 2;
  const message: Mutable<DeleteAclsMatchingAcl> = {
    errorCode: reader.int16(),
    errorMessage: (flexible ? reader.compactNullableString() : reader.nullableString()),
    resourceType: reader.int8(),
    resourceName: (flexible ? reader.compactString() : reader.string()),
    patternType: reader.int8(),
    principal: (flexible ? reader.compactString() : reader.string()),
    host: (flexible ? reader.compactString() : reader.string()),
    operation: reader.int8(),
    permissionType: reader.int8(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readDeleteAclsMatchingAclArray(reader: Reader, version: number, count: number): DeleteAclsMatchingAcl[] {
  const values: DeleteAclsMatchingAcl[] = [];
  for (let index = 0; index < count; index++) values.push(readDeleteAclsMatchingAcl(reader, version));
  return values;
}

export function writeDeleteAclsResponse(writer: Writer, message: DeleteAclsResponse, version: number): void {
  if (version < 1 || version > 3) throw unsupportedVersion("DeleteAclsResponse", version);
  const flexible = version >= 2;
  writer.int32(message.throttleTimeMs);
  if (flexible) {
    writer.compactArrayLength(message.filterResults.length);
    for (const value of message.filterResults) writeDeleteAclsFilterResult(writer, value, version);
  } else {
    writer.arrayLength(message.filterResults.length);
    for (const value of message.filterResults) writeDeleteAclsFilterResult(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DeleteAclsResponse.unknownTaggedFields", version);
  }
}

function writeDeleteAclsFilterResult(writer: Writer, message: DeleteAclsFilterResult, version: number): void {
  const flexible = version >= 2;
  writer.int16(message.errorCode);
  if (flexible) {
    writer.compactNullableString(message.errorMessage);
  } else {
    writer.nullableString(message.errorMessage);
  }
  if (flexible) {
    writer.compactArrayLength(message.matchingAcls.length);
    for (const value of message.matchingAcls) writeDeleteAclsMatchingAcl(writer, value, version);
  } else {
    writer.arrayLength(message.matchingAcls.length);
    for (const value of message.matchingAcls) writeDeleteAclsMatchingAcl(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DeleteAclsFilterResult.unknownTaggedFields", version);
  }
}

function writeDeleteAclsMatchingAcl(writer: Writer, message: DeleteAclsMatchingAcl, version: number): void {
  const flexible = version >= 2;
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
  writer.int8(message.patternType);
  if (flexible) {
    writer.compactString(message.principal);
  } else {
    writer.string(message.principal);
  }
  if (flexible) {
    writer.compactString(message.host);
  } else {
    writer.string(message.host);
  }
  writer.int8(message.operation);
  writer.int8(message.permissionType);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DeleteAclsMatchingAcl.unknownTaggedFields", version);
  }
}
