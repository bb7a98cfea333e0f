// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** UnregisterControllerResponse: version 0, flexible from 0. */
export const UNREGISTER_CONTROLLER_RESPONSE: MessageCodec<UnregisterControllerResponse> = {
  name: "UnregisterControllerResponse",
  apiKey: 94,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readUnregisterControllerResponse,
  write: writeUnregisterControllerResponse,
};

export interface UnregisterControllerResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_UNREGISTER_CONTROLLER_RESPONSE: UnregisterControllerResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  errorMessage: "",
};

export function readUnregisterControllerResponse(reader: Reader, version: number): UnregisterControllerResponse {
  if (version < 0 || version > 0) throw unsupportedVersion("UnregisterControllerResponse", version);
  const message: Mutable<UnregisterControllerResponse> = {
    throttleTimeMs: reader.int32(),
    errorCode: reader.int16(),
    errorMessage: reader.compactNullableString(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeUnregisterControllerResponse(writer: Writer, message: UnregisterControllerResponse, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("UnregisterControllerResponse", version);
  writer.int32(message.throttleTimeMs);
  writer.int16(message.errorCode);
  writer.compactNullableString(message.errorMessage);
  writer.taggedFields(message.unknownTaggedFields);
}
