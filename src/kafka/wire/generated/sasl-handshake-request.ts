// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, unsupportedVersion } from "../message.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** SaslHandshakeRequest: versions 0 to 1. */
export const SASL_HANDSHAKE_REQUEST: MessageCodec<SaslHandshakeRequest> = {
  name: "SaslHandshakeRequest",
  apiKey: 17,
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: null,
  read: readSaslHandshakeRequest,
  write: writeSaslHandshakeRequest,
};

export interface SaslHandshakeRequest {
  readonly mechanism: string;
}

export const DEFAULT_SASL_HANDSHAKE_REQUEST: SaslHandshakeRequest = {
  mechanism: "",
};

export function readSaslHandshakeRequest(reader: Reader, version: number): SaslHandshakeRequest {
  if (version < 0 || version > 1) throw unsupportedVersion("SaslHandshakeRequest", version);
  return {
    mechanism: reader.string(),
  };
}

export function writeSaslHandshakeRequest(writer: Writer, message: SaslHandshakeRequest, version: number): void {
  if (version < 0 || version > 1) throw unsupportedVersion("SaslHandshakeRequest", version);
  writer.string(message.mechanism);
}
