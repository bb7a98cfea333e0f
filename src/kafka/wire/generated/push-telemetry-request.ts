// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, NO_BYTES, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** PushTelemetryRequest: version 0, flexible from 0. */
export const PUSH_TELEMETRY_REQUEST: MessageCodec<PushTelemetryRequest> = {
  name: "PushTelemetryRequest",
  apiKey: 72,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readPushTelemetryRequest,
  write: writePushTelemetryRequest,
};

export interface PushTelemetryRequest {
  readonly clientInstanceId: Uuid;
  readonly subscriptionId: number;
  readonly terminating: boolean;
  readonly compressionType: number;
  readonly metrics: Uint8Array;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_PUSH_TELEMETRY_REQUEST: PushTelemetryRequest = {
  clientInstanceId: ZERO_UUID,
  subscriptionId: 0,
  terminating: false,
  compressionType: 0,
  metrics: NO_BYTES,
};

export function readPushTelemetryRequest(reader: Reader, version: number): PushTelemetryRequest {
  if (version < 0 || version > 0) throw unsupportedVersion("PushTelemetryRequest", version);
  const message: Mutable<PushTelemetryRequest> = {
    clientInstanceId: reader.uuid(),
    subscriptionId: reader.int32(),
    terminating: reader.bool(),
    compressionType: reader.int8(),
    metrics: reader.compactByteString(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writePushTelemetryRequest(writer: Writer, message: PushTelemetryRequest, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("PushTelemetryRequest", version);
  writer.uuid(message.clientInstanceId);
  writer.int32(message.subscriptionId);
  writer.bool(message.terminating);
  writer.int8(message.compressionType);
  writer.compactByteString(message.metrics);
  writer.taggedFields(message.unknownTaggedFields);
}
