// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { readCompactStringArray, writeCompactStringArray } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DelegationTokenRecord: version 0, flexible from 0. */
export const DELEGATION_TOKEN_RECORD: MessageCodec<DelegationTokenRecord> = {
  name: "DelegationTokenRecord",
  apiKey: 10,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readDelegationTokenRecord,
  write: writeDelegationTokenRecord,
};

export interface DelegationTokenRecord {
  readonly owner: string;
  readonly requester: string;
  readonly renewers: readonly string[];
  readonly issueTimestamp: Int64;
  readonly maxTimestamp: Int64;
  readonly expirationTimestamp: Int64;
  readonly tokenId: string;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_DELEGATION_TOKEN_RECORD: DelegationTokenRecord = {
  owner: "",
  requester: "",
  renewers: [],
  issueTimestamp: 0,
  maxTimestamp: 0,
  expirationTimestamp: 0,
  tokenId: "",
};

export function readDelegationTokenRecord(reader: Reader, version: number): DelegationTokenRecord {
  if (version < 0 || version > 0) throw unsupportedVersion("DelegationTokenRecord", version);
  const message: Mutable<DelegationTokenRecord> = {
    owner: reader.compactString(),
    requester: reader.compactString(),
    renewers: readCompactStringArray(reader, reader.compactArrayLength(1)),
    issueTimestamp: reader.int64(),
    maxTimestamp: reader.int64(),
    expirationTimestamp: reader.int64(),
    tokenId: reader.compactString(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeDelegationTokenRecord(writer: Writer, message: DelegationTokenRecord, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("DelegationTokenRecord", version);
  writer.compactString(message.owner);
  writer.compactString(message.requester);
  writer.compactArrayLength(message.renewers.length);
  writeCompactStringArray(writer, message.renewers);
  writer.int64(message.issueTimestamp);
  writer.int64(message.maxTimestamp);
  writer.int64(message.expirationTimestamp);
  writer.compactString(message.tokenId);
  writer.taggedFields(message.unknownTaggedFields);
}
