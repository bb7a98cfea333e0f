// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DescribeClusterResponse: versions 0 to 2, flexible from 0. */
export const DESCRIBE_CLUSTER_RESPONSE: MessageCodec<DescribeClusterResponse> = {
  name: "DescribeClusterResponse",
  apiKey: 60,
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 0,
  read: readDescribeClusterResponse,
  write: writeDescribeClusterResponse,
};

export interface DescribeClusterResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  /** In versions 1 and up. */
  readonly endpointType: number;
  readonly clusterId: string;
  readonly controllerId: number;
  readonly brokers: readonly DescribeClusterBroker[];
  readonly clusterAuthorizedOperations: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DescribeClusterBroker {
  readonly brokerId: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
  /** In versions 2 and up. */
  readonly isFenced: boolean;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_DESCRIBE_CLUSTER_BROKER: DescribeClusterBroker = {
  brokerId: 0,
  host: "",
  port: 0,
  rack: null,
  isFenced: false,
};

export const DEFAULT_DESCRIBE_CLUSTER_RESPONSE: DescribeClusterResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  errorMessage: null,
  endpointType: 1,
  clusterId: "",
  controllerId: -1,
  brokers: [],
  clusterAuthorizedOperations: -2147483648,
};

export function readDescribeClusterResponse(reader: Reader, version: number): DescribeClusterResponse {
  if (version < 0 || version > 2) throw unsupportedVersion("DescribeClusterResponse", version);
  const message: Mutable<DescribeClusterResponse> = {
    throttleTimeMs: reader.int32(),
    errorCode: reader.int16(),
    errorMessage: reader.compactNullableString(),
    endpointType: (version >= 1 ? reader.int8() : 1),
    clusterId: reader.compactString(),
    controllerId: reader.int32(),
    brokers: readDescribeClusterBrokerArray(reader, version, reader.compactArrayLength(11)),
    clusterAuthorizedOperations: reader.int32(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readDescribeClusterBroker(reader: Reader, version: number): DescribeClusterBroker {
  const message: Mutable<DescribeClusterBroker> = {
    brokerId: reader.int32(),
    host: reader.compactString(),
    port: reader.int32(),
    rack: reader.compactNullableString(),
    isFenced: (version >= 2 ? reader.bool() : false),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readDescribeClusterBrokerArray(reader: Reader, version: number, count: number): DescribeClusterBroker[] {
  const values: DescribeClusterBroker[] = [];
  for (let index = 0; index < count; index++) values.push(readDescribeClusterBroker(reader, version));
  return values;
}

export function writeDescribeClusterResponse(writer: Writer, message: DescribeClusterResponse, version: number): void {
  if (version < 0 || version > 2) throw unsupportedVersion("DescribeClusterResponse", version);
  writer.int32(message.throttleTimeMs);
  writer.int16(message.errorCode);
  writer.compactNullableString(message.errorMessage);
  if (version >= 1) {
    writer.int8(message.endpointType);
  } else if (message.endpointType !== 1) {
    throw unsupportedField("DescribeClusterResponse.endpointType", version);
  }
  writer.compactString(message.clusterId);
  writer.int32(message.controllerId);
  writer.compactArrayLength(message.brokers.length);
  for (const value of message.brokers) writeDescribeClusterBroker(writer, value, version);
  writer.int32(message.clusterAuthorizedOperations);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeDescribeClusterBroker(writer: Writer, message: DescribeClusterBroker, version: number): void {
  writer.int32(message.brokerId);
  writer.compactString(message.host);
  writer.int32(message.port);
  writer.compactNullableString(message.rack);
  if (version >= 2) {
    writer.bool(message.isFenced);
  } else if (message.isFenced) {
    throw unsupportedField("DescribeClusterBroker.isFenced", version);
  }
  writer.taggedFields(message.unknownTaggedFields);
}
