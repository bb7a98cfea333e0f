// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DescribeUserScramCredentialsResponse: version 0, flexible from 0. */
export const DESCRIBE_USER_SCRAM_CREDENTIALS_RESPONSE: MessageCodec<DescribeUserScramCredentialsResponse> = {
  name: "DescribeUserScramCredentialsResponse",
  apiKey: 50,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readDescribeUserScramCredentialsResponse,
  write: writeDescribeUserScramCredentialsResponse,
};

export interface DescribeUserScramCredentialsResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly results: readonly DescribeUserScramCredentialsResult[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DescribeUserScramCredentialsResult {
  readonly user: string;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly credentialInfos: readonly CredentialInfo[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface CredentialInfo {
  readonly mechanism: number;
  readonly iterations: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_CREDENTIAL_INFO: CredentialInfo = {
  mechanism: 0,
  iterations: 0,
};

export const DEFAULT_DESCRIBE_USER_SCRAM_CREDENTIALS_RESULT: DescribeUserScramCredentialsResult = {
  user: "",
  errorCode: 0,
  errorMessage: "",
  credentialInfos: [],
};

export const DEFAULT_DESCRIBE_USER_SCRAM_CREDENTIALS_RESPONSE: DescribeUserScramCredentialsResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  errorMessage: "",
  results: [],
};

export function readDescribeUserScramCredentialsResponse(reader: Reader, version: number): DescribeUserScramCredentialsResponse {
  if (version < 0 || version > 0) throw unsupportedVersion("DescribeUserScramCredentialsResponse", version);
  const message: Mutable<DescribeUserScramCredentialsResponse> = {
    throttleTimeMs: reader.int32(),
    errorCode: reader.int16(),
    errorMessage: reader.compactNullableString(),
    results: readDescribeUserScramCredentialsResultArray(reader, version, reader.compactArrayLength(6)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readDescribeUserScramCredentialsResult(reader: Reader, version: number): DescribeUserScramCredentialsResult {
  const message: Mutable<DescribeUserScramCredentialsResult> = {
    user: reader.compactString(),
    errorCode: reader.int16(),
    errorMessage: reader.compactNullableString(),
    credentialInfos: readCredentialInfoArray(reader, version, reader.compactArrayLength(6)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readDescribeUserScramCredentialsResultArray(reader: Reader, version: number, count: number): DescribeUserScramCredentialsResult[] {
  const values: DescribeUserScramCredentialsResult[] = [];
  for (let index = 0; index < count; index++) values.push(readDescribeUserScramCredentialsResult(reader, version));
  return values;
}

function readCredentialInfo(reader: Reader, _version: number): CredentialInfo {
  const message: Mutable<CredentialInfo> = {
    mechanism: reader.int8(),
    iterations: reader.int32(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readCredentialInfoArray(reader: Reader, version: number, count: number): CredentialInfo[] {
  const values: CredentialInfo[] = [];
  for (let index = 0; index < count; index++) values.push(readCredentialInfo(reader, version));
  return values;
}

export function writeDescribeUserScramCredentialsResponse(writer: Writer, message: DescribeUserScramCredentialsResponse, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("DescribeUserScramCredentialsResponse", version);
  writer.int32(message.throttleTimeMs);
  writer.int16(message.errorCode);
  writer.compactNullableString(message.errorMessage);
  writer.compactArrayLength(message.results.length);
  for (const value of message.results) writeDescribeUserScramCredentialsResult(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeDescribeUserScramCredentialsResult(writer: Writer, message: DescribeUserScramCredentialsResult, version: number): void {
  writer.compactString(message.user);
  writer.int16(message.errorCode);
  writer.compactNullableString(message.errorMessage);
  writer.compactArrayLength(message.credentialInfos.length);
  for (const value of message.credentialInfos) writeCredentialInfo(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeCredentialInfo(writer: Writer, message: CredentialInfo, _version: number): void {
  writer.int8(message.mechanism);
  writer.int32(message.iterations);
  writer.taggedFields(message.unknownTaggedFields);
}
