// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { readCompactStringArray, writeCompactStringArray } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ShareGroupDescribeRequest: version 1, flexible from 1. */
export const SHARE_GROUP_DESCRIBE_REQUEST: MessageCodec<ShareGroupDescribeRequest> = {
  name: "ShareGroupDescribeRequest",
  apiKey: 77,
  minVersion: 1,
  maxVersion: 1,
  flexibleFrom: 1,
  read: readShareGroupDescribeRequest,
  write: writeShareGroupDescribeRequest,
};

export interface ShareGroupDescribeRequest {
  readonly groupIds: readonly string[];
  readonly includeAuthorizedOperations: boolean;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_SHARE_GROUP_DESCRIBE_REQUEST: ShareGroupDescribeRequest = {
  groupIds: [],
  includeAuthorizedOperations: false,
};

export function readShareGroupDescribeRequest(reader: Reader, version: number): ShareGroupDescribeRequest {
  if (version < 1 || version > 1) throw unsupportedVersion("ShareGroupDescribeRequest", version);
  const message: Mutable<ShareGroupDescribeRequest> = {
    groupIds: readCompactStringArray(reader, reader.compactArrayLength(1)),
    includeAuthorizedOperations: reader.bool(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeShareGroupDescribeRequest(writer: Writer, message: ShareGroupDescribeRequest, version: number): void {
  if (version < 1 || version > 1) throw unsupportedVersion("ShareGroupDescribeRequest", version);
  writer.compactArrayLength(message.groupIds.length);
  writeCompactStringArray(writer, message.groupIds);
  writer.bool(message.includeAuthorizedOperations);
  writer.taggedFields(message.unknownTaggedFields);
}
