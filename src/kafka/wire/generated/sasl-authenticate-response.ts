// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, NO_BYTES, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** SaslAuthenticateResponse: versions 0 to 2, flexible from 2. */
export const SASL_AUTHENTICATE_RESPONSE: MessageCodec<SaslAuthenticateResponse> = {
  name: "SaslAuthenticateResponse",
  apiKey: 36,
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 2,
  read: readSaslAuthenticateResponse,
  write: writeSaslAuthenticateResponse,
};

export interface SaslAuthenticateResponse {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly authBytes: Uint8Array;
  /** In versions 1 and up. */
  readonly sessionLifetimeMs: Int64;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_SASL_AUTHENTICATE_RESPONSE: SaslAuthenticateResponse = {
  errorCode: 0,
  errorMessage: "",
  authBytes: NO_BYTES,
  sessionLifetimeMs: 0,
};

export function readSaslAuthenticateResponse(reader: Reader, version: number): SaslAuthenticateResponse {
  if (version < 0 || version > 2) throw unsupportedVersion("SaslAuthenticateResponse", version);
  const flexible = version >= 2;
  const message: Mutable<SaslAuthenticateResponse> = {
    errorCode: reader.int16(),
    errorMessage: (flexible ? reader.compactNullableString() : reader.nullableString()),
    authBytes: (flexible ? reader.compactByteString() : reader.byteString()),
    sessionLifetimeMs: (version >= 1 ? reader.int64() : 0),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

export function writeSaslAuthenticateResponse(writer: Writer, message: SaslAuthenticateResponse, version: number): void {
  if (version < 0 || version > 2) throw unsupportedVersion("SaslAuthenticateResponse", version);
  const flexible = version >= 2;
  writer.int16(message.errorCode);
  if (flexible) {
    writer.compactNullableString(message.errorMessage);
  } else {
    writer.nullableString(message.errorMessage);
  }
  if (flexible) {
    writer.compactByteString(message.authBytes);
  } else {
    writer.byteString(message.authBytes);
  }
  if (version >= 1) {
    writer.int64(message.sessionLifetimeMs);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("SaslAuthenticateResponse.unknownTaggedFields", version);
  }
}
