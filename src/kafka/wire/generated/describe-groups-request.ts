// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { readStringArray, writeStringArray, readCompactStringArray, writeCompactStringArray } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DescribeGroupsRequest: versions 0 to 6, flexible from 5. */
export const DESCRIBE_GROUPS_REQUEST: MessageCodec<DescribeGroupsRequest> = {
  name: "DescribeGroupsRequest",
  apiKey: 15,
  minVersion: 0,
  maxVersion: 6,
  flexibleFrom: 5,
  read: readDescribeGroupsRequest,
  write: writeDescribeGroupsRequest,
};

export interface DescribeGroupsRequest {
  readonly groups: readonly string[];
  /** In versions 3 and up. */
  readonly includeAuthorizedOperations: boolean;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_DESCRIBE_GROUPS_REQUEST: DescribeGroupsRequest = {
  groups: [],
  includeAuthorizedOperations: false,
};

export function readDescribeGroupsRequest(reader: Reader, version: number): DescribeGroupsRequest {
  if (version < 0 || version > 6) throw unsupportedVersion("DescribeGroupsRequest", version);
  const flexible = version >= 5;
  const message: Mutable<DescribeGroupsRequest> = {
    groups: (flexible ? readCompactStringArray(reader, reader.compactArrayLength(1)) : readStringArray(reader, reader.arrayLength(2))),
    includeAuthorizedOperations: (version >= 3 ? reader.bool() : false),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

export function writeDescribeGroupsRequest(writer: Writer, message: DescribeGroupsRequest, version: number): void {
  if (version < 0 || version > 6) throw unsupportedVersion("DescribeGroupsRequest", version);
  const flexible = version >= 5;
  if (flexible) {
    writer.compactArrayLength(message.groups.length);
    writeCompactStringArray(writer, message.groups);
  } else {
    writer.arrayLength(message.groups.length);
    writeStringArray(writer, message.groups);
  }
  if (version >= 3) {
    writer.bool(message.includeAuthorizedOperations);
  } else if (message.includeAuthorizedOperations) {
    throw unsupportedField("DescribeGroupsRequest.includeAuthorizedOperations", version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DescribeGroupsRequest.unknownTaggedFields", version);
  }
}
