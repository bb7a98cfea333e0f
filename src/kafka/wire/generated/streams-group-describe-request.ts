// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { readCompactStringArray, writeCompactStringArray } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** StreamsGroupDescribeRequest: versions 0 to 1, flexible from 0. */
export const STREAMS_GROUP_DESCRIBE_REQUEST: MessageCodec<StreamsGroupDescribeRequest> = {
  name: "StreamsGroupDescribeRequest",
  apiKey: 89,
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 0,
  read: readStreamsGroupDescribeRequest,
  write: writeStreamsGroupDescribeRequest,
};

export interface StreamsGroupDescribeRequest {
  readonly groupIds: readonly string[];
  readonly includeAuthorizedOperations: boolean;
  /** In versions 1 and up. */
  readonly includeTopologyDescription: boolean;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_STREAMS_GROUP_DESCRIBE_REQUEST: StreamsGroupDescribeRequest = {
  groupIds: [],
  includeAuthorizedOperations: false,
  includeTopologyDescription: false,
};

export function readStreamsGroupDescribeRequest(reader: Reader, version: number): StreamsGroupDescribeRequest {
  if (version < 0 || version > 1) throw unsupportedVersion("StreamsGroupDescribeRequest", version);
  const message: Mutable<StreamsGroupDescribeRequest> = {
    groupIds: readCompactStringArray(reader, reader.compactArrayLength(1)),
    includeAuthorizedOperations: reader.bool(),
    includeTopologyDescription: (version >= 1 ? reader.bool() : false),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeStreamsGroupDescribeRequest(writer: Writer, message: StreamsGroupDescribeRequest, version: number): void {
  if (version < 0 || version > 1) throw unsupportedVersion("StreamsGroupDescribeRequest", version);
  writer.compactArrayLength(message.groupIds.length);
  writeCompactStringArray(writer, message.groupIds);
  writer.bool(message.includeAuthorizedOperations);
  if (version >= 1) {
    writer.bool(message.includeTopologyDescription);
  } else if (message.includeTopologyDescription) {
    throw unsupportedField("StreamsGroupDescribeRequest.includeTopologyDescription", version);
  }
  writer.taggedFields(message.unknownTaggedFields);
}
