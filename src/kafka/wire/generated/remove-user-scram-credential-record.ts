// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** RemoveUserScramCredentialRecord: version 0, flexible from 0. */
export const REMOVE_USER_SCRAM_CREDENTIAL_RECORD: MessageCodec<RemoveUserScramCredentialRecord> = {
  name: "RemoveUserScramCredentialRecord",
  apiKey: 22,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readRemoveUserScramCredentialRecord,
  write: writeRemoveUserScramCredentialRecord,
};

export interface RemoveUserScramCredentialRecord {
  readonly name: string;
  readonly mechanism: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_REMOVE_USER_SCRAM_CREDENTIAL_RECORD: RemoveUserScramCredentialRecord = {
  name: "",
  mechanism: 0,
};

export function readRemoveUserScramCredentialRecord(reader: Reader, version: number): RemoveUserScramCredentialRecord {
  if (version < 0 || version > 0) throw unsupportedVersion("RemoveUserScramCredentialRecord", version);
  const message: Mutable<RemoveUserScramCredentialRecord> = {
    name: reader.compactString(),
    mechanism: reader.int8(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeRemoveUserScramCredentialRecord(writer: Writer, message: RemoveUserScramCredentialRecord, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("RemoveUserScramCredentialRecord", version);
  writer.compactString(message.name);
  writer.int8(message.mechanism);
  writer.taggedFields(message.unknownTaggedFields);
}
