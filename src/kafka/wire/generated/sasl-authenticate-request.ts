// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, NO_BYTES, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** SaslAuthenticateRequest: versions 0 to 2, flexible from 2. */
export const SASL_AUTHENTICATE_REQUEST: MessageCodec<SaslAuthenticateRequest> = {
  name: "SaslAuthenticateRequest",
  apiKey: 36,
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 2,
  read: readSaslAuthenticateRequest,
  write: writeSaslAuthenticateRequest,
};

export interface SaslAuthenticateRequest {
  readonly authBytes: Uint8Array;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_SASL_AUTHENTICATE_REQUEST: SaslAuthenticateRequest = {
  authBytes: NO_BYTES,
};

export function readSaslAuthenticateRequest(reader: Reader, version: number): SaslAuthenticateRequest {
  if (version < 0 || version > 2) throw unsupportedVersion("SaslAuthenticateRequest", version);
  const flexible = version >= 2;
  const message: Mutable<SaslAuthenticateRequest> = {
    authBytes: (flexible ? reader.compactByteString() : reader.byteString()),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

export function writeSaslAuthenticateRequest(writer: Writer, message: SaslAuthenticateRequest, version: number): void {
  if (version < 0 || version > 2) throw unsupportedVersion("SaslAuthenticateRequest", version);
  const flexible = version >= 2;
  if (flexible) {
    writer.compactByteString(message.authBytes);
  } else {
    writer.byteString(message.authBytes);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("SaslAuthenticateRequest.unknownTaggedFields", version);
  }
}
