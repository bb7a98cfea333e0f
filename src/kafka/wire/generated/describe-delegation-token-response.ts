// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, NO_BYTES, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DescribeDelegationTokenResponse: versions 1 to 3, flexible from 2. */
export const DESCRIBE_DELEGATION_TOKEN_RESPONSE: MessageCodec<DescribeDelegationTokenResponse> = {
  name: "DescribeDelegationTokenResponse",
  apiKey: 41,
  minVersion: 1,
  maxVersion: 3,
  flexibleFrom: 2,
  read: readDescribeDelegationTokenResponse,
  write: writeDescribeDelegationTokenResponse,
};

export interface DescribeDelegationTokenResponse {
  readonly errorCode: number;
  readonly tokens: readonly DescribedDelegationToken[];
  readonly throttleTimeMs: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DescribedDelegationToken {
  readonly principalType: string;
  readonly principalName: string;
  /** In versions 3 and up. */
  readonly tokenRequesterPrincipalType: string;
  /** In versions 3 and up. */
  readonly tokenRequesterPrincipalName: string;
  readonly issueTimestamp: Int64;
  readonly expiryTimestamp: Int64;
  readonly maxTimestamp: Int64;
  readonly tokenId: string;
  readonly hmac: Uint8Array;
  readonly renewers: readonly DescribedDelegationTokenRenewer[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DescribedDelegationTokenRenewer {
  readonly principalType: string;
  readonly principalName: string;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_DESCRIBED_DELEGATION_TOKEN_RENEWER: DescribedDelegationTokenRenewer = {
  principalType: "",
  principalName: "",
};

export const DEFAULT_DESCRIBED_DELEGATION_TOKEN: DescribedDelegationToken = {
  principalType: "",
  principalName: "",
  tokenRequesterPrincipalType: "",
  tokenRequesterPrincipalName: "",
  issueTimestamp: 0,
  expiryTimestamp: 0,
  maxTimestamp: 0,
  tokenId: "",
  hmac: NO_BYTES,
  renewers: [],
};

export const DEFAULT_DESCRIBE_DELEGATION_TOKEN_RESPONSE: DescribeDelegationTokenResponse = {
  errorCode: 0,
  tokens: [],
  throttleTimeMs: 0,
};

export function readDescribeDelegationTokenResponse(reader: Reader, version: number): DescribeDelegationTokenResponse {
  if (version < 1 || version > 3) throw unsupportedVersion("DescribeDelegationTokenResponse", version);
  const flexible = version >= 2;
  const message: Mutable<DescribeDelegationTokenResponse> = {
    errorCode: reader.int16(),
    tokens: (flexible ? readDescribedDelegationTokenArray(reader, version, reader.compactArrayLength(30)) : readDescribedDelegationTokenArray(reader, version, reader.arrayLength(38))),
    throttleTimeMs: reader.int32(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readDescribedDelegationToken(reader: Reader, version: number): DescribedDelegationToken {
  const flexible = version >= 2;
  const message: Mutable<DescribedDelegationToken> = {
    principalType: (flexible ? reader.compactString() : reader.string()),
    principalName: (flexible ? reader.compactString() : reader.string()),
    tokenRequesterPrincipalType: (version >= 3 ? reader.compactString() : ""),
    tokenRequesterPrincipalName: (version >= 3 ? reader.compactString() : ""),
    issueTimestamp: reader.int64(),
    expiryTimestamp: reader.int64(),
    maxTimestamp: reader.int64(),
    tokenId: (flexible ? reader.compactString() : reader.string()),
    hmac: (flexible ? reader.compactByteString() : reader.byteString()),
    renewers: (flexible ? readDescribedDelegationTokenRenewerArray(reader, version, reader.compactArrayLength(3)) : readDescribedDelegationTokenRenewerArray(reader, version, reader.arrayLength(4))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readDescribedDelegationTokenArray(reader: Reader, version: number, count: number): DescribedDelegationToken[] {
  const values: DescribedDelegationToken[] = [];
  for (let index = 0; index < count; index++) values.push(readDescribedDelegationToken(reader, version));
  return values;
}

function readDescribedDelegationTokenRenewer(reader: Reader, version: number): DescribedDelegationTokenRenewer {
  const flexible = version >= 2;
  const message: Mutable<DescribedDelegationTokenRenewer> = {
    principalType: (flexible ? reader.compactString() : reader.string()),
    principalName: (flexible ? reader.compactString() : reader.string()),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readDescribedDelegationTokenRenewerArray(reader: Reader, version: number, count: number): DescribedDelegationTokenRenewer[] {
  const values: DescribedDelegationTokenRenewer[] = [];
  for (let index = 0; index < count; index++) values.push(readDescribedDelegationTokenRenewer(reader, version));
  return values;
}

export function writeDescribeDelegationTokenResponse(writer: Writer, message: DescribeDelegationTokenResponse, version: number): void {
  if (version < 1 || version > 3) throw unsupportedVersion("DescribeDelegationTokenResponse", version);
  const flexible = version >= 2;
  writer.int16(message.errorCode);
  if (flexible) {
    writer.compactArrayLength(message.tokens.length);
    for (const value of message.tokens) writeDescribedDelegationToken(writer, value, version);
  } else {
    writer.arrayLength(message.tokens.length);
    for (const value of message.tokens) writeDescribedDelegationToken(writer, value, version);
  }
  writer.int32(message.throttleTimeMs);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DescribeDelegationTokenResponse.unknownTaggedFields", version);
  }
}

function writeDescribedDelegationToken(writer: Writer, message: DescribedDelegationToken, version: number): void {
  const flexible = version >= 2;
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
    throw unsupportedField("DescribedDelegationToken.tokenRequesterPrincipalType", version);
  }
  if (version >= 3) {
    writer.compactString(message.tokenRequesterPrincipalName);
  } else if (message.tokenRequesterPrincipalName !== "") {
    throw unsupportedField("DescribedDelegationToken.tokenRequesterPrincipalName", version);
  }
  writer.int64(message.issueTimestamp);
  writer.int64(message.expiryTimestamp);
  writer.int64(message.maxTimestamp);
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
  if (flexible) {
    writer.compactArrayLength(message.renewers.length);
    for (const value of message.renewers) writeDescribedDelegationTokenRenewer(writer, value, version);
  } else {
    writer.arrayLength(message.renewers.length);
    for (const value of message.renewers) writeDescribedDelegationTokenRenewer(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DescribedDelegationToken.unknownTaggedFields", version);
  }
}

function writeDescribedDelegationTokenRenewer(writer: Writer, message: DescribedDelegationTokenRenewer, version: number): void {
  const flexible = version >= 2;
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
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DescribedDelegationTokenRenewer.unknownTaggedFields", version);
  }
}
