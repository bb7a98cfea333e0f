// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ControllerRegistrationResponse: version 0, flexible from 0. */
export const CONTROLLER_REGISTRATION_RESPONSE: MessageCodec<ControllerRegistrationResponse> = {
  name: "ControllerRegistrationResponse",
  apiKey: 70,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readControllerRegistrationResponse,
  write: writeControllerRegistrationResponse,
};

export interface ControllerRegistrationResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_CONTROLLER_REGISTRATION_RESPONSE: ControllerRegistrationResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  errorMessage: "",
};

export function readControllerRegistrationResponse(reader: Reader, version: number): ControllerRegistrationResponse {
  if (version < 0 || version > 0) throw unsupportedVersion("ControllerRegistrationResponse", version);
  const message: Mutable<ControllerRegistrationResponse> = {
    throttleTimeMs: reader.int32(),
    errorCode: reader.int16(),
    errorMessage: reader.compactNullableString(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeControllerRegistrationResponse(writer: Writer, message: ControllerRegistrationResponse, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ControllerRegistrationResponse", version);
  writer.int32(message.throttleTimeMs);
  writer.int16(message.errorCode);
  writer.compactNullableString(message.errorMessage);
  writer.taggedFields(message.unknownTaggedFields);
}
