// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** CreateAclsResponse: versions 1 to 3, flexible from 2. */
export const CREATE_ACLS_RESPONSE: MessageCodec<CreateAclsResponse> = {
  name: "CreateAclsResponse",
  apiKey: 30,
  minVersion: 1,
  maxVersion: 3,
  flexibleFrom: 2,
  read: readCreateAclsResponse,
  write: writeCreateAclsResponse,
};

export interface CreateAclsResponse {
  readonly throttleTimeMs: number;
  readonly results: readonly AclCreationResult[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface AclCreationResult {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_ACL_CREATION_RESULT: AclCreationResult = {
  errorCode: 0,
  errorMessage: "",
};

export const DEFAULT_CREATE_ACLS_RESPONSE: CreateAclsResponse = {
  throttleTimeMs: 0,
  results: [],
};

export function readCreateAclsResponse(reader: Reader, version: number): CreateAclsResponse {
  if (version < 1 || version > 3) throw unsupportedVersion("CreateAclsResponse", version);
  const flexible = version >= 2;
  const message: Mutable<CreateAclsResponse> = {
    throttleTimeMs: reader.int32(),
    results: (flexible ? readAclCreationResultArray(reader, version, reader.compactArrayLength(4)) : readAclCreationResultArray(reader, version, reader.arrayLength(4))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readAclCreationResult(reader: Reader, version: number): AclCreationResult {
  const flexible = version >= 2;
  const message: Mutable<AclCreationResult> = {
    errorCode: reader.int16(),
    errorMessage: (flexible ? reader.compactNullableString() : reader.nullableString()),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readAclCreationResultArray(reader: Reader, version: number, count: number): AclCreationResult[] {
  const values: AclCreationResult[] = [];
  for (let index = 0; index < count; index++) values.push(readAclCreationResult(reader, version));
  return values;
}

export function writeCreateAclsResponse(writer: Writer, message: CreateAclsResponse, version: number): void {
  if (version < 1 || version > 3) throw unsupportedVersion("CreateAclsResponse", version);
  const flexible = version >= 2;
  writer.int32(message.throttleTimeMs);
  if (flexible) {
    writer.compactArrayLength(message.results.length);
    for (const value of message.results) writeAclCreationResult(writer, value, version);
  } else {
    writer.arrayLength(message.results.length);
    for (const value of message.results) writeAclCreationResult(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("CreateAclsResponse.unknownTaggedFields", version);
  }
}

function writeAclCreationResult(writer: Writer, message: AclCreationResult, version: number): void {
  const flexible = version >= 2;
  writer.int16(message.errorCode);
  if (flexible) {
    writer.compactNullableString(message.errorMessage);
  } else {
    writer.nullableString(message.errorMessage);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("AclCreationResult.unknownTaggedFields", version);
  }
}
