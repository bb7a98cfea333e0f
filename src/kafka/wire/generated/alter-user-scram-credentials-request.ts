// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, NO_BYTES, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** AlterUserScramCredentialsRequest: version 0, flexible from 0. */
export const ALTER_USER_SCRAM_CREDENTIALS_REQUEST: MessageCodec<AlterUserScramCredentialsRequest> = {
  name: "AlterUserScramCredentialsRequest",
  apiKey: 51,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readAlterUserScramCredentialsRequest,
  write: writeAlterUserScramCredentialsRequest,
};

export interface AlterUserScramCredentialsRequest {
  readonly deletions: readonly ScramCredentialDeletion[];
  readonly upsertions: readonly ScramCredentialUpsertion[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface ScramCredentialUpsertion {
  readonly name: string;
  readonly mechanism: number;
  readonly iterations: number;
  readonly salt: Uint8Array;
  readonly saltedPassword: Uint8Array;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface ScramCredentialDeletion {
  readonly name: string;
  readonly mechanism: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_SCRAM_CREDENTIAL_DELETION: ScramCredentialDeletion = {
  name: "",
  mechanism: 0,
};

export const DEFAULT_SCRAM_CREDENTIAL_UPSERTION: ScramCredentialUpsertion = {
  name: "",
  mechanism: 0,
  iterations: 0,
  salt: NO_BYTES,
  saltedPassword: NO_BYTES,
};

export const DEFAULT_ALTER_USER_SCRAM_CREDENTIALS_REQUEST: AlterUserScramCredentialsRequest = {
  deletions: [],
  upsertions: [],
};

export function readAlterUserScramCredentialsRequest(reader: Reader, version: number): AlterUserScramCredentialsRequest {
  if (version < 0 || version > 0) throw unsupportedVersion("AlterUserScramCredentialsRequest", version);
  const message: Mutable<AlterUserScramCredentialsRequest> = {
    deletions: readScramCredentialDeletionArray(reader, version, reader.compactArrayLength(3)),
    upsertions: readScramCredentialUpsertionArray(reader, version, reader.compactArrayLength(9)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readScramCredentialUpsertion(reader: Reader, _version: number): ScramCredentialUpsertion {
  const message: Mutable<ScramCredentialUpsertion> = {
    name: reader.compactString(),
    mechanism: reader.int8(),
    iterations: reader.int32(),
    salt: reader.compactByteString(),
    saltedPassword: reader.compactByteString(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readScramCredentialUpsertionArray(reader: Reader, version: number, count: number): ScramCredentialUpsertion[] {
  const values: ScramCredentialUpsertion[] = [];
  for (let index = 0; index < count; index++) values.push(readScramCredentialUpsertion(reader, version));
  return values;
}

function readScramCredentialDeletion(reader: Reader, _version: number): ScramCredentialDeletion {
  const message: Mutable<ScramCredentialDeletion> = {
    name: reader.compactString(),
    mechanism: reader.int8(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readScramCredentialDeletionArray(reader: Reader, version: number, count: number): ScramCredentialDeletion[] {
  const values: ScramCredentialDeletion[] = [];
  for (let index = 0; index < count; index++) values.push(readScramCredentialDeletion(reader, version));
  return values;
}

export function writeAlterUserScramCredentialsRequest(writer: Writer, message: AlterUserScramCredentialsRequest, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("AlterUserScramCredentialsRequest", version);
  writer.compactArrayLength(message.deletions.length);
  for (const value of message.deletions) writeScramCredentialDeletion(writer, value, version);
  writer.compactArrayLength(message.upsertions.length);
  for (const value of message.upsertions) writeScramCredentialUpsertion(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeScramCredentialUpsertion(writer: Writer, message: ScramCredentialUpsertion, _version: number): void {
  writer.compactString(message.name);
  writer.int8(message.mechanism);
  writer.int32(message.iterations);
  writer.compactByteString(message.salt);
  writer.compactByteString(message.saltedPassword);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeScramCredentialDeletion(writer: Writer, message: ScramCredentialDeletion, _version: number): void {
  writer.compactString(message.name);
  writer.int8(message.mechanism);
  writer.taggedFields(message.unknownTaggedFields);
}
