// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, NO_BYTES, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** RenewDelegationTokenRequest: versions 1 to 2, flexible from 2. */
export const RENEW_DELEGATION_TOKEN_REQUEST: MessageCodec<RenewDelegationTokenRequest> = {
  name: "RenewDelegationTokenRequest",
  apiKey: 39,
  minVersion: 1,
  maxVersion: 2,
  flexibleFrom: 2,
  read: readRenewDelegationTokenRequest,
  write: writeRenewDelegationTokenRequest,
};

export interface RenewDelegationTokenRequest {
  readonly hmac: Uint8Array;
  readonly renewPeriodMs: Int64;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_RENEW_DELEGATION_TOKEN_REQUEST: RenewDelegationTokenRequest = {
  hmac: NO_BYTES,
  renewPeriodMs: 0,
};

export function readRenewDelegationTokenRequest(reader: Reader, version: number): RenewDelegationTokenRequest {
  if (version < 1 || version > 2) throw unsupportedVersion("RenewDelegationTokenRequest", version);
  const flexible = version >= 2;
  const message: Mutable<RenewDelegationTokenRequest> = {
    hmac: (flexible ? reader.compactByteString() : reader.byteString()),
    renewPeriodMs: reader.int64(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

export function writeRenewDelegationTokenRequest(writer: Writer, message: RenewDelegationTokenRequest, version: number): void {
  if (version < 1 || version > 2) throw unsupportedVersion("RenewDelegationTokenRequest", version);
  const flexible = version >= 2;
  if (flexible) {
    writer.compactByteString(message.hmac);
  } else {
    writer.byteString(message.hmac);
  }
  writer.int64(message.renewPeriodMs);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("RenewDelegationTokenRequest.unknownTaggedFields", version);
  }
}
