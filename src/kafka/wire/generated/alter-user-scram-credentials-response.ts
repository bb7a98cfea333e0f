// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** AlterUserScramCredentialsResponse: version 0, flexible from 0. */
export const ALTER_USER_SCRAM_CREDENTIALS_RESPONSE: MessageCodec<AlterUserScramCredentialsResponse> = {
  name: "AlterUserScramCredentialsResponse",
  apiKey: 51,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readAlterUserScramCredentialsResponse,
  write: writeAlterUserScramCredentialsResponse,
};

export interface AlterUserScramCredentialsResponse {
  readonly throttleTimeMs: number;
  readonly results: readonly AlterUserScramCredentialsResult[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface AlterUserScramCredentialsResult {
  readonly user: string;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_ALTER_USER_SCRAM_CREDENTIALS_RESULT: AlterUserScramCredentialsResult = {
  user: "",
  errorCode: 0,
  errorMessage: "",
};

export const DEFAULT_ALTER_USER_SCRAM_CREDENTIALS_RESPONSE: AlterUserScramCredentialsResponse = {
  throttleTimeMs: 0,
  results: [],
};

export function readAlterUserScramCredentialsResponse(reader: Reader, version: number): AlterUserScramCredentialsResponse {
  if (version < 0 || version > 0) throw unsupportedVersion("AlterUserScramCredentialsResponse", version);
  const message: Mutable<AlterUserScramCredentialsResponse> = {
    throttleTimeMs: reader.int32(),
    results: readAlterUserScramCredentialsResultArray(reader, version, reader.compactArrayLength(5)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readAlterUserScramCredentialsResult(reader: Reader, _version: number): AlterUserScramCredentialsResult {
  const message: Mutable<AlterUserScramCredentialsResult> = {
    user: reader.compactString(),
    errorCode: reader.int16(),
    errorMessage: reader.compactNullableString(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readAlterUserScramCredentialsResultArray(reader: Reader, version: number, count: number): AlterUserScramCredentialsResult[] {
  const values: AlterUserScramCredentialsResult[] = [];
  for (let index = 0; index < count; index++) values.push(readAlterUserScramCredentialsResult(reader, version));
  return values;
}

export function writeAlterUserScramCredentialsResponse(writer: Writer, message: AlterUserScramCredentialsResponse, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("AlterUserScramCredentialsResponse", version);
  writer.int32(message.throttleTimeMs);
  writer.compactArrayLength(message.results.length);
  for (const value of message.results) writeAlterUserScramCredentialsResult(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeAlterUserScramCredentialsResult(writer: Writer, message: AlterUserScramCredentialsResult, _version: number): void {
  writer.compactString(message.user);
  writer.int16(message.errorCode);
  writer.compactNullableString(message.errorMessage);
  writer.taggedFields(message.unknownTaggedFields);
}
