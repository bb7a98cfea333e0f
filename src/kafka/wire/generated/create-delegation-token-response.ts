// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, NO_BYTES, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** CreateDelegationTokenResponse: versions 1 to 3, flexible from 2. */
export const CREATE_DELEGATION_TOKEN_RESPONSE: MessageCodec<CreateDelegationTokenResponse> = {
  name: "CreateDelegationTokenResponse",
  apiKey: 38,
  minVersion: 1,
  maxVersion: 3,
  flexibleFrom: 2,
  read: readCreateDelegationTokenResponse,
  write: writeCreateDelegationTokenResponse,
};

export interface CreateDelegationTokenResponse {
  readonly errorCode: number;
  readonly principalType: string;
  readonly principalName: string;
  /** In versions 3 and up. */
  readonly tokenRequesterPrincipalType: string;
  /** In versions 3 and up. */
  readonly tokenRequesterPrincipalName: string;
  readonly issueTimestampMs: Int64;
  readonly expiryTimestampMs: Int64;
  readonly maxTimestampMs: Int64;
  readonly tokenId: string;
  readonly hmac: Uint8Array;
  readonly throttleTimeMs: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_CREATE_DELEGATION_TOKEN_RESPONSE: CreateDelegationTokenResponse = {
  errorCode: 0,
  principalType: "",
  principalName: "",
  tokenRequesterPrincipalType: "",
  tokenRequesterPrincipalName: "",
  issueTimestampMs: 0,
  expiryTimestampMs: 0,
  maxTimestampMs: 0,
  tokenId: "",
  hmac: NO_BYTES,
  throttleTimeMs: 0,
};

export function readCreateDelegationTokenResponse(reader: Reader, version: number): CreateDelegationTokenResponse {
  if (version < 1 || version > 3) throw unsupportedVersion("CreateDelegationTokenResponse", version);
  const flexible = version >= 2;
  const message: Mutable<CreateDelegationTokenResponse> = {
    errorCode: reader.int16(),
    principalType: (flexible ? reader.compactString() : reader.string()),
    principalName: (flexible ? reader.compactString() : reader.string()),
    tokenRequesterPrincipalType: (version >= 3 ? reader.compactString() : ""),
    tokenRequesterPrincipalName: (version >= 3 ? reader.compactString() : ""),
    issueTimestampMs: reader.int64(),
    expiryTimestampMs: reader.int64(),
    maxTimestampMs: reader.int64(),
    tokenId: (flexible ? reader.compactString() : reader.string()),
    hmac: (flexible ? reader.compactByteString() : reader.byteString()),
    throttleTimeMs: reader.int32(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

export function writeCreateDelegationTokenResponse(writer: Writer, message: CreateDelegationTokenResponse, version: number): void {
  if (version < 1 || version > 3) throw unsupportedVersion("CreateDelegationTokenResponse", version);
  const flexible = version >= 2;
  writer.int16(message.errorCode);
  if (flexible) {
    writer.compactString(message.principalType);
  } else {
    writer.string(message.principalType);
  }
  if (flexible) {
    writer.compactString(message.principalName);
  } else {
    writer.string(message.principalName);
  }
  if (version >= 3) {
    writer.compactString(message.tokenRequesterPrincipalType);
  } else if (message.tokenRequesterPrincipalType !== "") {
    throw unsupportedField("CreateDelegationTokenResponse.tokenRequesterPrincipalType", version);
  }
  if (version >= 3) {
    writer.compactString(message.tokenRequesterPrincipalName);
  } else if (message.tokenRequesterPrincipalName !== "") {
    throw unsupportedField("CreateDelegationTokenResponse.tokenRequesterPrincipalName", version);
  }
  writer.int64(message.issueTimestampMs);
  writer.int64(message.expiryTimestampMs);
  writer.int64(message.maxTimestampMs);
  if (flexible) {
    writer.compactString(message.tokenId);
  } else {
    writer.string(message.tokenId);
  }
  if (flexible) {
    writer.compactByteString(message.hmac);
  } else {
    writer.byteString(message.hmac);
  }
  writer.int32(message.throttleTimeMs);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("CreateDelegationTokenResponse.unknownTaggedFields", version);
  }
}
