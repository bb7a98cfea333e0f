// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** CreateAclsRequest: versions 1 to 3, flexible from 2. */
export const CREATE_ACLS_REQUEST: MessageCodec<CreateAclsRequest> = {
  name: "CreateAclsRequest",
  apiKey: 30,
  minVersion: 1,
  maxVersion: 3,
  flexibleFrom: 2,
  read: readCreateAclsRequest,
  write: writeCreateAclsRequest,
};

export interface CreateAclsRequest {
  readonly creations: readonly AclCreation[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface AclCreation {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly resourcePatternType: number;
  readonly principal: string;
  readonly host: string;
  readonly operation: number;
  readonly permissionType: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_ACL_CREATION: AclCreation = {
  resourceType: 0,
  resourceName: "",
  resourcePatternType: 3,
  principal: "",
  host: "",
  operation: 0,
  permissionType: 0,
};

export const DEFAULT_CREATE_ACLS_REQUEST: CreateAclsRequest = {
  creations: [],
};

export function readCreateAclsRequest(reader: Reader, version: number): CreateAclsRequest {
  if (version < 1 || version > 3) throw unsupportedVersion("CreateAclsRequest", version);
  const flexible = version >= 2;
  const message: Mutable<CreateAclsRequest> = {
    creations: (flexible ? readAclCreationArray(reader, version, reader.compactArrayLength(8)) : readAclCreationArray(reader, version, reader.arrayLength(10))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readAclCreation(reader: Reader, version: number): AclCreation {
  const flexible = version >= 2;
  const message: Mutable<AclCreation> = {
    resourceType: reader.int8(),
    resourceName: (flexible ? reader.compactString() : reader.string()),
    resourcePatternType: reader.int8(),
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

function readAclCreationArray(reader: Reader, version: number, count: number): AclCreation[] {
  const values: AclCreation[] = [];
  for (let index = 0; index < count; index++) values.push(readAclCreation(reader, version));
  return values;
}

export function writeCreateAclsRequest(writer: Writer, message: CreateAclsRequest, version: number): void {
  if (version < 1 || version > 3) throw unsupportedVersion("CreateAclsRequest", version);
  const flexible = version >= 2;
  if (flexible) {
    writer.compactArrayLength(message.creations.length);
    for (const value of message.creations) writeAclCreation(writer, value, version);
  } else {
    writer.arrayLength(message.creations.length);
    for (const value of message.creations) writeAclCreation(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("CreateAclsRequest.unknownTaggedFields", version);
  }
}

function writeAclCreation(writer: Writer, message: AclCreation, version: number): void {
  const flexible = version >= 2;
  writer.int8(message.resourceType);
  if (flexible) {
    writer.compactString(message.resourceName);
  } else {
    writer.string(message.resourceName);
  }
  writer.int8(message.resourcePatternType);
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
    throw unsupportedField("AclCreation.unknownTaggedFields", version);
  }
}
