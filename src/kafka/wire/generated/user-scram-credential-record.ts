// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, NO_BYTES, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** UserScramCredentialRecord: version 0, flexible from 0. */
export const USER_SCRAM_CREDENTIAL_RECORD: MessageCodec<UserScramCredentialRecord> = {
  name: "UserScramCredentialRecord",
  apiKey: 11,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readUserScramCredentialRecord,
  write: writeUserScramCredentialRecord,
};

export interface UserScramCredentialRecord {
  readonly name: string;
  readonly mechanism: number;
  readonly salt: Uint8Array;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
  readonly iterations: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_USER_SCRAM_CREDENTIAL_RECORD: UserScramCredentialRecord = {
  name: "",
  mechanism: 0,
  salt: NO_BYTES,
  storedKey: NO_BYTES,
  serverKey: NO_BYTES,
  iterations: 0,
};

export function readUserScramCredentialRecord(reader: Reader, version: number): UserScramCredentialRecord {
  if (version < 0 || version > 0) throw unsupportedVersion("UserScramCredentialRecord", version);
  const message: Mutable<UserScramCredentialRecord> = {
    name: reader.compactString(),
    mechanism: reader.int8(),
    salt: reader.compactByteString(),
    storedKey: reader.compactByteString(),
    serverKey: reader.compactByteString(),
    iterations: reader.int32(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeUserScramCredentialRecord(writer: Writer, message: UserScramCredentialRecord, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("UserScramCredentialRecord", version);
  writer.compactString(message.name);
  writer.int8(message.mechanism);
  writer.compactByteString(message.salt);
  writer.compactByteString(message.storedKey);
  writer.compactByteString(message.serverKey);
  writer.int32(message.iterations);
  writer.taggedFields(message.unknownTaggedFields);
}
