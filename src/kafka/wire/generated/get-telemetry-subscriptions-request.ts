// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** GetTelemetrySubscriptionsRequest: version 0, flexible from 0. */
export const GET_TELEMETRY_SUBSCRIPTIONS_REQUEST: MessageCodec<GetTelemetrySubscriptionsRequest> = {
  name: "GetTelemetrySubscriptionsRequest",
  apiKey: 71,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readGetTelemetrySubscriptionsRequest,
  write: writeGetTelemetrySubscriptionsRequest,
};

export interface GetTelemetrySubscriptionsRequest {
  readonly clientInstanceId: Uuid;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_GET_TELEMETRY_SUBSCRIPTIONS_REQUEST: GetTelemetrySubscriptionsRequest = {
  clientInstanceId: ZERO_UUID,
};

export function readGetTelemetrySubscriptionsRequest(reader: Reader, version: number): GetTelemetrySubscriptionsRequest {
  if (version < 0 || version > 0) throw unsupportedVersion("GetTelemetrySubscriptionsRequest", version);
  const message: Mutable<GetTelemetrySubscriptionsRequest> = {
    clientInstanceId: reader.uuid(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeGetTelemetrySubscriptionsRequest(writer: Writer, message: GetTelemetrySubscriptionsRequest, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("GetTelemetrySubscriptionsRequest", version);
  writer.uuid(message.clientInstanceId);
  writer.taggedFields(message.unknownTaggedFields);
}
