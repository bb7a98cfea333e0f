// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** UnregisterBrokerResponse: version 0, flexible from 0. */
export const UNREGISTER_BROKER_RESPONSE: MessageCodec<UnregisterBrokerResponse> = {
  name: "UnregisterBrokerResponse",
  apiKey: 64,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readUnregisterBrokerResponse,
  write: writeUnregisterBrokerResponse,
};

export interface UnregisterBrokerResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_UNREGISTER_BROKER_RESPONSE: UnregisterBrokerResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  errorMessage: "",
};

export function readUnregisterBrokerResponse(reader: Reader, version: number): UnregisterBrokerResponse {
  if (version < 0 || version > 0) throw unsupportedVersion("UnregisterBrokerResponse", version);
  const message: Mutable<UnregisterBrokerResponse> = {
    throttleTimeMs: reader.int32(),
    errorCode: reader.int16(),
    errorMessage: reader.compactNullableString(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeUnregisterBrokerResponse(writer: Writer, message: UnregisterBrokerResponse, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("UnregisterBrokerResponse", version);
  writer.int32(message.throttleTimeMs);
  writer.int16(message.errorCode);
  writer.compactNullableString(message.errorMessage);
  writer.taggedFields(message.unknownTaggedFields);
}
