// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DescribeAclsResponse: versions 1 to 3, flexible from 2. */
export const DESCRIBE_ACLS_RESPONSE: MessageCodec<DescribeAclsResponse> = {
  name: "DescribeAclsResponse",
  apiKey: 29,
  minVersion: 1,
  maxVersion: 3,
  flexibleFrom: 2,
  read: readDescribeAclsResponse,
  write: writeDescribeAclsResponse,
};

export interface DescribeAclsResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly resources: readonly DescribeAclsResource[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DescribeAclsResource {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly patternType: number;
  readonly acls: readonly AclDescription[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface AclDescription {
  readonly principal: string;
  readonly host: string;
  readonly operation: number;
  readonly permissionType: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_ACL_DESCRIPTION: AclDescription = {
  principal: "",
  host: "",
  operation: 0,
  permissionType: 0,
};

export const DEFAULT_DESCRIBE_ACLS_RESOURCE: DescribeAclsResource = {
  resourceType: 0,
  resourceName: "",
  patternType: 3,
  acls: [],
};

export const DEFAULT_DESCRIBE_ACLS_RESPONSE: DescribeAclsResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  errorMessage: "",
  resources: [],
};

export function readDescribeAclsResponse(reader: Reader, version: number): DescribeAclsResponse {
  if (version < 1 || version > 3) throw unsupportedVersion("DescribeAclsResponse", version);
  const flexible = version >= 2;
  const message: Mutable<DescribeAclsResponse> = {
    throttleTimeMs: reader.int32(),
    errorCode: reader.int16(),
    errorMessage: (flexible ? reader.compactNullableString() : reader.nullableString()),
    resources: (flexible ? readDescribeAclsResourceArray(reader, version, reader.compactArrayLength(5)) : readDescribeAclsResourceArray(reader, version, reader.arrayLength(8))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readDescribeAclsResource(reader: Reader, version: number): DescribeAclsResource {
  const flexible = version >= 2;
  const message: Mutable<DescribeAclsResource> = {
    resourceType: reader.int8(),
    resourceName: (flexible ? reader.compactString() : reader.string()),
    patternType: reader.int8(),
    acls: (flexible ? readAclDescriptionArray(reader, version, reader.compactArrayLength(5)) : readAclDescriptionArray(reader, version, reader.arrayLength(6))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readDescribeAclsResourceArray(reader: Reader, version: number, count: number): DescribeAclsResource[] {
  const values: DescribeAclsResource[] = [];
  for (let index = 0; index < count; index++) values.push(readDescribeAclsResource(reader, version));
  return values;
}

function readAclDescription(reader: Reader, version: number): AclDescription {
  const flexible = version >= 2;
  const message: Mutable<AclDescription> = {
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

function readAclDescriptionArray(reader: Reader, version: number, count: number): AclDescription[] {
  const values: AclDescription[] = [];
  for (let index = 0; index < count; index++) values.push(readAclDescription(reader, version));
  return values;
}

export function writeDescribeAclsResponse(writer: Writer, message: DescribeAclsResponse, version: number): void {
  if (version < 1 || version > 3) throw unsupportedVersion("DescribeAclsResponse", version);
  const flexible = version >= 2;
  writer.int32(message.throttleTimeMs);
  writer.int16(message.errorCode);
  if (flexible) {
    writer.compactNullableString(message.errorMessage);
  } else {
    writer.nullableString(message.errorMessage);
  }
  if (flexible) {
    writer.compactArrayLength(message.resources.length);
    for (const value of message.resources) writeDescribeAclsResource(writer, value, version);
  } else {
    writer.arrayLength(message.resources.length);
    for (const value of message.resources) writeDescribeAclsResource(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DescribeAclsResponse.unknownTaggedFields", version);
  }
}

function writeDescribeAclsResource(writer: Writer, message: DescribeAclsResource, version: number): void {
  const flexible = version >= 2;
  writer.int8(message.resourceType);
  if (flexible) {
    writer.compactString(message.resourceName);
  } else {
    writer.string(message.resourceName);
  }
  writer.int8(message.patternType);
  if (flexible) {
    writer.compactArrayLength(message.acls.length);
    for (const value of message.acls) writeAclDescription(writer, value, version);
  } else {
    writer.arrayLength(message.acls.length);
    for (const value of message.acls) writeAclDescription(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DescribeAclsResource.unknownTaggedFields", version);
  }
}

function writeAclDescription(writer: Writer, message: AclDescription, version: number): void {
  const flexible = version >= 2;
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
    throw unsupportedField("AclDescription.unknownTaggedFields", version);
  }
}
