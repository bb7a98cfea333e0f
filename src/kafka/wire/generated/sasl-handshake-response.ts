// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { readStringArray, writeStringArray } from "../arrays.ts";
import { type MessageCodec, unsupportedVersion } from "../message.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** SaslHandshakeResponse: versions 0 to 1. */
export const SASL_HANDSHAKE_RESPONSE: MessageCodec<SaslHandshakeResponse> = {
  name: "SaslHandshakeResponse",
  apiKey: 17,
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: null,
  read: readSaslHandshakeResponse,
  write: writeSaslHandshakeResponse,
};

export interface SaslHandshakeResponse {
  readonly errorCode: number;
  readonly mechanisms: readonly string[];
}

export const DEFAULT_SASL_HANDSHAKE_RESPONSE: SaslHandshakeResponse = {
  errorCode: 0,
  mechanisms: [],
};

export function readSaslHandshakeResponse(reader: Reader, version: number): SaslHandshakeResponse {
  if (version < 0 || version > 1) throw unsupportedVersion("SaslHandshakeResponse", version);
  return {
    errorCode: reader.int16(),
    mechanisms: readStringArray(reader, reader.arrayLength(2)),
  };
}

export function writeSaslHandshakeResponse(writer: Writer, message: SaslHandshakeResponse, version: number): void {
  if (version < 0 || version > 1) throw unsupportedVersion("SaslHandshakeResponse", version);
  writer.int16(message.errorCode);
  writer.arrayLength(message.mechanisms.length);
  writeStringArray(writer, message.mechanisms);
}
