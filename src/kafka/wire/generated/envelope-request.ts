// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, NO_BYTES, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** EnvelopeRequest: version 0, flexible from 0. */
export const ENVELOPE_REQUEST: MessageCodec<EnvelopeRequest> = {
  name: "EnvelopeRequest",
  apiKey: 58,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readEnvelopeRequest,
  write: writeEnvelopeRequest,
};

export interface EnvelopeRequest {
  readonly requestData: Uint8Array;
  readonly requestPrincipal: Uint8Array | null;
  readonly clientHostAddress: Uint8Array;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_ENVELOPE_REQUEST: EnvelopeRequest = {
  requestData: NO_BYTES,
  requestPrincipal: NO_BYTES,
  clientHostAddress: NO_BYTES,
};

export function readEnvelopeRequest(reader: Reader, version: number): EnvelopeRequest {
  if (version < 0 || version > 0) throw unsupportedVersion("EnvelopeRequest", version);
  const message: Mutable<EnvelopeRequest> = {
    requestData: reader.compactByteString(),
    requestPrincipal: reader.compactNullableByteString(),
    clientHostAddress: reader.compactByteString(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeEnvelopeRequest(writer: Writer, message: EnvelopeRequest, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("EnvelopeRequest", version);
  writer.compactByteString(message.requestData);
  writer.compactNullableByteString(message.requestPrincipal);
  writer.compactByteString(message.clientHostAddress);
  writer.taggedFields(message.unknownTaggedFields);
}
