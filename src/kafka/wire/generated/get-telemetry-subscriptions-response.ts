// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { readInt8Array, writeInt8Array, readCompactStringArray, writeCompactStringArray } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** GetTelemetrySubscriptionsResponse: version 0, flexible from 0. */
export const GET_TELEMETRY_SUBSCRIPTIONS_RESPONSE: MessageCodec<GetTelemetrySubscriptionsResponse> = {
  name: "GetTelemetrySubscriptionsResponse",
  apiKey: 71,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readGetTelemetrySubscriptionsResponse,
  write: writeGetTelemetrySubscriptionsResponse,
};

export interface GetTelemetrySubscriptionsResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly clientInstanceId: Uuid;
  readonly subscriptionId: number;
  readonly acceptedCompressionTypes: readonly number[];
  readonly pushIntervalMs: number;
  readonly telemetryMaxBytes: number;
  readonly deltaTemporality: boolean;
  readonly requestedMetrics: readonly string[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_GET_TELEMETRY_SUBSCRIPTIONS_RESPONSE: GetTelemetrySubscriptionsResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  clientInstanceId: ZERO_UUID,
  subscriptionId: 0,
  acceptedCompressionTypes: [],
  pushIntervalMs: 0,
  telemetryMaxBytes: 0,
  deltaTemporality: false,
  requestedMetrics: [],
};

export function readGetTelemetrySubscriptionsResponse(reader: Reader, version: number): GetTelemetrySubscriptionsResponse {
  if (version < 0 || version > 0) throw unsupportedVersion("GetTelemetrySubscriptionsResponse", version);
  const message: Mutable<GetTelemetrySubscriptionsResponse> = {
    throttleTimeMs: reader.int32(),
    errorCode: reader.int16(),
    clientInstanceId: reader.uuid(),
    subscriptionId: reader.int32(),
    acceptedCompressionTypes: readInt8Array(reader, reader.compactArrayLength(1)),
    pushIntervalMs: reader.int32(),
    telemetryMaxBytes: reader.int32(),
    deltaTemporality: reader.bool(),
    requestedMetrics: readCompactStringArray(reader, reader.compactArrayLength(1)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeGetTelemetrySubscriptionsResponse(writer: Writer, message: GetTelemetrySubscriptionsResponse, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("GetTelemetrySubscriptionsResponse", version);
  writer.int32(message.throttleTimeMs);
  writer.int16(message.errorCode);
  writer.uuid(message.clientInstanceId);
  writer.int32(message.subscriptionId);
  writer.compactArrayLength(message.acceptedCompressionTypes.length);
  writeInt8Array(writer, message.acceptedCompressionTypes);
  writer.int32(message.pushIntervalMs);
  writer.int32(message.telemetryMaxBytes);
  writer.bool(message.deltaTemporality);
  writer.compactArrayLength(message.requestedMetrics.length);
  writeCompactStringArray(writer, message.requestedMetrics);
  writer.taggedFields(message.unknownTaggedFields);
}
