// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** HeartbeatResponse: versions 0 to 4, flexible from 4. */
export const HEARTBEAT_RESPONSE: MessageCodec<HeartbeatResponse> = {
  name: "HeartbeatResponse",
  apiKey: 12,
  minVersion: 0,
  maxVersion: 4,
  flexibleFrom: 4,
  read: readHeartbeatResponse,
  write: writeHeartbeatResponse,
};

export interface HeartbeatResponse {
  /** In versions 1 and up. */
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_HEARTBEAT_RESPONSE: HeartbeatResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
};

export function readHeartbeatResponse(reader: Reader, version: number): HeartbeatResponse {
  if (version < 0 || version > 4) throw unsupportedVersion("HeartbeatResponse", version);
  const flexible = version >= 4;
  const message: Mutable<HeartbeatResponse> = {
    throttleTimeMs: (version >= 1 ? reader.int32() : 0),
    errorCode: reader.int16(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

export function writeHeartbeatResponse(writer: Writer, message: HeartbeatResponse, version: number): void {
  if (version < 0 || version > 4) throw unsupportedVersion("HeartbeatResponse", version);
  const flexible = version >= 4;
  if (version >= 1) {
    writer.int32(message.throttleTimeMs);
  }
  writer.int16(message.errorCode);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("HeartbeatResponse.unknownTaggedFields", version);
  }
}
