// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { readCompactStringArray, writeCompactStringArray } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ConsumerGroupDescribeRequest: versions 0 to 1, flexible from 0. */
export const CONSUMER_GROUP_DESCRIBE_REQUEST: MessageCodec<ConsumerGroupDescribeRequest> = {
  name: "ConsumerGroupDescribeRequest",
  apiKey: 69,
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 0,
  read: readConsumerGroupDescribeRequest,
  write: writeConsumerGroupDescribeRequest,
};

export interface ConsumerGroupDescribeRequest {
  readonly groupIds: readonly string[];
  readonly includeAuthorizedOperations: boolean;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_CONSUMER_GROUP_DESCRIBE_REQUEST: ConsumerGroupDescribeRequest = {
  groupIds: [],
  includeAuthorizedOperations: false,
};

export function readConsumerGroupDescribeRequest(reader: Reader, version: number): ConsumerGroupDescribeRequest {
  if (version < 0 || version > 1) throw unsupportedVersion("ConsumerGroupDescribeRequest", version);
  const message: Mutable<ConsumerGroupDescribeRequest> = {
    groupIds: readCompactStringArray(reader, reader.compactArrayLength(1)),
    includeAuthorizedOperations: reader.bool(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeConsumerGroupDescribeRequest(writer: Writer, message: ConsumerGroupDescribeRequest, version: number): void {
  if (version < 0 || version > 1) throw unsupportedVersion("ConsumerGroupDescribeRequest", version);
  writer.compactArrayLength(message.groupIds.length);
  writeCompactStringArray(writer, message.groupIds);
  writer.bool(message.includeAuthorizedOperations);
  writer.taggedFields(message.unknownTaggedFields);
}
