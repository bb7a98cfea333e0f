// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DescribeUserScramCredentialsRequest: version 0, flexible from 0. */
export const DESCRIBE_USER_SCRAM_CREDENTIALS_REQUEST: MessageCodec<DescribeUserScramCredentialsRequest> = {
  name: "DescribeUserScramCredentialsRequest",
  apiKey: 50,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readDescribeUserScramCredentialsRequest,
  write: writeDescribeUserScramCredentialsRequest,
};

export interface DescribeUserScramCredentialsRequest {
  readonly users: readonly UserName[] | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface UserName {
  readonly name: string;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_USER_NAME: UserName = {
  name: "",
};

export const DEFAULT_DESCRIBE_USER_SCRAM_CREDENTIALS_REQUEST: DescribeUserScramCredentialsRequest = {
  users: [],
};

export function readDescribeUserScramCredentialsRequest(reader: Reader, version: number): DescribeUserScramCredentialsRequest {
  if (version < 0 || version > 0) throw unsupportedVersion("DescribeUserScramCredentialsRequest", version);
  const message: Mutable<DescribeUserScramCredentialsRequest> = {
    users: readNullableUserNameArray(reader, version, reader.compactNullableArrayLength(2)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readUserName(reader: Reader, _version: number): UserName {
  const message: Mutable<UserName> = {
    name: reader.compactString(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readUserNameArray(reader: Reader, version: number, count: number): UserName[] {
  const values: UserName[] = [];
  for (let index = 0; index < count; index++) values.push(readUserName(reader, version));
  return values;
}

function readNullableUserNameArray(reader: Reader, version: number, count: number): UserName[] | null {
  return count === -1 ? null : readUserNameArray(reader, version, count);
}

export function writeDescribeUserScramCredentialsRequest(writer: Writer, message: DescribeUserScramCredentialsRequest, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("DescribeUserScramCredentialsRequest", version);
  if (message.users === null) writer.compactArrayLength(-1);
  else {
    writer.compactArrayLength(message.users.length);
    for (const value of message.users) writeUserName(writer, value, version);
  }
  writer.taggedFields(message.unknownTaggedFields);
}

function writeUserName(writer: Writer, message: UserName, _version: number): void {
  writer.compactString(message.name);
  writer.taggedFields(message.unknownTaggedFields);
}
