// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** RenewDelegationTokenResponse: versions 1 to 2, flexible from 2. */
export const RENEW_DELEGATION_TOKEN_RESPONSE: MessageCodec<RenewDelegationTokenResponse> = {
  name: "RenewDelegationTokenResponse",
  apiKey: 39,
  minVersion: 1,
  maxVersion: 2,
  flexibleFrom: 2,
  read: readRenewDelegationTokenResponse,
  write: writeRenewDelegationTokenResponse,
};

export interface RenewDelegationTokenResponse {
  readonly errorCode: number;
  readonly expiryTimestampMs: Int64;
  readonly throttleTimeMs: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_RENEW_DELEGATION_TOKEN_RESPONSE: RenewDelegationTokenResponse = {
  errorCode: 0,
  expiryTimestampMs: 0,
  throttleTimeMs: 0,
};

export function readRenewDelegationTokenResponse(reader: Reader, version: number): RenewDelegationTokenResponse {
  if (version < 1 || version > 2) throw unsupportedVersion("RenewDelegationTokenResponse", version);
  const flexible = version >= 2;
  const message: Mutable<RenewDelegationTokenResponse> = {
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

export function writeRenewDelegationTokenResponse(writer: Writer, message: RenewDelegationTokenResponse, version: number): void {
  if (version < 1 || version > 2) throw unsupportedVersion("RenewDelegationTokenResponse", version);
  const flexible = version >= 2;
  writer.int16(message.errorCode);
  writer.int64(message.expiryTimestampMs);
  writer.int32(message.throttleTimeMs);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("RenewDelegationTokenResponse.unknownTaggedFields", version);
  }
}
