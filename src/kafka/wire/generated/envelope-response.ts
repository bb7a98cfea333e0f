// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** EnvelopeResponse: version 0, flexible from 0. */
export const ENVELOPE_RESPONSE: MessageCodec<EnvelopeResponse> = {
  name: "EnvelopeResponse",
  apiKey: 58,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readEnvelopeResponse,
  write: writeEnvelopeResponse,
};

export interface EnvelopeResponse {
  readonly responseData: Uint8Array | null;
  readonly errorCode: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_ENVELOPE_RESPONSE: EnvelopeResponse = {
  responseData: null,
  errorCode: 0,
};

export function readEnvelopeResponse(reader: Reader, version: number): EnvelopeResponse {
  if (version < 0 || version > 0) throw unsupportedVersion("EnvelopeResponse", version);
  const message: Mutable<EnvelopeResponse> = {
    responseData: reader.compactNullableByteString(),
    errorCode: reader.int16(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeEnvelopeResponse(writer: Writer, message: EnvelopeResponse, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("EnvelopeResponse", version);
  writer.compactNullableByteString(message.responseData);
  writer.int16(message.errorCode);
  writer.taggedFields(message.unknownTaggedFields);
}
