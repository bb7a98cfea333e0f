// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ExpireDelegationTokenResponse: versions 1 to 2, flexible from 2. */
export const EXPIRE_DELEGATION_TOKEN_RESPONSE: MessageCodec<ExpireDelegationTokenResponse> = {
  name: "ExpireDelegationTokenResponse",
  apiKey: 40,
  minVersion: 1,
  maxVersion: 2,
  flexibleFrom: 2,
  read: readExpireDelegationTokenResponse,
  write: writeExpireDelegationTokenResponse,
};

export interface ExpireDelegationTokenResponse {
  readonly errorCode: number;
  readonly expiryTimestampMs: Int64;
  readonly throttleTimeMs: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_EXPIRE_DELEGATION_TOKEN_RESPONSE: ExpireDelegationTokenResponse = {
  errorCode: 0,
  expiryTimestampMs: 0,
  throttleTimeMs: 0,
};

export function readExpireDelegationTokenResponse(reader: Reader, version: number): ExpireDelegationTokenResponse {
  if (version < 1 || version > 2) throw unsupportedVersion("ExpireDelegationTokenResponse", version);
  const flexible = version >= 2;
  const message: Mutable<ExpireDelegationTokenResponse> = {
    errorCode: reader.int16(),
    expiryTimestampMs: reader.int64(),
    throttleTimeMs: reader.int32(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

export function writeExpireDelegationTokenResponse(writer: Writer, message: ExpireDelegationTokenResponse, version: number): void {
  if (version < 1 || version > 2) throw unsupportedVersion("ExpireDelegationTokenResponse", version);
  const flexible = version >= 2;
  writer.int16(message.errorCode);
  writer.int64(message.expiryTimestampMs);
  writer.int32(message.throttleTimeMs);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("ExpireDelegationTokenResponse.unknownTaggedFields", version);
  }
}
