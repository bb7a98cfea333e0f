// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** PushTelemetryResponse: version 0, flexible from 0. */
export const PUSH_TELEMETRY_RESPONSE: MessageCodec<PushTelemetryResponse> = {
  name: "PushTelemetryResponse",
  apiKey: 72,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readPushTelemetryResponse,
  write: writePushTelemetryResponse,
};

export interface PushTelemetryResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_PUSH_TELEMETRY_RESPONSE: PushTelemetryResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
};

export function readPushTelemetryResponse(reader: Reader, version: number): PushTelemetryResponse {
  if (version < 0 || version > 0) throw unsupportedVersion("PushTelemetryResponse", version);
  const message: Mutable<PushTelemetryResponse> = {
    throttleTimeMs: reader.int32(),
    errorCode: reader.int16(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writePushTelemetryResponse(writer: Writer, message: PushTelemetryResponse, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("PushTelemetryResponse", version);
  writer.int32(message.throttleTimeMs);
  writer.int16(message.errorCode);
  writer.taggedFields(message.unknownTaggedFields);
}
