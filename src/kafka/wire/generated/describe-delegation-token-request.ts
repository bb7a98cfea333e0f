// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DescribeDelegationTokenRequest: versions 1 to 3, flexible from 2. */
export const DESCRIBE_DELEGATION_TOKEN_REQUEST: MessageCodec<DescribeDelegationTokenRequest> = {
  name: "DescribeDelegationTokenRequest",
  apiKey: 41,
  minVersion: 1,
  maxVersion: 3,
  flexibleFrom: 2,
  read: readDescribeDelegationTokenRequest,
  write: writeDescribeDelegationTokenRequest,
};

export interface DescribeDelegationTokenRequest {
  readonly owners: readonly DescribeDelegationTokenOwner[] | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DescribeDelegationTokenOwner {
  readonly principalType: string;
  readonly principalName: string;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_DESCRIBE_DELEGATION_TOKEN_OWNER: DescribeDelegationTokenOwner = {
  principalType: "",
  principalName: "",
};

export const DEFAULT_DESCRIBE_DELEGATION_TOKEN_REQUEST: DescribeDelegationTokenRequest = {
  owners: [],
};

export function readDescribeDelegationTokenRequest(reader: Reader, version: number): DescribeDelegationTokenRequest {
  if (version < 1 || version > 3) throw unsupportedVersion("DescribeDelegationTokenRequest", version);
  const flexible = version >= 2;
  const message: Mutable<DescribeDelegationTokenRequest> = {
    owners: (flexible ? readNullableDescribeDelegationTokenOwnerArray(reader, version, reader.compactNullableArrayLength(3)) : readNullableDescribeDelegationTokenOwnerArray(reader, version, reader.nullableArrayLength(4))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readDescribeDelegationTokenOwner(reader: Reader, version: number): DescribeDelegationTokenOwner {
  const flexible = version >= 2;
  const message: Mutable<DescribeDelegationTokenOwner> = {
    principalType: (flexible ? reader.compactString() : reader.string()),
    principalName: (flexible ? reader.compactString() : reader.string()),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readDescribeDelegationTokenOwnerArray(reader: Reader, version: number, count: number): DescribeDelegationTokenOwner[] {
  const values: DescribeDelegationTokenOwner[] = [];
  for (let index = 0; index < count; index++) values.push(readDescribeDelegationTokenOwner(reader, version));
  return values;
}

function readNullableDescribeDelegationTokenOwnerArray(reader: Reader, version: number, count: number): DescribeDelegationTokenOwner[] | null {
  return count === -1 ? null : readDescribeDelegationTokenOwnerArray(reader, version, count);
}

export function writeDescribeDelegationTokenRequest(writer: Writer, message: DescribeDelegationTokenRequest, version: number): void {
  if (version < 1 || version > 3) throw unsupportedVersion("DescribeDelegationTokenRequest", version);
  const flexible = version >= 2;
  if (flexible) {
    if (message.owners === null) writer.compactArrayLength(-1);
    else {
      writer.compactArrayLength(message.owners.length);
      for (const value of message.owners) writeDescribeDelegationTokenOwner(writer, value, version);
    }
  } else {
    if (message.owners === null) writer.arrayLength(-1);
    else {
      writer.arrayLength(message.owners.length);
      for (const value of message.owners) writeDescribeDelegationTokenOwner(writer, value, version);
    }
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DescribeDelegationTokenRequest.unknownTaggedFields", version);
  }
}

function writeDescribeDelegationTokenOwner(writer: Writer, message: DescribeDelegationTokenOwner, version: number): void {
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
    throw unsupportedField("DescribeDelegationTokenOwner.unknownTaggedFields", version);
  }
}
