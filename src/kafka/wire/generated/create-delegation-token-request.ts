// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** CreateDelegationTokenRequest: versions 1 to 3, flexible from 2. */
export const CREATE_DELEGATION_TOKEN_REQUEST: MessageCodec<CreateDelegationTokenRequest> = {
  name: "CreateDelegationTokenRequest",
  apiKey: 38,
  minVersion: 1,
  maxVersion: 3,
  flexibleFrom: 2,
  read: readCreateDelegationTokenRequest,
  write: writeCreateDelegationTokenRequest,
};

export interface CreateDelegationTokenRequest {
  /** In versions 3 and up. */
  readonly ownerPrincipalType: string | null;
  /** In versions 3 and up. */
  readonly ownerPrincipalName: string | null;
  readonly renewers: readonly CreatableRenewers[];
  readonly maxLifetimeMs: Int64;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface CreatableRenewers {
  readonly principalType: string;
  readonly principalName: string;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_CREATABLE_RENEWERS: CreatableRenewers = {
  principalType: "",
  principalName: "",
};

export const DEFAULT_CREATE_DELEGATION_TOKEN_REQUEST: CreateDelegationTokenRequest = {
  ownerPrincipalType: "",
  ownerPrincipalName: "",
  renewers: [],
  maxLifetimeMs: 0,
};

export function readCreateDelegationTokenRequest(reader: Reader, version: number): CreateDelegationTokenRequest {
  if (version < 1 || version > 3) throw unsupportedVersion("CreateDelegationTokenRequest", version);
  const flexible = version >= 2;
  const message: Mutable<CreateDelegationTokenRequest> = {
    ownerPrincipalType: (version >= 3 ? reader.compactNullableString() : ""),
    ownerPrincipalName: (version >= 3 ? reader.compactNullableString() : ""),
    renewers: (flexible ? readCreatableRenewersArray(reader, version, reader.compactArrayLength(3)) : readCreatableRenewersArray(reader, version, reader.arrayLength(4))),
    maxLifetimeMs: reader.int64(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readCreatableRenewers(reader: Reader, version: number): CreatableRenewers {
  const flexible = version >= 2;
  const message: Mutable<CreatableRenewers> = {
    principalType: (flexible ? reader.compactString() : reader.string()),
    principalName: (flexible ? reader.compactString() : reader.string()),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readCreatableRenewersArray(reader: Reader, version: number, count: number): CreatableRenewers[] {
  const values: CreatableRenewers[] = [];
  for (let index = 0; index < count; index++) values.push(readCreatableRenewers(reader, version));
  return values;
}

export function writeCreateDelegationTokenRequest(writer: Writer, message: CreateDelegationTokenRequest, version: number): void {
  if (version < 1 || version > 3) throw unsupportedVersion("CreateDelegationTokenRequest", version);
  const flexible = version >= 2;
  if (version >= 3) {
    writer.compactNullableString(message.ownerPrincipalType);
  } else if (message.ownerPrincipalType !== "") {
    throw unsupportedField("CreateDelegationTokenRequest.ownerPrincipalType", version);
  }
  if (version >= 3) {
    writer.compactNullableString(message.ownerPrincipalName);
  } else if (message.ownerPrincipalName !== "") {
    throw unsupportedField("CreateDelegationTokenRequest.ownerPrincipalName", version);
  }
  if (flexible) {
    writer.compactArrayLength(message.renewers.length);
    for (const value of message.renewers) writeCreatableRenewers(writer, value, version);
  } else {
    writer.arrayLength(message.renewers.length);
    for (const value of message.renewers) writeCreatableRenewers(writer, value, version);
  }
  writer.int64(message.maxLifetimeMs);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("CreateDelegationTokenRequest.unknownTaggedFields", version);
  }
}

function writeCreatableRenewers(writer: Writer, message: CreatableRenewers, version: number): void {
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
    throw unsupportedField("CreatableRenewers.unknownTaggedFields", version);
  }
}
