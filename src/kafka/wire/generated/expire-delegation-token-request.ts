// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, NO_BYTES, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ExpireDelegationTokenRequest: versions 1 to 2, flexible from 2. */
export const EXPIRE_DELEGATION_TOKEN_REQUEST: MessageCodec<ExpireDelegationTokenRequest> = {
  name: "ExpireDelegationTokenRequest",
  apiKey: 40,
  minVersion: 1,
  maxVersion: 2,
  flexibleFrom: 2,
  read: readExpireDelegationTokenRequest,
  write: writeExpireDelegationTokenRequest,
};

export interface ExpireDelegationTokenRequest {
  readonly hmac: Uint8Array;
  readonly expiryTimePeriodMs: Int64;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_EXPIRE_DELEGATION_TOKEN_REQUEST: ExpireDelegationTokenRequest = {
  hmac: NO_BYTES,
  expiryTimePeriodMs: 0,
};

export function readExpireDelegationTokenRequest(reader: Reader, version: number): ExpireDelegationTokenRequest {
  if (version < 1 || version > 2) throw unsupportedVersion("ExpireDelegationTokenRequest", version);
  const flexible = version >= 2;
  const message: Mutable<ExpireDelegationTokenRequest> = {
    hmac: (flexible ? reader.compactByteString() : reader.byteString()),
    expiryTimePeriodMs: reader.int64(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

export function writeExpireDelegationTokenRequest(writer: Writer, message: ExpireDelegationTokenRequest, version: number): void {
  if (version < 1 || version > 2) throw unsupportedVersion("ExpireDelegationTokenRequest", version);
  const flexible = version >= 2;
  if (flexible) {
    writer.compactByteString(message.hmac);
  } else {
    writer.byteString(message.hmac);
  }
  writer.int64(message.expiryTimePeriodMs);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("ExpireDelegationTokenRequest.unknownTaggedFields", version);
  }
}
