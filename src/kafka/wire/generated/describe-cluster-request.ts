// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DescribeClusterRequest: versions 0 to 2, flexible from 0. */
export const DESCRIBE_CLUSTER_REQUEST: MessageCodec<DescribeClusterRequest> = {
  name: "DescribeClusterRequest",
  apiKey: 60,
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 0,
  read: readDescribeClusterRequest,
  write: writeDescribeClusterRequest,
};

export interface DescribeClusterRequest {
  readonly includeClusterAuthorizedOperations: boolean;
  /** In versions 1 and up. */
  readonly endpointType: number;
  /** In versions 2 and up. */
  readonly includeFencedBrokers: boolean;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_DESCRIBE_CLUSTER_REQUEST: DescribeClusterRequest = {
  includeClusterAuthorizedOperations: false,
  endpointType: 1,
  includeFencedBrokers: false,
};

export function readDescribeClusterRequest(reader: Reader, version: number): DescribeClusterRequest {
  if (version < 0 || version > 2) throw unsupportedVersion("DescribeClusterRequest", version);
  const message: Mutable<DescribeClusterRequest> = {
    includeClusterAuthorizedOperations: reader.bool(),
    endpointType: (version >= 1 ? reader.int8() : 1),
    includeFencedBrokers: (version >= 2 ? reader.bool() : false),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeDescribeClusterRequest(writer: Writer, message: DescribeClusterRequest, version: number): void {
  if (version < 0 || version > 2) throw unsupportedVersion("DescribeClusterRequest", version);
  writer.bool(message.includeClusterAuthorizedOperations);
  if (version >= 1) {
    writer.int8(message.endpointType);
  } else if (message.endpointType !== 1) {
    throw unsupportedField("DescribeClusterRequest.endpointType", version);
  }
  if (version >= 2) {
    writer.bool(message.includeFencedBrokers);
  } else if (message.includeFencedBrokers) {
    throw unsupportedField("DescribeClusterRequest.includeFencedBrokers", version);
  }
  writer.taggedFields(message.unknownTaggedFields);
}
