// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** RemoveDelegationTokenRecord: version 0, flexible from 0. */
export const REMOVE_DELEGATION_TOKEN_RECORD: MessageCodec<RemoveDelegationTokenRecord> = {
  name: "RemoveDelegationTokenRecord",
  apiKey: 26,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readRemoveDelegationTokenRecord,
  write: writeRemoveDelegationTokenRecord,
};

export interface RemoveDelegationTokenRecord {
  readonly tokenId: string;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_REMOVE_DELEGATION_TOKEN_RECORD: RemoveDelegationTokenRecord = {
  tokenId: "",
};

export function readRemoveDelegationTokenRecord(reader: Reader, version: number): RemoveDelegationTokenRecord {
  if (version < 0 || version > 0) throw unsupportedVersion("RemoveDelegationTokenRecord", version);
  const message: Mutable<RemoveDelegationTokenRecord> = {
    tokenId: reader.compactString(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeRemoveDelegationTokenRecord(writer: Writer, message: RemoveDelegationTokenRecord, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("RemoveDelegationTokenRecord", version);
  writer.compactString(message.tokenId);
  writer.taggedFields(message.unknownTaggedFields);
}
